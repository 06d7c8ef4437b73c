"""The zone of times, from where the rows of a partition are, and from when its traffic is low.

A partition's path says in which hour or day its rows were made. Rows that are all the same number of hours away from it
are in another zone. Where a partition is a day, the rows may all be within it in either zone; then the hours with the
least traffic show which zone the times are in, since users sleep at night.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np

from exporter.profiles.times import Instants, microseconds
from exporter.spec.seasons import Calendar
from exporter.spec.windows import Window
from exporter.validation.finding import Finding, Place, percent

_HOUR: Final = 3_600_000_000
_FEW: Final = 10
"""With fewer rows no zone is guessed."""
_MANY: Final = 500
"""With fewer rows the traffic's day is not known."""
_SHIFTS: Final = (*range(-14, 15), -9.5, -4.5, -3.5, 3.5, 4.5, 5.5, 5.75, 6.5, 9.5, 10.5)
"""Hours by which zones differ from UTC."""
_FITS: Final = 0.98
"""The share of rows inside the partition after a shift that explains them."""
_MOST: Final = 0.5
"""The share of rows that no label would be joined to from which a shift is an error."""
_NIGHT_HOURS: Final = 6
_NIGHT: Final = (23, 8)
"""The hours between which a night's middle is."""
_DEEP: Final = 0.5
"""The traffic of the quietest six hours, as a share of the average, up to which they are a night."""


def shifted(place: Place, times: Instants, partition: Window, calendar: Calendar, *, naive: bool) -> Finding | None:
    """Return a finding where all rows are the same number of hours away from their partition.

    Args:
        place: of the column of times.
        times: those that are times, at least one.
        partition: its stretch of time.
        calendar: the model's.
        naive: whether the times have no zone.
    """
    if len(times) < _FEW or outside(times, partition) < 0.1:
        return None
    middle = microseconds(partition.start) + partition.length // timedelta(microseconds=2)
    far = round((float(np.median(times)) - middle) / _HOUR)
    fits = {each: _inside(times, partition, each) for each in sorted({*_SHIFTS, far}, key=abs)}
    shift = max(fits, key=lambda each: (fits[each], each == int(each), -abs(each)))
    if not shift or fits[shift] < _FITS:
        return None
    direction = "after" if shift > 0 else "before"
    message = (
        f"{percent(outside(times, partition))} of the rows are outside their partition, which they are"
        f" {abs(shift):g} h {direction}"
    )
    advice = "paths are in UTC: write the times in UTC, and name partitions by the UTC time of the prediction"
    offset = calendar.utc_offset(partition.start) / timedelta(hours=1)
    if naive and shift == offset:
        message += f": they are local times of {calendar.zone} without a zone, and are read as UTC"
        advice = "write UTC, or the zone with each time"
    lost = outside(times, partition.tolerant(partition.length))
    return (place.error if lost >= _MOST else place.warning)("time_zone", message, advice)


def by_night(place: Place, times: Instants, partition: Window, calendar: Calendar) -> Finding | None:
    """Return a finding where the quietest hours of a day are at night only if its times are taken as local ones.

    Args:
        place: of the column of times.
        times: all of the partition, without a zone.
        partition: its stretch of time, a day or more.
        calendar: the model's.
    """
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
    return 1 - outside(times - round(shift * _HOUR), span)


def outside(times: Instants, span: Window) -> float:
    """Return the share of times outside a stretch of time, 0 to 1."""
    return float(((times < microseconds(span.start)) | (times >= microseconds(span.end))).mean())
