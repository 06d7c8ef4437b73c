"""The usual rows and their noise: by hand, by a loop of the definition, and on simulated traffic."""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from exporter.statistics.traffic import FEWEST_WEEKS, UsualRows, factor, factor_noise, usual_rows, with_quiet_hours

WEEK = 168
DAY = 24
NAN = math.nan


def cells_of(rows: Any) -> Any:
    return np.arange(len(rows)) % WEEK


def usual_after(rows: Any, length: int = DAY) -> UsualRows:
    """The usual rows of a window that follows these hours."""
    whole = np.append(np.asarray(rows, np.float64), np.full(length, NAN))
    return usual_rows(whole, cells_of(whole), length, WEEK)


def weekly(*levels: float) -> Any:
    """Weeks of so many rows in each hour."""
    return np.repeat(np.array(levels, np.float64), WEEK)


def seasonal(random: np.random.Generator, weeks: int, level: float, spread: float) -> Any:
    """Poisson rows around a daily pattern, with a random factor for each quarter of a day."""
    hours = np.arange(weeks * WEEK)
    mean = level * (1.2 + np.sin(hours / DAY * 2 * np.pi)) * np.where(hours % WEEK >= 5 * DAY, 0.5, 1)
    moved = random.lognormal(-(spread**2) / 2, spread, len(hours) // 6).repeat(6) if spread else 1
    return random.poisson(mean * moved).astype(np.float64)


class TestQuietHours:
    def test_a_gap_between_files_has_no_rows_and_an_open_gap_is_unknown(self) -> None:
        rows = np.array([9, 9, 5, 9, 9, 7, NAN, 9, 9.0])
        listed = np.array([0, 0, 1, 0, 0, 1, 1, 0, 0], bool)
        np.testing.assert_array_equal(with_quiet_hours(rows, listed, 2), [NAN, NAN, 5, 0, 0, 7, NAN, NAN, NAN])

    def test_a_longer_gap_is_unknown(self) -> None:
        rows, listed = np.array([1, NAN, NAN, 1]), np.array([1, 0, 0, 1], bool)
        np.testing.assert_array_equal(with_quiet_hours(rows, listed, 1), rows)

    def test_without_files_everything_is_unknown(self) -> None:
        assert np.isnan(with_quiet_hours(np.full(5, NAN), np.zeros(5, bool), 9)).all()
        assert with_quiet_hours(np.array([]), np.array([], bool), 9).shape == (0,)


class TestUsual:
    def test_it_is_the_median_of_the_same_hours(self) -> None:
        assert usual_after(weekly(80, 100, 150)).rows == DAY * 100
        assert usual_after(weekly(80, 100, 150, 110), length=1).rows == 105

    def test_an_hour_is_compared_with_its_own_hour_of_the_week(self) -> None:
        rows = np.tile(np.arange(WEEK), 4)
        assert usual_after(rows, length=1).rows == 0
        assert usual_after(rows[:-5], length=2).rows == 163 + 164

    def test_it_needs_three_weeks(self) -> None:
        assert FEWEST_WEEKS == 3
        assert math.isnan(usual_after(weekly(100, 100)).rows)
        assert usual_after(weekly(100, 100, 100)).rows == DAY * 100

    def test_unknown_slots_are_ignored(self) -> None:
        rows = weekly(100, 100, 100, 900)
        rows[3 * WEEK :] = NAN
        assert usual_after(rows).rows == DAY * 100
        rows[5] = NAN
        assert math.isnan(usual_after(rows).rows), "one hour of the day is known in two weeks only"

    def test_an_hour_that_a_week_has_twice_counts_once(self) -> None:
        """As when clocks go back: the mean of the two, in one of three weeks."""
        rows = np.append(weekly(10, 20, 30), np.full(DAY, NAN))
        cells = cells_of(rows)
        rows[2 * WEEK - 5], cells[2 * WEEK - 5] = 90, 0
        assert usual_rows(rows, cells, DAY, WEEK).rows == DAY * 20, "60 in the last week, and not 30 and 90"

    def test_equal_weeks_have_no_spread(self) -> None:
        assert usual_after(np.tile(np.arange(WEEK) + 1, 5)).spread == 0

    def test_a_longer_window_is_compared_with_longer_periods(self) -> None:
        """Nine days are compared with the stretches of two weeks before them: three of these make it known."""
        length = 9 * DAY
        assert usual_after(weekly(*[100] * 6), length).rows == length * 100
        assert math.isnan(usual_after(weekly(*[100] * 4), length).rows)

    def test_without_a_past_everything_is_unknown(self) -> None:
        known = usual_after([], length=3)
        assert math.isnan(known.rows)
        assert math.isnan(known.spread)

    @pytest.mark.parametrize(("length", "weeks"), [(1, 5), (24, 6), (168, 5), (200, 9)])
    def test_it_equals_a_loop_of_its_definition(self, length: int, weeks: int) -> None:
        random = np.random.default_rng(weeks)
        rows = seasonal(random, weeks, 40, 0.3)
        rows[random.integers(0, len(rows), 4)] = NAN
        rows[random.random(len(rows)) < 0.02] = 0
        rows[-length:] = 1e9
        known, expected = usual_rows(rows, cells_of(rows), length, WEEK), slowly(rows, length)
        np.testing.assert_allclose((known.rows, known.spread), expected)


def slowly(rows: Any, length: int) -> tuple[float, float]:
    """`usual_rows` by its definition, one number at a time."""
    period = math.ceil(length / WEEK) * WEEK
    end, start = len(rows), len(rows) - length
    week = [(end - 1 - hour) // period for hour in range(end)]

    def median(hour: int, left_out: int, fewest: int) -> float:
        weeks: dict[int, list[float]] = {}
        for other in range(start):
            if other % WEEK == hour % WEEK and week[other] != left_out and not math.isnan(rows[other]):
                weeks.setdefault(week[other], []).append(rows[other])
        means = [statistics.mean(values) for values in weeks.values()]
        return statistics.median(means) if len(means) >= fewest else NAN

    cache = {(hour % WEEK, week[hour]): median(hour, week[hour], FEWEST_WEEKS - 1) for hour in range(start)}
    excess = {}
    for first in range(start - length + 1):
        hours = range(first, first + length)
        seen, wanted = sum(rows[hour] for hour in hours), sum(cache[hour % WEEK, week[hour]] for hour in hours)
        if not math.isnan(seen) and wanted > 0:
            square = math.log(seen / wanted) ** 2 if seen else math.inf
            excess[first] = square / stats.chi2.ppf(0.5, 1) - 1 / wanted
    own = [excess[first] for first in range(start - period, -1, -period) if first in excess]
    spread = max(0, statistics.median(excess.values()), statistics.median(own) if own else 0)
    return sum(median(hour, -1, FEWEST_WEEKS) for hour in range(start, end)), math.sqrt(spread)


class TestFactor:
    def test_by_hand(self) -> None:
        assert factor(50, 100) == factor(200, 100) == 2
        assert factor(100, 100) == 1

    def test_0_rows_have_no_factor(self) -> None:
        assert math.isnan(factor(0, 100))
        assert math.isnan(factor(100, 0))
        assert math.isnan(factor(100, NAN))


class TestNoise:
    def test_by_hand(self) -> None:
        """Poisson's law of mean 100 leaves 1 in 4,000 below 67 and 1 in 4,000 above 137."""
        assert factor_noise(UsualRows(100, 0), 0.0005) == pytest.approx(100 / 67)

    def test_of_many_rows_it_is_that_of_the_normal_law(self) -> None:
        z = stats.norm.isf(0.00025)
        expected = math.exp(z * math.sqrt(1 / 50_000 + 0.2**2))
        assert factor_noise(UsualRows(50_000, 0.2), 0.0005) == pytest.approx(expected, rel=1e-3)

    @given(st.floats(0.5, 2e6), st.floats(1e-6, 0.5))
    def test_a_count_exceeds_it_with_at_most_its_probability(self, rows: float, q: float) -> None:
        noise = factor_noise(UsualRows(rows, 0), q)
        law = stats.poisson(rows)
        low, high = math.ceil(rows / noise * (1 - 1e-9)) - 1, math.floor(rows * noise * (1 + 1e-9))
        beyond = law.cdf(low) - (law.pmf(0) if low >= 0 else 0) + law.sf(high)  # no rows have no factor
        assert beyond <= q * (1 + 1e-6)

    @given(st.floats(1, 1e9), st.floats(0, 3), st.floats(1e-9, 0.5))
    def test_it_grows_with_the_spread_and_with_certainty(self, rows: float, spread: float, q: float) -> None:
        noise = factor_noise(UsualRows(rows, spread), q)
        assert 1 <= noise <= factor_noise(UsualRows(rows, spread + 0.1), q)
        assert noise <= factor_noise(UsualRows(rows, spread), q / 2)

    def test_unknown_rows_have_no_noise_level(self) -> None:
        assert math.isnan(factor_noise(UsualRows(0, 0.1), 0.01))
        assert math.isnan(factor_noise(UsualRows(NAN, 0.1), 0.01))
        assert math.isnan(factor_noise(UsualRows(100, NAN), 0.01))
        assert factor_noise(UsualRows(100, math.inf), 0.01) == math.inf

    def test_a_tiny_rate_is_no_error(self) -> None:
        assert 1 < factor_noise(UsualRows(1000, 19), 1e-300) < math.inf


class TestSimulatedTraffic:
    @pytest.mark.parametrize(("level", "spread"), [(20, 0), (20, 0.2), (2000, 0.1), (2000, 0.3)])
    @pytest.mark.parametrize("length", [1, 24])
    def test_unchanged_counts_rarely_exceed_the_noise(self, level: float, spread: float, length: int) -> None:
        random, rate, alarms, windows = np.random.default_rng(7), 0.02, 0, 0
        for _ in range(10):
            rows = seasonal(random, 10, level, spread)
            for end in range(9 * WEEK, 10 * WEEK, 7):
                past = rows[end - length - 8 * WEEK : end]
                known = usual_rows(past, np.arange(end - len(past), end) % WEEK, length, WEEK)
                alarms += factor(past[-length:].sum(), known.rows) > factor_noise(known, rate)
                windows += 1
        assert windows == 240
        assert alarms <= stats.binom.isf(1e-3, windows, rate)

    @pytest.mark.parametrize("outage", [0.0, 0.1, NAN])
    @pytest.mark.parametrize("length", [1, 24, 168])
    def test_a_week_of_outage_does_not_hide_the_next(self, outage: float, length: int) -> None:
        rows = seasonal(np.random.default_rng(3), 8, 2000, 0.1)
        before = usual_after(rows, length)
        rows[5 * WEEK : 6 * WEEK] = np.round(rows[5 * WEEK : 6 * WEEK] * outage)
        after = usual_after(rows, length)
        noise = factor_noise(after, 0.0005)
        assert noise < 1.5 * factor_noise(before, 0.0005)
        assert factor(before.rows / 4, after.rows) > max(noise, 2)
