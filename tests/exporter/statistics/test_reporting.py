"""Inverse probability weights: numbers by hand, and a simulation with delays that depend on the score."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from exporter.labels.sums.labelled import labelled
from exporter.statistics.labels.performance import Estimate, auroc, recall
from exporter.statistics.reporting import by_stratum, probabilities, represented, strata, weights

Ints = npt.NDArray[np.int64]


def counts(*strata: tuple[int, ...]) -> Ints:
    return np.array(strata, dtype=np.int64)


# ------------------------------------------------------------------------------------------------ probabilities


def test_the_probability_is_the_share_that_has_been_reported() -> None:
    assert probabilities(counts((10, 10), (4, 8)), counts((1, 5), (2, 8))).tolist() == [[0.1, 0.5], [0.5, 1]]


def test_it_does_not_decrease_with_age() -> None:
    """1 of 10, then 5 and 2 of 10 each, which are one block of 7 in 20."""
    assert probabilities(counts((10, 10, 10)), counts((1, 5, 2))).tolist() == [[0.1, 0.35, 0.35]]


def test_an_age_without_predictions_has_the_probability_of_the_next_younger_one() -> None:
    assert probabilities(counts((0, 10, 0, 10)), counts((0, 1, 0, 5))).tolist() == [[0.1, 0.1, 0.1, 0.5]]
    assert np.isnan(probabilities(counts((0, 0)), counts((0, 0)))).all()


@st.composite
def reports(draw: st.DrawFn) -> tuple[Ints, Ints]:
    strata, ages = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    cells = draw(st.lists(st.tuples(*[st.integers(0, 30)] * 2), min_size=strata * ages, max_size=strata * ages))
    pairs = np.sort(np.array(cells), axis=1).reshape(strata, ages, 2)
    return pairs[..., 1], pairs[..., 0]


@given(reports())
def test_probabilities_increase_and_stay_within_0_and_1(cells: tuple[Ints, Ints]) -> None:
    for stratum in probabilities(*cells):
        assert np.isnan(stratum).all() or ((stratum >= 0) & (stratum <= 1)).all()
        assert np.isnan(stratum).all() or (np.diff(stratum) >= -1e-12).all()


# ------------------------------------------------------------------------------------------------ weights


def test_a_label_weighs_as_much_as_the_predictions_it_represents() -> None:
    assert weights(counts((10, 10)), counts((2, 5))).tolist() == [[5, 2]]


def test_too_few_labels_are_left_out_and_the_others_represent_them() -> None:
    """Of 100 none, of 100 two, of 100 fifty: these fifty represent 300."""
    assert weights(counts((100, 100, 100)), counts((0, 2, 50))).tolist() == [[0, 0, 6]]


@given(reports(), st.sampled_from([0.01, 0.05, 0.5, 1]))
def test_labels_of_a_stratum_weigh_as_much_as_its_predictions(cells: tuple[Ints, Ints], floor: float) -> None:
    predictions, reported = cells
    weighted = weights(predictions, reported, floor)
    for made, labels, weight in zip(predictions, reported, weighted, strict=True):
        total = float(labels @ weight)
        assert total == pytest.approx(made.sum()) or not total
        assert ((weight == 0) | (weight >= 1 - 1e-9)).all()


def test_a_stratum_without_labels_is_not_represented() -> None:
    predictions = counts((60, 20), (10, 10))
    assert represented(predictions, weights(predictions, counts((0, 0), (1, 5)))) == 0.2
    assert represented(predictions, weights(predictions, predictions)) == 1
    assert math.isnan(represented(0 * predictions, weights(0 * predictions, 0 * predictions)))


def test_impossible_counts_are_rejected() -> None:
    with pytest.raises(ValueError, match="fewer predictions than reported"):
        probabilities(counts((1,)), counts((2,)))
    with pytest.raises(ValueError, match="fewer predictions than reported"):
        probabilities(counts((1,)), counts((-1,)))
    with pytest.raises(ValueError, match=r"predictions of shape \(1, 1\), reported of \(1, 2\)"):
        probabilities(counts((1,)), counts((1, 1)))
    with pytest.raises(ValueError, match="the floor must be above 0 and at most 1, not 0"):
        weights(counts((1,)), counts((1,)), floor=0)


# ------------------------------------------------------------------------------------------------ strata


def test_strata_hold_half_of_their_mass_in_predictions_and_half_in_labels() -> None:
    """60 labels make two strata: predictions are in the lower bins and labels in the upper, so one stratum each."""
    assert strata(np.array([100, 100, 0, 0]), np.array([0, 0, 30, 30])).tolist() == [0, 0, 1, 1]
    assert strata(np.array([50, 50, 50, 50]), np.array([0, 0, 0, 90])).tolist() == [0, 0, 0, 1]


def test_few_labels_are_one_stratum_and_there_are_never_more_than_twenty() -> None:
    assert strata(np.full(200, 5), np.repeat([0, 1], [171, 29])).tolist() == [0] * 200
    assert strata(np.full(200, 5), np.zeros(200, np.int64)).tolist() == [0] * 200
    assert strata(np.full(200, 900), np.full(200, 800)).max() == 19


def test_counts_of_bins_are_summed_by_stratum() -> None:
    assert by_stratum(counts((1, 2), (3, 4), (5, 6)), np.array([0, 0, 1])).tolist() == [[4, 6], [5, 6]]


# ------------------------------------------------------------------------------------------------ a simulation


HOURS, STRATA = 14 * 24, 20


def two_weeks(seed: int) -> tuple[float, float, dict[str, Estimate]]:
    """The true AUROC and recall of two weeks, and the found from the labels that have arrived by the end.

    Delays are lognormal, a day for the highest scores and two weeks for the lowest.
    """
    rng = np.random.default_rng(seed)
    rows = 60_000
    scores = rng.beta(1, 8, rows)
    labels = rng.random(rows) < np.minimum(1.5 * scores**1.5, 1)
    age = rng.integers(0, HOURS, rows)
    delay = rng.lognormal(np.log(24 * 14) - np.log(14) * np.minimum(2 * scores, 1), 1)
    come = delay <= age
    stratum = np.searchsorted(np.quantile(scores, np.arange(1, STRATA) / STRATA), scores)
    cells, shape = stratum * HOURS + age, (STRATA, HOURS)
    predictions = np.bincount(cells, minlength=STRATA * HOURS).reshape(shape)
    reported = np.bincount(cells[come], minlength=STRATA * HOURS).reshape(shape)
    weight = weights(predictions, reported).ravel()[cells]
    edges = np.quantile(scores, np.arange(1, 256) / 256)
    found = {}
    for name, each in (("weighted", weight), ("plain", np.ones(rows))):
        own = labelled(scores[come], labels[come], scores[come] >= 0.25, edges, each[come])
        found[f"{name} auroc"] = auroc(own.positives, own.negatives, own.positive_squares, own.negative_squares)
        found[f"{name} recall"] = recall(own.confusion, own.confusion_squares)
    truth = float(roc_auc_score(labels, scores))
    return truth, float((labels & (scores >= 0.25)).sum() / labels.sum()), found


def deviations(estimate: Estimate, truth: float) -> float:
    """The error of an estimate in standard errors, of which its interval has 1.96 on either side."""
    return abs(estimate.value - truth) / ((estimate.upper - estimate.lower) / 3.92)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_weights_correct_for_delays_that_depend_on_the_score(seed: int) -> None:
    true_auroc, true_recall, found = two_weeks(seed)
    assert deviations(found["weighted auroc"], true_auroc) < 2
    assert deviations(found["weighted recall"], true_recall) < 2
    assert deviations(found["plain auroc"], true_auroc) > 2
    assert deviations(found["plain recall"], true_recall) > 2
