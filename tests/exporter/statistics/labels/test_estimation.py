"""The oracle is NannyML 0.13.1, with its results in `cbpe_car_loan.json`.

The file was made once, in an environment of its own (pandas 2, statsmodels), from the car-loan data that NannyML ships:
`CBPE(y_pred_proba="y_pred_proba", y_pred="y_pred", y_true="repaid", metrics=[...], chunk_size=5000)`, fitted to the
reference and run on the analysis rows. Scores have two decimals there, so counts per hundredth are its whole input.
Its estimates are the oracle of `tests/exporter/samples/labels/test_estimators.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from exporter.statistics.labels.estimation import (
    Calibration,
    calibrate,
    fit,
    isotonic,
    needs_calibration,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LOANS: dict[str, Any] = json.loads((Path(__file__).parent / "cbpe_car_loan.json").read_text())
SCORES = np.arange(101) / 100
POSITIVES, ROWS = np.array(LOANS["reference"]["positives"]), np.array(LOANS["reference"]["rows"])


# ------------------------------------------------------------------------------------------------ NannyML


def test_the_calibration_is_that_of_nannyml() -> None:
    assert needs_calibration(SCORES, POSITIVES, ROWS) == LOANS["needs_calibration"]
    assert calibrate(fit(SCORES, POSITIVES, ROWS), SCORES) == pytest.approx(LOANS["calibrated"], abs=1e-12)


# ------------------------------------------------------------------------------------------------ calibration


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=20))
def test_isotonic_calibration_of_counts_is_that_of_scikit_learn_on_rows(groups: list[tuple[int, int]]) -> None:
    positives, rows = np.array([(min(pair), max(pair)) for pair in groups], dtype=np.float64).T
    scores = np.arange(len(groups)) / len(groups)
    labels = [np.arange(n) < k for n, k in zip(rows, positives, strict=True)]
    oracle = IsotonicRegression(out_of_bounds="clip").fit(np.repeat(scores, rows.astype(int)), np.concatenate(labels))
    scores_between = np.linspace(-0.5, 1.5, 41)
    assert calibrate(isotonic(scores, positives, rows), scores_between) == pytest.approx(oracle.predict(scores_between))


def drawn(rows: int, bend: float, seed: int = 1) -> tuple[Floats, Ints, Ints]:
    """Counts per hundredth of scores whose true probability is a power of them."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(rows, np.full(100, 0.01)) + 1
    scores = (np.arange(100) + 0.5) / 100
    return scores, rng.binomial(counts, scores**bend), counts


def test_only_scores_that_are_not_the_true_probabilities_need_calibration() -> None:
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
def test_rows_without_a_valid_test_are_not_calibrated(positives: tuple[int, int], rows: tuple[int, int]) -> None:
    assert fit(np.array([0.2, 0.9]), np.array(positives), np.array(rows)) is None


def test_without_calibration_scores_are_probabilities() -> None:
    assert calibrate(None, SCORES) is SCORES
    points = Calibration(np.array([0.2, 0.4]), np.array([0.1, 0.5]))
    assert calibrate(points, np.array([0.0, 0.3, 1.0])) == pytest.approx([0.1, 0.3, 0.5])
