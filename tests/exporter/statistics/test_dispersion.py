"""The stretch of noise: about 1 for independent rows, and greater for rows that move together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from exporter.reference.history import History, HourlyColumn
from exporter.reference.seasonal import mixing_factors
from exporter.statistics import dispersion
from exporter.statistics.dispersion import FEWEST_WEEKS, WEEK, fit_stretches, mean_of

CELLS = 5
MONDAY, TUESDAY = 0, 1
HOUR_OF_WEEK = np.arange(WEEK)

Places = npt.NDArray[np.int64]


def history_of(places: Places) -> History:
    """A history from Monday 00:00 whose rows lie in these cells, hour by hour; the cell is also the value."""
    cells = np.stack([np.bincount(row, minlength=CELLS) for row in places])
    finite = cells.sum(axis=1)
    sums, squares = (cells @ (np.arange(CELLS) ** power).astype(np.float64) for power in (1, 2))
    return History(np.arange(len(places)), finite, {"x": HourlyColumn(cells, finite, sums, squares)})


def independent(random: np.random.Generator, weeks: int = 4, rows: int = 400) -> Places:
    return random.integers(0, CELLS, (weeks * WEEK, rows))


def clustered(random: np.random.Generator, weeks: int = 4) -> Places:
    """40 users an hour with 10 rows each; any two rows of a user are equal with probability 0.8."""
    users = random.integers(0, CELLS, (weeks * WEEK, 40, 1))
    copies = random.random((weeks * WEEK, 40, 10)) < np.sqrt(0.8)
    rows = np.where(copies, users, random.integers(0, CELLS, copies.shape))
    return rows.reshape(weeks * WEEK, 400)


def stretches_of(
    places: Places, hours: int = 1, season: Places = HOUR_OF_WEEK, means: tuple[str, ...] = ()
) -> dict[str, tuple[float, ...]]:
    return fit_stretches(history_of(places), np.arange(len(places)) % WEEK, season, hours, means)


class TestStretch:
    @pytest.mark.parametrize("hours", [1, 24])
    @pytest.mark.parametrize("seed", range(3))
    def test_independent_rows_are_hardly_stretched(self, seed: int, hours: int) -> None:
        """1 is the minimum; with about 30 days the stretch may be somewhat greater."""
        stretches = stretches_of(independent(np.random.default_rng(seed), weeks=6), hours, means=("x",))
        assert stretches.keys() == {"x", mean_of("x")}
        for stretch in stretches.values():
            assert len(stretch) == 7
            assert min(stretch) >= 1
            assert np.median(stretch) < 2

    @pytest.mark.parametrize("seed", range(3))
    def test_rows_in_clusters_are_stretched_by_their_variance_inflation(self, seed: int) -> None:
        """1 + (10 - 1) x 0.8 = 8.2 (Kish 1965)."""
        stretches = stretches_of(clustered(np.random.default_rng(seed), weeks=8), means=("x",))
        for name in ("x", mean_of("x")):
            assert 8.2 < np.median(stretches[name]) < 2.2 * 8.2

    def test_a_mean_is_compared_with_the_spread_of_its_own_season(self) -> None:
        """Nights have one value in 99 of 100 rows, and days have all values: each is as noisy as its own rows."""
        random = np.random.default_rng(1)
        places = independent(random, weeks=6)
        nights = np.arange(len(places)) % 24 < 8
        places[nights] = np.where(random.random((nights.sum(), 400)) < 0.01, places[nights], 0)
        assert np.median(stretches_of(places, means=("x",))[mean_of("x")]) < 2

    @pytest.mark.parametrize("seed", range(3))
    def test_a_feature_that_varies_on_mondays_has_a_stretch_for_mondays(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        places = independent(random, weeks=8)
        for hour in np.flatnonzero(np.arange(len(places)) // 24 % 7 == MONDAY):
            places[hour, : random.integers(0, 120)] = 0
        stretch = stretches_of(places)["x"]
        assert stretch[MONDAY] > max(stretch[TUESDAY:])
        assert stretch[MONDAY] > 2

    def test_weekly_patterns_are_no_dispersion(self) -> None:
        """Nights differ from days and weekends from working days, equally each week: seasons contain all of it."""
        random = np.random.default_rng(7)
        places = independent(random, weeks=6)
        hour = np.arange(len(places)) % WEEK
        places[(hour % 24 < 8) | (hour >= 5 * 24), :250] = 4
        assert np.median(stretches_of(places)["x"]) < 1.5
        assert np.median(stretches_of(places, season=np.zeros(WEEK, np.int64))["x"]) > 8

    def test_a_constant_feature_has_a_stretch_of_at_least_1(self) -> None:
        stretches = stretches_of(np.full((4 * WEEK, 50), 2), means=("x",))
        assert all(len(stretch) == 7 and min(stretch) >= 1 for stretch in stretches.values())
        assert np.isfinite(list(stretches.values())).all()

    @pytest.mark.parametrize("value", [0.1, 1e300, 1e-300])
    def test_values_without_finite_ratios_are_not_stretched(self, value: float) -> None:
        """A constant with rounded sums, and squares that overflow."""
        made = history_of(independent(np.random.default_rng(1), rows=20))
        column = made.columns["x"]
        column.sums[:] = [math.fsum([value] * 20)] * len(column.sums)
        with np.errstate(over="ignore"):
            column.squares[:] = column.finite * np.square(value)
        stretch = fit_stretches(made, np.arange(4 * WEEK) % WEEK, HOUR_OF_WEEK, 1, ("x",))[mean_of("x")]
        assert stretch == (1.0,) * 7

    def test_only_the_requested_means_have_a_stretch(self) -> None:
        places = independent(np.random.default_rng(1), rows=20)
        assert stretches_of(places).keys() == {"x"}
        assert stretches_of(places, means=("absent",)).keys() == {"x"}


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
    levels = np.array([dispersion._highest_day(each, q) for each in known])
    return float(law.exceeded(levels).mean())


class TestHighestDay:
    def test_by_hand(self) -> None:
        """Roots 1, 2, 3: mean 2, deviation 1. Student's t of 2 degrees is (2p - 1) / sqrt(2p (1 - p)), p = 0.995."""
        gumbel = (-math.log(-math.log(0.995)) - 0.5772157) * math.sqrt(6) / math.pi
        wider = 0.99 / math.sqrt(2 * 0.995 * 0.005) / 2.5758293 * math.sqrt(4 / 3)
        assert dispersion._highest_day(np.array([9.0, 1.0, 4.0]), 0.005) == pytest.approx((2 + gumbel * wider) ** 2)

    @given(st.lists(st.floats(0, 1e6), min_size=FEWEST_WEEKS, max_size=60), st.floats(1e-6, 0.2))
    def test_it_is_a_quantile_of_gumbel_widened_by_student_s_t(self, highest: list[float], q: float) -> None:
        k, roots = len(highest), np.sqrt(highest)
        law = stats.gumbel_r(scale=math.sqrt(6) / math.pi)  # of deviation 1
        reach = (law.isf(q) - law.mean()) * stats.t.isf(q, k - 1) / stats.norm.isf(q) * math.sqrt(1 + 1 / k)
        level = (roots.mean() + roots.std(ddof=1) * reach) ** 2
        assert dispersion._highest_day(np.array(highest), q) == pytest.approx(level, rel=1e-6)

    @given(st.lists(st.floats(0, 1e3), min_size=FEWEST_WEEKS), st.floats(0.01, 100))
    def test_it_scales_with_its_input(self, highest: list[float], unit: float) -> None:
        level = dispersion._highest_day(np.array(highest), 0.005)
        other = dispersion._highest_day(np.array(highest) * unit, 0.005)
        assert other == pytest.approx(level * unit, rel=1e-9, abs=1e-9)

    @given(st.lists(st.floats(0, 1e3), min_size=FEWEST_WEEKS))
    def test_many_days_give_a_lower_level_than_few_equal_ones(self, highest: list[float]) -> None:
        few, many = (dispersion._highest_day(np.array(highest * times), 0.005) for times in (1, 10))
        assert many <= few * (1 + 1e-9)

    def test_equal_days_are_their_own_level(self) -> None:
        assert dispersion._highest_day(np.full(8, 4.0), 0.005) == pytest.approx(4)

    def test_two_days_give_no_level(self) -> None:
        assert dispersion._highest_day(np.array([4.0, 9.0]), 0.005) == 0

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


