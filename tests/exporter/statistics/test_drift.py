"""Oracles: numbers by hand, SciPy on the same rows, and the laws of simulated counts without drift."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from binned import CASES, count, fine_edges, increasing, reference_of, samples, sides, window_of
from exporter.statistics.drift import (
    chi_squared,
    drift_share,
    effective_cells,
    jensen_shannon_distance,
    kolmogorov_smirnov,
    mean_shift,
    population_stability_index,
    stddev_ratio,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SYMMETRIC = [population_stability_index, kolmogorov_smirnov, jensen_shannon_distance, lambda r, c: chi_squared(r, c)[0]]
BY_COUNTS = [*SYMMETRIC, effective_cells]


def counts(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


# ------------------------------------------------------------------------------------------------ samples


def ks_exact(reference: Floats, current: Floats) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the p-value, which is not used here
        return float(stats.ks_2samp(reference, current, method="asymp").statistic)


# ------------------------------------------------------------------------------------------------ every function


@pytest.mark.parametrize("statistic", BY_COUNTS)
@pytest.mark.parametrize(("reference", "current"), [((0, 0), (1, 2)), ((1, 2), (0, 0)), ((0, 0), (0, 0)), ((), ())])
def test_a_side_without_rows_gives_nan(
    statistic: Callable[[Ints, Ints], float], reference: tuple[int, ...], current: tuple[int, ...]
) -> None:
    assert math.isnan(statistic(counts(*reference), counts(*current)))


@pytest.mark.parametrize("statistic", BY_COUNTS)
def test_sides_must_have_the_same_cells(statistic: Callable[[Ints, Ints], float]) -> None:
    with pytest.raises(ValueError, match=r"reference has cells of shape \(2,\), current of \(3,\)"):
        statistic(counts(1, 2), counts(1, 2, 3))


@pytest.mark.parametrize("statistic", SYMMETRIC)
@given(sides())
def test_statistics_are_symmetric(statistic: Callable[[Ints, Ints], float], both: tuple[Ints, Ints]) -> None:
    reference, current = both
    assert statistic(reference, current) == pytest.approx(statistic(current, reference), rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("statistic", [population_stability_index, jensen_shannon_distance, chi_squared])
@given(sides(), st.randoms(use_true_random=False))
def test_the_order_of_the_cells_does_not_matter(
    statistic: Callable[[Ints, Ints], float], both: tuple[Ints, Ints], random: Random
) -> None:
    reference, current = both
    order = list(range(len(reference)))
    random.shuffle(order)
    expected = statistic(reference, current)
    assert statistic(reference[order], current[order]) == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("statistic", SYMMETRIC)
@given(sides(1))
def test_equal_counts_have_distance_0(statistic: Callable[[Ints, Ints], float], side: tuple[Ints]) -> None:
    result = statistic(side[0], side[0])
    assert result == 0 or math.isnan(result)  # chi-squared with fewer than two cells


@pytest.mark.parametrize("statistic", SYMMETRIC[1:])
@given(sides(1), st.integers(2, 1000))
def test_proportional_counts_have_distance_0(
    statistic: Callable[[Ints, Ints], float], side: tuple[Ints], factor: int
) -> None:
    result = statistic(side[0], factor * side[0])
    assert result == 0 or math.isnan(result)


# ------------------------------------------------------------------------------------------------ KS


def test_ks_by_hand() -> None:
    # Distribution functions 0.25, 0.5, 1 and 0.25, 0.75, 1: the gap is at the second edge.
    assert kolmogorov_smirnov(counts(1, 1, 2), counts(1, 2, 1)) == 0.25


@pytest.mark.parametrize(("distribution", "change"), CASES)
def test_ks_is_that_of_scipy(distribution: str, change: str) -> None:
    (reference, edges), current = reference_of(distribution), window_of(distribution, change, 50_000)
    error = ks_exact(reference, current) - kolmogorov_smirnov(count(reference, edges), count(current, edges))
    jumps_within_a_bin = change in {"shift", "rounded"}
    assert -1e-12 <= error < (1 / 256 if jumps_within_a_bin else 0.001)


def test_ks_of_a_million_rows() -> None:
    rng = np.random.default_rng(11)
    reference, current = rng.normal(size=1_000_000), rng.normal(0.1, 1.1, size=300_000)
    edges = fine_edges(reference)
    ks = kolmogorov_smirnov(count(reference, edges), count(current, edges))
    assert ks == pytest.approx(ks_exact(reference, current), abs=0.0005)


@given(samples, samples, increasing)
def test_ks_errs_by_no_more_than_the_largest_bin_s_lesser_share(
    reference: Floats, current: Floats, edges: Floats
) -> None:
    left, right = count(reference, edges), count(current, edges)
    error = ks_exact(reference, current) - kolmogorov_smirnov(left, right)
    assert -1e-12 <= error <= np.minimum(left / len(reference), right / len(current)).max() + 1e-12


@given(sides(3))
def test_ks_is_a_metric_between_0_and_1(three: tuple[Ints, Ints, Ints]) -> None:
    a, b, c = three
    assert 0 <= kolmogorov_smirnov(a, b) <= 1
    assert kolmogorov_smirnov(a, c) <= kolmogorov_smirnov(a, b) + kolmogorov_smirnov(b, c) + 1e-12


# ------------------------------------------------------------------------------------------------ Jensen-Shannon


def test_js_by_hand() -> None:
    # (1/2, 1/2) against (1, 0), in the middle (3/4, 1/4): 1/2 (1/2 log2(2/3) + 1/2 log2(2)) + 1/2 log2(4/3)
    # = 1.5 - 3/4 log2(3) = 0.311278; its root is 0.557923.
    result = jensen_shannon_distance(counts(2, 2), counts(9, 0))
    assert result == pytest.approx(math.sqrt(1.5 - 0.75 * math.log2(3)), rel=1e-12)
    assert result == pytest.approx(0.557923, abs=1e-6)


def test_js_of_sides_without_a_common_cell_is_1() -> None:
    assert jensen_shannon_distance(counts(3, 4, 0, 0), counts(0, 0, 1, 0)) == pytest.approx(1, rel=1e-12)


def test_js_keeps_its_digits_near_0() -> None:
    # To second order the divergence is the sum of (p - q)^2 / p over 8 ln 2, here 4e-16 / (8 ln 2).
    half = 50_000_000
    result = jensen_shannon_distance(counts(half, half), counts(half + 1, half - 1))
    assert result == pytest.approx(math.sqrt(4e-16 / (8 * math.log(2))), rel=1e-6)


@given(sides())
def test_js_is_that_of_scipy(both: tuple[Ints, Ints]) -> None:
    expected = float(jensenshannon(both[0].astype(float), both[1].astype(float), base=2))
    assert jensen_shannon_distance(*both) == pytest.approx(expected, rel=1e-9, abs=1e-7)


@given(sides(3))
def test_js_is_a_metric_between_0_and_1(three: tuple[Ints, Ints, Ints]) -> None:
    a, b, c = three
    assert 0 <= jensen_shannon_distance(a, b) <= 1
    assert jensen_shannon_distance(a, c) <= jensen_shannon_distance(a, b) + jensen_shannon_distance(b, c) + 1e-12


# ------------------------------------------------------------------------------------------------ moments, share


def test_mean_shift_is_signed_and_in_reference_deviations() -> None:
    assert mean_shift(7.0, 10.0, 2.0) == -1.5
    assert mean_shift(13.0, 10.0, 2.0) == 1.5


def test_mean_shift_needs_a_reference_with_spread() -> None:
    assert mean_shift(10.0, 10.0, 0.0) == 0
    assert math.isnan(mean_shift(10.1, 10.0, 0.0))
    assert mean_shift(0.0, 0.0, 0.0) == 0


def test_rounding_is_neither_a_shift_nor_a_spread() -> None:
    constant = np.full(1_000_003, 0.1)
    mean = float(np.cumsum(constant)[-1] / len(constant))  # summed one by one: 0.1 up to 1e-13
    assert 0 < abs(mean - 0.1) < 1e-11
    assert mean_shift(0.1 * (1 + 1e-14), 0.1, 1e-17) == 0
    assert math.isnan(mean_shift(0.2, 0.1, 1e-17))
    assert stddev_ratio(3e-17, 1e-17, 0.1) == 1


@pytest.mark.parametrize("arguments", [(math.nan, 1.0, 1.0), (1.0, math.nan, 1.0), (1.0, 2.0, math.nan)])
def test_an_unknown_mean_has_no_shift(arguments: tuple[float, float, float]) -> None:
    assert math.isnan(mean_shift(*arguments))


def test_stddev_ratio() -> None:
    assert stddev_ratio(3.0, 2.0) == 1.5
    assert stddev_ratio(0.0, 2.0) == 0
    assert stddev_ratio(0.0, 0.0) == 1
    assert math.isnan(stddev_ratio(3.0, 0.0))
    assert math.isnan(stddev_ratio(math.nan, 0.0))
    assert math.isnan(stddev_ratio(1.0, math.nan))


def test_drift_share_is_weighted_by_importance() -> None:
    assert drift_share([True, False, False, True], [1, 1, 1, 1]) == 0.5
    assert drift_share([True, False], [0.3, 0.9]) == pytest.approx(0.25)
    assert drift_share([False, False], [1, 2]) == 0
    assert drift_share([True] * 10, [0.1] * 10) == 1


def test_drift_share_without_importance_is_nan() -> None:
    assert math.isnan(drift_share([], []))
    assert math.isnan(drift_share([True], [0.0]))


def test_drift_share_rejects_invalid_importances() -> None:
    with pytest.raises(ValueError, match="2 features but 1 importances"):
        drift_share([True, False], [1.0])
    with pytest.raises(ValueError, match="must not be negative"):
        drift_share([True, False], [1.0, -1.0])
