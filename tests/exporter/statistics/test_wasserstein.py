"""The oracle is SciPy's exact distance of the same rows."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from binned import CASES, count, fine_edges, increasing, reference_of, samples, sides, window_of
from exporter.statistics.wasserstein import wasserstein_distance

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def counts(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def count_and_sum(values: Floats, edges: Floats) -> tuple[Ints, Floats]:
    sums = np.bincount(np.searchsorted(edges, values), values, minlength=len(edges) + 1)
    return count(values, edges), sums.astype(np.float64)


def binned_wasserstein(reference: Floats, current: Floats, edges: Floats) -> float:
    return wasserstein_distance(edges, *count_and_sum(reference, edges), *count_and_sum(current, edges))


def test_wasserstein_of_a_move_from_one_bin_to_the_next() -> None:
    # Four rows of mean 0.5 against four of mean 1.5, each uniform over its bin: every row moves by 1.
    edges = np.array([0.0, 1.0, 2.0])
    assert (
        wasserstein_distance(
            edges, counts(0, 4, 0, 0), np.array([0, 2.0, 0, 0]), counts(0, 0, 4, 0), np.array([0, 0, 6.0, 0])
        )
        == 1
    )


def test_wasserstein_where_the_distribution_functions_cross_within_a_bin() -> None:
    # Uniform on (0, 1] against one row at 0 and one at 1: quantiles u against 0 below u = 1/2 and 1 above. The area is
    # 1/8 + 1/8; the net area, in which the halves cancel, is 0.
    edges = np.array([0.0, 1.0])
    result = wasserstein_distance(edges, counts(0, 2, 0), np.array([0, 1.0, 0]), counts(1, 1, 0), np.array([0, 1.0, 0]))
    assert result == pytest.approx(0.25, rel=1e-12)


def test_wasserstein_where_the_quantile_functions_cross_between_two_ranks() -> None:
    # Quantiles u against 0 below 1/4, 2 (u - 1/4) up to 3/4 and 2 above: areas 1/32, two triangles of 1/32 about the
    # crossing at 1/2, and 9/32.
    edges = np.array([0.0, 1.0])
    result = wasserstein_distance(edges, counts(0, 4, 0), np.array([0, 2.0, 0]), counts(1, 2, 1), np.array([0, 1.0, 2]))
    assert result == pytest.approx(12 / 32, rel=1e-12)


def test_wasserstein_keeps_ties_at_an_edge() -> None:
    # Whole numbers in bins (0, 1], (1, 2], all of them at the upper edge: 1, 1, 2, 2 against 1, 2, 2, 2.
    edges = np.array([0.0, 1.0, 2.0])
    result = wasserstein_distance(
        edges, counts(0, 2, 2, 0), np.array([0, 2.0, 4, 0]), counts(0, 1, 3, 0), np.array([0, 1.0, 6, 0])
    )
    assert result == pytest.approx(0.25, rel=1e-12)


def test_wasserstein_beyond_the_edges_is_exact() -> None:
    # 1, 2, 3 against -10, 2, 1e6: 11 + 0 + 999,997 over three rows.
    reference, current = np.array([1.0, 2, 3]), np.array([-10.0, 2, 1e6])
    assert binned_wasserstein(reference, current, fine_edges(reference)) == pytest.approx(1_000_008 / 3, rel=1e-12)
    garbage = np.array([1.0, 2, 1e308])
    assert binned_wasserstein(reference, garbage, fine_edges(reference)) == pytest.approx(1e308 / 3, rel=1e-12)


@pytest.mark.parametrize(("distribution", "change"), CASES)
@pytest.mark.parametrize("rows", [50, 50_000])
def test_wasserstein_is_that_of_scipy(distribution: str, change: str, rows: int) -> None:
    (reference, edges), current = reference_of(distribution), window_of(distribution, change, rows)
    expected = stats.wasserstein_distance(reference, current)
    assert binned_wasserstein(reference, current, edges) == pytest.approx(
        expected, rel=0.05, abs=0.01 * reference.std()
    )


def test_wasserstein_of_a_million_rows() -> None:
    rng = np.random.default_rng(11)
    reference, current = rng.normal(size=1_000_000), rng.normal(0.1, 1.1, size=300_000)
    edges = fine_edges(reference)
    expected = stats.wasserstein_distance(reference, current)
    assert binned_wasserstein(reference, current, edges) == pytest.approx(expected, rel=0.001)


@given(samples, samples, increasing)
def test_the_error_of_wasserstein_is_within_its_bound(reference: Floats, current: Floats, edges: Floats) -> None:
    edges = np.unique([np.nextafter(reference.min(), -np.inf), *edges, reference.max()])
    edges = edges[(edges < reference.min()) | (edges <= reference.max())]
    left, right = count_and_sum(reference, edges), count_and_sum(current, edges)
    shares = left[0] / len(reference) + right[0] / len(current)
    bound = 8 / 27 * (np.diff(edges) @ shares[1:-1])
    error = wasserstein_distance(edges, *left, *right) - stats.wasserstein_distance(reference, current)
    assert abs(error) <= bound + 1e-9 * max(1, np.abs(reference).max(), np.abs(current).max())


def test_wasserstein_s_bound_for_a_normal_reference() -> None:
    edges = fine_edges(np.random.default_rng(3).normal(size=1_000_000))
    shares = np.diff(stats.norm.cdf(edges))
    assert 8 / 27 * (np.diff(edges) @ (2 * shares)) == pytest.approx(0.014, abs=0.001)


@given(samples, samples, samples, increasing)
def test_wasserstein_is_a_metric(first: Floats, second: Floats, third: Floats, edges: Floats) -> None:
    a, b, c = (count_and_sum(side, edges) for side in (first, second, third))
    rounding = 1e-9 * max(1, *(np.abs(side).max() for side in (first, second, third)))
    assert wasserstein_distance(edges, *a, *a) == 0
    assert wasserstein_distance(edges, *a, *b) >= 0
    assert wasserstein_distance(edges, *a, *b) == pytest.approx(wasserstein_distance(edges, *b, *a), rel=1e-9)
    triangle = wasserstein_distance(edges, *a, *b) + wasserstein_distance(edges, *b, *c)
    assert wasserstein_distance(edges, *a, *c) <= triangle + rounding


@given(samples, increasing, st.integers(2, 1000))
def test_wasserstein_of_proportional_counts_is_0(reference: Floats, edges: Floats, factor: int) -> None:
    rows, sums = count_and_sum(np.round(reference), edges)
    result = wasserstein_distance(edges, rows, sums, factor * rows, factor * sums)
    assert result == pytest.approx(0, abs=1e-9 * np.abs(reference).max())


@given(samples, samples, increasing, st.floats(0.01, 100), st.floats(-1000, 1000))
def test_wasserstein_scales_with_the_data_and_does_not_change_with_a_shift(
    reference: Floats, current: Floats, edges: Floats, scale: float, shift: float
) -> None:
    left, right = count_and_sum(reference, edges), count_and_sum(current, edges)
    moved = [(rows, scale * sums + shift * rows) for rows, sums in (left, right)]
    rounding = 1e-9 * max(1.0, np.abs(reference).max(), np.abs(current).max(), np.abs(edges).max(), abs(shift))
    expected = scale * wasserstein_distance(edges, *left, *right)
    result = wasserstein_distance(scale * edges + shift, *moved[0], *moved[1])
    assert result == pytest.approx(expected, rel=1e-6, abs=max(scale, 1) * rounding)


@given(sides(), st.data())
def test_wasserstein_accepts_fractions_of_rows(both: tuple[Ints, Ints], data: st.DataObject) -> None:
    # What a mixture of seasons has; totals and running totals then differ by rounding.
    weights = st.floats(0.001, 1)
    left, right = (side * data.draw(weights) / 3 for side in both)
    edges = np.arange(len(left) - 1, dtype=np.float64)
    middles = np.arange(len(left)) - 0.5
    expected = stats.wasserstein_distance(middles, middles, left, right)
    result = wasserstein_distance(edges, left, left * middles, right, right * middles)
    assert result == pytest.approx(expected, rel=1e-9, abs=0.6)
    assert result >= abs(left @ middles / left.sum() - right @ middles / right.sum()) - 1e-9


def test_wasserstein_without_rows_or_with_an_overflowed_sum_is_nan() -> None:
    edges, some, none = np.array([0.0]), (counts(1, 1), np.array([-1.0, 1])), (counts(0, 0), np.zeros(2))
    assert math.isnan(wasserstein_distance(edges, *some, *none))
    assert math.isnan(wasserstein_distance(edges, *none, *some))
    assert math.isnan(wasserstein_distance(edges, *some, counts(0, 2), np.array([0, math.inf])))


def test_wasserstein_needs_one_bin_more_than_edges() -> None:
    with pytest.raises(ValueError, match="2 edges make 3 bins"):
        wasserstein_distance(np.array([0.0, 1]), counts(1, 1), np.zeros(2), counts(1, 1), np.zeros(2))
    with pytest.raises(ValueError, match="1 edges make 2 bins"):
        wasserstein_distance(np.array([0.0]), counts(1, 1), np.zeros(3), counts(1, 1), np.zeros(2))
    with pytest.raises(ValueError, match="cells of shape"):
        wasserstein_distance(np.array([0.0]), counts(1, 1), np.zeros(2), counts(1, 1, 1), np.zeros(3))
