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
    ChiSquared,
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


def decile_edges(reference: Floats) -> Floats:
    return np.unique(np.quantile(reference, np.arange(1, 10) / 10, method="inverted_cdf"))


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


# ------------------------------------------------------------------------------------------------ PSI


def textbook_psi(reference: Ints, current: Ints) -> float:
    """Half a row in each cell of both sides, as in textbooks."""
    cells, n, m = len(reference), reference.sum(), current.sum()
    total = 0.0
    for r, c in zip(reference.tolist(), current.tolist(), strict=True):
        p, q = (r + 0.5) / (n + cells / 2), (c + 0.5) / (m + cells / 2)
        total += (q - p) * math.log(q / p)
    return total


def test_psi_by_hand() -> None:
    # p = 1/2, 1/2 and q = 150.5/201, 50.5/201. Both differ from p by d = 50/201, so PSI = d ln(q1/p) - d ln(q2/p)
    # = d ln(q1/q2) = 50/201 ln(301/101) = 0.271639...
    result = population_stability_index(counts(100, 100), counts(150, 50))
    assert result == pytest.approx(50 / 201 * math.log(301 / 101), rel=1e-12)
    assert result == pytest.approx(0.271639, abs=1e-6)


@pytest.mark.parametrize(
    ("reference", "current"),
    [
        (counts(*[100_000] * 10), counts(9, 0, 3, 7, 5, 4, 8, 2, 6, 6)),
        (counts(700, 200, 80, 20), counts(50, 40, 0, 10)),
        (counts(5, 0, 4), counts(300, 100, 200)),
    ],
)
def test_psi_adds_half_a_row_to_each_cell(reference: Ints, current: Ints) -> None:
    assert population_stability_index(reference, current) == pytest.approx(textbook_psi(reference, current), rel=1e-12)


def test_a_cell_without_rows_is_ignored() -> None:
    deciles, window = counts(*[100_000] * 10), counts(9, 0, 3, 7, 5, 4, 8, 2, 6, 6)
    expected = population_stability_index(deciles, window)
    assert population_stability_index(np.append(deciles, 0), np.append(window, 0)) == expected


def test_a_rare_cell_does_not_inflate_a_small_window() -> None:
    deciles, window = counts(*[100_000] * 10), counts(9, 0, 3, 7, 5, 4, 8, 2, 6, 6)
    expected = population_stability_index(deciles, window)
    with_nulls = np.append(deciles, 3), np.append(window, 0)
    assert population_stability_index(*with_nulls) == pytest.approx(expected, abs=1e-3)
    assert textbook_psi(*with_nulls) > expected + 0.06


def test_nulls_that_the_reference_lacks_raise_psi() -> None:
    # A fifth of the window: the cell alone gives about 0.2 ln(0.2 / 1.5e-6) = 2.4.
    deciles = counts(*[100_000] * 10, 0)
    assert population_stability_index(deciles, counts(*[80] * 10, 200)) > 2


def law_of_psi(shares: Floats, n: int, m: int, draws: int = 2000) -> tuple[Floats, Floats]:
    """PSI in units of its noise and its degrees of freedom, over draws in which nothing has drifted."""
    rng = np.random.default_rng(2018)
    pairs = list(zip(rng.multinomial(n, shares, draws), rng.multinomial(m, shares, draws), strict=True))
    psi = [population_stability_index(r, c) for r, c in pairs]
    cells = [effective_cells(r, c) for r, c in pairs]
    return np.array(psi) / (1 / n + 1 / m), np.array(cells) - 1


DECILES = np.full(10, 0.1)
LONG_TAIL = 1 / np.arange(1, 21) / (1 / np.arange(1, 21)).sum()


