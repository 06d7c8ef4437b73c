"""Past windows of the reference, each with a baseline of the other weeks, in which a trend is continued."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from exporter.reference.seasonal import mixing_factors
from exporter.statistics.weeks.past_windows import NEAREST_WEEKS, WEEK, past_windows

HOUR_OF_WEEK = np.arange(WEEK)

Places = npt.NDArray[np.int64]


class TestDays:
    def test_a_day_is_a_local_day(self) -> None:
        """The clocks go forward on the first Sunday, back on the second; the history begins on a Monday at 22:00."""
        cells = np.concatenate([np.arange(22, WEEK), np.arange(WEEK), np.arange(WEEK), np.arange(50)])
        cells = np.delete(cells, 6 * 24 + 2 - 22)
        again = np.flatnonzero(cells == 6 * 24 + 1)[1]
        cells = np.insert(cells, again, 6 * 24 + 1)
        windows = past_windows(np.ones(len(cells)), cells, HOUR_OF_WEEK, 1)
        assert windows is not None
        assert windows.weekday.tolist() == [*range(7), *range(7), *range(7), 0, 1, 2]
        assert np.bincount(windows.day).tolist() == [2, *[24] * 5, 23, *[24] * 6, 25, *[24] * 9, 2]


def compared(values: npt.NDArray[np.number], rows: Places, season: Places, hours: int) -> tuple[Places, ...]:
    """The positions of the windows that lie in one week, and both sides of the comparison."""
    windows = past_windows(rows.astype(np.float64), np.arange(len(rows)) % WEEK, season, hours)
    assert windows is not None
    now, before = windows.now(values), windows.before(values, trend=False)
    within = windows.starts // WEEK == (windows.ends - 1) // WEEK
    return windows.starts[within], now[within], before[within]


def naive(values: npt.NDArray[np.number], rows: Places, season: Places, start: int, hours: int) -> tuple[float, float]:
    """One window, and the mixture of the other weeks' hours in its seasons, hour by hour."""
    week = start // WEEK
    total, inside, others = 0.0, np.zeros(WEEK), np.zeros(WEEK)
    for hour in range(start, start + hours):
        total += values[hour]
        inside[season[hour % WEEK]] += rows[hour]
    other_hours = [hour for hour in range(len(rows)) if hour // WEEK != week]
    for hour in other_hours:
        others[season[hour % WEEK]] += rows[hour]
    factors = mixing_factors(inside, others)
    return total, sum(factors[season[hour % WEEK]] * values[hour] for hour in other_hours)


class TestComparison:
    def test_a_windows_own_week_is_left_out(self) -> None:
        """Three weeks of 1, 10 and 100 rows an hour with values that say the week: by hand."""
        rows = np.repeat([1, 10, 100], WEEK)
        starts, now, before = compared(rows * np.repeat([1, 2, 3], WEEK), rows, HOUR_OF_WEEK, 1)
        assert starts.tolist() == list(range(3 * WEEK))
        assert set(zip(now[:WEEK, 0], before[:WEEK, 0].round(9), strict=True)) == {(1, 2 * 10 + 3 * 100)}
        assert set(zip(now[WEEK:-WEEK, 0], before[WEEK:-WEEK, 0].round(9), strict=True)) == {(20, 1 + 3 * 100)}
        assert set(zip(now[-WEEK:, 0], before[-WEEK:, 0].round(9), strict=True)) == {(300, 1 + 2 * 10)}

    @pytest.mark.parametrize("hours", [1, 5, 24, 90])
    @pytest.mark.parametrize("season", [HOUR_OF_WEEK, HOUR_OF_WEEK // 24, np.zeros(WEEK, np.int64)])
    def test_it_equals_a_loop_over_the_hours(self, hours: int, season: Places) -> None:
        random = np.random.default_rng(hours)
        rows = random.integers(1, 50, 4 * WEEK + 90)
        values = random.integers(0, 9, len(rows)) * rows
        starts, now, before = compared(values, rows, season, hours)
        for place in random.choice(len(starts), min(12, len(starts)), replace=False):
            wanted = naive(values, rows, season, int(starts[place]), hours)
            assert (now[place, 0], before[place, 0]) == pytest.approx(wanted)

    def test_a_column_of_several_cells_is_compared_cell_by_cell(self) -> None:
        random = np.random.default_rng(3)
        cells = random.integers(0, 9, (4 * WEEK, 3))
        rows = cells.sum(axis=1)
        _, now, before = compared(cells, rows, HOUR_OF_WEEK // 24, 24)
        for cell in range(3):
            _, one_now, one_before = compared(cells[:, cell], rows, HOUR_OF_WEEK // 24, 24)
            np.testing.assert_allclose(now[:, cell], one_now[:, 0])
            np.testing.assert_allclose(before[:, cell], one_before[:, 0])

    @pytest.mark.parametrize("season", [HOUR_OF_WEEK // 24, np.zeros(WEEK, np.int64)])
    def test_a_window_across_two_weeks_is_not_compared_with_itself(self, season: Places) -> None:
        """Only hours around a week's end have a value: a window that holds them all has none to be compared with."""
        rows, values = np.ones(4 * WEEK), np.zeros(4 * WEEK)
        values[2 * WEEK - 6 : 2 * WEEK + 6] = 1
        windows = past_windows(rows, np.arange(4 * WEEK) % WEEK, season, 24)
        assert windows is not None
        now, before = windows.now(values), windows.before(values, trend=False)
        assert now.max() == 12
        assert before[now[:, 0] == 12].max() == 0


def weekly(values: list[float]) -> npt.NDArray[np.float64]:
    """A value for each hour of a week, week by week."""
    return np.repeat(np.array(values, np.float64), WEEK)


def baselines(values: npt.NDArray[np.float64], rows: npt.NDArray[np.float64]) -> list[tuple[float, float]]:
    """The baseline of a window of an hour in each week, and the rows that it is worth."""
    windows = past_windows(rows, np.arange(len(rows)) % WEEK, HOUR_OF_WEEK, 1)
    assert windows is not None
    worth = windows.before(rows)[:, 0]
    sums = windows.before(rows * values)[:, 0]
    return [(float(sums[at] / worth[at]), float(worth[at])) for at in range(30, len(rows), WEEK)]


def weekly_baselines(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The baselines of a window of an hour in each week, for several values of the weeks, (weeks, values)."""
    rows = np.ones(len(values) * WEEK)
    windows = past_windows(rows, np.arange(len(rows)) % WEEK, HOUR_OF_WEEK, 1)
    assert windows is not None
    before = windows.before(np.repeat(values, WEEK, axis=0)) / windows.before(rows)
    return before[30::WEEK]


class TestTrend:
    def test_a_line_is_continued_by_hand(self) -> None:
        """Of lags 1, 2, 3 the weights are 4/3, 1/3, -2/3; of lags -1, 1, 2 they are 3/7, 2/7, 2/7 x 1.

        A weight is 1/3 - mean lag x (lag - mean lag) / the sum of squares about it, here 2 and 14/3; a baseline is
        worth 1 / the sum of their squares.
        """
        first, second, third, last = baselines(weekly([7, 1, 4, 9]), weekly([1, 1, 1, 1]))
        assert first == pytest.approx((4 / 3 + 4 / 3 - 18 / 3, 3 / 7))
        assert second == pytest.approx((28 / 7 + 8 / 7 + 9 / 7, 7 / 3))
        assert third == pytest.approx((7 / 7 + 2 / 7 + 36 / 7, 7 / 3))
        assert last == pytest.approx((-14 / 3 + 1 / 3 + 16 / 3, 3 / 7))

    @pytest.mark.parametrize("weeks", [3, 4, 8, 13])
    def test_nothing_is_left_of_a_linear_trend(self, weeks: int) -> None:
        values = [3 + 0.5 * week for week in range(weeks)]
        rows = weekly(list(np.random.default_rng(weeks).integers(1, 50, weeks)))
        assert [value for value, _ in baselines(weekly(values), rows)] == pytest.approx(values)

    @pytest.mark.parametrize("weeks", [8, 13])
    def test_hardly_anything_is_left_of_a_season_of_the_year(self, weeks: int) -> None:
        values = np.sin(2 * np.pi * (np.arange(weeks)[:, None] + np.linspace(0, 52, 40)) / 52)
        assert np.abs(weekly_baselines(values) - values).max() < 0.07

    def test_the_weeks_nearest_on_both_sides_are_compared(self) -> None:
        used = np.abs(weekly_baselines(np.eye(13))) > 1e-9
        assert np.flatnonzero(used[6]).tolist() == [3, 4, 5, 7, 8, 9]
        assert np.flatnonzero(used[0]).tolist() == list(range(1, NEAREST_WEEKS + 1))

    @pytest.mark.parametrize("hours", [5, 24])
    @pytest.mark.parametrize("season", [HOUR_OF_WEEK // 24, np.zeros(WEEK, np.int64)])
    def test_it_equals_a_weighted_fit_by_numpy(self, hours: int, season: Places) -> None:
        random = np.random.default_rng(hours)
        rows = random.integers(1, 50, 5 * WEEK).astype(np.float64)
        rows[WEEK : WEEK + 48] = 0
        values = random.normal(size=len(rows))
        windows = past_windows(rows, np.arange(len(rows)) % WEEK, season, hours)
        assert windows is not None
        found = windows.before(rows * values)[:, 0] / windows.before(rows)[:, 0]
        for place in random.choice(len(found), 10, replace=False):
            start, end = int(windows.starts[place]), int(windows.ends[place])
            assert found[place] == pytest.approx(fitted(values, rows, season, start, end))

    def test_a_single_other_week_has_no_slope(self) -> None:
        """Of three weeks, a window across two of them has one other."""
        rows = weekly([1, 1, 1])
        windows = past_windows(rows, np.arange(len(rows)) % WEEK, HOUR_OF_WEEK, 24)
        assert windows is not None
        across = (windows.starts < WEEK) & (windows.ends > WEEK)
        assert across.any()
        assert windows.before(weekly([5, 6, 9]))[across, 0] == pytest.approx(9 * 24)


def fitted(
    values: npt.NDArray[np.float64], rows: npt.NDArray[np.float64], season: Places, start: int, end: int
) -> float:
    """The mixture of the lines of each season in a window, each fitted to the other weeks by numpy."""
    at = np.arange(len(rows))
    week, season = at // WEEK, season[at % WEEK]
    inside = (at >= start) & (at < end)
    other = ~np.isin(week, np.unique(week[inside]))
    total = 0.0
    for each in np.unique(season[inside & (rows > 0)]):
        groups = [other & (season == each) & (week == number) for number in np.unique(week[other])]
        groups = [group for group in groups if rows[group].sum()]
        times = [np.average(at[group], weights=rows[group]) for group in groups]
        shares = [np.average(values[group], weights=rows[group]) for group in groups]
        weights = [math.sqrt(rows[group].sum()) for group in groups]
        own = inside & (season == each)
        line = np.polyfit(np.array(times) / WEEK, shares, 1, w=weights)
        total += rows[own].sum() * np.polyval(line, np.average(at[own], weights=rows[own]) / WEEK)
    return total / float(rows[inside].sum())


class TestLength:
    @pytest.mark.parametrize(("weeks", "hours", "used"), [(13, 720, 273), (8, WEEK, WEEK), (4, WEEK, 84), (8, 24, 24)])
    def test_windows_fit_eight_times(self, weeks: int, hours: int, used: int) -> None:
        windows = past_windows(np.ones(weeks * WEEK), np.arange(weeks * WEEK) % WEEK, HOUR_OF_WEEK, hours)
        assert windows is not None
        assert windows.hours == used

    def test_two_weeks_beside_a_window_are_needed(self) -> None:
        def exists(weeks: int, hours: int) -> bool:
            return past_windows(np.ones(weeks * WEEK), np.arange(weeks * WEEK) % WEEK, HOUR_OF_WEEK, hours) is not None

        assert [exists(weeks, 720) for weeks in (5, 6, 7)] == [False, False, True]
        assert [exists(weeks, 1) for weeks in (2, 3)] == [False, True]
