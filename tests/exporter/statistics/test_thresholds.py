from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from exporter.statistics import thresholds
from exporter.statistics.drift import effective_cells, population_stability_index
from exporter.statistics.thresholds import (
    drift_share_noise,
    ks_noise,
    mean_shift_noise,
    normal_noise,
    per_comparison,
    psi_noise,
    ratio_noise,
    ratio_shortfall,
    threshold,
)

levels = st.floats(1e-9, 0.5)
rows = st.integers(1, 10**7)


# ------------------------------------------------------------------------------------------------ the greatest of all


def test_threshold_is_the_greatest() -> None:
    assert threshold(0.2) == 0.2
    assert threshold(0.2, 0.1, 0.05) == 0.2
    assert threshold(0.2, 0.1, 0.7) == 0.7


@pytest.mark.parametrize("noises", [(math.nan,), (0.7, math.nan), (math.nan, 0.7)])
def test_an_unknown_noise_gives_no_threshold(noises: tuple[float, ...]) -> None:
    assert math.isnan(threshold(0.2, *noises))


@given(st.floats(0, 10), st.lists(st.floats(0, 10)), st.floats(0, 10))
def test_another_noise_never_lowers_the_threshold(floor: float, noises: list[float], another: float) -> None:
    assert threshold(floor, *noises, another) == max(threshold(floor, *noises), another)


# ------------------------------------------------------------------------------------------------ multiplicity


def test_per_comparison_by_hand() -> None:
    # Two comparisons at 0.05 each are both silent with 0.95 squared = 1 - 0.0975.
    assert per_comparison(0.0975, 2) == pytest.approx(0.05, rel=1e-12)
    assert per_comparison(0.001, 1) == pytest.approx(0.001, rel=1e-12)


@given(levels, st.integers(1, 100_000))
def test_all_comparisons_together_have_the_total_probability(q: float, comparisons: int) -> None:
    each = per_comparison(q, comparisons)
    assert q / comparisons <= each * (1 + 1e-12)  # never below Bonferroni's
    assert -math.expm1(comparisons * math.log1p(-each)) == pytest.approx(q, rel=1e-9)


@pytest.mark.parametrize("comparisons", [0, -1])
def test_per_comparison_needs_a_comparison(comparisons: int) -> None:
    with pytest.raises(ValueError, match="must be a comparison"):
        per_comparison(0.001, comparisons)


# ------------------------------------------------------------------------------------------------ PSI


def test_psi_noise_by_hand() -> None:
    # Two cells leave one degree of freedom: the square of the normal's 1.959964, times 1/100 + 1/100.
    assert psi_noise(2, 100, 100, 0.05) == pytest.approx(1.959964**2 / 50, rel=1e-6)


@given(st.floats(2, 300), rows, rows, levels)
def test_psi_noise_is_a_quantile_of_chi_squared(cells: float, n: int, m: int, q: float) -> None:
    assert psi_noise(cells, n, m, q) == pytest.approx(stats.chi2.isf(q, cells - 1) * (1 / n + 1 / m), rel=1e-9)


@given(st.floats(1, 300), rows, rows, levels)
def test_psi_noise_falls_with_rows_and_rises_with_cells_and_certainty(cells: float, n: int, m: int, q: float) -> None:
    noise = psi_noise(cells, n, m, q)
    assert psi_noise(cells, 2 * n, m, q) < noise
    assert psi_noise(cells, n, 2 * m, q) < noise
    assert psi_noise(cells, n, m, q / 2) > noise
    assert psi_noise(cells + 1.5, n, m, q) > noise


def test_psi_noise_of_cells_that_are_almost_one_is_that_of_two() -> None:
    assert psi_noise(1.0001, 1000, 50, 0.001) == psi_noise(2, 1000, 50, 0.001)


@pytest.mark.parametrize("q", [0.05, 0.01, 0.001])
@pytest.mark.parametrize(("n", "m"), [(1_000_000, 50), (1_000_000, 1000), (2000, 500)])
@pytest.mark.parametrize("tail", [[], [1e-3], [1e-4, 1e-5, 1e-6]])
def test_psi_exceeds_its_noise_with_its_probability(tail: list[float], n: int, m: int, q: float) -> None:
    rng = np.random.default_rng(42)
    shares = np.append(np.full(10, (1 - sum(tail)) / 10), tail)
    draws = list(zip(rng.multinomial(n, shares, 3000), rng.multinomial(m, shares, 3000), strict=True))
    alarms = sum(population_stability_index(r, c) > psi_noise(effective_cells(r, c), n, m, q) for r, c in draws)
    assert alarms <= stats.binom.isf(1e-4, len(draws), q)
    assert m < 100 or alarms >= stats.binom.ppf(1e-4, len(draws), q / 2)


