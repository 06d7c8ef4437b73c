"""The live files of a lake table, and which partitions their rows are in.

A file has the span of its times, from the table's log. It is in each partition that its span overlaps. Where it spans
several, it is cut: each partition has the rows of its own time, and the first of them also the rows without a time. So
each row is in exactly one partition. A file without a known span is in every partition, and its rows without a time are
in none.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from exporter.sources.source import Partition, StoredObject
from exporter.sources.tables.time_range import TimeRange, merged_ranges

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class LiveFile(StoredObject):
    """A file of a table's snapshot; `tag` changes when other rows of it are deleted.

    `rows` is the number of rows that are left in it, `None` where the log does not have it. `span` has the earliest and
    the latest time, `None` where the log does not have them. `ranges` are the times of the rows that count; empty for
    all of them. `without_time` says whether rows without a time count too. `detail` is what the table needs to read the
    file.
    """

    rows: int | None = field(default=None, compare=False)
    span: tuple[datetime, datetime] | None = field(default=None, compare=False)
    ranges: tuple[TimeRange, ...] = field(default=(), compare=False)
    without_time: bool = field(default=True, compare=False)
    detail: Any = field(default=None, compare=False, repr=False)

    @property
    def file(self) -> str:
        """The path of the file itself."""
        return self.path.rpartition(" [")[0] if self.ranges else self.path

    def cut(self, part: TimeRange) -> LiveFile:
        """Return the same file with the rows of a range, and unchanged if it spans no other times."""
        if self.span is not None and part.start <= self.span[0] and self.span[1] < part.end:
            return self
        is_first = self.span is not None and part.start <= self.span[0] < part.end
        return replace(self, path=f"{self.path} {part}", ranges=(part,), without_time=is_first)


def partitions_of(files: Iterable[LiveFile], starts: Sequence[datetime], grain: timedelta) -> dict[datetime, Partition]:
    """Return the partitions that begin at `starts` (in order, each once) and that a file overlaps."""
    found: dict[datetime, list[LiveFile]] = defaultdict(list)
    for file in files:
        first, last = file.span or (starts[0], starts[-1])
        for start in starts[bisect_right(starts, first - grain) : bisect_right(starts, last)]:
            at = start.astimezone(UTC)
            found[start].append(file.cut(TimeRange(at, at + grain)))
    return {
        start: Partition(f"{start.astimezone(UTC):%Y-%m-%dT%H:%MZ}", tuple(sorted(found[start])))
        for start in starts
        if start in found
    }


def merged_files(partition: Partition) -> Mapping[LiveFile, tuple[LiveFile, ...]]:
    """Return the files of a partition, each once with all of its ranges, and the objects that it is made of."""
    by_file: dict[tuple[str, str], list[LiveFile]] = defaultdict(list)
    for item in partition.objects:
        if isinstance(item, LiveFile):
            by_file[item.file, item.tag].append(item)
    return {_merged(items): tuple(items) for items in by_file.values()}


def _merged(items: Sequence[LiveFile]) -> LiveFile:
    if len(items) == 1:
        return items[0]
    ranges = tuple(merged_ranges(part for item in items for part in item.ranges))
    return replace(items[0], ranges=ranges, without_time=any(item.without_time for item in items))


_TIMELESS: Final[set[str]] = set()
"""The files that were reported."""


def report_timeless(table: str, column: str | None, files: Iterable[LiveFile]) -> None:
    """Log the files that are in no partition because none of their rows has a time, each once."""
    new = sorted({file.path for file in files} - _TIMELESS)
    _TIMELESS.update(new)
    if new:
        message = "%s: %d files have no %s in any row, so they are in no partition, such as %s"
        log.warning(message, table, len(new), column, new[0])


def in_ranges(column: pa.ChunkedArray, file: LiveFile) -> pa.ChunkedArray:
    """Return for each time of a file whether its row counts."""
    times = microseconds_of(column)
    inside = pa.scalar(value=False)
    for part in file.ranges:
        start, end = (round((moment - EPOCH) / timedelta(microseconds=1)) for moment in (part.start, part.end))
        inside = pc.or_(inside, pc.and_(pc.greater_equal(times, start), pc.less(times, end)))
    return pc.fill_null(inside, file.without_time)


def microseconds_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of timestamps or dates as microseconds since the epoch; times without a zone are UTC."""
    zone = getattr(column.type, "tz", None)
    return column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
