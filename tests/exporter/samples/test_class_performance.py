"""Several classes: on the same rows, what scikit-learn says, and absent where it cannot be said."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics

from exporter import catalogue
from exporter.labels.classes import OTHER, class_keys
from exporter.labels.classified import Classified, ClassScores, classified
from exporter.samples.class_performance import by_key, class_values, hidden_classes, multiclass
from profiling import quantile_bins

Floats = npt.NDArray[np.float64]

NAMES = ["cat", "cow", "dog"]
KEYS = class_keys(NAMES)
ROWS = 20_000


@pytest.fixture(scope="module")
def rows() -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Scores that are the true probabilities of three classes, what came true, and the likeliest."""
    random = np.random.default_rng(11)
    scores = random.dirichlet([0.5, 1, 1.5], ROWS)
    truths = (random.random((ROWS, 1)) > scores.cumsum(axis=1)).sum(axis=1)
    return scores, truths, scores.argmax(axis=1)


def judged(scores: Floats, truths: npt.NDArray[np.int64], returned: npt.NDArray[np.int64]) -> Classified:
    edges = [quantile_bins(column).edges for column in scores.T]
    sure = scores[np.arange(len(scores)), returned]
    return classified(KEYS[returned], KEYS[truths], sure, ClassScores(scores, KEYS, edges))


def test_the_whole_is_what_scikit_learn_says(
    rows: tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    scores, truths, returned = rows
    found = multiclass(judged(*rows), 3, proper=True)
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


def test_each_class_is_what_scikit_learn_says(
    rows: tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    scores, truths, returned = rows
    found = class_values(judged(*rows), by_key(NAMES), 20, proper=True)
    told = metrics.classification_report(truths, returned, target_names=NAMES, output_dict=True)
    for place, name in enumerate(NAMES):
        one = found[name]
        assert one[catalogue.CLASS_PRECISION] == pytest.approx(told[name]["precision"], rel=1e-9)
        assert one[catalogue.CLASS_RECALL] == pytest.approx(told[name]["recall"], rel=1e-9)
        assert one[catalogue.CLASS_F1_SCORE] == pytest.approx(told[name]["f1-score"], rel=1e-9)
        assert one[catalogue.CLASS_LABEL_ROWS] == told[name]["support"]
        area = metrics.roc_auc_score(truths == place, scores[:, place])
        assert one[catalogue.CLASS_AUROC] == pytest.approx(area, abs=0.001)
        assert one[catalogue.CLASS_CALIBRATION_ERROR_DEBIASED] < 0.02


def test_classes_beyond_the_limit_are_counted_the_rarest_first(
    rows: tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    whole = judged(*rows)
    assert list(class_values(whole, by_key(NAMES), 2, proper=True)) == ["dog", "cow"]
    assert (hidden_classes(whole, 2), hidden_classes(whole, 3), hidden_classes(None, 1)) == (1, 0, 0)


def test_a_class_that_was_never_returned_has_no_precision_and_leaves_none_for_the_mean() -> None:
    rows = classified(KEYS[[0, 0]], KEYS[[0, 1]], np.full(2, math.nan))
    whole = multiclass(rows, 0, proper=True)
    assert math.isnan(whole[catalogue.PRECISION].value)
    assert (whole[catalogue.RECALL].value, whole[catalogue.F1_SCORE].value) == pytest.approx((0.5, 1 / 3))
    one = class_values(rows, by_key(NAMES), 9, proper=True)["cow"]
    assert math.isnan(one[catalogue.CLASS_PRECISION])
    assert one[catalogue.CLASS_RECALL] == 0
    assert math.isnan(whole[catalogue.AUROC].value)
    assert math.isnan(whole[catalogue.LOG_LOSS].value)


def test_a_mean_of_some_of_the_areas_is_not_told() -> None:
    scores = np.array([[0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    edges = [np.array([0.5]), None]
    rows = classified(KEYS[[1, 0, 1]], KEYS[[1, 0, 0]], scores.max(axis=1), ClassScores(scores, KEYS[:2], edges))
    assert math.isnan(multiclass(rows, 2, proper=True)[catalogue.AUROC].value)
    assert catalogue.CLASS_AUROC in class_values(rows, by_key(NAMES), 9, proper=True)["cat"]


def test_scores_that_are_no_probabilities_rank_and_no_more(
    rows: tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> None:
    whole = multiclass(judged(*rows), 3, proper=False)
    assert catalogue.AUROC in whole
    assert whole.keys().isdisjoint({catalogue.LOG_LOSS, catalogue.BRIER_SCORE})
    each = class_values(judged(*rows), by_key(NAMES), 3, proper=False)["dog"]
    assert catalogue.CLASS_CALIBRATION_ERROR_DEBIASED not in each


def test_classes_that_are_not_told_apart_leave_no_mean_but_accuracy() -> None:
    keys = np.array([OTHER, KEYS[0]])
    rows = classified(keys, keys, np.full(2, math.nan))
    found = multiclass(rows, 0, proper=True)
    assert math.isnan(found[catalogue.F1_SCORE].value)
    assert found[catalogue.ACCURACY].value == 1
    assert list(class_values(rows, by_key(NAMES), 9, proper=True)) == ["cat"]
