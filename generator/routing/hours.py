"""When a ticket must be told and when not, from the spec: instants at the edges of its hours, in summer and winter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from exporter.spec.model import ModelSpec

_WEEK: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONDAYS: Final = (datetime(2026, 1, 12), datetime(2026, 7, 13))  # noqa: DTZ001 - local to each model
"""Mondays of weeks in which no clocks change, one on either side of the change."""
_MINUTE: Final = timedelta(minutes=1)


def hours(spec: ModelSpec) -> Iterator[dict[str, Any]]:
    """Instants and whether a ticket is told then, as plain data; none for a model whose tickets keep no hours.

    Around the first day's beginning and end, and at the same time on the day after the last, in the model's own zone.
    """
    ticket = spec.spec.alerting.ticket
    if ticket is None or ticket.hours is None:
        return
    zone = ZoneInfo(spec.spec.seasonality.timezone)
    days, start, end = _parsed(ticket.hours)
    for monday in _MONDAYS:
        first = monday + timedelta(days=days[0])
        after = monday + timedelta(days=days[0] + len(days))
        for local in (first + start - _MINUTE, first + start, first + end - _MINUTE, first + end, after + start):
            clock = timedelta(hours=local.hour, minutes=local.minute)
            told = local.weekday() in days and start <= clock < end
            yield {"at": local.replace(tzinfo=zone).astimezone(UTC).isoformat(), "told": told}


def _parsed(text: str) -> tuple[list[int], timedelta, timedelta]:
    """`Fri-Mon 09:00-18:00`: its weekdays, Monday 0, from the first on; beginning and end from midnight."""
    *named, clock = text.split(" ")
    first, _, last = (named or ["Mon-Sun"])[0].partition("-")
    begin, length = _day(first), (_day(last or first) - _day(first)) % 7 + 1
    start, end = clock.split("-")
    return [(begin + step) % 7 for step in range(length)], _clock(start), _clock(end)


def _day(name: str) -> int:
    return _WEEK.index(name.capitalize())


def _clock(text: str) -> timedelta:
    hour, minute = text.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))
