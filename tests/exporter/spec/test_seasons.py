"""The model's calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.spec.seasons import (
    HOURS_OF_WEEK,
    Calendar,
    Level,
    partition_cells,
    promql_weekday,
    season_levels,
    season_name,
)
from exporter.spec.sections.seasonality import Holidays, Seasonality

NEW_YORK = Calendar.of(Seasonality(timezone="America/New_York"))
CHRISTMAS = date(2026, 12, 25)
WITH_HOLIDAY = Calendar.of(
    Seasonality(timezone="America/New_York", holidays=Holidays(dates=(CHRISTMAS,), like="sunday"))
)
SATURDAY, SUNDAY, FRIDAY = 5, 6, 4


def test_saturday_in_new_york_is_not_saturday_in_utc() -> None:
    begins = datetime(2026, 11, 21, 5, tzinfo=UTC)  # 00:00 in New York
    assert NEW_YORK.weekday(begins) == SATURDAY
    assert NEW_YORK.weekday(begins - timedelta(seconds=1)) == FRIDAY
    assert NEW_YORK.cell(begins) == SATURDAY * 24


def test_a_window_ends_on_the_day_of_its_last_moment() -> None:
    midnight = datetime(2026, 11, 21, 5, tzinfo=UTC)
    assert NEW_YORK.end_weekday(midnight) == FRIDAY
    assert NEW_YORK.end_weekday(midnight + timedelta(microseconds=1)) == SATURDAY
    assert WITH_HOLIDAY.end_weekday(datetime(2026, 12, 26, 5, tzinfo=UTC)) == SUNDAY


def test_promql_numbers_the_week_from_sunday() -> None:
    assert [promql_weekday(day) for day in (SUNDAY, 0, FRIDAY, SATURDAY)] == [0, 1, 5, 6]


def test_a_holiday_counts_as_its_weekday_between_local_midnights() -> None:
    begins = datetime(2026, 12, 25, 5, tzinfo=UTC)
    assert WITH_HOLIDAY.cell(begins) == SUNDAY * 24
    assert WITH_HOLIDAY.cell(begins - timedelta(hours=1)) == 3 * 24 + 23
    assert WITH_HOLIDAY.cell(begins + timedelta(hours=24)) == SATURDAY * 24
    assert WITH_HOLIDAY.is_holiday(begins + timedelta(hours=23))
    assert not WITH_HOLIDAY.is_holiday(begins + timedelta(hours=24))


def test_a_skipped_hour_has_no_cell_and_a_repeated_hour_has_its_cell_twice() -> None:
    spring = datetime(2026, 3, 8, 5, tzinfo=UTC)  # Sunday; 02:00 becomes 03:00
    hours = [NEW_YORK.cell(spring + timedelta(hours=hour)) - SUNDAY * 24 for hour in range(5)]
    assert hours == [0, 1, 3, 4, 5]
    autumn = datetime(2026, 11, 1, 4, tzinfo=UTC)  # Sunday; 02:00 becomes 01:00
    hours = [NEW_YORK.cell(autumn + timedelta(hours=hour)) - SUNDAY * 24 for hour in range(5)]
    assert hours == [0, 1, 1, 2, 3]
    assert NEW_YORK.utc_offset(autumn) == timedelta(hours=-4)
    assert NEW_YORK.utc_offset(autumn + timedelta(hours=2)) == timedelta(hours=-5)


@given(
    st.lists(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), min_size=1, max_size=20),  # noqa: DTZ001
    st.sampled_from([NEW_YORK, WITH_HOLIDAY, Calendar("Asia/Kolkata", frozenset({CHRISTMAS}), 0)]),
)
def test_many_instants_have_the_cells_of_each_alone(instants: list[datetime], calendar: Calendar) -> None:
    placed = calendar.cells(np.array(instants, "datetime64[us]"))
    assert placed.tolist() == [calendar.cell(instant.replace(tzinfo=UTC)) for instant in instants]


@pytest.mark.parametrize(
    ("level", "seasons"),
    [
        (Level.HOUR_OF_WEEK, 168),
        (Level.PART_OF_DAY, 28),
        (Level.DAY_OF_WEEK, 7),
        (Level.WEEKEND, 2),
        (Level.NONE, 1),
    ],
)
def test_every_level_divides_the_seasons_of_coarser_levels(level: Level, seasons: int) -> None:
    groups = level.groups
    assert (len(groups), set(groups.tolist())) == (HOURS_OF_WEEK, set(range(seasons)))
    for coarser in list(Level)[list(Level).index(level) :]:
        pairs = set(zip(groups.tolist(), coarser.groups.tolist(), strict=True))
        assert len(pairs) == seasons, "a season lies in one coarser season"


def test_the_weekend_is_saturday_and_sunday() -> None:
    assert Level.WEEKEND.groups[SATURDAY * 24 - 1 : SATURDAY * 24 + 1].tolist() == [0, 1]


def test_levels_go_from_the_given_season_to_the_whole_week() -> None:
    assert season_levels("hour_of_week") == tuple(Level)
    assert season_levels("day_of_week") == (Level.DAY_OF_WEEK, Level.WEEKEND, Level.NONE)
    assert season_levels("none") == (Level.NONE,)


def test_a_partition_spans_its_hours() -> None:
    start = datetime(2026, 11, 21, 5, tzinfo=UTC)
    assert partition_cells(NEW_YORK, start, timedelta(hours=1)) == [120]
    assert partition_cells(NEW_YORK, start, timedelta(minutes=15)) == [120]
    assert partition_cells(NEW_YORK, start, timedelta(days=1)) == list(range(120, 144))


def test_a_season_has_a_name_at_each_level() -> None:
    cell = SATURDAY * 24 + 14
    names = [season_name(level, cell) for level in Level]
    assert names == ["saturday 14:00", "saturday 12:00-18:00", "saturday", "weekend", "all"]
    assert season_name(Level.WEEKEND, 0) == "working days"


@pytest.mark.parametrize("level", Level)
def test_hours_of_one_season_have_the_same_name(level: Level) -> None:
    names = [season_name(level, cell) for cell in range(HOURS_OF_WEEK)]
    assert len(set(zip(names, level.groups.tolist(), strict=True))) == len(set(names)) == level.groups.max() + 1


def test_a_day_begins_at_local_midnight() -> None:
    """04:59 and 05:00 UTC are before and at midnight in New York in winter."""
    before, at = (datetime(2026, 11, 24, *time, tzinfo=UTC) for time in ((4, 59), (5, 0)))
    days = NEW_YORK.days([before, at])
    assert days.tolist() == [date(2026, 11, 23).toordinal(), date(2026, 11, 24).toordinal()]
