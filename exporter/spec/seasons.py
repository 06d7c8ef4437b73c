"""The model's calendar: local weekdays and hours, holidays, and the seasons of a week.

The finest season is an hour of the local week: 168 cells, Monday 00:00 first. Every other level is a coarser grouping
of these cells, so profiles per cell can be added up to any level. A holiday counts as the weekday that the spec
sets. When clocks go forward, one local hour has no rows; when they go back, one has twice as many. Both stay in the
cell of their local time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from exporter.spec.sections.seasonality import Seasonality
from exporter.spec.sections.thresholds import Weekday

HOURS_OF_WEEK: Final = 168
WEEKDAYS: Final[tuple[Weekday, ...]] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SATURDAY: Final = 5
_PART_HOURS: Final = 6

Cells = npt.NDArray[np.int64]


class Level(StrEnum):
    """How finely the week is divided into seasons, the finest first."""

    HOUR_OF_WEEK = "hour_of_week"  # 168 seasons
    PART_OF_DAY = "part_of_day"  # weekday and quarter of the day: 28
    DAY_OF_WEEK = "day_of_week"  # 7
    WEEKEND = "weekend"  # 2
    NONE = "none"  # 1

    @property
    def groups(self) -> Cells:
        """The season of each of the 168 cells, numbered from 0. Shape (168,)."""
        cells = np.arange(HOURS_OF_WEEK)
        weekday, hour = cells // 24, cells % 24
        groups = {
            Level.HOUR_OF_WEEK: cells,
            Level.PART_OF_DAY: weekday * 4 + hour // _PART_HOURS,
            Level.DAY_OF_WEEK: weekday,
            Level.WEEKEND: (weekday >= _SATURDAY).astype(np.int64),
            Level.NONE: np.zeros_like(cells),
        }
        return groups[self]


def season_levels(season: str) -> tuple[Level, ...]:
    """Return the levels to try for a spec's `season`, from the finest to the whole week."""
    levels = tuple(Level)
    return levels[levels.index(Level(season)) :]


def season_name(level: Level, cell: int) -> str:
    """Return the name of the season of an hour of the week: `saturday 14:00`, `saturday 12:00-18:00`, `weekend`."""
    day, hour = WEEKDAYS[cell // 24], cell % 24
    part = hour - hour % _PART_HOURS
    return {
        Level.HOUR_OF_WEEK: f"{day} {hour:02}:00",
        Level.PART_OF_DAY: f"{day} {part:02}:00-{part + _PART_HOURS:02}:00",
        Level.DAY_OF_WEEK: day,
        Level.WEEKEND: "weekend" if cell // 24 >= _SATURDAY else "working days",
        Level.NONE: "all",
    }[level]


def promql_weekday(weekday: int) -> int:
    """Convert a weekday with Monday as 0 to PromQL's numbers, with Sunday as 0."""
    return (weekday + 1) % 7


@dataclass(frozen=True)
class Calendar:
    """Weekdays, hours and holidays in the model's time zone."""

    zone: str
    holidays: frozenset[date]
    like: int
    """The weekday (0 is Monday) that a holiday counts as."""

    @staticmethod
    def of(seasonality: Seasonality) -> Calendar:
        """Return the calendar of a spec."""
        holidays = seasonality.holidays
        return Calendar(seasonality.timezone, frozenset(holidays.dates), WEEKDAYS.index(holidays.like))

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def local(self, instant: datetime) -> datetime:
        """Return an instant in the model's time zone."""
        return instant.astimezone(self._zone)

    def days(self, instants: Iterable[datetime]) -> Cells:
        """Return the number of the local day of each instant."""
        return np.array([self.local(instant).toordinal() for instant in instants], np.int64)

    def utc_offset(self, instant: datetime) -> timedelta:
        """Return the UTC offset of the model's time zone at an instant."""
        return self.local(instant).utcoffset() or timedelta()

    def is_holiday(self, instant: datetime) -> bool:
        """Return whether an instant is on a holiday."""
        return self.local(instant).date() in self.holidays

    def weekday(self, instant: datetime) -> int:
        """Return the local weekday, 0 for Monday; a holiday has the weekday that it counts as."""
        return self.like if self.is_holiday(instant) else self.local(instant).weekday()

    def end_weekday(self, end: datetime) -> int:
        """Return the weekday of a window's last moment, 0 for Monday; `end` itself is not in the window."""
        return self.weekday(end - timedelta(microseconds=1))

    def cell(self, instant: datetime) -> int:
        """Return the hour of the local week of an instant, 0 to 167."""
        return self.weekday(instant) * 24 + self.local(instant).hour

    def cells(self, instants: npt.NDArray[np.datetime64]) -> Cells:
        """Return `cell` of many instants at once.

        Args:
            instants: UTC, any unit; shape (n,), none of them NaT.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import, and the generator does not need it

        local = pd.DatetimeIndex(instants).tz_localize(UTC).tz_convert(self._zone)
        weekdays = local.day_of_week.to_numpy().astype(np.int64)
        if self.holidays:
            days = local.tz_localize(None).to_numpy().astype("datetime64[D]")
            weekdays[np.isin(days, np.array(sorted(self.holidays), "datetime64[D]"))] = self.like
        return weekdays * 24 + local.hour.to_numpy().astype(np.int64)


def partition_cells(calendar: Calendar, start: datetime, grain: timedelta) -> Sequence[int]:
    """Return the cells of a partition: one for each of its hours, or for a shorter partition the cell of its start."""
    hour = timedelta(hours=1)
    return [calendar.cell(start + step * hour) for step in range(max(grain // hour, 1))]
