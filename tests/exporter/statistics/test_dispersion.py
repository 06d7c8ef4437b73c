"""The stretch of noise: about 1 for independent rows, and greater for rows that move together."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.reference.history import History, HourlyColumn
from exporter.statistics.dispersion import fit_stretches, mean_of
from exporter.statistics.weeks.past_windows import FEWEST_WEEKS, WEEK

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


def moving(seed: int, weeks: int, rise: float, bend: float = 0.0, rows: int = 400) -> Places:
    """Independent rows of which each week more lie in the cells above: a share `rise` more in the last than the first.

    `bend` is the height of half a sine wave on top of it, as a season of the year has.
    """
    random, week = np.random.default_rng(seed), np.arange(weeks * WEEK)[:, None] / WEEK
    share = 0.5 + rise * (week / weeks - 0.5) + bend * np.sin(np.pi * week / weeks)
    high = random.random((weeks * WEEK, rows)) < share
    return np.where(high, random.integers(2, CELLS, high.shape), random.integers(0, 2, high.shape))


class TestTrend:
    @settings(max_examples=6, deadline=None)
    @given(st.integers(0, 99), st.sampled_from([4, 8, 13]), st.floats(-0.8, 0.8), st.sampled_from([1, 24, WEEK]))
    def test_a_trend_changes_the_stretch_by_little(self, seed: int, weeks: int, rise: float, hours: int) -> None:
        """Without its removal a share that rises by 0.8 gives stretches of up to 60, 1,000 and 7,000."""
        without, with_trend = (
            stretches_of(moving(seed, weeks, each, rows=100), hours, means=("x",)) for each in (0, rise)
        )
        for name in ("x", mean_of("x")):
            assert max(with_trend[name]) < 2.5 * max(without[name])

    @pytest.mark.parametrize("hours", [1, 24])
    def test_a_season_of_the_year_changes_the_stretch_by_little(self, hours: int) -> None:
        """Three months of it: the share rises by 0.3 and bends by 0.05."""
        stretches = stretches_of(moving(1, 13, 0.3, 0.05), hours, means=("x",))
        assert max(map(max, stretches.values())) < 4

    @pytest.mark.parametrize("seed", range(3))
    def test_weeks_that_move_to_and_fro_are_still_noise(self, seed: int) -> None:
        """Shares of weeks have the deviation 0.05: with 9600 rows a day the inflation is 1 + 9600 x 0.0025 / 0.25."""
        random = np.random.default_rng(seed)
        share = np.repeat(0.5 + 0.05 * random.standard_normal(13), WEEK)[:, None]
        places = np.where(random.random((13 * WEEK, 400)) < share, 1, 0)
        assert 97 / 4 < np.median(stretches_of(places, 24)["x"]) < 97 * 2


class TestLongWindows:
    @pytest.mark.parametrize("hours", [WEEK, 720])
    def test_windows_of_a_week_or_more_have_one_stretch(self, hours: int) -> None:
        places = independent(np.random.default_rng(1), weeks=13, rows=50)
        for hour in np.flatnonzero(np.arange(len(places)) // 24 % 7 == MONDAY):
            places[hour, : places[hour, 0] * 6] = 0
        (stretch,) = stretches_of(places, hours).values()
        assert len(set(stretch)) == 1

    def test_a_weekday_of_fewer_than_eight_days_has_the_stretch_of_all_days(self) -> None:
        stretch = stretches_of(independent(np.random.default_rng(1), weeks=7, rows=50), 24)["x"]
        assert len(set(stretch)) == 1


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
