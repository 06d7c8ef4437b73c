"""Estimators: the oracles are NannyML's own estimates, and scikit-learn on simulated rows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics

from exporter import catalogue
from exporter.labels.sums.by_score import ByScore, by_score
from exporter.profiles.binning import edges_below
from exporter.samples.labels.estimators import (
    Classifier,
    Confidence,
    MulticlassClassifier,
    Regression,
    fit_single_score,
)
from exporter.statistics.labels import performance

Floats = npt.NDArray[np.float64]
EDGES = np.sort(np.append(np.arange(1, 100) / 100, edges_below(np.array([0.405]))))
THRESHOLD = 0.405
LOANS = json.loads((Path(__file__).parents[2] / "statistics" / "labels" / "cbpe_car_loan.json").read_text())


def labelled(scores: Floats, chances: Floats, seed: int = 1, *, binary: bool = True) -> ByScore:
    return by_score(scores, np.random.default_rng(seed).random(len(scores)) < chances, EDGES, binary=binary)


def classifier(reference: ByScore) -> Classifier:
    found = fit_single_score(reference, EDGES, THRESHOLD, binary=True)
    assert isinstance(found, Classifier)
    return found


@pytest.fixture(scope="module")
def scores() -> Floats:
    return np.random.default_rng(0).beta(2, 3, 20_000)


@pytest.mark.parametrize("chunk", LOANS["chunks"], ids=range(len(LOANS["chunks"])))
def test_estimates_are_those_of_nannyml(chunk: dict[str, Any]) -> None:
    """See `tests/exporter/statistics/labels/test_estimation.py` for the file; each hundredth is a bin."""
    hundredths, edges, rows = np.arange(101) / 100, np.arange(100) / 100 + 0.005, np.array(LOANS["reference"]["rows"])
    positives, nothing = np.array(LOANS["reference"]["positives"], float), np.zeros(101)
    reference = ByScore(rows, rows, rows * hundredths, positives, nothing, nothing, nothing, nothing)
    estimator, now = Classifier.fit(reference, edges, LOANS["decided_from"]), np.array(chunk["rows"])
    estimates = {metric.key: each.value for metric, each in estimator.expected(now, now * hundredths).items()}
    names = {"auroc": "roc_auc", "f1_score": "f1"}
    assert estimates == pytest.approx({key: chunk["estimated"][names.get(key, key)] for key in estimates}, abs=1e-6)


def test_estimates_by_hand() -> None:
    """Four rows at 0.25 rejected, two at 0.5 accepted: 1 + 1 positives, 3 + 1 negatives expected."""
    metric_keys = ("auroc", "accuracy", "precision", "recall", "f1_score")
    errors = {metric: 0.0 for metric in catalogue.METRICS if metric.key in metric_keys}
    found = Classifier(None, np.array([False, True]), errors).expected(np.array([4, 2]), np.array([1.0, 1.0]))
    values = [next(each.value for metric, each in found.items() if metric.key == key) for key in metric_keys]
    assert values == pytest.approx([1 * 3 / 8 + 0.5 * (3 + 1) / 8, 4 / 6, 1 / 2, 1 / 2, 1 / 2])


def test_estimates_of_calibrated_scores_come_true(scores: Floats) -> None:
    rows = labelled(scores, scores, seed=2)
    found = classifier(labelled(scores, scores)).expected(rows.made, rows.scores)
    truths = np.random.default_rng(2).random(len(scores)) < scores
    assert found[catalogue.ACCURACY].value == pytest.approx(np.mean((scores >= THRESHOLD) == truths), abs=0.015)
    assert found[catalogue.RECALL].value == pytest.approx(np.mean(scores[truths] >= THRESHOLD), abs=0.015)
    assert found[catalogue.AUROC].value == pytest.approx(metrics.roc_auc_score(truths, scores), abs=0.015)


def test_errors_contain_the_noise_of_the_window_and_of_the_reference(scores: Floats) -> None:
    """As many rows as the reference: the root of two times what either does alone."""
    rows = labelled(scores, scores)
    found = classifier(rows).expected(rows.known, rows.scores)
    own = performance.auroc(rows.labels, rows.known - rows.labels)
    alone = (own.upper - own.lower) / 3.92
    assert found[catalogue.AUROC].error == pytest.approx(math.sqrt(2) * alone, rel=0.05)
    few = classifier(rows).expected(rows.known // 50, rows.scores // 50)
    assert few[catalogue.AUROC].error > 4 * found[catalogue.AUROC].error


def test_scores_that_are_not_probabilities_and_not_calibrated_have_no_estimate(scores: Floats) -> None:
    """The classes are perfectly separated, so there is no calibration; and the scores go to 10."""
    rows = by_score(np.array([-9.0, -8, 9, 10]), np.array([0.0, 0, 1, 1]), EDGES, binary=True)
    assert classifier(rows).expected(rows.known, rows.scores) == {}


def test_no_rows_have_no_performance(scores: Floats) -> None:
    found = classifier(labelled(scores, scores)).expected(np.zeros(101, np.int64), np.zeros(101))
    assert all(math.isnan(each.value) for each in found.values())


def test_a_reference_without_labels_gives_no_estimator(scores: Floats) -> None:
    rows = by_score(scores, np.full(len(scores), np.nan), EDGES, binary=True)
    assert fit_single_score(rows, EDGES, THRESHOLD, binary=True) is None
    assert fit_single_score(rows, EDGES, THRESHOLD, binary=False) is None


def test_expected_errors_of_a_regression_are_those_of_the_reference_for_equal_predictions(scores: Floats) -> None:
    truths = scores + np.random.default_rng(3).normal(size=len(scores))
    rows = by_score(scores, truths, EDGES, binary=False)
    found = fit_single_score(rows, EDGES, THRESHOLD, binary=False)
    assert isinstance(found, Regression)
    errors = found.expected(rows.made, rows.scores)
    assert errors[catalogue.RMSE].value == pytest.approx(np.sqrt(np.square(truths - scores).mean()))
    assert errors[catalogue.MAE].value == pytest.approx(np.abs(truths - scores).mean())


def classes(scores: Floats, truths: npt.NDArray[np.int64]) -> list[ByScore]:
    """Each class against the rest."""
    return [
        by_score(own, (truths == place).astype(np.float64), EDGES, binary=True) for place, own in enumerate(scores.T)
    ]


def drawn(random: np.random.Generator, rows: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Probabilities of three classes, and the true classes."""
    scores = random.dirichlet([0.5, 1, 1.5], rows)
    return scores, (random.random((rows, 1)) > scores.cumsum(axis=1)).sum(axis=1)


