"""Whether the times of rows are in the unit and the zone that the exporter reads them in.

A partition's path says in which hour or day its rows were made. Rows that are all the same number of hours away from it
are in another zone. Where a partition is a day, the rows may all be within it in either zone; then the hours with the
least traffic show which zone the times are in, since users sleep at night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exporter.profiles.columns import ColumnMismatch, is_text, value_type
from exporter.profiles.times import NO_TIME, UNITS_FROM, UNREADABLE, Instants, instants, microseconds
from exporter.spec.seasons import Calendar
from exporter.spec.value_types import TimeUnit
from exporter.spec.windows import Window
from exporter.validation.finding import Finding, Place, percent

_HOUR: Final = 3_600_000_000
_DAY: Final = timedelta(days=1)
_FEW: Final = 10
"""With fewer rows no zone is guessed."""
_MANY: Final = 500
"""With fewer rows the traffic's day is not known."""
_SHIFTS: Final = (*range(-14, 15), -9.5, -4.5, -3.5, 3.5, 4.5, 5.5, 5.75, 6.5, 9.5, 10.5)
"""Hours by which zones differ from UTC."""
_FITS: Final = 0.98
"""The share of rows inside the partition after a shift that explains them."""
_SLACK: Final = timedelta(minutes=5)
"""Clocks differ: a time so little ahead is not in the future."""
_NIGHT: Final = (23, 8)
_NIGHT_HOURS: Final = 6
_DEEP: Final = 0.5
"""The traffic of the quietest six hours, as a share of the average, up to which they are a night."""
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
    try:
        times = column.instants
    except ColumnMismatch:
        return
    yield from _unreadable(place, times)
    times = times[times > UNREADABLE]
    if not len(times):
        return
    unit = wrong_unit(place, column, times, partition, now)
    if unit is not None:
        yield unit
        return
    zone = _shifted(place, column, times, partition, calendar)
    if zone is None and whole and column.naive and partition.length >= _DAY:
        zone = _by_night(place, times, partition, calendar)
    if zone is not None:
        yield zone
        return
    ahead = float((times > microseconds(now + _SLACK)).mean())
    if ahead:
        most = timedelta(microseconds=int(times.max()) - microseconds(now))
        message = f"{percent(ahead)} of the times are in the future, by up to {_hours(most)}"
        yield place.warning("time_future", message, "see whether clocks or zones are wrong")
    outside = _outside(times, partition.tolerant(partition.length))
    if outside:
        message = (
            f"{percent(outside)} of the rows are farther outside their partition than {partition.length} allows:"
            " no label is joined to them"
        )
        advice = "partition the log by the time of the prediction"
        yield place.by_share(outside, "time_outside", message, advice)


def label_time_findings(place: Place, column: TimeColumn, arrival: Window, now: datetime) -> Iterator[Finding]:
    """Yield what is wrong with the times of labels, which are at most a little after their partition, and may be old.

    Args:
        place: of the column.
        column: the times.
        arrival: the stretch of time of the partition.
        now: the time of the check.
    """
    try:
        times = column.instants
    except ColumnMismatch:
        return
    yield from _unreadable(place, times)
    times = times[times > UNREADABLE]
    if not len(times):
        return
    unit = wrong_unit(place, column, times, arrival, now)
    if unit is not None:
        yield unit
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
    if _outside(times, around) < 0.5:
        return None
    seen = f"read as {_instant(int(np.median(times)))}, {_instant(microseconds(partition.start))} was expected"
    if column.numbers:
        for unit, _ in UNITS_FROM:
            other = column.read(unit)
            other = other[other > UNREADABLE]
            if unit != column.unit and len(other) and _outside(other, around) < 0.5:
                message = f"the times are epoch numbers in {unit}, and are {seen}"
                return place.error("time_unit", message, f"set timestamp_unit: {unit}")
    return place.error("time_unit", f"the times are {seen}", "name the column of the prediction's time, or its unit")


