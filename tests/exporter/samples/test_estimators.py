"""What a labelled reference teaches: the oracle is NannyML's method on the rows' own groups, frozen elsewhere."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics

from exporter import catalogue
from exporter.labels.by_score import ByScore, by_score
from exporter.profiles.binning import edges_below
from exporter.samples.estimators import Classifier, Confidence, MulticlassClassifier, Regression, fit_single_score
from exporter.statistics import estimation, performance

Floats = npt.NDArray[np.float64]
EDGES = np.sort(np.append(np.arange(1, 100) / 100, edges_below(np.array([0.405]))))
THRESHOLD = 0.405


def labelled(scores: Floats, chances: Floats, seed: int = 1, *, binary: bool = True) -> ByScore:
    return by_score(scores, np.random.default_rng(seed).random(len(scores)) < chances, EDGES, binary=binary)


def classifier(reference: ByScore) -> Classifier:
    found = fit_single_score(reference, EDGES, THRESHOLD, binary=True)
    assert isinstance(found, Classifier)
    return found


@pytest.fixture(scope="module")
def scores() -> Floats:
    return np.random.default_rng(0).beta(2, 3, 20_000)


def test_estimates_are_those_of_the_groups(scores: Floats) -> None:
    """Each bin is a group with its own mean score, calibrated as NannyML would."""
    rows = labelled(scores, scores**2)
    made, positives = rows.known[rows.known > 0], rows.labels[rows.known > 0].astype(np.int64)
    means = rows.scores[rows.known > 0] / made
    calibrated = estimation.calibrate(estimation.fit(means, positives, made), means)
    exact = estimation.estimate(calibrated, made * (means < THRESHOLD), made * (means >= THRESHOLD))
    found = classifier(rows).expected(rows.known, rows.scores)
    assert {metric.key: each.value for metric, each in found.items()} == pytest.approx(exact._asdict())


def test_errors_are_those_of_the_window_and_of_the_reference(scores: Floats) -> None:
    """As many rows as the reference: the root of two times what either does alone."""
    rows = labelled(scores, scores)
    found = classifier(rows).expected(rows.known, rows.scores)
    own = performance.auroc(rows.labels, rows.known - rows.labels)
    alone = (own.upper - own.lower) / 3.92
    assert found[catalogue.AUROC].error == pytest.approx(math.sqrt(2) * alone, rel=0.05)
    few = classifier(rows).expected(rows.known // 50, rows.scores // 50)
    assert few[catalogue.AUROC].error > 4 * found[catalogue.AUROC].error


def test_scores_that_are_no_probabilities_and_cannot_be_made_some_have_no_estimate(scores: Floats) -> None:
    """Perfectly separated, so the calibration is not learned; and the scores go to 10."""
    rows = by_score(np.array([-9.0, -8, 9, 10]), np.array([0.0, 0, 1, 1]), EDGES, binary=True)
    assert classifier(rows).expected(rows.known, rows.scores) == {}


def test_no_rows_have_no_performance(scores: Floats) -> None:
    found = classifier(labelled(scores, scores)).expected(np.zeros(101, np.int64), np.zeros(101))
    assert all(math.isnan(each.value) for each in found.values())


def test_a_reference_without_labels_teaches_nothing(scores: Floats) -> None:
    rows = by_score(scores, np.full(len(scores), np.nan), EDGES, binary=True)
    assert fit_single_score(rows, EDGES, THRESHOLD, binary=True) is None
    assert fit_single_score(rows, EDGES, THRESHOLD, binary=False) is None


def test_a_regression_s_errors_are_those_of_the_reference_where_predictions_are_alike(scores: Floats) -> None:
    truths = scores + np.random.default_rng(3).normal(size=len(scores))
    rows = by_score(scores, truths, EDGES, binary=False)
    found = fit_single_score(rows, EDGES, THRESHOLD, binary=False)
    assert isinstance(found, Regression)
    told = found.expected(rows.made, rows.scores)
    assert told[catalogue.RMSE].value == pytest.approx(np.sqrt(np.square(truths - scores).mean()))
    assert told[catalogue.MAE].value == pytest.approx(np.abs(truths - scores).mean())


def classes(scores: Floats, truths: npt.NDArray[np.int64]) -> list[ByScore]:
    """Each class against the rest."""
    return [
        by_score(own, (truths == place).astype(np.float64), EDGES, binary=True) for place, own in enumerate(scores.T)
    ]


def drawn(random: np.random.Generator, rows: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Probabilities of three classes, and what came true."""
    scores = random.dirichlet([0.5, 1, 1.5], rows)
    return scores, (random.random((rows, 1)) > scores.cumsum(axis=1)).sum(axis=1)


def several(scores: Floats, truths: npt.NDArray[np.int64]) -> MulticlassClassifier:
    found = MulticlassClassifier.learned(classes(scores, truths), [EDGES] * 3)
    assert found is not None
    return found


def as_counted(parts: list[ByScore]) -> list[tuple[npt.NDArray[np.int64], Floats]]:
    return [(part.known, part.scores) for part in parts]