def multiclass_estimator(scores: Floats, truths: npt.NDArray[np.int64]) -> MulticlassClassifier:
    found = MulticlassClassifier.fit(classes(scores, truths), [EDGES] * 3)
    assert found is not None
    return found


def as_counted(parts: list[ByScore]) -> list[tuple[npt.NDArray[np.int64], Floats]]:
    return [(part.known, part.scores) for part in parts]


def test_the_expected_multiclass_auroc_is_the_mean_over_the_classes() -> None:
    """Scikit-learn's AUROC of rows that are each a positive and a negative, weighted by how likely either is."""
    random = np.random.default_rng(1)
    estimator = multiclass_estimator(*drawn(random, 20_000))
    scores, truths = drawn(random, 10_000)
    twice, labels = np.concatenate([scores, scores]), np.repeat([1, 0], len(scores))
    exact = [metrics.roc_auc_score(labels, own, sample_weight=np.where(labels, own, 1 - own)) for own in twice.T]
    found = estimator.expected(as_counted(classes(scores, truths)))
    assert found.keys() == {catalogue.AUROC}
    assert found[catalogue.AUROC].value == pytest.approx(np.mean(exact), abs=0.005)
    realised = metrics.roc_auc_score(truths, scores, multi_class="ovr")
    assert abs(found[catalogue.AUROC].value - realised) < 3 * found[catalogue.AUROC].error


def by_confidence(scores: Floats, truths: npt.NDArray[np.int64]) -> ByScore:
    """By the score of the likeliest class: whether it was the true one."""
    return by_score(scores.max(axis=1), (scores.argmax(axis=1) == truths).astype(np.float64), EDGES, binary=True)


