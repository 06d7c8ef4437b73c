"""Samples of provisional performance; `test_late_labels` shows that the values are near the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.outcomes import Outcome
from exporter.profiles.group import Group
from exporter.samples.labels.labels import MatureWindow, label_samples
from exporter.samples.labels.provisional import OpenWindow, provisional_samples
from exporter.spec.model import ModelSpec
from fraud_log import labelled_spec_document
from random_outcomes import EDGES, END, ROWS, hour_outcome, outcome_of


def spec(**body: Any) -> ModelSpec:
    return ModelSpec.model_validate(labelled_spec_document(**{"windows": ["24h"], **body}))


def gauges(*hours: Outcome, model: ModelSpec | None = None) -> dict[Metric, float]:
    """The samples of some hours, the youngest first."""
    window = OpenWindow("24h", [{Group("v"): each} for each in hours])
    samples = list(provisional_samples(model or spec(), [window], EDGES))
    assert {one.labels for one in samples} <= {("fraud", "v", "24h", "")}
    return {one.metric: one.value for one in samples}


PROVISIONAL = (
    catalogue.AUROC,
    catalogue.F1_SCORE,
    catalogue.PRECISION,
    catalogue.RECALL,
    catalogue.ACCURACY,
    catalogue.LOG_LOSS,
    catalogue.BRIER_SCORE,
)


@pytest.mark.parametrize("binary", [True, False], ids=["classifier", "regression"])
def test_with_all_labels_the_values_are_those_of_mature_windows(binary: bool) -> None:
    model = spec(task="binary_classification" if binary else "regression")
    parts = [hour_outcome(seed, 1.0, binary=binary) for seed in range(3)]
    found = gauges(*parts, model=model)
    window = MatureWindow("24h", END, {Group("v"): parts[0] + parts[1] + parts[2]})
    mature = {one.metric: one.value for one in label_samples(model, [window], {}) if one.labels[1] == "v"}
    for metric in PROVISIONAL if binary else (catalogue.RMSE, catalogue.MAE):
        for own, its in zip((metric, *metric.interval()), _with_ends(metric.provisional()), strict=True):
            assert found[its] == pytest.approx(mature[own])
    assert found[catalogue.LABEL_REPRESENTED_RATIO] == 1
    assert found[catalogue.LABEL_EFFECTIVE_ROWS] == pytest.approx(3 * ROWS)


def _with_ends(metric: Metric) -> tuple[Metric, ...]:
    return (metric, *metric.interval())


def test_labels_represent_missing_ones_and_the_interval_widens() -> None:
    """The youngest hour has a tenth of its labels, the oldest all: both represent equally many predictions."""
    few, all_of = hour_outcome(1, 0.1), hour_outcome(2, 1.0)
    found = gauges(few, all_of)
    lower, upper = catalogue.AUROC.provisional().interval()
    sure = gauges(hour_outcome(1, 1.0), all_of)
    assert found[upper] - found[lower] > 1.5 * (sure[upper] - sure[lower])
    assert found[catalogue.LABEL_EFFECTIVE_ROWS] < few.known + all_of.known
    assert found[catalogue.LABEL_REPRESENTED_RATIO] == 1


def test_a_window_without_labels_has_only_its_coverage() -> None:
    assert gauges(hour_outcome(1, 0.0)) == {catalogue.LABEL_REPRESENTED_RATIO: 0, catalogue.LABEL_EFFECTIVE_ROWS: 0}


def test_there_are_no_values_when_a_range_of_scores_has_no_label() -> None:
    """All labels are of high scores, so no label represents the low ones."""
    random = np.random.default_rng(3)
    scores = random.random(ROWS)
    labels = np.where(scores > 0.5, (random.random(ROWS) < scores).astype(np.float64), np.nan)
    found = gauges(outcome_of(scores, labels))
    assert set(found) == {catalogue.LABEL_REPRESENTED_RATIO, catalogue.LABEL_EFFECTIVE_ROWS}
    assert 0.4 < found[catalogue.LABEL_REPRESENTED_RATIO] < 0.7


def test_too_few_effective_labels_have_no_values() -> None:
    scores = np.linspace(0.01, 0.99, 40)
    found = gauges(outcome_of(scores, np.arange(40) % 2.0), model=spec(thresholds={"min_rows": 41}))
    assert set(found) == {catalogue.LABEL_REPRESENTED_RATIO, catalogue.LABEL_EFFECTIVE_ROWS}
    assert catalogue.AUROC.provisional() in gauges(outcome_of(scores, np.arange(40) % 2.0))


def test_scores_that_are_not_probabilities_have_no_losses() -> None:
    random = np.random.default_rng(4)
    labels = (random.random(ROWS) < 0.5).astype(np.float64)
    found = gauges(outcome_of(5 * random.random(ROWS), labels, threshold=2))
    assert catalogue.AUROC.provisional() in found
    assert found.keys().isdisjoint({catalogue.LOG_LOSS.provisional(), catalogue.BRIER_SCORE.provisional()})


def test_too_many_invalid_labels_withhold_all_values() -> None:
    scores, labels = np.linspace(0.01, 0.99, 1000), np.arange(1000) % 2.0
    few, many = (
        gauges(outcome_of(scores, np.where(np.arange(1000) < invalid, np.inf, labels))) for invalid in (10, 11)
    )
    assert catalogue.AUROC.provisional() in few
    assert set(many) == {catalogue.LABEL_REPRESENTED_RATIO, catalogue.LABEL_EFFECTIVE_ROWS}


def test_there_are_no_samples_without_bins_or_predictions() -> None:
    window = OpenWindow("24h", [{Group("v"): hour_outcome(1, 1.0)}])
    assert list(provisional_samples(spec(), [window], None)) == []
    assert list(provisional_samples(spec(), [OpenWindow("24h", [])], EDGES)) == []
    assert gauges(outcome_of(np.zeros(0), np.zeros(0))) == {}


def test_versions_beyond_the_limit_are_not_exposed() -> None:
    parts = {Group("a"): outcome_of(np.full(50, 0.5), np.ones(50)), Group("b"): hour_outcome(1, 1.0)}
    samples = provisional_samples(spec(limits={"versions": 1}), [OpenWindow("24h", [parts])], EDGES)
    assert {one.labels[1] for one in samples} == {"b"}


def test_champion_and_challenger_have_their_own_samples() -> None:
    champion, challenger = hour_outcome(1, 1.0), hour_outcome(2, 1.0)
    parts = {Group("v", "champion"): champion, Group("v", "challenger"): challenger}
    samples = list(provisional_samples(spec(), [OpenWindow("24h", [parts])], EDGES))
    for role, alone in (("champion", champion), ("challenger", challenger)):
        assert {one.metric: one.value for one in samples if one.labels[3] == role} == gauges(alone)