# ------------------------------------------------------------------------------------------------ mean


def test_ks_noise_by_hand_and_against_the_law_of_two_samples() -> None:
    assert ks_noise(200, 200, 2 * math.exp(-2)) == pytest.approx(math.sqrt(0.01))  # sqrt(2 / 2 * (1/200 + 1/200))
    for n, m, q in ((400, 300, 1e-2), (3000, 1000, 1e-5)):
        exact = float(stats.kstwobign.isf(q)) * math.sqrt(1 / n + 1 / m)
        assert ks_noise(n, m, q) == pytest.approx(exact, rel=1e-3)
        assert ks_noise(n, m, q) >= exact * (1 - 1e-9)
    assert math.isnan(ks_noise(0, 5, 0.1))
    assert math.isnan(ks_noise(5, 0, 0.1))


def test_mean_shift_noise_by_hand() -> None:
    # Two-sided 5 % of the normal is 1.959964; two samples of 200 give their difference a deviation of 1/10.
    assert mean_shift_noise(200, 200, 0.05) == pytest.approx(0.1959964, rel=1e-6)


@given(rows, rows, levels)
def test_mean_shift_noise_is_a_quantile_of_the_normal(n: int, m: int, q: float) -> None:
    noise = mean_shift_noise(n, m, q)
    assert noise == pytest.approx(stats.norm.isf(q / 2) * math.sqrt(1 / n + 1 / m), rel=1e-9)
    assert mean_shift_noise(2 * n, m, q) < noise
    assert mean_shift_noise(n, 2 * m, q) < noise
    assert mean_shift_noise(n, m, q / 2) > noise


@pytest.mark.parametrize(("n", "m"), [(0, 10), (10, 0), (0, 0)])
def test_without_rows_there_is_no_noise_level(n: int, m: int) -> None:
    assert math.isnan(psi_noise(10, n, m, 0.01))
    assert math.isnan(mean_shift_noise(n, m, 0.01))


# ------------------------------------------------------------------------------------------------ ratio


def exceedance(successes: int, reference_rows: int, window: int, level: float) -> float:
    """The chance of a ratio above `level`, summed from the law's own formula."""
    a, b = successes + 0.5, reference_rows - successes + 0.5
    count = np.arange(round(level * window) + 1, window + 1)
    return float(stats.betabinom.pmf(count, window, a, b).sum())


def test_one_null_in_a_small_window_exceeds_the_noise_by_its_probability() -> None:
    # With none in a million the rate is Beta(1/2, 1,000,000.5), of mean 5e-7: a window of 50 has a null with a chance
    # of 2.5e-5. That is an alarm where 1e-4 is allowed, and none where 1e-5 is.
    assert ratio_noise(0, 1_000_000, 50, 1e-4) == 0
    assert ratio_noise(0, 1_000_000, 50, 1e-5) == 1 / 50
    assert exceedance(0, 1_000_000, 50, 0) == pytest.approx(2.5e-5, rel=1e-3)


def test_ratio_noise_of_a_single_row_by_hand() -> None:
    # A window of one row is null with the rate's mean, (7 + 1/2) / (99 + 1) = 0.075.
    assert ratio_noise(7, 99, 1, 0.0749) == 1
    assert ratio_noise(7, 99, 1, 0.0751) == 0


@pytest.mark.parametrize(
    ("successes", "reference_rows"),
    [(0, 10), (0, 1_000_000), (3, 1_000_000), (50, 1000), (1000, 2000), (990, 1000), (1000, 1000), (0, 0)],
)
@pytest.mark.parametrize("window", [1, 2, 50, 1000, 1001, 20_000])
@pytest.mark.parametrize("q", [0.6, 0.05, 1e-3, 1e-5, 1e-8])
def test_ratio_noise_is_the_lowest_level_with_its_probability(
    successes: int, reference_rows: int, window: int, q: float
) -> None:
    level = ratio_noise(successes, reference_rows, window, q)
    assert level * window == pytest.approx(round(level * window), abs=1e-9)
    stddev = stats.betabinom.std(window, successes + 0.5, reference_rows - successes + 0.5)
    if stddev > 1000:  # a continuous law, within one part in a thousand or two rows
        assert exceedance(successes, reference_rows, window, 1.001 * level + 2 / window) <= q
        assert exceedance(successes, reference_rows, window, 0.999 * level - 2 / window) >= q
    else:
        assert exceedance(successes, reference_rows, window, level) <= q * (1 + 1e-9)
        assert level == 0 or exceedance(successes, reference_rows, window, level - 1 / window) > q


