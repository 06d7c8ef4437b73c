"""Hours of a week in a time zone as hours in UTC, for a reader that knows no zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from exporter.spec.seasons import WEEKDAYS

_DAY, _WEEK = 1440, 10080
_DAYS: Final = (WEEKDAYS[-1], *WEEKDAYS[:-1])
"""Alertmanager's week begins on Sunday."""
_YEAR: Final = 2037
"""The last for which every time zone file spells the changes out: the law as it stands, and the same on every run."""

Interval = Mapping[str, Any]


def in_utc(interval: Interval) -> list[dict[str, Any]]:
    """The hours of an Alertmanager interval, in UTC.

    Where clocks change, the hours are those of both offsets together: nothing is held back that should be told, and
    an hour at one end is too much.

    Args:
        interval: `weekdays`, `times` and `location`, each of which may be left out.

    Returns:
        Intervals without a location, the earliest day first.
    """
    days = frozenset(day for text in interval.get("weekdays", ("sunday:saturday",)) for day in _days(text))
    whole = [{"start_time": "00:00", "end_time": "24:00"}]
    times = frozenset((_minute(t["start_time"]), _minute(t["end_time"])) for t in interval.get("times", whole))
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
    same: dict[tuple[tuple[int, int], ...], list[int]] = defaultdict(list)
    for day in range(7):
        if found := tuple(_runs(minute for minute in range(_DAY) if day * _DAY + minute in open_)):
            same[found].append(day)
    return [
        {
            "weekdays": [_range(_DAYS[first], _DAYS[last - 1]) for first, last in _runs(iter(members))],
            "times": [{"start_time": _clock(start), "end_time": _clock(end)} for start, end in ranges],
        }
        for ranges, members in same.items()
    ]


@cache
def _offsets(zone: str) -> frozenset[int]:
    """The minutes by which a zone is ahead of UTC, in a year."""
    begin = datetime(_YEAR, 1, 1, tzinfo=UTC)
    moments = (begin + timedelta(days=day) for day in range(365))
    ahead = (moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for moment in moments)
    return frozenset(int(one.total_seconds()) // 60 for one in ahead)


def _runs(numbers: Iterator[int]) -> Iterator[tuple[int, int]]:
    """The half-open ranges that ascending whole numbers make."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        members: Sequence[int] = [number for _, number in run]
        yield members[0], members[-1] + 1


def _days(text: str) -> range:
    first, _, last = text.lower().partition(":")
    return range(_DAYS.index(first), _DAYS.index(last or first) + 1)


def _range(first: str, last: str) -> str:
    return first if first == last else f"{first}:{last}"


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
