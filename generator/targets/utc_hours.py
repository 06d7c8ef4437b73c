"""Hours of a week in a time zone as hours in UTC, for configurations without time zones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from exporter.spec.seasons import WEEKDAYS
from generator.routing.time_intervals import minute_of_day

_DAY, _WEEK = 1440, 10080
_DAYS: Final = (WEEKDAYS[-1], *WEEKDAYS[:-1])
"""Alertmanager's week begins on Sunday."""
_YEAR: Final = 2037
"""The last year whose clock changes every time zone file lists: it has today's law, and is the same on every run."""

Interval = Mapping[str, Any]


def in_utc(interval: Interval) -> list[dict[str, Any]]:
    """Return the hours of an Alertmanager interval in UTC.

    Where clocks change, the hours cover both offsets: nothing is muted that should be sent, and there is an extra hour
    at one end.

    Args:
        interval: `weekdays`, `times` and `location`, all of them optional.

    Returns:
        Intervals without a location, earliest day first.
    """
    days = frozenset(day for text in interval.get("weekdays", ("sunday:saturday",)) for day in _days(text))
    whole = [{"start_time": "00:00", "end_time": "24:00"}]
    times = frozenset(
        (minute_of_day(t["start_time"]), minute_of_day(t["end_time"])) for t in interval.get("times", whole)
    )
    return [dict(one) for one in _shifted(days, times, interval.get("location", "UTC"))]


@cache
def _shifted(days: frozenset[int], times: frozenset[tuple[int, int]], zone: str) -> list[dict[str, Any]]:
    open_ = {
        (day * _DAY + minute - offset) % _WEEK
        for offset in _offsets(zone)
        for day in days
        for start, end in times
        for minute in range(start, end)
    }
    days_by_ranges: dict[tuple[tuple[int, int], ...], list[int]] = defaultdict(list)
    for day in range(7):
        if ranges := tuple(_runs(minute for minute in range(_DAY) if day * _DAY + minute in open_)):
            days_by_ranges[ranges].append(day)
    return [
        {
            "weekdays": [_range(_DAYS[first], _DAYS[last - 1]) for first, last in _runs(iter(members))],
            "times": [{"start_time": _clock(start), "end_time": _clock(end)} for start, end in ranges],
        }
        for ranges, members in days_by_ranges.items()
    ]


@cache
def _offsets(zone: str) -> frozenset[int]:
    """Return the offsets of a zone from UTC in a year, in minutes."""
    begin = datetime(_YEAR, 1, 1, tzinfo=UTC)
    moments = (begin + timedelta(days=day) for day in range(365))
    ahead = (moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for moment in moments)
    return frozenset(int(one.total_seconds()) // 60 for one in ahead)


def _runs(numbers: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Yield the half-open ranges of consecutive numbers among ascending ones."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        members: Sequence[int] = [number for _, number in run]
        yield members[0], members[-1] + 1


def _days(text: str) -> range:
    first, _, last = text.lower().partition(":")
    return range(_DAYS.index(first), _DAYS.index(last or first) + 1)


def _range(first: str, last: str) -> str:
    return first if first == last else f"{first}:{last}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
