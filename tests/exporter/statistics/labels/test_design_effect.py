"""The design effect of labelled performance: 1 for independent labels, greater where days have something in common."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from certain_excess import certain
from exporter.statistics.labels.design_effect import FEWEST_DAYS, SKEWED, Excess, Linearised, Values, fit

HOURS = np.arange(24)


def linearised(rows: Values, positives: Values) -> Linearised:
    """The share of positives, block by block."""
    total, rate = rows.sum(), positives.sum() / rows.sum()
    return Linearised(rate * (1 - rate) / total, rows / total, (positives - rate * rows) / total)


def of_days(deviations: Values, sampling: float) -> Excess:
    """Fit to days of equal size with these deviations, whose own sampling variance is given."""
    number = len(deviations)
    history = Linearised(sampling / number, np.full(number, 1 / number), (deviations - deviations.mean()) / number)
    excess = fit(history, np.arange(number), hours=24.0)
    assert excess is not None
    return excess


def shares(random: np.random.Generator, days: int, shock: Values | float, rows: int = 30) -> Linearised:
    """Hours whose share of positives is 0.2 plus the shock of their day."""
    counts = random.poisson(rows * np.where(HOURS > 7, 1.0, 0.3), (days, 24))
    rates = np.broadcast_to(0.2 + np.asarray(shock), days)[:, None]
    return linearised(counts.ravel().astype(float), random.binomial(counts, rates).ravel().astype(float))


def fitted(history: Linearised) -> Excess:
    excess = fit(history, np.arange(len(history.shares)) // 24)
    assert excess is not None
    return excess


class TestByHand:
    def test_the_variance_of_one_and_two_days(self) -> None:
        """Days of 0, +0.2, 0, -0.2: 0.02 in a day, 0.01 of which is sampling, so 0.24 by the hour.

        The level takes 1/16 + 1/11 of the variance of a day. Two days have 0.01, four have 0: both are combined with
        what a day gives to expect, which is 1 + 2 (1 / 2) 0.25 = 1.25 times as much by the hour in two of them.
        """
        excess = of_days(np.tile([0, 0.2, 0, -0.2], 4), sampling=0.01)
        assert excess.variance(24) == pytest.approx(0.01)
        assert excess.design_effect(0.01, 24) == pytest.approx(2.0)
        assert excess.errors[0] == pytest.approx(0.48 * math.sqrt(2 / (0.75 * 16 * (1 - 1 / 16 - 1 / 11))))
        assert 0.0 < excess.variance(96) < excess.variance(48) < 1.25 * 0.01 / 2

    def test_few_days_are_as_skewed_as_days_usually_are(self) -> None:
        """16 days, half of whose variance is excess, show no skewness with an error of 2^1.5 sqrt(6 / 16)."""
        excess = of_days(np.tile([0, 0.2, 0, -0.2], 4), sampling=0.01)
        weight = SKEWED**2 / (SKEWED**2 + 8 * 6 / 16)
        assert excess.skewness[0] == pytest.approx((1 - weight) * SKEWED)
        week = int(np.searchsorted(excess.lengths, 168))
        assert excess.skewness[week] == pytest.approx(excess.skewness[0] * math.sqrt(excess.variance(168) / 0.01))

    def test_a_length_with_few_windows_has_what_days_show(self) -> None:
        """A week of days that are alike by 0.25: 1 + 2 (6/7 0.25 + 5/7 0.25^2 + ...) times the variance by the hour."""
        excess = of_days(np.tile([0, 0.2, 0, -0.2], 4), sampling=0.01)
        growth = 1 + 2 * sum((1 - lag / 7) * 0.25**lag for lag in range(1, 7))
        assert excess.variance(168) == pytest.approx(0.01 / 7 * growth)

    def test_the_widening_is_the_root_of_the_design_effect_with_students_quantile(self) -> None:
        """A variance of 0.04 with a standard error of 0.01 has 2 x 0.04^2 / 0.01^2 = 32 degrees of freedom."""
        excess = replace(certain((24, 0.03 * 24)), errors=np.array([0.01 * 24]))
        student = stats.t.ppf(0.975, 32) / stats.norm.ppf(0.975)
        assert excess.widening(0.01, 24, 0.025) == pytest.approx(2 * student)

    def test_a_variance_that_is_as_small_as_sampling_by_chance_is_not_certain(self) -> None:
        excess = replace(certain((24, 0.0)), errors=np.array([0.01 * 24]))
        assert excess.widening(0.01, 24, 0.025) == pytest.approx(stats.t.ppf(0.975, 2) / stats.norm.ppf(0.975))

    @pytest.mark.parametrize("certain_part", [0.0, 0.5, 0.98])
    @pytest.mark.parametrize(("freedom", "tail"), [(5, 1e-3), (10, 0.025), (20, 1e-4), (40, 1e-3)])
    def test_a_window_with_more_rows_than_the_past_is_no_less_certain_than_that(
        self, certain_part: float, freedom: float, tail: float
    ) -> None:
        """Against a mixture of normal laws: the variance is 1 / (chi-squared / f) of which a part is taken off."""
        past = replace(certain((24, 0.0)), sampled=np.array([24.0]), errors=np.array([24 * math.sqrt(2 / freedom)]))
        sampling, normal = 1 - certain_part, stats.norm.ppf(1 - tail)
        reach = past.widening(sampling, 24, tail) * normal * math.sqrt(sampling)
        variances = freedom / stats.chi2.ppf((np.arange(4000) + 0.5) / 4000, freedom) - certain_part
        beyond = stats.norm.sf(reach / np.sqrt(np.maximum(variances, sampling))).mean()
        assert normal * math.sqrt(sampling) < reach <= stats.t.ppf(1 - tail, freedom) * (1 + 1e-6)
        assert tail / 4 < beyond < tail * (1.2 if certain_part < 0.9 else 5)

    def test_heavy_tails_and_skewness_count_as_far_as_the_excess_does(self) -> None:
        """Three quarters of the variance are excess, with an excess kurtosis of 2: 1 / f is (3/4)^2 2 / 14."""
        student = stats.t.ppf(0.975, 14 / 2 * 16 / 9)
        assert replace(certain((24, 72.0)), tails=np.array([1 / 7])).widening(1.0, 24, 0.025) == pytest.approx(
            2 * student / stats.norm.ppf(0.975)
        )
        normal = stats.norm.ppf(0.975)
        bend = (normal**2 - 1) / 6 * 0.8 * 0.75**1.5
        found = replace(certain((24, 72.0)), skewness=np.array([0.8])).widening(1.0, 24, 0.025)
        assert found == pytest.approx(2 * (normal + bend) / normal)

    def test_beyond_the_longest_length_windows_side_by_side_are_independent(self) -> None:
        excess = certain((24, 24.0), (48, 96.0))
        assert excess.variance(24) == pytest.approx(1.0)
        assert excess.variance(48) == pytest.approx(2.0)
        assert excess.variance(96) == pytest.approx(1.0)
        assert excess.variance(12) == pytest.approx(2.0)

    def test_a_mixture_of_lengths_lies_between_them(self) -> None:
        assert certain((24, 24.0), (96, 48.0)).variance(48) == pytest.approx(36 / 48)

    def test_a_value_without_sampling_variance_is_not_widened(self) -> None:
        excess = certain((24, 24.0))
        assert excess.widening(0.0, 24, 0.025) == 1
        assert math.isnan(excess.design_effect(0.0, 24))


class TestFit:
    def test_independent_labels_have_a_design_effect_of_about_one(self) -> None:
        effects = []
        for seed in range(10):
            excess = fitted(shares(np.random.default_rng(seed), 91, 0.0))
            effects.append([excess.design_effect(0.16 / (24 * 23 * hours / 24), hours) for hours in (1, 24, 168)])
        assert (np.mean(effects, axis=0) < [1.05, 1.2, 1.35]).all()

    def test_the_shock_of_a_day_is_found_at_every_length(self) -> None:
        """A shock of 0.05 each day: 0.0025 in a day and in its hours, a seventh of it in a week or a little more.

        Thirteen weeks do not show that days are quite unlike.
        """
        ratios = []
        for seed in range(10):
            random = np.random.default_rng(seed)
            excess = fitted(shares(random, 91, random.normal(0, 0.05, 91)))
            ratios.append(
                [excess.variance(hours) / expected for hours, expected in ((1, 25e-4), (24, 25e-4), (168, 25e-4 / 7))]
            )
        assert np.mean(ratios, axis=0) == pytest.approx([1, 1, 1.25], abs=0.25)

    def test_storms_of_several_days_have_a_greater_effect_in_a_week(self) -> None:
        """Of three days with one shock the middle ones of a week share it: more than a seventh of a day's variance."""
        ratios = []
        for seed in range(10):
            random = np.random.default_rng(seed)
            excess = fitted(shares(random, 91, np.repeat(random.normal(0, 0.05, 31), 3)[:91]))
            ratios.append(excess.variance(168) * 7 / excess.variance(24))
        assert 1.8 < np.mean(ratios) < 2.8

    @pytest.mark.parametrize("change", ["step", "trend", "broken day"])
    def test_what_is_no_noise_does_not_count(self, change: str) -> None:
        """A rate that rises by 0.1 for good, over the quarter, or on one day alone by 0.7."""
        shock = {
            "step": np.where(np.arange(91) < 40, 0.0, 0.1),
            "trend": np.linspace(0, 0.1, 91),
            "broken day": np.where(np.arange(91) == 40, 0.7, 0.0),
        }[change]
        calm, changed = (fitted(shares(np.random.default_rng(3), 91, each)) for each in (0.0, shock))
        for hours in (24, 168):
            assert changed.variance(hours) - calm.variance(hours) < (0.015**2 if hours == 24 else 0.01**2)

    @pytest.mark.parametrize(("days", "effect"), [(91, 1), (91, 12), (14, 3)])
    def test_the_interval_of_a_week_holds_however_few_days_are_known(self, days: int, effect: float) -> None:
        """The mean chance that it holds the next week's value, of days alike by 0.35: by the exact normal law."""
        lags, random, held = np.arange(1, 7), np.random.default_rng([days, effect]), []
        deviation = math.sqrt((1 + (effect - 1) * (1 + 2 * ((1 - lags / 7) * 0.35**lags).sum())) / 7)
        for _ in range(30):
            path = random.normal(size=days)
            for day in range(1, days):
                path[day] = 0.35 * path[day - 1] + math.sqrt(1 - 0.35**2) * path[day]
            excess = of_days(math.sqrt(effect - 1) * path + random.normal(size=days), 1.0)
            half = stats.norm.ppf(0.975) * math.sqrt(1 / 7) * excess.widening(1 / 7, 168, 0.025)
            held.append(1 - 2 * stats.norm.sf(half / deviation))
        assert 0.92 < np.mean(held) < 0.985

    def test_few_days_are_not_enough(self) -> None:
        random = np.random.default_rng(0)
        assert fit(shares(random, FEWEST_DAYS - 1, 0.0), np.arange((FEWEST_DAYS - 1) * 24) // 24) is None
        assert fit(shares(random, FEWEST_DAYS, 0.0), np.arange(FEWEST_DAYS * 24) // 24) is not None
        assert fit(Linearised(0.1, np.zeros(0), np.zeros(0)), np.zeros(0, np.int64)) is None

    def test_one_day_that_has_nearly_all_labels_is_not_enough(self) -> None:
        shares_of = np.array([1.0, 1.0, 100.0, 1.0, 1.0, 1.0, 1.0, 1.0]) / 107
        assert fit(Linearised(0.01, shares_of, np.zeros(8)), np.arange(8), hours=24.0) is None

    def test_an_unknown_value_is_not_fitted(self) -> None:
        nothing = np.full(240, np.nan)
        assert fit(Linearised(math.nan, nothing, nothing), np.arange(240) // 24) is None

    @pytest.mark.parametrize("hours", [0.25, 1.0, 5.0, 24.0])
    def test_blocks_may_have_any_length_up_to_a_day(self, hours: float) -> None:
        """The same shocks in other blocks: whole windows are the same."""
        random, blocks = np.random.default_rng(7), round(91 * 24 / hours)
        day = (np.arange(blocks) * hours // 24).astype(int)
        counts = random.poisson(30 * hours, blocks).astype(float)
        positives = random.binomial(counts.astype(int), 0.2 + random.normal(0, 0.05, 91)[day]).astype(float)
        excess = fit(linearised(counts, positives), day, hours)
        assert excess is not None
        assert excess.variance(24) == pytest.approx(25e-4, rel=0.4)
        assert excess.lengths[0] == hours

    def test_blocks_of_several_days_are_not_fitted(self) -> None:
        assert fit(shares(np.random.default_rng(0), 10, 0.0), np.arange(240) * 2, hours=48.0) is None

    def test_hours_without_labels_are_no_windows(self) -> None:
        """A history in which every second day has no labels has the same shock per day."""
        random = np.random.default_rng(5)
        whole = shares(random, 180, random.normal(0, 0.05, 180))
        labelled = np.repeat(np.arange(180) % 2, 24) > 0
        rows = np.where(labelled, whole.shares * 24 * 30 * 180, 0.0)
        positives = np.where(labelled, rows * 0.2 + whole.influences * 24 * 30 * 180, 0.0)
        assert fitted(linearised(rows, positives)).variance(24) == pytest.approx(fitted(whole).variance(24), rel=0.3)


@given(st.lists(st.floats(-0.5, 0.5), min_size=8, max_size=40), st.floats(1e-4, 1.0))
def test_the_excess_is_never_negative_and_scales_with_the_unit(deviations: list[float], sampling: float) -> None:
    """In another unit, twice as fine, all variances are four times as great."""
    own, twice = of_days(np.array(deviations), sampling), of_days(2 * np.array(deviations), 4 * sampling)
    for hours in (6, 24, 100, 5000):
        assert own.variance(hours) >= 0
        assert twice.variance(hours) == pytest.approx(4 * own.variance(hours), abs=1e-12)
        assert own.widening(sampling, hours, 0.025) >= 1
