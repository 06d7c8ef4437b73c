from __future__ import annotations

import math
from dataclasses import fields
from functools import reduce

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.labels.sums.labelled import (
    CERTAIN,
    Labelled,
    Moments,
    RegressionErrors,
    empty,
    labelled,
    moments,
    regression_errors,
)

Floats = npt.NDArray[np.float64]

EDGES = np.array([0.2, 0.5, 0.9])


def floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def flags(*values: int) -> npt.NDArray[np.bool_]:
    return np.array(values, dtype=bool)


def of(scores: Floats, labels: npt.NDArray[np.bool_], weights: Floats | None = None) -> Labelled:
    return labelled(scores, labels, scores >= 0.5, EDGES, weights)


def flat(value: Labelled | RegressionErrors | Moments) -> list[float]:
    """All the numbers of a profile, in the order of its fields."""
    numbers: list[float] = []
    for field in fields(value):
        part = getattr(value, field.name)
        numbers += flat(part) if isinstance(part, Moments) else np.ravel(part).tolist()
    return numbers


def test_each_row_is_counted_under_its_bin_label_and_decision() -> None:
    rows = of(floats(0.1, 0.2, 0.3, 0.5, 0.6, 1.0), flags(0, 1, 0, 0, 1, 1))
    assert rows.rows.tolist() == [2, 2, 1, 1], "bins are closed on the right"
    assert rows.positives.tolist() == [1, 0, 1, 1]
    assert rows.negatives.tolist() == [1, 2, 0, 0]
    assert rows.positive_squares.tolist() == [1, 0, 1, 1]
    assert rows.score_sums == pytest.approx([0.3, 0.8, 0.6, 1.0])
    assert rows.confusion.tolist() == [[2, 1], [1, 2]], "[[tn, fp], [fn, tp]]"
    assert rows.squared_errors.values == pytest.approx(0.01 + 0.64 + 0.09 + 0.25 + 0.16 + 0)
    assert rows.log_losses.values == pytest.approx(-math.log(0.9 * 0.2 * 0.7 * 0.5 * 0.6))


def test_a_decision_need_not_be_the_scores() -> None:
    rows = labelled(floats(0.4, 0.4), flags(1, 0), flags(1, 0), EDGES)
    assert rows.confusion.tolist() == [[1, 0], [0, 1]]


def test_a_weight_counts_once_and_its_square_beside_it() -> None:
    rows = of(floats(0.1, 0.6, 0.7), flags(0, 1, 0), floats(1, 4, 2))
    assert rows.rows.tolist() == [1, 0, 2, 0]
    assert (rows.positives.tolist(), rows.positive_squares.tolist()) == ([0, 0, 4, 0], [0, 0, 16, 0])
    assert (rows.negatives.tolist(), rows.negative_squares.tolist()) == ([1, 0, 2, 0], [1, 0, 4, 0])
    assert rows.score_sums == pytest.approx([0.1, 0, 2.4 + 1.4, 0])
    assert (rows.confusion.tolist(), rows.confusion_squares.tolist()) == ([[1, 2], [0, 4]], [[1, 4], [0, 16]])
    assert rows.squared_errors.weights == 7


def test_a_row_that_weighs_nothing_is_not_there() -> None:
    whole = of(floats(0.1, 0.6, 0.7), flags(0, 1, 1), floats(1, 0, 2))
    assert flat(whole) == flat(of(floats(0.1, 0.7), flags(0, 1), floats(1, 2)))
    assert regression_errors(floats(1, 2), floats(0, 0), floats(0, 1)).rows == 1


def test_a_certain_prediction_that_was_wrong_costs_a_finite_loss() -> None:
    rows = of(floats(0.0, 1.0, 1.0), flags(1, 0, 1))
    assert rows.log_losses.values == pytest.approx(-2 * math.log(CERTAIN), rel=1e-9)


def test_moments_are_sums_of_products() -> None:
    assert moments(floats(2, 3), floats(1, 4)) == Moments(5, 17, 14, 2 + 48, 4 + 144)
    assert moments(floats(2, 3)) == Moments(2, 2, 5, 5, 13)


def test_errors_of_numbers_are_squared_and_absolute() -> None:
    errors = regression_errors(floats(1, 5), floats(4, 3))
    assert errors == RegressionErrors(2, Moments(2, 2, 13, 13, 97), Moments(2, 2, 5, 5, 13))


labelled_rows = st.lists(st.tuples(st.integers(-2, 12), st.booleans(), st.integers(0, 3)), max_size=30)


@given(st.lists(labelled_rows, max_size=4))
def test_merged_parts_are_the_whole(parts: list[list[tuple[int, bool, int]]]) -> None:
    """Eighths and whole weights, so that sums are exact; all but the logarithms."""

    def profile(rows: list[tuple[int, bool, int]]) -> Labelled:
        table = np.array(rows, dtype=np.float64).reshape(-1, 3)
        return of(table[:, 0] / 8, table[:, 1].astype(bool), table[:, 2])

    merged = reduce(lambda left, right: left + right, map(profile, parts), empty(EDGES))
    whole = profile([row for part in parts for row in part])
    assert flat(merged)[:-5] == flat(whole)[:-5]
    assert flat(merged) == pytest.approx(flat(whole))


def test_merged_errors_are_those_of_the_whole() -> None:
    predictions, truths = floats(1, 2, 8), floats(4, 2, 3)
    parts = (regression_errors(predictions[rows], truths[rows]) for rows in (slice(0, 1), slice(1, 3)))
    assert reduce(lambda left, right: left + right, parts, RegressionErrors()) == regression_errors(predictions, truths)


def test_no_rows_are_all_zeros() -> None:
    assert not any(flat(empty(EDGES)))
    assert empty(EDGES).rows.dtype == np.int64
    assert len(empty(EDGES).positives) == 4


@pytest.mark.parametrize(
    ("scores", "labels", "weights", "message"),
    [
        (floats(0.5), flags(1, 0), None, "1 scores, 2 labels and 1 decisions"),
        (floats(0.5), floats(2), None, "a label is neither 0 nor 1"),
        (floats(math.nan), flags(1), None, "a score is not finite"),
        (floats(0.5), flags(1), floats(1, 1), "1 rows but 2 weights"),
        (floats(0.5), flags(1), floats(-1), "a weight is negative or not finite"),
        (floats(0.5), flags(1), floats(math.inf), "a weight is negative or not finite"),
    ],
)
def test_rows_that_cannot_be_counted_are_refused(
    scores: Floats, labels: npt.NDArray[np.bool_], weights: Floats | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        of(scores, labels, weights)


def test_numbers_that_cannot_be_measured_are_refused() -> None:
    with pytest.raises(ValueError, match="1 predictions and 2 true values"):
        regression_errors(floats(1), floats(1, 2))
    with pytest.raises(ValueError, match="a value is not finite"):
        regression_errors(floats(1), floats(math.nan))
