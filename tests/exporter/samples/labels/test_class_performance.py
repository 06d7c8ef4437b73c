"""Multiclass performance: the oracle is scikit-learn on the same rows; unknown values are absent."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics

from exporter import catalogue
from exporter.labels.classes import OTHER, class_keys
from exporter.labels.sums.classified import Classified, ClassScores, classified
from exporter.samples.labels.class_performance import by_key, class_values, hidden_classes, multiclass
from profiling import quantile_bins

Floats = npt.NDArray[np.float64]

NAMES = ["cat", "cow", "dog"]
KEYS = class_keys(NAMES)
ROWS = 20_000


@pytest.fixture(scope="module")
def rows() -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Scores that are the true probabilities of three classes, the true classes, and the likeliest classes."""
    random = np.random.default_rng(11)
    scores = random.dirichlet([0.5, 1, 1.5], ROWS)
    truths = (random.random((ROWS, 1)) > scores.cumsum(axis=1)).sum(axis=1)
    return scores, truths, scores.argmax(axis=1)


def classified_rows(scores: Floats, truths: npt.NDArray[np.int64], returned: npt.NDArray[np.int64]) -> Classified:
    edges = [quantile_bins(column).edges for column in scores.T]
    sure = scores[np.arange(len(scores)), returned]
    return classified(KEYS[returned], KEYS[truths], sure, ClassScores(scores, KEYS, edges))


def test_the_performance_of_all_classes_is_that_of_scikit_learn(
    rows: tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    scores, truths, returned = rows
    found = multiclass(classified_rows(*rows), 3, proper=True)
    exact = {
        catalogue.F1_SCORE: metrics.f1_score(truths, returned, average="macro"),
        catalogue.PRECISION: metrics.precision_score(truths, returned, average="macro"),
        catalogue.RECALL: metrics.recall_score(truths, returned, average="macro"),
        catalogue.ACCURACY: metrics.accuracy_score(truths, returned),
        catalogue.LOG_LOSS: metrics.log_loss(truths, scores),
        catalogue.BRIER_SCORE: metrics.brier_score_loss(truths, scores, labels=[0, 1, 2], scale_by_half=True),
    }
    assert {metric: found[metric].value for metric in exact} == pytest.approx(exact, rel=1e-9)
    area = metrics.roc_auc_score(truths, scores, multi_class="ovr")
    assert found[catalogue.AUROC].value == pytest.approx(area, abs=0.001)
    assert all(each.lower < each.value < each.upper for each in found.values())


def test_the_performance_of_each_class_is_that_of_scikit_learn(
    rows: tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    scores, truths, returned = rows
    found = class_values(classified_rows(*rows), by_key(NAMES), 20, proper=True)
    report = metrics.classification_report(truths, returned, target_names=NAMES, output_dict=True)
    for place, name in enumerate(NAMES):
        one = found[name]
        assert one[catalogue.CLASS_PRECISION] == pytest.approx(report[name]["precision"], rel=1e-9)
        assert one[catalogue.CLASS_RECALL] == pytest.approx(report[name]["recall"], rel=1e-9)
        assert one[catalogue.CLASS_F1_SCORE] == pytest.approx(report[name]["f1-score"], rel=1e-9)
        assert one[catalogue.CLASS_LABEL_ROWS] == report[name]["support"]
        area = metrics.roc_auc_score(truths == place, scores[:, place])
        assert one[catalogue.CLASS_AUROC] == pytest.approx(area, abs=0.001)
        assert one[catalogue.CLASS_CALIBRATION_ERROR_DEBIASED] < 0.02
        assert one[catalogue.CLASS_RATE_OBSERVED] == report[name]["support"] / ROWS
        assert one[catalogue.CLASS_RATE_PREDICTED] == pytest.approx(scores[:, place].mean())


def test_the_rarest_classes_beyond_the_limit_are_only_counted(
    rows: tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    whole = classified_rows(*rows)
    assert list(class_values(whole, by_key(NAMES), 2, proper=True)) == ["dog", "cow"]
    assert (hidden_classes(whole, 2), hidden_classes(whole, 3), hidden_classes(None, 1)) == (1, 0, 0)


def test_a_class_that_is_never_returned_has_no_precision_and_neither_has_the_mean() -> None:
    rows = classified(KEYS[[0, 0]], KEYS[[0, 1]], np.full(2, math.nan))
    whole = multiclass(rows, 0, proper=True)
    assert math.isnan(whole[catalogue.PRECISION].value)
    assert (whole[catalogue.RECALL].value, whole[catalogue.F1_SCORE].value) == pytest.approx((0.5, 1 / 3))
    one = class_values(rows, by_key(NAMES), 9, proper=True)["cow"]
    assert math.isnan(one[catalogue.CLASS_PRECISION])
    assert one[catalogue.CLASS_RECALL] == 0
    assert math.isnan(whole[catalogue.AUROC].value)
    assert math.isnan(whole[catalogue.LOG_LOSS].value)


def test_there_is_no_mean_auroc_of_only_some_classes() -> None:
    scores = np.array([[0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    edges = [np.array([0.5]), None]
    rows = classified(KEYS[[1, 0, 1]], KEYS[[1, 0, 0]], scores.max(axis=1), ClassScores(scores, KEYS[:2], edges))
    assert math.isnan(multiclass(rows, 2, proper=True)[catalogue.AUROC].value)
    assert catalogue.CLASS_AUROC in class_values(rows, by_key(NAMES), 9, proper=True)["cat"]


def test_scores_that_are_not_probabilities_have_only_an_auroc(
    rows: tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    whole = multiclass(classified_rows(*rows), 3, proper=False)
    assert catalogue.AUROC in whole
    assert whole.keys().isdisjoint({catalogue.LOG_LOSS, catalogue.BRIER_SCORE})
    each = class_values(classified_rows(*rows), by_key(NAMES), 3, proper=False)["dog"]
    assert catalogue.CLASS_CALIBRATION_ERROR_DEBIASED not in each


def test_classes_counted_together_leave_only_accuracy() -> None:
    keys = np.array([OTHER, KEYS[0]])
    rows = classified(keys, keys, np.full(2, math.nan))
    found = multiclass(rows, 0, proper=True)
    assert math.isnan(found[catalogue.F1_SCORE].value)
    assert found[catalogue.ACCURACY].value == 1
    assert list(class_values(rows, by_key(NAMES), 9, proper=True)) == ["cat"]
