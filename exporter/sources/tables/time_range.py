"""Ranges of time, as a table is cut into partitions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

STAMP: Final = "%Y-%m-%dT%H:%M:%SZ"
"""How a range writes its ends."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A half-open range of a table's time, in UTC."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        """Return the range as it is in the path of a stored object."""
        return f"[{self.start:{STAMP}}, {self.end:{STAMP}})"


def merged_ranges(ranges: Iterable[TimeRange]) -> list[TimeRange]:
    """Return the same times in as few ranges as possible."""
    joined: list[TimeRange] = []
    for each in sorted(ranges, key=lambda item: item.start):
        if joined and joined[-1].end >= each.start:
            joined[-1] = TimeRange(joined[-1].start, max(joined[-1].end, each.end))
        else:
            joined.append(each)
    return joined
