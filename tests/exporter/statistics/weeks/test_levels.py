"""The level that the highest window of a day rarely exceeds: of all days, and of each weekday."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from exporter.statistics.weeks import levels
from exporter.statistics.weeks.levels import FEWEST_DAYS, FEWEST_OF_WEEKDAY, highest_day, weekday_levels


@dataclass(frozen=True)
class Law:
    """The law of each day's highest of `hours` windows, with independent chi-squared ratios over their degrees."""

    hours: int
    freedom: int

    def draw(self, random: np.random.Generator, *days: int) -> npt.NDArray[np.float64]:
        return np.asarray(random.chisquare(self.freedom, (*days, self.hours)).max(axis=-1) / self.freedom)

    def exceeded(self, level: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(-np.expm1(self.hours * stats.chi2.logcdf(level * self.freedom, self.freedom)))


def exceedance(law: Law, days: int, q: float) -> float:
    """How often another day exceeds the level from some days."""
    known = law.draw(np.random.default_rng(days), 4000, days)
    levels = np.array([highest_day(each, q) for each in known])
    return float(law.exceeded(levels).mean())


class TestHighestDay:
    def test_by_hand(self) -> None:
        """Roots 1, 2, 3: mean 2, deviation 1. Student's t of 2 degrees is (2p - 1) / sqrt(2p (1 - p)), p = 0.995."""
        gumbel = (-math.log(-math.log(0.995)) - 0.5772157) * math.sqrt(6) / math.pi
        wider = 0.99 / math.sqrt(2 * 0.995 * 0.005) / 2.5758293 * math.sqrt(4 / 3)
        assert highest_day(np.array([9.0, 1.0, 4.0]), 0.005) == pytest.approx((2 + gumbel * wider) ** 2)

    @given(st.lists(st.floats(0, 1e6), min_size=FEWEST_DAYS, max_size=60), st.floats(1e-6, 0.2))
    def test_it_is_a_quantile_of_gumbel_widened_by_student_s_t(self, highest: list[float], q: float) -> None:
        k, roots = len(highest), np.sqrt(highest)
        law = stats.gumbel_r(scale=math.sqrt(6) / math.pi)  # of deviation 1
        reach = (law.isf(q) - law.mean()) * stats.t.isf(q, k - 1) / stats.norm.isf(q) * math.sqrt(1 + 1 / k)
        level = (roots.mean() + roots.std(ddof=1) * reach) ** 2
        assert highest_day(np.array(highest), q) == pytest.approx(level, rel=1e-6)

    @given(st.lists(st.floats(0, 1e3), min_size=FEWEST_DAYS), st.floats(0.01, 100))
    def test_it_scales_with_its_input(self, highest: list[float], unit: float) -> None:
        level = highest_day(np.array(highest), 0.005)
        other = highest_day(np.array(highest) * unit, 0.005)
        assert other == pytest.approx(level * unit, rel=1e-9, abs=1e-9)

    @given(st.lists(st.floats(0, 1e3), min_size=FEWEST_DAYS))
    def test_many_days_give_a_lower_level_than_few_equal_ones(self, highest: list[float]) -> None:
        few, many = (highest_day(np.array(highest * times), 0.005) for times in (1, 10))
        assert many <= few * (1 + 1e-9)

    def test_equal_days_are_their_own_level(self) -> None:
        assert highest_day(np.full(8, 4.0), 0.005) == pytest.approx(4)

    def test_two_days_give_no_level(self) -> None:
        assert highest_day(np.array([4.0, 9.0]), 0.005) == 0

    @pytest.mark.parametrize("law", [Law(24, 9), Law(24, 1)])
    @pytest.mark.parametrize(("days", "q"), [(4, 0.005), (8, 0.005), (12, 0.005), (40, 24e-5)])
    def test_independent_hours_rarely_exceed_it(self, law: Law, days: int, q: float) -> None:
        assert exceedance(law, days, q) < 0.8 * q

    @pytest.mark.parametrize(
        ("days", "q", "most"), [(4, 0.005, 1.6), (8, 0.005, 1.4), (12, 0.005, 1.2), (40, 24e-5, 0.5)]
    )
    def test_days_that_move_as_a_whole_exceed_it_with_about_its_probability(
        self, days: int, q: float, most: float
    ) -> None:
        assert exceedance(Law(1, 1), days, q) < most * q


def gumbel_times_student(q: float, freedom: float) -> float:
    """How many deviations a level lies above the mean, without the uncertainty of the mean."""
    reach = (-math.log(-math.log(1 - q)) - 0.5772156649) * math.sqrt(6) / math.pi
    return float(reach * stats.t.isf(q, freedom) / stats.norm.isf(q))


class TestIndependentDays:
    def test_windows_of_a_week_say_as_much_as_a_seventh_of_the_days(self) -> None:
        """Roots 1 and 3, seven of each, are 14 days, and count as the fewest that say anything: 3."""
        highest = np.tile([1.0, 9.0], 7)
        level = (2 + math.sqrt(14 / 13) * gumbel_times_student(0.005, 2) * math.sqrt(4 / 3)) ** 2
        assert highest_day(highest, 0.005, independent=1 / 7) == pytest.approx(level)


class TestWeekdays:
    def test_equal_weekdays_have_the_level_of_all_days(self) -> None:
        """Roots 1 and 3, four of each: mean 2, variance 8/7 with 7 x 7 degrees, and a mean of 56 days."""
        highest, weekday = np.tile([1.0, 9.0], 28), np.repeat(np.arange(7), 8)
        level = (2 + math.sqrt(8 / 7) * gumbel_times_student(0.005, 49) * math.sqrt(57 / 56)) ** 2
        assert weekday_levels(highest, weekday, 0.005) == pytest.approx([level] * 7)

    def test_fewer_than_eight_days_have_no_level_of_their_own(self) -> None:
        random = np.random.default_rng(1)
        weekday = np.delete(np.repeat(np.arange(7), FEWEST_OF_WEEKDAY), 0)
        found = weekday_levels(random.chisquare(3, len(weekday)), weekday, 0.005)
        assert np.isnan(found).tolist() == [True] + [False] * 6

    def test_two_weekdays_say_nothing_about_weekdays(self) -> None:
        highest = np.random.default_rng(1).chisquare(3, 20)
        assert np.isnan(weekday_levels(highest, np.repeat([0, 1], 10), 0.005)).all()

    @pytest.mark.parametrize("value", [0.0, 4.0])
    def test_days_that_are_all_equal_are_their_own_level(self, value: float) -> None:
        assert weekday_levels(np.full(56, value), np.repeat(np.arange(7), 8), 0.005) == pytest.approx([value] * 7)

    def test_a_restless_monday_raises_the_level_of_mondays_alone(self) -> None:
        random = np.random.default_rng(2)
        weekday = np.repeat(np.arange(7), 12)
        calm = random.chisquare(9, len(weekday)) / 9
        restless = np.where(weekday == 0, 30 * calm, calm)
        before, after = (weekday_levels(highest, weekday, 0.005) for highest in (calm, restless))
        assert after[0] > 10 * before[0]
        assert after[1:].max() < 2 * before[1:].max()

    @pytest.mark.parametrize("law", [Law(24, 9), Law(1, 1)])
    def test_days_of_equal_weekdays_exceed_it_with_at_most_about_its_probability(self, law: Law) -> None:
        known = law.draw(np.random.default_rng(8), 400, 56)
        found = np.array([weekday_levels(each, np.repeat(np.arange(7), 8), 0.005) for each in known])
        assert law.exceeded(found).mean() < 1.3 * 0.005

    def test_levels_of_equal_weekdays_differ_less_than_their_own_days_say(self) -> None:
        known = Law(24, 9).draw(np.random.default_rng(9), 100, 56)
        weekday = np.repeat(np.arange(7), 8)
        shrunk = np.mean([weekday_levels(each, weekday, 0.005).std() for each in known])
        own = np.mean([np.std([highest_day(each[weekday == day], 0.005) for day in range(7)]) for each in known])
        assert shrunk < 0.25 * own


class TestShrinkage:
    def test_means_by_hand(self) -> None:
        """Their variance is 4, of which the errors explain 1: three quarters of each distance to the mean are real.

        The variance of such a mean is 3/4 x 1, and (1/4)^2 of the variance of the mean of all, which is 4 / 4.
        """
        means, variances = levels._shrunk_means(np.array([0.0, 0.0, 0.0, 4.0]), np.ones(4))
        assert means.tolist() == [0.25, 0.25, 0.25, 3.25]
        assert variances.tolist() == [0.8125] * 4

    def test_means_that_differ_by_less_than_their_errors_are_one(self) -> None:
        means, variances = levels._shrunk_means(np.array([1.0, 2.0, 3.0]), np.full(3, 2.0))
        assert means == pytest.approx([2, 2, 2])
        assert variances == pytest.approx([2 / 3] * 3)

    def test_variances_by_hand(self) -> None:
        """The trigamma function is pi^2 / 6 at 1, the half of 2 degrees, and digamma there is minus Euler's constant.

        The logarithms -a and a with a = pi / sqrt(6) have the variance pi^2 / 3: as much again as 2 degrees explain. So
        the prior has 2 degrees and the centre 1, and each variance becomes the mean of 1 and its own.
        """
        a = math.pi / math.sqrt(6)
        found, freedom = levels._shrunk_variances(np.exp([-a, a]), np.full(2, 2.0))
        assert found == pytest.approx([(1 + math.exp(-a)) / 2, (1 + math.exp(a)) / 2])
        assert freedom == pytest.approx([4, 4])

    def test_variances_that_differ_by_chance_are_one(self) -> None:
        found, freedom = levels._shrunk_variances(np.array([1.0, 1.1, 1.2]), np.array([7.0, 7.0, 7.0]))
        assert found == pytest.approx([1.1] * 3)
        assert freedom.tolist() == [21] * 3

    @given(st.floats(1e-3, 1e3))
    def test_the_trigamma_function_is_inverted(self, argument: float) -> None:
        value = float(special.polygamma(1, argument))
        assert levels._inverse_trigamma(value) == pytest.approx(argument, rel=1e-6)
