"""Windows and their partitions: pure arithmetic on UTC instants.

Every window is half-open, `[start, end)`, and a whole number of partitions long. Partitions start at multiples of the
grain since the Unix epoch, so hours and days start at full hours and midnight in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A multiple of every grain."""


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open time range `[start, end)` in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """The length of the window."""
        return self.end - self.start

    def tolerant(self, grain: timedelta) -> Window:
        """Return the times that rows of this stretch of a log may have: `tolerance` more on both sides."""
        return Window(self.start - tolerance(grain), self.end + tolerance(grain))

    def partitions(self, grain: timedelta) -> tuple[datetime, ...]:
        """Return the starts of the window's partitions, oldest first; none for an empty window."""
        return tuple(self.start + index * grain for index in range(self.length // grain))


def partition_number(start: datetime, grain: timedelta) -> int:
    """Return the number of a partition since the epoch; those side by side differ by one."""
    return (start - EPOCH) // grain


def tolerance(grain: timedelta) -> timedelta:
    """Return how far outside its partition the time of a row may be: a grain, at least an hour.

    Clocks differ, and a row is often written some time after its event, into the next partition.
    """
    return max(grain, timedelta(hours=1))


def newest_end(now: datetime, delay: timedelta, grain: timedelta) -> datetime:
    """Return the end of the newest complete partition: the last multiple of `grain` that is at least `delay` ago.

    Args:
        now: an aware instant, in any time zone.
        delay: how long after its end a partition is complete.
        grain: the length of a partition.

    Returns:
        An instant in UTC, never after `now - delay`.
    """
    complete = now.astimezone(UTC) - delay
    return complete - (complete - EPOCH) % grain


def window(now: datetime, length: timedelta, delay: timedelta, grain: timedelta) -> Window:
    """Return the newest complete window of a length at `now`.

    Raises:
        ValueError: when `length` is not a whole number of grains.
    """
    if length < grain or length % grain:
        msg = f"a window of {length} is not a whole number of partitions of {grain}"
        raise ValueError(msg)
    end = newest_end(now, delay, grain)
    return Window(end - length, end)
