"""Each task's metrics as sums over blocks: the value of the whole is that of the metric itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.outcomes import Outcome, Performance
from exporter.labels.sums.blocks import LabelledBlocks
from exporter.labels.sums.classified import ClassScores, classified
from exporter.labels.sums.labelled import labelled, regression_errors
from exporter.labels.sums.ranked import ranked
from exporter.samples.labels.history import COMMON, OWN, histories, histories_of_reference
from exporter.samples.labels.performance_values import classification, probabilities, regression
from exporter.statistics.labels import performance
from exporter.statistics.labels.performance import Estimate

EDGES = np.linspace(0.05, 0.95, 19)
BLOCKS = 60
NO_DELAYS = np.zeros(0, np.int64)


def outcome(counts: Performance | None, improper: int = 0) -> Outcome:
    return Outcome(50, 50, improper, NO_DELAYS, counts)


def scored(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    scores = random.beta(2, 3, 50)
    return scores, random.random(50) < scores


def binary_parts() -> list[Outcome | None]:
    counts = []
    for seed in range(BLOCKS):
        scores, labels = scored(seed)
        counts.append(outcome(labelled(scores, labels, scores >= 0.4, EDGES)))
    return [*counts, None]


def half_width(estimate: Estimate) -> float:
    return (estimate.upper - estimate.lower) / (2 * performance.Z_95)


def check(
    parts: list[Outcome | None], expected: dict[Metric, Estimate], found: dict[str, object], tolerance: float = 0.05
) -> None:
    for metric, estimate in expected.items():
        history = found[metric.key]
        assert math.sqrt(history.variance) == pytest.approx(half_width(estimate), rel=tolerance), metric  # type: ignore[attr-defined]
        assert history.shares.shape == (len(parts),)  # type: ignore[attr-defined]
        assert history.shares[-1] == history.influences[-1] == 0, "the empty block"  # type: ignore[attr-defined]


def whole(parts: list[Outcome | None]) -> Performance:
    counts = [part.performance for part in parts if part is not None]
    total = counts[0]
    for each in counts[1:]:
        total = total + each  # type: ignore[operator]
    assert total is not None
    return total


def test_a_binary_classifier_has_the_variances_of_its_intervals() -> None:
    parts = binary_parts()
    total, found = whole(parts), histories(parts)
    check(parts, classification(total) | probabilities(total), found)  # type: ignore[arg-type]
    others = {"log_loss", "brier_score", "label_rate_observed", "label_rate_gap", COMMON, OWN}
    assert found.keys() - {each.key for each in classification(total)} == others  # type: ignore[arg-type]


def test_scores_that_are_no_probabilities_have_no_losses() -> None:
    parts = binary_parts()
    first = parts[0]
    assert first is not None
    parts[0] = outcome(first.performance, improper=1)
    expected = {"auroc", "f1_score", "precision", "recall", "accuracy", "label_rate_observed"}
    assert histories(parts).keys() == expected


def test_a_regression_has_both_errors() -> None:
    random = np.random.default_rng(0)
    parts: list[Outcome | None] = [
        outcome(regression_errors(random.normal(size=50), random.normal(size=50))) for _ in range(BLOCKS)
    ]
    parts.append(None)
    check(parts, regression(whole(parts)), histories(parts))  # type: ignore[arg-type]


def test_a_ranking_has_its_gain_by_list() -> None:
    random = np.random.default_rng(0)
    parts: list[Outcome | None] = [
        outcome(ranked(np.arange(50) // 5, random.random(50), random.integers(0, 3, 50) * 1.0)) for _ in range(BLOCKS)
    ]
    total = whole([*parts, None])
    check([*parts, None], {catalogue.NDCG: performance.mean(total.gains, highest=1.0)}, histories([*parts, None]))  # type: ignore[union-attr]


def test_several_classes_have_means_accuracy_and_calibration() -> None:
    keys = np.array([1.0, 2.0, 3.0])
    parts: list[Outcome | None] = []
    for seed in range(BLOCKS):
        random = np.random.default_rng(seed)
        scores = random.dirichlet(np.ones(3), 50)
        truths = np.array([random.choice(keys, p=row) for row in scores])
        returned = keys[scores.argmax(axis=1)]
        by_class = ClassScores(scores, keys, [EDGES] * 3)
        parts.append(outcome(classified(returned, truths, scores.max(axis=1), by_class)))
    found = histories([*parts, None])
    assert found.keys() == {
        "auroc",
        "f1_score",
        "precision",
        "recall",
        "accuracy",
        "log_loss",
        "brier_score",
        COMMON,
        OWN,
        *(f"label_rate_{level} of {key:g}" for level in ("observed", "gap") for key in keys),
    }
    total = whole(parts)
    right, rows = float(total.counts[:, 0].sum()), total.counts[:, 1].astype(float)  # type: ignore[union-attr]
    check([*parts, None], {catalogue.ACCURACY: performance.share(right, rows)}, found)
    areas = [performance.auroc(each.positives, each.negatives) for each in total.against_rest.values()]  # type: ignore[union-attr]
    check([*parts, None], {catalogue.AUROC: performance.macro_average(areas)}, found)


def test_blocks_of_different_kinds_or_without_labels_have_no_history() -> None:
    assert histories([None, None]) == {}
    assert histories([binary_parts()[0], outcome(regression_errors(np.ones(3), np.zeros(3)))]) == {}


@pytest.mark.parametrize(
    ("task", "keys"),
    [
        ("regression", {"rmse", "mae", "mean_error"}),
        ("multiclass_classification", {"accuracy", COMMON, OWN}),
        (
            "binary_classification",
            {
                *("auroc", "f1_score", "precision", "recall", "accuracy", "log_loss", "brier_score", COMMON, OWN),
                *("label_rate_observed", "label_rate_gap"),
            },
        ),
    ],
)
def test_a_reference_has_what_its_rows_show(task: str, keys: set[str]) -> None:
    parts = [None if part is None else part.performance for part in binary_parts()]
    blocks = LabelledBlocks.of(parts)  # type: ignore[arg-type]
    assert blocks is not None
    assert histories_of_reference(blocks, task, proper=True).keys() == keys  # type: ignore[arg-type]