def test_of_several_classes_the_mean_of_what_each_is_worth_against_the_rest_is_expected() -> None:
    """Scikit-learn's AUROC of rows that are each a positive and a negative, weighted by how likely either is."""
    random = np.random.default_rng(1)
    taught = several(*drawn(random, 20_000))
    scores, truths = drawn(random, 10_000)
    twice, labels = np.concatenate([scores, scores]), np.repeat([1, 0], len(scores))
    exact = [metrics.roc_auc_score(labels, own, sample_weight=np.where(labels, own, 1 - own)) for own in twice.T]
    found = taught.expected(as_counted(classes(scores, truths)))
    assert found.keys() == {catalogue.AUROC}
    assert found[catalogue.AUROC].value == pytest.approx(np.mean(exact), abs=0.005)
    realised = metrics.roc_auc_score(truths, scores, multi_class="ovr")
    assert abs(found[catalogue.AUROC].value - realised) < 3 * found[catalogue.AUROC].error


def confident(scores: Floats, truths: npt.NDArray[np.int64]) -> ByScore:
    """By the score of the likeliest class: whether it was the true one."""
    return by_score(scores.max(axis=1), (scores.argmax(axis=1) == truths).astype(np.float64), EDGES, binary=True)


def test_of_several_classes_as_many_should_be_right_as_the_returned_ones_scores_promise() -> None:
    """CBPE's accuracy is the mean over rows of the returned class's probability; scikit-learn's is what came of it."""
    random = np.random.default_rng(6)
    teacher, (scores, truths) = drawn(random, 20_000), drawn(random, 10_000)
    taught = MulticlassClassifier.learned(classes(*teacher), [EDGES] * 3, confident(*teacher))
    assert taught is not None
    now = confident(scores, truths)
    found = taught.expected(as_counted(classes(scores, truths)), (now.known, now.scores))
    assert found.keys() == {catalogue.AUROC, catalogue.ACCURACY}
    value, error = found[catalogue.ACCURACY]
    assert value == pytest.approx(scores.max(axis=1).mean(), abs=0.01)
    realised = metrics.accuracy_score(truths, scores.argmax(axis=1))
    assert abs(value - realised) < 3 * error
    assert error == pytest.approx(math.sqrt(value * (1 - value) * (1 / 10_000 + 1 / 20_000)), rel=0.05)


def test_a_confidence_that_is_as_it_is_gives_the_mean_exactly() -> None:
    """No calibration is learned where the classes are all but separated, so the estimate is the mean itself."""
    rows = by_score(np.array([0.2, 0.2, 0.9, 0.9]), np.array([0.0, 0, 1, 1]), EDGES, binary=True)
    taught = Confidence.learned(rows)
    assert taught is not None
    assert taught.calibration is None
    now = by_score(np.array([0.3, 0.5, 0.7]), np.full(3, np.nan), EDGES, binary=True)
    sums = np.bincount(np.searchsorted(EDGES, [0.3, 0.5, 0.7]), [0.3, 0.5, 0.7], len(EDGES) + 1)
    assert taught.expected(now.made, sums)[catalogue.ACCURACY].value == pytest.approx(0.5)
    assert taught.expected(now.made, 3 * sums) == {}, "they are no probabilities"
    assert taught.expected(np.zeros_like(now.made), sums) == {}
    assert Confidence.learned(now) is None, "nothing is labelled"


def test_confidences_that_are_too_sure_are_calibrated() -> None:
    random = np.random.default_rng(8)

    def sure(rows: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        scores, truths = drawn(random, rows)
        sharper = scores**2
        return sharper / sharper.sum(axis=1, keepdims=True), truths

    teacher, now = sure(20_000), sure(10_000)
    taught = Confidence.learned(confident(*teacher))
    assert taught is not None
    counted = confident(*now)
    value, error = taught.expected(counted.known, counted.scores)[catalogue.ACCURACY]
    realised = metrics.accuracy_score(now[1], now[0].argmax(axis=1))
    assert abs(value - realised) < 3 * error < abs(now[0].max(axis=1).mean() - realised)


def test_scores_of_classes_are_calibrated_one_by_one() -> None:
    random = np.random.default_rng(2)
    scores, truths = drawn(random, 20_000)
    taught = several(scores**0.5, truths)
    now, then = drawn(random, 10_000)
    found = taught.expected(as_counted(classes(now**0.5, then)))[catalogue.AUROC]
    assert found.value == pytest.approx(metrics.roc_auc_score(then, now, multi_class="ovr"), abs=0.01)


def test_of_several_classes_nothing_is_expected_where_one_of_them_cannot_be() -> None:
    scores, truths = drawn(np.random.default_rng(3), 1000)
    parts = classes(scores, truths)
    never = by_score(scores[:, 0], np.full(1000, np.nan), EDGES, binary=True)
    assert MulticlassClassifier.learned([never, *parts[1:]], [EDGES] * 3) is None
    apart = by_score(np.array([-9.0, -8, 9, 10]), np.array([0.0, 0, 1, 1]), EDGES, binary=True)
    taught = MulticlassClassifier.learned([apart, *parts[1:]], [EDGES] * 3)
    assert taught is not None
    assert taught.expected(as_counted([apart, *parts[1:]])) == {}
