"""The first rows of a partition, read as the exporter reads them but never more than a few."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple, TypeVar

import pyarrow as pa

from exporter.errors import FileUnavailable, FileUnreadable, SourceError
from exporter.sources.engine import CountingSource
from exporter.sources.source import ROWS_ONLY, Batch, Partition, Selection, Source
from exporter.validation.sample import Rows

T = TypeVar("T")

MOST_ROWS: Final = 50_000
"""Rows of a partition that are read."""
MOST_FILES: Final = 8
"""Files of a partition that are read, spread evenly over it."""


class _Taken(NamedTuple):
    """The first rows of a file, and whether it has more."""

    batches: tuple[Batch, ...]
    more: bool


def read_rows(
    source: Source,
    partition: Partition,
    selection: Selection,
    start: datetime | None = None,
    *,
    rows: int = MOST_ROWS,
    files: int = MOST_FILES,
) -> Rows:
    """Read some rows of a partition: of a few of its files, as many of each.

    A file is read in pieces of some 64 MB, or of a row group, until there are enough rows. A table's engine runs one
    query for all of it.

    Args:
        source: where the partition is.
        partition: the files.
        selection: the columns, without keys.
        start: of the partition.
        rows: the greatest number of rows.
        files: the greatest number of files.

    Raises:
        SourceError: nothing of it can be read.
    """
    parts = [partition]
    if not isinstance(source, CountingSource):
        parts = [replace(partition, objects=(item,)) for item in spread(partition.objects, files)]
    taken: list[tuple[Partition, _Taken]] = []
    errors: dict[str, SourceError] = {}
    for part in parts:
        try:
            of_part = source.profile(part, selection, partial(_take, limit=-(-rows // len(parts))))
            taken.append((part, of_part))
        except (FileUnreadable, FileUnavailable) as error:
            errors[part.objects[0].path] = error
    if not taken:
        raise next(iter(errors.values()))
    batches = tuple(batch for _, each in taken for batch in each.batches)
    whole = len(parts) == len(taken) and not any(each.more for _, each in taken)
    whole &= sum(len(part.objects) for part in parts) == len(partition.objects)
    total = sum(batch.table.num_rows for batch in batches) if whole else _total(source, partition, taken)
    return Rows(partition, batches, total, whole, start, {path: str(error) for path, error in errors.items()})


def spread(items: Sequence[T], most: int) -> list[T]:
    """Return at most so many items at even distances, the last among them."""
    step = max(len(items) / most, 1)
    return [items[len(items) - 1 - int(index * step)] for index in range(min(len(items), most))][::-1]


def _take(batches: Iterator[Batch], limit: int) -> _Taken:
    """Return the first rows, with all of their columns in one batch."""
    taken: list[Batch] = []
    left = limit
    for batch in batches:
        if batch.first:
            if left <= 0:
                return _Taken(tuple(taken), more=True)
            head = _head(batch.table, left)
            left -= batch.table.num_rows
            taken.append(replace(batch, table=head))
        else:
            taken[-1] = _widened(taken[-1], batch)
    return _Taken(tuple(taken), more=left < 0)


def _widened(batch: Batch, more: Batch) -> Batch:
    """Return a batch with the columns of another batch of the same rows."""
    table, head = batch.table, _head(more.table, batch.table.num_rows)
    for name in head.column_names:
        if name not in table.column_names:
            table = table.append_column(name, head.column(name))
    return replace(batch, table=table, problems={**batch.problems, **more.problems})


def _head(table: pa.Table, rows: int) -> pa.Table:
    """Return the first rows; they are copied, so that the others can be freed."""
    if table.num_rows <= rows or not table.column_names:
        return table
    try:
        return table.take(pa.array(range(rows), pa.int64()))
    except pa.ArrowException:  # a type whose values cannot be chosen
        return table.slice(0, rows)


def _total(source: Source, partition: Partition, taken: Sequence[tuple[Partition, _Taken]]) -> int:
    """Return the rows of a partition: from the footers of the files that were read, others in proportion."""
    counted = read = 0
    for part, each in taken:
        rows = sum(batch.table.num_rows for batch in each.batches)
        counted += source.profile(part, ROWS_ONLY, _count) if each.more else rows
        read += part.size
    return round(counted * partition.size / read) if read else counted


def _count(batches: Iterator[Batch]) -> int:
    return sum(int(batch.table.num_rows) for batch in batches)
