"""Times of a reference that cannot be right: which hours count, and how many rows are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from exporter.profiles.times import microseconds
from exporter.spec.seasons import HOURS_OF_WEEK
from exporter.spec.windows import Window

FEW: Final = 1000
"""A stretch far from the others is wrong if it has no more than one row in so many, or a single row."""
MOST: Final = 100
"""Where more than one row in so many would be left out, none is: then it is no accident."""

_HOUR: Final = 3_600_000_000
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class HourRange:
    """The hours since the Unix epoch that count, `[first, end)`."""

    first: int
    end: int

    def outside(self, rows: Mapping[int, int]) -> int:
        """Return the rows outside, given the rows of each hour."""
        return sum(count for hour, count in rows.items() if not self.first <= hour < self.end)


ALL_HOURS: Final = HourRange(0, 2**62 // _HOUR)
"""Every hour from the epoch on."""


def hours_in(window: Window) -> HourRange:
    """Return the hours that a window of a log touches."""
    return HourRange(max(_floor(window.start), 0), -_floor(window.end, -1))


def plausible_hours(rows: Mapping[int, int], now: datetime) -> HourRange:
    """Return the hours of a data set that count.

    A history is the newest weeks before its last row, so one wrong clock would leave it with that row alone. Two kinds
    of rows are left out at either end:

    - those after `now`, unless they are more than one row in `MOST`: then the whole data set is newer than `now`, as in
      a replay of the past;
    - stretches that are separated from the others by more than a week without any row, and that have no more than one
      row in `FEW`, or a single row. Weeks without rows are usual where a log had a gap, and few rows where a model has
      little traffic, but hardly both together at the end of a data set. If such stretches have more than one row in
      `MOST` together, the rows are simply sparse, and all of them count.

    Args:
        rows: the rows of each hour since the Unix epoch; hours before it do not count.
        now: the time of the refresh.
    """
    known = np.array(sorted(hour for hour, count in rows.items() if hour >= 0 and count), np.int64)
    counts = np.array([rows[hour] for hour in known.tolist()], np.int64)
    total = int(counts.sum())
    past = known <= _floor(now)
    if int(counts[~past].sum()) * MOST <= total:
        known, counts = known[past], counts[past]
    if not len(known):
        return ALL_HOURS
    starts = np.flatnonzero(np.diff(known, prepend=known[0] - HOURS_OF_WEEK - 1) > HOURS_OF_WEEK)
    ends = np.append(starts[1:], len(known))
    usual = [place for place, own in enumerate(np.add.reduceat(counts, starts)) if own > max(total // FEW, 1)]
    everything = HourRange(int(known[0]), int(known[-1]) + 1)
    if not usual:
        return everything
    found = HourRange(int(known[starts[usual[0]]]), int(known[ends[usual[-1]] - 1]) + 1)
    kept = dict(zip(known.tolist(), counts.tolist(), strict=True))
    return found if found.outside(kept) * MOST <= total else everything


def merge_hours(parts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """Return the rows of each hour of several parts together."""
    total = Counter[int]()
    for part in parts:
        total.update(part)
    return dict(total)


def _floor(moment: datetime, sign: int = 1) -> int:
    return sign * microseconds(moment) // _HOUR
