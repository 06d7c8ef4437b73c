"""The oracle is NannyML 0.13.1 itself, frozen in `cbpe_car_loan.json`.

The file was made once, in an environment of its own (pandas 2, statsmodels), from the car-loan data that NannyML ships:
`CBPE(y_pred_proba="y_pred_proba", y_pred="y_pred", y_true="repaid", metrics=[...], chunk_size=5000)`, fitted on the
reference and run on the analysis rows. Scores there have two decimals, so counts per hundredth are all that it reads.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from exporter.statistics.estimation import (
    Calibration,
    Performance,
    calibrate,
    estimate,
    fit,
    isotonic,
    needs_calibration,
    standard_errors,
)
from exporter.statistics.performance import auroc

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LOANS: dict[str, Any] = json.loads((Path(__file__).parent / "cbpe_car_loan.json").read_text())
SCORES = np.arange(101) / 100
ACCEPTED = LOANS["decided_from"] <= SCORES
POSITIVES, ROWS = np.array(LOANS["reference"]["positives"]), np.array(LOANS["reference"]["rows"])
CHUNKS = LOANS["chunks"]


def named(values: dict[str, float]) -> Performance:
    return Performance(values["roc_auc"], values["accuracy"], values["precision"], values["recall"], values["f1"])


def confusion(positives: Ints, negatives: Ints, accepted: npt.NDArray[np.bool_]) -> Floats:
    sides = [[side[~accepted].sum(), side[accepted].sum()] for side in (negatives, positives)]
    return np.array(sides, dtype=np.float64)


# ------------------------------------------------------------------------------------------------ NannyML


def test_the_reference_is_calibrated_as_nannyml_does() -> None:
    assert needs_calibration(SCORES, POSITIVES, ROWS) == LOANS["needs_calibration"]
    assert calibrate(fit(SCORES, POSITIVES, ROWS), SCORES) == pytest.approx(LOANS["calibrated"], abs=1e-12)


@pytest.mark.parametrize("chunk", CHUNKS, ids=range(len(CHUNKS)))
def test_estimates_are_those_of_nannyml(chunk: dict[str, Any]) -> None:
    rows = np.array(chunk["rows"])
    probabilities = calibrate(fit(SCORES, POSITIVES, ROWS), SCORES)
    assert estimate(probabilities, rows * ~ACCEPTED, rows * ACCEPTED) == pytest.approx(
        named(chunk["estimated"]), abs=1e-6
    )


def test_standard_errors_are_those_of_nannyml() -> None:
    """But for the AUROC's: NannyML breaks ties in the order of its sort, here they count half."""
    matrix = confusion(POSITIVES, ROWS - POSITIVES, ACCEPTED)
    errors = standard_errors(POSITIVES, ROWS - POSITIVES, matrix, 5000)
    expected = named(CHUNKS[0]["sampling_error"])
    assert errors[1:] == pytest.approx(expected[1:], abs=1e-12)
    assert errors.auroc == pytest.approx(expected.auroc, rel=0.005)


def test_the_standard_error_of_auroc_without_ties_is_that_of_nannyml() -> None:
    positives = np.array([int(label) for label in LOANS["distinct"]["labels"]])
    matrix = confusion(positives, 1 - positives, np.arange(300) > 200)
    errors = standard_errors(positives, 1 - positives, matrix, LOANS["distinct"]["rows"])
    assert errors.auroc == pytest.approx(LOANS["distinct"]["sampling_error"], abs=1e-12)


# ------------------------------------------------------------------------------------------------ calibration


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=20))
def test_isotonic_calibration_of_counts_is_that_of_scikit_learn_on_rows(groups: list[tuple[int, int]]) -> None:
    positives, rows = np.array([(min(pair), max(pair)) for pair in groups], dtype=np.float64).T
    scores = np.arange(len(groups)) / len(groups)
    labels = [np.arange(n) < k for n, k in zip(rows, positives, strict=True)]
    oracle = IsotonicRegression(out_of_bounds="clip").fit(np.repeat(scores, rows.astype(int)), np.concatenate(labels))
    asked = np.linspace(-0.5, 1.5, 41)
    assert calibrate(isotonic(scores, positives, rows), asked) == pytest.approx(oracle.predict(asked))


