"""The reference by season: mixtures equal weighted rows, and a small season uses the next coarser one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.binning import Floats
from exporter.profiles.profile import Profile, empty_profile, numeric_column
from exporter.reference.seasonal import ENOUGH_ROWS, ENOUGH_WEEKS, Seasons, divide, mixing_factors, mixture
from exporter.spec.seasons import HOURS_OF_WEEK, Level, season_levels
from profiling import binning, categorical, count, numeric

CELLS = binning(numeric("x", (0.0, 1.0, 2.0, 3.0), pivot=1.0), categorical("c", "a", "b"))
MONDAY, SATURDAY, SUNDAY = 0, 5 * 24, 6 * 24
HOUR, PART, DAY, WEEKEND, ALL = Level


def profile(x: list[float], c: str = "a") -> Profile:
    return count(CELLS, x=np.array(x, np.float64), c=[c] * len(x))


def rows_at(rows: Mapping[int, float]) -> Floats:
    hours = np.zeros(HOURS_OF_WEEK)
    hours[list(rows)] = list(rows.values())
    return hours


def two_seasons(weekdays: Profile, weekends: Profile) -> Seasons:
    season = (np.arange(HOURS_OF_WEEK) >= SATURDAY).astype(np.int64)
    return Seasons((weekdays, weekends), (WEEKEND, WEEKEND), season)


class TestMixture:
    BUSY = [0.5] * 300 + [1.5] * 100
    QUIET = [1.5] * 20 + [2.5] * 80
    SEASONS = two_seasons(profile(BUSY), profile(QUIET, "b"))

    def test_by_hand(self) -> None:
        """A quarter of the rows on a working day, of 400; three quarters at the weekend, of 100."""
        mixed = mixture(self.SEASONS, rows_at({MONDAY: 10, SATURDAY: 20, SUNDAY: 10}))
        assert mixed is not None
        effective = 1 / (0.25**2 / 400 + 0.75**2 / 100)
        column = numeric_column(mixed, CELLS, "x")
        shares = np.array([0, 0.25 * 0.75, 0.25 * 0.25 + 0.75 * 0.2, 0.75 * 0.8, 0])
        np.testing.assert_allclose(column.bins, effective * shares)
        assert column.rows == pytest.approx(effective)
        assert mixed.rows == round(effective) == 173
        np.testing.assert_allclose(mixed.counts[CELLS.slices["c"]], [effective / 4, effective * 3 / 4, 0, 0])
        values, weights = self.BUSY + self.QUIET, [0.25 / 400] * 400 + [0.75 / 100] * 100
        mean = np.average(values, weights=weights)
        assert column.mean == pytest.approx(mean)
        assert column.variance == pytest.approx(np.average((values - mean) ** 2, weights=weights))
        assert (column.low, column.high) == (0.5, 2.5)

    def test_a_single_season_is_unchanged(self) -> None:
        assert mixture(self.SEASONS, rows_at({SATURDAY: 1, SUNDAY: 900})) is self.SEASONS.profiles[1]

    def test_only_the_shares_of_the_windows_rows_matter(self) -> None:
        one, many = (mixture(self.SEASONS, rows_at({MONDAY: n, SATURDAY: 3 * n})) for n in (1, 1000))
        assert one is not None
        assert many is not None
        np.testing.assert_allclose(one.counts, many.counts)

    def test_a_season_without_a_reference_cannot_be_compared(self) -> None:
        seasons = two_seasons(profile(self.BUSY), empty_profile(CELLS))
        assert mixture(seasons, rows_at({MONDAY: 100, SATURDAY: 1})) is None
        assert mixture(seasons, rows_at({MONDAY: 100})) is seasons.profiles[0]

    def test_no_rows_have_no_reference(self) -> None:
        assert mixture(self.SEASONS, rows_at({})) is None

    def test_new_categories_keep_their_names(self) -> None:
        seasons = two_seasons(profile([0.5] * 3, "new"), profile([0.5] * 2, "newer"))
        mixed = mixture(seasons, rows_at({MONDAY: 1, SATURDAY: 1}))
        assert mixed is not None
        assert mixed.novel == {"c": {"new": 3, "newer": 2}}

    @given(st.integers(1, 1000), st.integers(1, 1000), st.integers(1, 1000))
    def test_a_mixture_of_equal_seasons_equals_them(self, size: int, monday: int, saturday: int) -> None:
        seasons = two_seasons(profile([0.5, 1.5, 1.5, 2.5]), profile([0.5, 1.5, 1.5, 2.5] * size))
        mixed = mixture(seasons, rows_at({MONDAY: monday, SATURDAY: saturday}))
        assert mixed is not None
        column, alone = (numeric_column(part, CELLS, "x") for part in (mixed, seasons.profiles[0]))
        np.testing.assert_allclose(column.bins / column.finite, alone.bins / alone.finite)
        assert column.mean == pytest.approx(alone.mean)
        assert column.variance == pytest.approx(alone.variance)


ROWS = st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=20)


class TestFactors:
    @given(ROWS)
    def test_the_mixture_has_the_windows_shares_and_at_most_the_references_rows(
        self, seasons: list[tuple[int, int]]
    ) -> None:
        rows, reference = np.array(seasons, np.float64).T
        mixed = mixing_factors(rows, reference) * reference
        np.testing.assert_allclose(mixed / mixed.sum(), rows / rows.sum())
        shares = rows / rows.sum()
        assert mixed.sum() == pytest.approx(1 / (shares**2 / reference).sum())
        assert mixed.sum() <= reference.sum() * (1 + 1e-9)

    @given(ROWS, st.integers(1, 1000))
    def test_equal_shares_make_every_reference_row_count_once(self, seasons: list[tuple[int, int]], times: int) -> None:
        reference = np.array(seasons, np.float64)[:, 0]
        np.testing.assert_allclose(mixing_factors(times * reference, reference), 1)

    def test_a_season_without_window_rows_needs_no_reference_rows(self) -> None:
        factors = mixing_factors(np.array([[10.0, 0.0], [5.0, 5.0]]), np.array([[20.0, 0.0], [20.0, 20.0]]))
        np.testing.assert_allclose(factors, [[1, 0], [1, 1]])


def divided(rows: Mapping[int, int], weeks: int = ENOUGH_WEEKS, season: str = "hour_of_week") -> Seasons:
    return divide(
        CELLS,
        {cell: profile([0.5] * many) for cell, many in rows.items()},
        dict.fromkeys(rows, weeks),
        season_levels(season),
    )


def level_and_rows(seasons: Seasons, cell: int) -> tuple[Level, int]:
    index = int(seasons.season[cell])
    return seasons.levels[index], seasons.profiles[index].rows


class TestDivide:
    def test_an_hour_with_enough_rows_has_its_own_season_and_others_share(self) -> None:
        rows = {SATURDAY: ENOUGH_ROWS, SATURDAY + 1: 1, SATURDAY + 7: 60, SATURDAY + 20: 39, SUNDAY + 3: 5}
        seasons = divided(rows)
        assert level_and_rows(seasons, SATURDAY) == (HOUR, 100)
        assert level_and_rows(seasons, SATURDAY + 1) == (PART, 101)  # 00:00 to 06:00
        assert level_and_rows(seasons, SATURDAY + 5) == (PART, 101)  # an hour of which there are no rows
        assert level_and_rows(seasons, SATURDAY + 7) == (DAY, 200)
        assert level_and_rows(seasons, SUNDAY + 3) == (WEEKEND, 205)
        assert level_and_rows(seasons, MONDAY) == (ALL, 205)

    @pytest.mark.parametrize(("rows", "level"), [(ENOUGH_ROWS, HOUR), (ENOUGH_ROWS - 1, ALL)])
    def test_how_many_rows_are_enough(self, rows: int, level: Level) -> None:
        assert level_and_rows(divided({MONDAY: rows}), MONDAY) == (level, rows)

    @pytest.mark.parametrize(("weeks", "level"), [(ENOUGH_WEEKS, HOUR), (ENOUGH_WEEKS - 1, ALL)])
    def test_one_week_is_not_enough(self, weeks: int, level: Level) -> None:
        assert level_and_rows(divided({MONDAY: 1000}, weeks), MONDAY) == (level, 1000)

    @pytest.mark.parametrize("season", ["hour_of_week", "day_of_week", "weekend", "none"])
    def test_seasons_are_never_finer_than_the_levels(self, season: str) -> None:
        seasons = divided(dict.fromkeys(range(HOURS_OF_WEEK), 100), season=season)
        assert set(seasons.levels) == {Level(season)}
        assert sum(part.rows for part in seasons.profiles) == HOURS_OF_WEEK * 100

    def test_without_rows_there_is_one_season_without_any(self) -> None:
        seasons = divided({})
        assert (seasons.levels, seasons.profiles[0].rows) == ((ALL,), 0)
        assert mixture(seasons, rows_at({MONDAY: 5})) is None

    @given(st.dictionaries(st.integers(0, HOURS_OF_WEEK - 1), st.integers(1, 250), max_size=12))
    def test_every_hour_is_compared_with_a_season_that_holds_its_own_rows(self, rows: dict[int, int]) -> None:
        seasons = divided(rows)
        assert seasons.season.shape == (HOURS_OF_WEEK,)
        assert len(seasons.profiles) == len(seasons.levels) == len(set(seasons.season.tolist()))
        for cell in range(HOURS_OF_WEEK):
            level, many = level_and_rows(seasons, cell)
            groups = level.groups
            assert many == sum(own for other, own in rows.items() if groups[other] == groups[cell])
            assert many >= ENOUGH_ROWS or level is ALL
