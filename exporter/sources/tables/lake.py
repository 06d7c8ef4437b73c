"""Partitions of a lake table: the live files of its newest snapshot, by the times that its log has for each file.

A partition is the range `[start, start + grain)` of one column. Its fingerprint changes when and only when its files
do, or the rows that are deleted in them. The log is read by the library of the table's format; see
`exporter.sources.tables.delta` and `exporter.sources.tables.iceberg`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Protocol, TypeVar

import pyarrow as pa

from exporter.errors import FileUnavailable, FileUnreadable, SourceError
from exporter.sources.near_names import nearest_name
from exporter.sources.skipping import FileError, SkippedFiles
from exporter.sources.source import ROWS_ONLY, Batch, Found, Kernel, Partition, Selection, StoredObject, Stream, Traffic
from exporter.sources.stores.files import check_files, profile_files
from exporter.sources.tables.live_files import LiveFile, in_ranges, merged_files, partitions_of
from exporter.sources.tables.time_range import TimeRange

T = TypeVar("T")

WHOLE_FILE: Final = (0, 1)
"""The `part` of a selection that reads a file as a whole."""
_DAY: Final = timedelta(days=1)


class LakeTable(Protocol):
    """A table of one format, as its library reads it. Every call may raise a `SourceError`."""

    @property
    def name(self) -> str:
        """Its name in messages."""
        ...

    def refresh(self) -> None:
        """Look for a newer snapshot; everything else is about the snapshot of the last call."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """Its columns."""
        ...

    @property
    def partition_columns(self) -> Sequence[str]:
        """The columns of which each file has one value, which is in the log and may be missing in the file."""
        ...

    def files(self, column: str | None, within: TimeRange | None) -> Sequence[LiveFile]:
        """Return the live files, with the span of a column; files of other times than `within` may be left out."""
        ...

    def read(self, file: LiveFile, selection: Selection, column: str | None) -> Generator[Batch]:
        """Yield the rows of a file that are not deleted; those outside of its `ranges` of a column may be left out.

        Where the rows of a part of a file cannot be told, the first part is the whole file, and the others are empty.
        """
        ...


class Lake:
    """A lake table as a source."""

    def __init__(self, table: LakeTable, stream: Stream, *, whole: bool) -> None:
        """Save the arguments; nothing is read before the first call.

        Args:
            table: the table.
            stream: how its rows are cut into partitions.
            whole: whether each partition may read files whose times the log does not have.
        """
        self.traffic = Traffic()
        self.skipped = SkippedFiles()
        self._table = table
        self._stream = stream
        self._whole = whole

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        wanted = sorted(dict.fromkeys(starts))
        if not wanted:
            return {}
        self._refresh()
        column, grain = self._column(), self._grain
        files = self._table.files(column, TimeRange(wanted[0], wanted[-1] + grain))
        unknown = [file for file in files if file.span is None]
        if unknown and not self._whole:
            raise SourceError(
                f"{self._table.name}: its log has no times of {column} for {len(unknown)} of {len(files)} files, "
                f"such as {unknown[0].path}, so each partition would read them; let the writer keep statistics of this "
                "column, name another as partition_column in the spec, or set `unpartitioned: true` next to the table"
            )
        return partitions_of(files, wanted, grain)

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        self._refresh()
        files = self._table.files(None, None)
        return Partition(self._table.name, tuple(sorted(files))) if files else None

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        sources, known = merged_files(partition), self.skipped.corrupt(partition)
        corrupt: dict[StoredObject, FileError] = {
            item: known[part] for item, parts in sources.items() for part in parts if part in known
        }
        skipped = SkippedFiles(corrupt)
        for item in sources:
            if not _is_counted(item, selection):
                self.traffic.count_opened(item, read=bool(selection.columns))
        files = replace(partition, objects=tuple(sources))
        try:
            result = profile_files(files, lambda item: self._read(item, selection), kernel, skipped)
        except (FileUnreadable, FileUnavailable):
            self._update_skipped(partition, sources, skipped)
            raise
        self._update_skipped(partition, sources, skipped)
        return result

    def retry_skipped(self) -> None:
        """See `SkippingSource`."""
        self.skipped.retry(lambda items: check_files(items, lambda item: self._opened(item, ROWS_ONLY)))

    def browse(self, limit: int) -> Found:
        """See `BrowsableSource`."""
        self._refresh()
        names = tuple(file.path for file in islice(sorted(self._table.files(None, None)), limit))
        return Found(self._table.name, names, names)

    def _refresh(self) -> None:
        self.traffic.requests += 1
        self._table.refresh()

    def _read(self, item: StoredObject, selection: Selection) -> Generator[Batch]:
        if not isinstance(item, LiveFile) or not item.ranges:
            if isinstance(item, LiveFile) and _is_counted(item, selection):
                rows = pa.table({"": pa.nulls(item.rows or 0)}).select([])
                yield Batch(rows, first=True, schema=self._table.schema)
            else:
                yield from self._opened(item, selection)
            return
        column = self._column()
        keys, plain = dict.fromkeys((*selection.keys, column)), (*selection.plain, column)
        for batch in self._opened(item, replace(selection, keys=tuple(keys), plain=plain)):
            yield _cut(batch, item, column, selection)

    def _opened(self, item: StoredObject, selection: Selection) -> Generator[Batch]:
        if not isinstance(item, LiveFile):
            raise TypeError(item)
        return self._table.read(item, selection, self._stream.timestamp)

    def _update_skipped(
        self, partition: Partition, sources: Mapping[LiveFile, Sequence[LiveFile]], skipped: SkippedFiles
    ) -> None:
        errors: dict[StoredObject, FileError] = {
            part: skipped.errors[item] for item, parts in sources.items() if item in skipped.errors for part in parts
        }
        self.skipped.update(partition, errors)

    @property
    def _grain(self) -> timedelta:
        if self._stream.grain is None:
            raise SourceError(f"{self._table.name}: is read as one data set, without partitions")
        return self._stream.grain

    def _column(self) -> str:
        """Return the column of times, which the table has with a usable type."""
        name, column, schema = self._table.name, self._stream.timestamp, self._table.schema
        if column is None:
            raise SourceError(f"{name}: the spec names no column of times, so the table has no partitions")
        if column not in schema.names:
            near = nearest_name(column, tuple(schema.names))
            raise SourceError(f"{name}: the column {column} does not exist{near}")
        kind = schema.field(column).type
        days = pa.types.is_date(kind) or (_is_text(kind) and column in self._table.partition_columns)
        if not days and not pa.types.is_timestamp(kind):
            raise SourceError(
                f"{name}: the column {column} is {kind}, by which a table cannot be cut into partitions; "
                "name a column of timestamps or dates as partition_column in the spec"
            )
        if days and self._stream.grain is not None and self._stream.grain % _DAY:
            raise SourceError(f"{name}: the column {column} holds days; make the grain whole days")
        return column


def _is_text(kind: pa.DataType) -> bool:
    return any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def _is_counted(item: LiveFile, selection: Selection) -> bool:
    """Return whether the log has all that is selected: the number of rows."""
    return not selection.columns and selection.part == WHOLE_FILE and not item.ranges and item.rows is not None


def _cut(batch: Batch, file: LiveFile, column: str, selection: Selection) -> Batch:
    """Return a batch with the rows of the file's ranges, and without a column that was only read for these."""
    if column not in batch.table.column_names:
        raise FileUnreadable(f"{file.path}: {column}: {batch.problems.get(column, 'the column is missing')}")
    rows = batch.table.filter(in_ranges(batch.table.column(column), file))
    stays = column in selection.keys or (batch.first and column in selection.columns)
    names = [name for name in rows.column_names if stays or name != column]
    return replace(batch, table=rows.select(names))