def test_the_expected_multiclass_accuracy_follows_from_the_scores_of_the_returned_classes() -> None:
    """CBPE's accuracy is the mean probability of the returned class; scikit-learn's is the measured one."""
    random = np.random.default_rng(6)
    reference, (scores, truths) = drawn(random, 20_000), drawn(random, 10_000)
    estimator = MulticlassClassifier.fit(classes(*reference), [EDGES] * 3, by_confidence(*reference))
    assert estimator is not None
    now = by_confidence(scores, truths)
    found = estimator.expected(as_counted(classes(scores, truths)), (now.known, now.scores))
    assert found.keys() == {catalogue.AUROC, catalogue.ACCURACY}
    value, error = found[catalogue.ACCURACY]
    assert value == pytest.approx(scores.max(axis=1).mean(), abs=0.01)
    realised = metrics.accuracy_score(truths, scores.argmax(axis=1))
    assert abs(value - realised) < 3 * error
    assert error == pytest.approx(math.sqrt(value * (1 - value) * (1 / 10_000 + 1 / 20_000)), rel=0.05)


def test_without_calibration_the_expected_accuracy_is_the_mean_confidence() -> None:
    """There is no calibration where the classes are almost separated, so the estimate is the mean itself."""
    rows = by_score(np.array([0.2, 0.2, 0.9, 0.9]), np.array([0.0, 0, 1, 1]), EDGES, binary=True)
    estimator = Confidence.fit(rows)
    assert estimator is not None
    assert estimator.calibration is None
    now = by_score(np.array([0.3, 0.5, 0.7]), np.full(3, np.nan), EDGES, binary=True)
    sums = np.bincount(np.searchsorted(EDGES, [0.3, 0.5, 0.7]), [0.3, 0.5, 0.7], len(EDGES) + 1)
    assert estimator.expected(now.made, sums)[catalogue.ACCURACY].value == pytest.approx(0.5)
    assert estimator.expected(now.made, 3 * sums) == {}, "these are not probabilities"
    assert estimator.expected(np.zeros_like(now.made), sums) == {}
    assert Confidence.fit(now) is None, "nothing is labelled"


def test_confidences_that_are_too_high_are_calibrated() -> None:
    random = np.random.default_rng(8)

    def overconfident(rows: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        scores, truths = drawn(random, rows)
        sharper = scores**2
        return sharper / sharper.sum(axis=1, keepdims=True), truths

    reference, now = overconfident(20_000), overconfident(10_000)
    estimator = Confidence.fit(by_confidence(*reference))
    assert estimator is not None
    counted = by_confidence(*now)
    value, error = estimator.expected(counted.known, counted.scores)[catalogue.ACCURACY]
    realised = metrics.accuracy_score(now[1], now[0].argmax(axis=1))
    assert abs(value - realised) < 3 * error < abs(now[0].max(axis=1).mean() - realised)


def test_the_score_of_each_class_is_calibrated() -> None:
    random = np.random.default_rng(2)
    scores, truths = drawn(random, 20_000)
    estimator = multiclass_estimator(scores**0.5, truths)
    now, then = drawn(random, 10_000)
    found = estimator.expected(as_counted(classes(now**0.5, then)))[catalogue.AUROC]
    assert found.value == pytest.approx(metrics.roc_auc_score(then, now, multi_class="ovr"), abs=0.01)


def test_there_is_no_multiclass_estimate_where_one_class_has_none() -> None:
    scores, truths = drawn(np.random.default_rng(3), 1000)
    parts = classes(scores, truths)
    never = by_score(scores[:, 0], np.full(1000, np.nan), EDGES, binary=True)
    assert MulticlassClassifier.fit([never, *parts[1:]], [EDGES] * 3) is None
    separated = by_score(np.array([-9.0, -8, 9, 10]), np.array([0.0, 0, 1, 1]), EDGES, binary=True)
    estimator = MulticlassClassifier.fit([separated, *parts[1:]], [EDGES] * 3)
    assert estimator is not None
    assert estimator.expected(as_counted([separated, *parts[1:]])) == {}
