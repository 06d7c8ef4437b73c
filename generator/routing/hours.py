"""The instants at which a ticket must be sent or held back: at the edges of the spec's hours, in summer and winter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from exporter.spec.model import ModelSpec
from generator.routing.time_intervals import minute_of_day

_WEEK: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONDAYS: Final = (datetime(2026, 1, 12), datetime(2026, 7, 13))  # noqa: DTZ001 - local to each model
"""Two Mondays, in winter and in summer, of weeks in which no clocks change."""
_MINUTE: Final = timedelta(minutes=1)


def hours(spec: ModelSpec) -> Iterator[dict[str, Any]]:
    """Yield instants and whether a ticket is sent then (`told`), as plain data; none for tickets without hours.

    The instants are around the start and the end of the first day, and at the start on the day after the last, in the
    model's own time zone.
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
            sent = local.weekday() in days and start <= clock < end
            yield {"at": local.replace(tzinfo=zone).astimezone(UTC).isoformat(), "told": sent}


def _parsed(text: str) -> tuple[list[int], timedelta, timedelta]:
    """Parse `Fri-Mon 09:00-18:00`: its weekdays in order, where Monday is 0, and start and end since midnight."""
    *named, clock = text.split(" ")
    first, _, last = (named or ["Mon-Sun"])[0].partition("-")
    begin, length = _day(first), (_day(last or first) - _day(first)) % 7 + 1
    start, end = clock.split("-")
    return [(begin + step) % 7 for step in range(length)], _since_midnight(start), _since_midnight(end)


def _day(name: str) -> int:
    return _WEEK.index(name.capitalize())


def _since_midnight(clock: str) -> timedelta:
    return timedelta(minutes=minute_of_day(clock))
