"""Time intervals: whether an instant is within one, in its own location."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from exporter.errors import RenderError

Ranges = tuple[tuple[int, int], ...] | None
"""First and last of each, both within; None is any."""

_WEEK: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_YEAR: Final = tuple(name.lower() for name in calendar.month_name)


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """Every condition that is given must hold, and of each one of its ranges.

    `minutes` of the day run up to, not including, their end; `days` of the month count from its end when negative.
    """

    zone: tzinfo
    minutes: Ranges
    weekdays: Ranges
    days: Ranges
    months: Ranges
    years: Ranges

    def contains(self, instant: datetime) -> bool:
        """Whether an instant, which knows its zone, is within."""
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
    """The named intervals of a configuration, `mute_time_intervals` of old among them; each is any of several.

    Raises:
        RenderError: when one cannot be read.
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
        None if times is None else tuple((_minute(each["start_time"]), _minute(each["end_time"])) for each in times),
        _ranges(part.get("weekdays"), _WEEK.index),
        _ranges(part.get("days_of_month"), int),
        _ranges(part.get("months"), lambda text: int(text) if text.isdigit() else _YEAR.index(text.lower())),
        _ranges(part.get("years"), int),
    )


def _ranges(given: Sequence[Any] | None, number: Callable[[str], int]) -> Ranges:
    """`monday:friday` or `monday`, as numbers."""
    if given is None:
        return None
    ends = [str(text).split(":") for text in given]
    return tuple((number(first_last[0]), number(first_last[-1])) for first_last in ends)


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _within(ranges: Ranges, number: int) -> bool:
    return ranges is None or any(first <= number <= last for first, last in ranges)


def _of_month(ranges: Ranges, length: int) -> Ranges:
    def day(number: int) -> int:
        return length + number + 1 if number < 0 else number

    return None if ranges is None else tuple((day(first), day(last)) for first, last in ranges)