@pytest.mark.parametrize(
    ("shares", "n", "m"),
    [
        (DECILES, 1_000_000, 1000),
        (DECILES, 3000, 1000),
        (DECILES, 1000, 1000),
        (np.append(0.999 * DECILES, 0.001), 1_000_000, 2000),
        (np.append(DECILES * (1 - 1e-6), 1e-6), 1_000_000, 1000),
        (LONG_TAIL, 1_000_000, 5000),
        (LONG_TAIL, 5000, 5000),
    ],
)
def test_without_drift_psi_follows_chi_squared(shares: Floats, n: int, m: int) -> None:
    scaled, freedom = law_of_psi(shares, n, m)
    assert scaled.mean() == pytest.approx(freedom.mean(), rel=0.03)
    assert stats.kstest(np.asarray(stats.chi2.sf(scaled, freedom)), "uniform").pvalue > 0.01


@pytest.mark.parametrize("shares", [DECILES, np.append(0.999 * DECILES, 0.001), LONG_TAIL, 0.5 ** np.arange(1, 13)])
@pytest.mark.parametrize(("n", "m"), [(1_000_000, 50), (1_000_000, 200), (1_000_000, 2000), (500, 200), (300, 10_000)])
def test_without_drift_psi_is_not_high_more_often_than_its_law(shares: Floats, n: int, m: int) -> None:
    scaled, freedom = law_of_psi(shares / shares.sum(), n, m)
    alarms = np.mean(stats.chi2.sf(scaled, freedom) < 0.01)
    assert alarms < 0.01 + 3 * math.sqrt(0.01 * 0.99 / len(scaled))


def test_one_extreme_row_does_not_hide_a_shift() -> None:
    rng = np.random.default_rng(7)
    reference, current = rng.normal(size=10_000), rng.normal(0.5, size=1000)
    edges = decile_edges(reference)
    plain = population_stability_index(count(reference, edges), count(current, edges))
    wild = population_stability_index(count(reference, edges), count(np.append(current, 1e6), edges))
    assert plain > 0.2
    assert wild == pytest.approx(plain, rel=0.05)


@given(sides())
def test_psi_is_never_negative_and_always_finite(both: tuple[Ints, Ints]) -> None:
    assert 0 <= population_stability_index(*both) < math.inf


@given(sides(1), st.integers(2, 1000))
def test_psi_of_proportional_counts_is_below_the_noise(side: tuple[Ints], factor: int) -> None:
    rows = side[0].sum()
    noise = np.count_nonzero(side[0]) * (1 / rows + 1 / (factor * rows))
    assert population_stability_index(side[0], factor * side[0]) <= noise / 2


def test_effective_cells_by_hand() -> None:
    # The window of 50 expects 25, 24.95 and 0.05 rows: two whole cells and a tenth of one. Seen from a window of 5,000,
    # which expects 5 in the last, all three are whole.
    assert effective_cells(counts(500_000, 499_000, 1000), counts(25, 25, 0)) == pytest.approx(2.1, rel=1e-3)
    assert effective_cells(counts(500_000, 499_000, 1000), counts(2500, 2495, 5)) == 3
    assert effective_cells(counts(7, 0), counts(3, 0)) == 1


@given(sides())
def test_effective_cells_are_at_most_those_with_rows(both: tuple[Ints, Ints]) -> None:
    assert 1 - 1e-12 <= effective_cells(*both) <= np.count_nonzero(both[0] + both[1])


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


# ------------------------------------------------------------------------------------------------ chi-squared


def contingency(reference: Ints, current: Ints) -> tuple[float, float, int]:
    result = stats.chi2_contingency(np.array([reference, current]), correction=False)
    return float(result.statistic), float(result.pvalue), int(result.dof)


def test_chi_squared_by_hand() -> None:
    # Every cell expects 15 and is off by 5: 4 x 25/15 = 20/3, with one degree of freedom p = erfc(sqrt(10/3)).
    result = chi_squared(counts(10, 20), counts(20, 10))
    assert result == pytest.approx((20 / 3, math.erfc(math.sqrt(10 / 3)), 1), rel=1e-12)


