"""Ranges of a table's time, as conditions of a query and as paths of stored objects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from exporter.sources.engine import Kind, Parameter, quoted
from exporter.sources.source import StoredObject
from exporter.sources.tables.time_range import STAMP, TimeRange

_PATH: Final = re.compile(r"\[([0-9TZ:-]+), ([0-9TZ:-]+)\)")


def within(column: str, kind: Kind, ranges: Sequence[TimeRange], prefix: str = "") -> tuple[str, dict[str, Parameter]]:
    """Return the condition that a row is in one of some ranges, and its parameters, each named with `prefix`.

    Args:
        column: the column of times.
        kind: its type.
        ranges: the ranges.
        prefix: the first letters of the parameters' names.
    """
    conditions, parameters = [], {}
    for number, each in enumerate(ranges):
        start, end = f"{prefix}start{number}", f"{prefix}end{number}"
        conditions.append(f"({quoted(column)} >= @{start} AND {quoted(column)} < @{end})")
        parameters[start] = Parameter(kind, _as_kind(each.start, kind))
        parameters[end] = Parameter(kind, _as_kind(each.end, kind))
    return " OR ".join(conditions), parameters


def range_of(item: StoredObject) -> TimeRange | None:
    """Return the range of a stored object; `None` for a whole table."""
    match = _PATH.search(item.path)
    if match is None:
        return None
    start, end = (datetime.strptime(text, STAMP).replace(tzinfo=UTC) for text in match.groups())
    return TimeRange(start, end)


def _as_kind(moment: datetime, kind: Kind) -> datetime | Any:
    """Return a moment in UTC as a value of this column type."""
    plain = moment.astimezone(UTC)
    return {"DATE": plain.date(), "DATETIME": plain.replace(tzinfo=None)}.get(kind, plain)