def _unreadable(place: Place, times: Instants) -> Iterator[Finding]:
    for marker, check, words in (
        (UNREADABLE, "time_unreadable", "are no time"),
        (NO_TIME, "time_missing", "have no time"),
    ):
        share = float((times == marker).mean()) if len(times) else 0.0
        if share:
            advice = "write times like 2026-11-22T10:00:00Z, or epoch numbers"
            yield place.by_share(share, check, f"{percent(share)} of the rows {words}", advice)


def _shifted(
    place: Place, column: TimeColumn, times: Instants, partition: Window, calendar: Calendar
) -> Finding | None:
    """Return a finding where all rows are the same number of hours away from their partition."""
    if len(times) < _FEW or _outside(times, partition) < 0.1:
        return None
    middle = microseconds(partition.start) + partition.length // timedelta(microseconds=2)
    far = round((float(np.median(times)) - middle) / _HOUR)
    fits = {each: _inside(times, partition, each) for each in sorted({*_SHIFTS, far}, key=abs)}
    shift = max(fits, key=lambda each: (fits[each], each == int(each), -abs(each)))
    if not shift or fits[shift] < _FITS:
        return None
    direction = "after" if shift > 0 else "before"
    message = (
        f"{percent(_outside(times, partition))} of the rows are outside their partition, which they are"
        f" {abs(shift):g} h {direction}"
    )
    offset = calendar.utc_offset(partition.start) / timedelta(hours=1)
    if column.naive and shift == offset:
        message += f": they are local times of {calendar.zone} without a zone, and are read as UTC"
        return _severe(place, times, partition)("time_zone", message, "write UTC, or the zone with each time")
    advice = "paths are in UTC: write the times in UTC, and name partitions by the UTC time of the prediction"
    return _severe(place, times, partition)("time_zone", message, advice)


def _severe(place: Place, times: Instants, partition: Window) -> Callable[[str, str, str], Finding]:
    lost = _outside(times, partition.tolerant(partition.length))
    return place.error if lost >= 0.5 else place.warning


def _by_night(place: Place, times: Instants, partition: Window, calendar: Calendar) -> Finding | None:
    """Return a finding where the quietest hours are at night only if the times are taken as local ones."""
    offset = calendar.utc_offset(partition.start) / timedelta(hours=1)
    if len(times) < _MANY or not offset:
        return None
    quiet = quietest_hour(times)
    if quiet is None or not _is_night(quiet) or _is_night((quiet + offset) % 24):
        return None
    message = (
        f"the hours with the least traffic are around {int((quiet + offset) % 24):02}:00 in {calendar.zone} if the"
        f" times are UTC, and around {int(quiet):02}:00 if they are local times without a zone"
    )
    return place.warning("time_zone", message, "write UTC, or the zone with each time")


def quietest_hour(times: Instants) -> float | None:
    """Return the middle of the six hours of the day with the least rows, 0 to 24; None where no hours are quiet."""
    hours = np.bincount((times // _HOUR) % 24, minlength=24).astype(float)
    around = np.array([hours[np.arange(start, start + _NIGHT_HOURS) % 24].mean() for start in range(24)])
    start = int(around.argmin())
    return (start + _NIGHT_HOURS / 2) % 24 if around[start] <= _DEEP * hours.mean() else None


def _is_night(hour: float) -> bool:
    return hour >= _NIGHT[0] or hour <= _NIGHT[1]


def _inside(times: Instants, span: Window, shift: float) -> float:
    return 1 - _outside(times - round(shift * _HOUR), span)


def _outside(times: Instants | npt.NDArray[np.int64], span: Window) -> float:
    return float(((times < microseconds(span.start)) | (times >= microseconds(span.end))).mean())


def _hours(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    return f"{hours:.3g} h" if hours < 48 else f"{hours / 24:.3g} days"


def _instant(moment: int) -> str:
    return f"{np.datetime64(moment, 'us').astype('datetime64[m]')}"
