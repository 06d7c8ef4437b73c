"""Alertmanager's time intervals: whether an instant is in one, in the interval's location."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from exporter.errors import RenderError

Ranges = tuple[tuple[int, int], ...] | None
"""The first and last number of each range, both included; None is any."""

_WEEK: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_YEAR: Final = tuple(name.lower() for name in calendar.month_name)


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """A time interval: every condition that is given must hold, which means that one of its ranges holds.

    The end of `minutes` of the day is excluded. Negative `days` of the month count from its end.
    """

    zone: tzinfo
    minutes: Ranges
    weekdays: Ranges
    days: Ranges
    months: Ranges
    years: Ranges

    def contains(self, instant: datetime) -> bool:
        """Return whether an instant, which has a time zone, is in the interval."""
        here = instant.astimezone(self.zone)
        minute = here.hour * 60 + here.minute
        return (
            (self.minutes is None or any(start <= minute < end for start, end in self.minutes))
            and _within(self.weekdays, here.isoweekday() % 7)
            and _within(_of_month(self.days, calendar.monthrange(here.year, here.month)[1]), here.day)
            and _within(self.months, here.month)
            and _within(self.years, here.year)
        )


def time_intervals(configuration: Mapping[str, Any]) -> dict[str, tuple[TimeInterval, ...]]:
    """Return the named intervals of a configuration, including the older `mute_time_intervals`; each may have several.

    Raises:
        RenderError: when one is invalid.
    """
    named = [*(configuration.get("time_intervals") or ()), *(configuration.get("mute_time_intervals") or ())]
    try:
        return {each["name"]: tuple(map(_interval, each.get("time_intervals") or ())) for each in named}
    except (ValueError, KeyError) as problem:
        raise RenderError(f"time_intervals: {problem}") from None


def _interval(part: Mapping[str, Any]) -> TimeInterval:
    location = part.get("location")
    times = part.get("times")
    return TimeInterval(
        UTC if location is None else ZoneInfo(location),
        None if times is None else tuple((minute_of_day(t["start_time"]), minute_of_day(t["end_time"])) for t in times),
        _ranges(part.get("weekdays"), _WEEK.index),
        _ranges(part.get("days_of_month"), int),
        _ranges(part.get("months"), lambda text: int(text) if text.isdigit() else _YEAR.index(text.lower())),
        _ranges(part.get("years"), int),
    )


def _ranges(given: Sequence[Any] | None, number: Callable[[str], int]) -> Ranges:
    """Parse texts such as `monday:friday` or `monday` as ranges of numbers."""
    if given is None:
        return None
    ends = [str(text).split(":") for text in given]
    return tuple((number(first_last[0]), number(first_last[-1])) for first_last in ends)


def minute_of_day(clock: str) -> int:
    """Return the minutes from midnight to a time such as `09:30`."""
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _within(ranges: Ranges, number: int) -> bool:
    return ranges is None or any(first <= number <= last for first, last in ranges)


def _of_month(ranges: Ranges, length: int) -> Ranges:
    def day(number: int) -> int:
        return length + number + 1 if number < 0 else number

    return None if ranges is None else tuple((day(first), day(last)) for first, last in ranges)