class TestDays:
    def test_a_day_is_a_local_day(self) -> None:
        """The clocks go forward on the first Sunday, back on the second; the history begins on a Monday at 22:00."""
        cells = np.concatenate([np.arange(22, WEEK), np.arange(WEEK), np.arange(WEEK), np.arange(50)])
        cells = np.delete(cells, 6 * 24 + 2 - 22)
        again = np.flatnonzero(cells == 6 * 24 + 1)[1]
        cells = np.insert(cells, again, 6 * 24 + 1)
        windows = dispersion._past_windows(np.ones(len(cells)), cells, HOUR_OF_WEEK, 1)
        assert windows is not None
        assert windows.weekday.tolist() == [*range(7), *range(7), *range(7), 0, 1, 2]
        assert np.bincount(windows.day).tolist() == [2, *[24] * 5, 23, *[24] * 6, 25, *[24] * 9, 2]


class TestTooLittle:
    @pytest.mark.parametrize("hours", [1, 24, WEEK])
    def test_fewer_than_three_weeks_give_no_stretch(self, hours: int) -> None:
        random = np.random.default_rng(1)
        assert stretches_of(independent(random, FEWEST_WEEKS - 1, 20), hours) == {}
        assert stretches_of(independent(random, FEWEST_WEEKS, 20), hours).keys() == {"x"}

    def test_hours_with_rows_in_one_week_only_give_no_stretch(self) -> None:
        places = independent(np.random.default_rng(1), rows=20)
        made = history_of(places)
        made.rows[WEEK:] = 0
        made.columns["x"].cells[WEEK:] = 0
        assert fit_stretches(made, np.arange(len(places)) % WEEK, HOUR_OF_WEEK, 1, ()) == {}

    def test_a_history_without_rows_gives_no_stretch(self) -> None:
        made = history_of(np.zeros((4 * WEEK, 0), np.int64))
        assert fit_stretches(made, np.arange(4 * WEEK) % WEEK, HOUR_OF_WEEK, 1, ()) == {}


def compared(values: npt.NDArray[np.number], rows: Places, season: Places, hours: int) -> tuple[Places, ...]:
    """The positions of the windows that lie in one week, and both sides of the comparison."""
    windows = dispersion._past_windows(rows.astype(np.float64), np.arange(len(rows)) % WEEK, season, hours)
    assert windows is not None
    now, before = dispersion._compared(values, windows)
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

    @pytest.mark.parametrize("hours", [1, 5, 24, WEEK])
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
        windows = dispersion._past_windows(rows, np.arange(4 * WEEK) % WEEK, season, 24)
        assert windows is not None
        now, before = dispersion._compared(values, windows)
        assert now.max() == 12
        assert before[now[:, 0] == 12].max() == 0