@given(st.integers(2, 12), st.data())
def test_chi_squared_is_that_of_scipy(cells: int, data: st.DataObject) -> None:
    column = st.lists(st.integers(100, 1000), min_size=cells, max_size=cells)  # each cell expects 18 rows or more
    reference, current = np.array(data.draw(column)), np.array(data.draw(column))
    assert chi_squared(reference, current) == pytest.approx(contingency(reference, current), rel=1e-9, abs=1e-12)


def test_chi_squared_pools_rare_cells() -> None:
    # The last two expect 3.5 and 2.5 rows on either side, together 6.
    result = chi_squared(counts(60, 33, 4, 3), counts(50, 45, 3, 2))
    assert result == pytest.approx(contingency(counts(60, 33, 7), counts(50, 45, 5)), rel=1e-12)


def test_chi_squared_adds_the_next_smallest_cell_to_a_pool_that_is_rare_itself() -> None:
    # The last two expect 1.5 and 1, so the second joins them. (60, 40) against (50, 50), which expect 55 and 45:
    # 2 x 25/55 + 2 x 25/45 = 200/99.
    result = chi_squared(counts(60, 37, 2, 1), counts(50, 48, 1, 1))
    assert result.statistic == pytest.approx(200 / 99, rel=1e-12)
    assert result.degrees_of_freedom == 1


def test_chi_squared_pools_below_5_expected_rows() -> None:
    # 4.5 expected rows are too few, and 5 are not.
    assert chi_squared(counts(60, 36, 4), counts(50, 45, 5)).degrees_of_freedom == 1
    enough = counts(60, 35, 5), counts(50, 45, 5)
    assert chi_squared(*enough) == pytest.approx(contingency(*enough), rel=1e-12)


@pytest.mark.parametrize(
    ("reference", "current", "pooled_reference", "pooled_current"),
    [
        # Of two cells of 40 rows: the one that deviates against the pool of (3, 1), the one that deviates less.
        (counts(3, 25, 15, 57), counts(1, 15, 25, 59), counts(18, 25, 57), counts(26, 15, 59)),
        (counts(2, 15, 21, 62), counts(2, 25, 19, 54), counts(23, 15, 62), counts(21, 25, 54)),
    ],
)
def test_chi_squared_chooses_among_cells_of_equal_rows_whatever_their_order(
    reference: Ints, current: Ints, pooled_reference: Ints, pooled_current: Ints
) -> None:
    expected = pytest.approx(contingency(pooled_reference, pooled_current), rel=1e-12)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        assert chi_squared(reference[order], current[order]) == expected
        assert chi_squared(current[order], reference[order]) == expected


def test_chi_squared_rejects_a_new_category_that_the_reference_makes_rare() -> None:
    # 20 rows of 50 where a million had none: the cell expects 0.001 rows, and is compared as part of its pool.
    assert chi_squared(counts(500_000, 400_000, 100_000, 0), counts(15, 12, 3, 20)).p_value < 1e-9


def test_chi_squared_leaves_out_empty_cells() -> None:
    assert chi_squared(counts(10, 0, 20), counts(20, 0, 10)) == chi_squared(counts(10, 20), counts(20, 10))


@pytest.mark.parametrize("reference", [counts(3, 1), counts(1000, 2), counts(50, 0), counts(50)])
def test_chi_squared_needs_two_cells(reference: Ints) -> None:
    assert all(math.isnan(value) for value in chi_squared(reference, reference))


def test_chi_squared_has_its_false_alarm_rate() -> None:
    rng = np.random.default_rng(5)
    draws = zip(rng.multinomial(1000, LONG_TAIL, 4000), rng.multinomial(400, LONG_TAIL, 4000), strict=True)
    p_values = [chi_squared(reference, current).p_value for reference, current in draws]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


@given(sides())
def test_chi_squared_has_a_statistic_and_a_probability(both: tuple[Ints, Ints]) -> None:
    result = chi_squared(*both)
    assert isinstance(result, ChiSquared)
    if not math.isnan(result.statistic):
        assert result.statistic >= 0
        assert 0 <= result.p_value <= 1
        assert 1 <= result.degrees_of_freedom < len(both[0])


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