def drawn(rows: int, bend: float, seed: int = 1) -> tuple[Floats, Ints, Ints]:
    """Counts per hundredth of scores whose true probability is a power of them."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(rows, np.full(100, 0.01)) + 1
    scores = (np.arange(100) + 0.5) / 100
    return scores, rng.binomial(counts, scores**bend), counts


def test_scores_that_are_off_need_calibration_and_true_ones_do_not() -> None:
    assert needs_calibration(*drawn(20_000, bend=2))
    assert not needs_calibration(*drawn(2_000, bend=1))
    assert fit(*drawn(2_000, bend=1)) is None


def test_a_calibration_finds_the_true_probabilities() -> None:
    scores, positives, rows = drawn(1_000_000, bend=2)
    assert calibrate(fit(scores, positives, rows), scores) == pytest.approx(scores**2, abs=0.02)


@pytest.mark.parametrize(
    ("positives", "rows"),
    [((0, 0), (5, 5)), ((5, 5), (5, 5)), ((0, 1), (5, 5)), ((0, 900), (1000, 900)), ((0, 0), (0, 0))],
    ids=["no positives", "no negatives", "one positive", "separated", "no rows"],
)
def test_what_cannot_be_judged_is_left_as_it_is(positives: tuple[int, int], rows: tuple[int, int]) -> None:
    assert fit(np.array([0.2, 0.9]), np.array(positives), np.array(rows)) is None


def test_without_calibration_scores_are_probabilities() -> None:
    assert calibrate(None, SCORES) is SCORES
    points = Calibration(np.array([0.2, 0.4]), np.array([0.1, 0.5]))
    assert calibrate(points, np.array([0.0, 0.3, 1.0])) == pytest.approx([0.1, 0.3, 0.5])


# ------------------------------------------------------------------------------------------------ estimates


def test_estimates_by_hand() -> None:
    """Four rows at 0.25 rejected, two at 0.5 accepted: 1 + 1 positives, 3 + 1 negatives expected."""
    performance = estimate(np.array([0.25, 0.5]), np.array([4, 0]), np.array([0, 2]))
    assert performance == pytest.approx((1 * 3 / 8 + 0.5 * (3 + 1) / 8, 4 / 6, 1 / 2, 1 / 2, 1 / 2))


def test_estimates_of_calibrated_scores_come_true() -> None:
    scores, positives, rows = drawn(1_000_000, bend=1)
    accepted = scores > 0.6
    expected = estimate(scores, rows * ~accepted, rows * accepted)
    true = confusion(positives, rows - positives, accepted)
    assert expected.accuracy == pytest.approx((true[0, 0] + true[1, 1]) / true.sum(), abs=0.003)
    assert expected.recall == pytest.approx(true[1, 1] / true[1].sum(), abs=0.003)
    assert expected.auroc == pytest.approx(
        auroc(positives.astype(float), (rows - positives).astype(float)).value, abs=0.003
    )


def test_what_has_no_rows_has_no_estimate() -> None:
    nothing = np.zeros(2, np.int64)
    assert all(map(math.isnan, estimate(np.array([0.2, 0.7]), nothing, nothing)))
    none_accepted = estimate(np.array([0.2, 0.7]), np.array([3, 4]), nothing)
    assert math.isnan(none_accepted.precision)
    assert none_accepted.recall == 0


def test_what_the_reference_has_not_has_no_error() -> None:
    rows = np.array([3, 4])
    errors = standard_errors(np.zeros(2), rows, confusion(0 * rows, rows, np.array([False, True])), 100)
    assert math.isnan(errors.auroc)
    assert math.isnan(errors.recall)
    assert errors.precision == 0
    nothing = np.zeros((2, 2))
    assert all(map(math.isnan, standard_errors(np.zeros(2), np.zeros(2), nothing, 100)))
    assert all(map(math.isnan, standard_errors(rows, rows, np.ones((2, 2)), 0)))


def test_four_times_the_rows_halve_the_errors() -> None:
    matrix = confusion(POSITIVES, ROWS - POSITIVES, ACCEPTED)
    few, many = (standard_errors(POSITIVES, ROWS - POSITIVES, matrix, rows) for rows in (500, 2000))
    assert [error / 2 for error in few] == pytest.approx(many)