def test_ratio_noise_of_a_known_rate_is_binomial() -> None:
    known = 10**10
    for rate, window, q in itertools.product([0.001, 0.05, 0.5], [50, 1000, 100_000], [0.01, 1e-4]):
        assert ratio_noise(rate * known, known, window, q) == stats.binom.isf(q, window, rate) / window


@pytest.mark.parametrize("rate", [0.001, 0.02, 0.3])
def test_ratio_noise_of_very_many_rows_is_that_of_a_continuous_law(rate: float) -> None:
    # Where the standard deviation passes 1000 rows; normal there up to a skew of 1/1000.
    reference_rows = 10**11
    for stddev in (990, 1010):
        window = round(stddev**2 / (rate * (1 - rate)))
        noise = ratio_noise(rate * reference_rows, reference_rows, window, 1e-5)
        deviation = math.sqrt(rate * (1 - rate) * (1 / window + 1 / reference_rows))
        assert (noise - rate) / deviation == pytest.approx(special.ndtri(1 - 1e-5), rel=2e-3)


@pytest.mark.parametrize(("n", "m", "rate"), [(10_000, 1000, 0.001), (1000, 1000, 0.02), (100_000, 50, 0.0001)])
@pytest.mark.parametrize("q", [0.05, 0.001])
def test_a_window_without_drift_exceeds_the_ratio_noise_with_its_probability(
    n: int, m: int, rate: float, q: float
) -> None:
    likely = np.arange(stats.binom.ppf(1e-9, n, rate), stats.binom.isf(1e-9, n, rate) + 1)
    levels_then = np.array([ratio_noise(successes, n, m, q) for successes in likely])
    alarms = stats.binom.pmf(likely, n, rate) @ stats.binom.sf(np.round(levels_then * m), m, rate)
    assert alarms <= 1.25 * q


@given(st.integers(0, 1000), st.integers(0, 10**6), st.integers(1, 2000), levels)
def test_ratio_noise_is_a_ratio_that_rises_with_the_rate_and_certainty(
    successes: int, failures: int, window: int, q: float
) -> None:
    noise = ratio_noise(successes, successes + failures, window, q)
    assert 0 <= noise <= 1
    assert ratio_noise(successes + 1, successes + 1 + failures, window, q) >= noise
    assert ratio_noise(successes, successes + failures + 1, window, q) <= noise
    assert ratio_noise(successes, successes + failures, window, q / 2) >= noise


def test_ratio_noise_falls_with_the_window_and_the_reference() -> None:
    by_window = [ratio_noise(50, 1000, window, 1e-3) for window in (10, 100, 1000, 10_000)]
    by_reference = [ratio_noise(known // 20, known, 1000, 1e-3) for known in (20, 200, 2000, 20_000)]
    assert by_window == sorted(by_window, reverse=True)
    assert by_reference == sorted(by_reference, reverse=True)


@pytest.mark.parametrize("window", [1, 1000, 100_000])
def test_no_ratio_exceeds_the_noise_of_an_unknown_rate(window: int) -> None:
    # By Jeffreys' prior alone a window is all null with a chance of about 1 / sqrt(pi window): here 1 in 560 or more.
    assert ratio_noise(0, 0, window, 1e-3) == 1


def test_ratio_noise_without_rows_is_nan() -> None:
    assert math.isnan(ratio_noise(0, 1000, 0, 0.01))


@pytest.mark.parametrize(("successes", "reference_rows"), [(-1, 10), (11, 10)])
def test_ratio_noise_rejects_an_impossible_reference(successes: int, reference_rows: int) -> None:
    with pytest.raises(ValueError, match=f"{successes} successes in {reference_rows} rows"):
        ratio_noise(successes, reference_rows, 10, 0.01)


# ------------------------------------------------------------------------------------------------ drift share


def test_drift_share_noise_by_hand() -> None:
    # Of two equal features, one or both drift with 1 - 0.9 squared = 0.19, both with 0.01.
    assert drift_share_noise([1, 1], 0.2, 0.1) == 0
    assert drift_share_noise([1, 1], 0.18, 0.1) == 0.5
    assert drift_share_noise([1, 1], 0.005, 0.1) == 1


@pytest.mark.parametrize("features", [1, 4, 10, 100])
@pytest.mark.parametrize("feature_q", [0.2, 0.01, 1e-4])
@pytest.mark.parametrize("q", [0.3, 0.01, 1e-4])
def test_drift_share_noise_of_equal_features_is_binomial(features: int, feature_q: float, q: float) -> None:
    expected = stats.binom.isf(q, features, feature_q) / features
    assert drift_share_noise([1 / features] * features, q, feature_q) == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=8), st.floats(0.01, 0.5), st.floats(0.001, 0.3))
