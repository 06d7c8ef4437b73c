"""Whether the times of rows are in the unit and the zone that the exporter reads them in, and in their partition."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exporter.profiles.columns import ColumnMismatch, is_text, value_type
from exporter.profiles.times import NO_TIME, UNITS_FROM, UNREADABLE, Instants, instants, microseconds
from exporter.spec.seasons import Calendar
from exporter.spec.value_types import TimeUnit
from exporter.spec.windows import Window
from exporter.validation.checks.zones import by_night, outside, shifted
from exporter.validation.finding import Check, Finding, Place, percent

_DAY: Final = timedelta(days=1)
_SLACK: Final = timedelta(minutes=5)
"""Clocks differ: a time so little ahead is not in the future."""
_NO_TIMES: Final[tuple[tuple[int, Check, str], ...]] = (
    (UNREADABLE, "time_unreadable", "have a value that is no time"),
    (NO_TIME, "time_missing", "have no time"),
)
_YEAR: Final = timedelta(days=366)
_LABEL_ZONE: Final = "times without a zone are read as UTC: write UTC, or the zone with each time"
_ARRIVAL: Final = "partition labels by the UTC time at which they become known"


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """The times of some rows: the pieces of a column, and the unit that the spec names for epoch numbers."""

    pieces: Sequence[pa.ChunkedArray]
    unit: TimeUnit | None = None

    @property
    def instants(self) -> Instants:
        """The times as the exporter reads them.

        Raises:
            ColumnMismatch: the column does not hold times.
        """
        return self.read(self.unit)

    def read(self, unit: TimeUnit | None) -> Instants:
        """Return the times, with epoch numbers read in this unit."""
        return np.concatenate([np.zeros(0, np.int64), *(instants(piece, unit) for piece in self.pieces)])

    @property
    def numbers(self) -> bool:
        """Whether the times are epoch numbers."""
        kinds = [value_type(piece.type) for piece in self.pieces]
        return any(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in kinds)

    @property
    def naive(self) -> bool:
        """Whether the times have no zone, and so are read as UTC."""
        return any(map(_naive, self.pieces))


def _naive(piece: pa.ChunkedArray) -> bool:
    kind = value_type(piece.type)
    if pa.types.is_timestamp(kind):
        return kind.tz is None
    if not is_text(kind):
        return False
    texts = piece.slice(0, 1000).cast(kind).cast(pa.large_string()).drop_null()
    zoned = pc.match_substring_regex(texts, r"(?:[Zz]|UTC|GMT|:.*[+-]\d{2}(?::?\d{2})?)\s*$")
    return len(texts) > 0 and not pc.any(zoned).as_py()


def _readable_times(
    place: Place, column: TimeColumn, partition: Window, now: datetime
) -> Generator[Finding, None, Instants | None]:
    """Yield what is wrong with a column as a whole; return its times, None if nothing can be said of them."""
    try:
        times = column.instants
    except ColumnMismatch:
        return None
    yield from _unreadable(place, times)
    times = times[times > UNREADABLE]
    if not len(times):
        return None
    unit = wrong_unit(place, column, times, partition, now)
    if unit is not None:
        yield unit
        return None
    return times


def time_findings(
    place: Place, column: TimeColumn, partition: Window, now: datetime, calendar: Calendar, *, whole: bool
) -> Iterator[Finding]:
    """Yield what is wrong with the times of a partition's rows.

    Args:
        place: of the column.
        column: the times; a column of a wrong type is the subject of another check.
        partition: its stretch of time.
        now: the time of the check.
        calendar: the model's.
        whole: whether these are all rows of the partition, so that the traffic of its day is known.
    """
    times = yield from _readable_times(place, column, partition, now)
    if times is None:
        return
    zone = shifted(place, times, partition, calendar, naive=column.naive)
    if zone is None and whole and column.naive and partition.length >= _DAY:
        zone = by_night(place, times, partition, calendar)
    if zone is not None:
        yield zone
        return
    ahead = float((times > microseconds(now + _SLACK)).mean())
    if ahead:
        most = timedelta(microseconds=int(times.max()) - microseconds(now))
        message = f"{percent(ahead)} of the times are in the future, by up to {_hours(most)}"
        yield place.warning("time_future", message, "see whether clocks or zones are wrong")
    lost = outside(times, partition.tolerant(partition.length))
    if lost:
        message = (
            f"{percent(lost)} of the rows are farther outside their partition than {partition.length} allows:"
            " no label is joined to them"
        )
        advice = "partition the log by the time of the prediction"
        yield place.by_share(lost, "time_outside", message, advice)


def label_time_findings(place: Place, column: TimeColumn, arrival: Window, now: datetime) -> Iterator[Finding]:
    """Yield what is wrong with the times of labels, which are at most a little after their partition, and may be old.

    Args:
        place: of the column.
        column: the times.
        arrival: the stretch of time of the partition.
        now: the time of the check.
    """
    times = yield from _readable_times(place, column, arrival, now)
    if times is None:
        return
    later = times >= microseconds(arrival.tolerant(arrival.length).end)
    if later.any():
        by = timedelta(microseconds=int(np.median(times[later])) - microseconds(arrival.end))
        message = (
            f"{percent(float(later.mean()))} of the labels have a time after their partition, by some {_hours(by)}:"
            " they are left out"
        )
        yield place.by_share(float(later.mean()), "labels_later", message, _LABEL_ZONE if column.naive else _ARRIVAL)


def wrong_unit(place: Place, column: TimeColumn, times: Instants, partition: Window, now: datetime) -> Finding | None:
    """Return a finding where times are so far off that epoch numbers must be in another unit."""
    around = Window(partition.start - _YEAR, max(partition.end, now) + _YEAR)
    if outside(times, around) < 0.5:
        return None
    seen = f"read as {_instant(int(np.median(times)))}, {_instant(microseconds(partition.start))} was expected"
    if column.numbers:
        for unit, _ in UNITS_FROM:
            other = column.read(unit)
            other = other[other > UNREADABLE]
            if unit != column.unit and len(other) and outside(other, around) < 0.5:
                message = f"the times are epoch numbers in {unit}, and are {seen}"
                return place.error("time_unit", message, f"set timestamp_unit: {unit}")
    return place.error("time_unit", f"the times are {seen}", "name the column of the prediction's time, or its unit")


def _unreadable(place: Place, times: Instants) -> Iterator[Finding]:
    for marker, check, words in _NO_TIMES:
        share = float((times == marker).mean()) if len(times) else 0.0
        if share:
            advice = "write times like 2026-11-22T10:00:00Z, or epoch numbers"
            yield place.by_share(share, check, f"{percent(share)} of the rows {words}", advice)


def _hours(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    return f"{hours:.3g} h" if hours < 48 else f"{hours / 24:.3g} days"


def _instant(moment: int) -> str:
    return f"{np.datetime64(moment, 'us').astype('datetime64[m]')}"
