"""What a labelled reference teaches: the oracle is NannyML's method on the rows' own groups, frozen elsewhere."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from exporter import catalogue
from exporter.estimates import Classifier, Regression, learned
from exporter.profiles.binning import below
from exporter.profiles.by_score import ByScore, by_score
from exporter.statistics import estimation, performance

Floats = npt.NDArray[np.float64]
EDGES = np.sort(np.append(np.arange(1, 100) / 100, below(np.array([0.405]))))
THRESHOLD = 0.405


def labelled(scores: Floats, chances: Floats, seed: int = 1, *, binary: bool = True) -> ByScore:
    return by_score(scores, np.random.default_rng(seed).random(len(scores)) < chances, EDGES, binary=binary)


def classifier(reference: ByScore) -> Classifier:
    found = learned(reference, EDGES, THRESHOLD, binary=True)
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
    assert learned(rows, EDGES, THRESHOLD, binary=True) is None
    assert learned(rows, EDGES, THRESHOLD, binary=False) is None


def test_a_regression_s_errors_are_those_of_the_reference_where_predictions_are_alike(scores: Floats) -> None:
    truths = scores + np.random.default_rng(3).normal(size=len(scores))
    rows = by_score(scores, truths, EDGES, binary=False)
    found = learned(rows, EDGES, THRESHOLD, binary=False)
    assert isinstance(found, Regression)
    told = found.expected(rows.made, rows.scores)
    assert told[catalogue.RMSE].value == pytest.approx(np.sqrt(np.square(truths - scores).mean()))
    assert told[catalogue.MAE].value == pytest.approx(np.abs(truths - scores).mean())