def test_drift_share_noise_is_the_lowest_level_with_its_probability(
    importances: list[int], q: float, feature_q: float
) -> None:
    level, whole = drift_share_noise(importances, q, feature_q), sum(importances)
    outcomes = list(itertools.product([False, True], repeat=len(importances)))
    shares = np.array([np.dot(outcome, importances) / whole for outcome in outcomes])
    chances = np.array([np.prod(np.where(outcome, feature_q, 1 - feature_q)) for outcome in outcomes])
    assert chances[shares > level + 1e-12].sum() <= q * (1 + 1e-6)
    lower = level - (len(importances) + 1) / 1000  # the grid
    assert lower < 0 or chances[shares > lower].sum() >= q * (1 - 1e-6)


@given(levels, st.lists(st.floats(0.1, 10), min_size=1, max_size=50))
def test_drift_share_noise_is_0_for_corrected_features(q: float, importances: list[float]) -> None:
    assert drift_share_noise(importances, q, per_comparison(q, len(importances))) == 0


def test_drift_share_noise_without_importance_is_nan() -> None:
    assert math.isnan(drift_share_noise([], 0.01, 0.01))
    assert math.isnan(drift_share_noise([0.0], 0.01, 0.01))


def test_drift_share_noise_rejects_a_negative_importance() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        drift_share_noise([1, -1], 0.01, 0.01)


# ------------------------------------------------------------------------------------------- differences and shares


def test_a_difference_by_hand() -> None:
    """The upper 2.5 % of a normal law begin at 1.96 standard errors."""
    assert normal_noise(0.1, 0.025) == pytest.approx(0.196, abs=1e-4)
    assert normal_noise(0.0, 0.001) == 0
    assert math.isnan(normal_noise(math.nan, 0.001))


@given(st.floats(0.01, 0.99), st.integers(1, 5000), st.floats(1e-6, 0.5))
def test_a_shortfall_is_the_binomial_quantile(rate: float, number: int, q: float) -> None:
    level = round(ratio_shortfall(rate, number, q) * number)
    law = stats.binom(number, rate)
    assert law.cdf(level - 1) <= q * (1 + 1e-9)
    assert law.cdf(level) >= q * (1 - 1e-9)


def test_a_shortfall_at_the_ends() -> None:
    assert ratio_shortfall(0, 10, 0.01) == 0
    assert ratio_shortfall(1, 10, 0.01) == 1
    assert ratio_shortfall(0.8, 1_000_000, 0.0005) == pytest.approx(0.8, abs=0.002)
    assert math.isnan(ratio_shortfall(0.8, 0, 0.01))


def test_the_floor_of_an_effect_that_lasts_is_smaller() -> None:
    floors = {hours: thresholds.lasting_floor(0.05, hours) for hours in (1, 24, 96, 24 * 7, 24 * 16, 24 * 30)}
    assert floors == pytest.approx(
        {1: 0.05, 24: 0.05, 96: 0.025, 24 * 7: 0.05 / 7**0.5, 24 * 16: 0.0125, 24 * 30: 0.0125}
    )


def test_a_ratio_falls_by_a_step_of_its_log_odds() -> None:
    """Odds of 4 to 1 fall by e^(0.16 / 0.16) to 4 / e: a share of 4 / (4 + e)."""
    assert thresholds.shortfall(0.8, 0.16) == pytest.approx(0.8 - 4 / (4 + math.e))
    assert thresholds.shortfall(0.8, 1e-6) == pytest.approx(1e-6, rel=1e-4)
    assert thresholds.shortfall(0.5, 10.0) == pytest.approx(0.5)
    assert thresholds.shortfall(1.0, 0.1) == thresholds.shortfall(0.0, 0.1) == 0.1
