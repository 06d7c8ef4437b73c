"""Some rows of a partition, read as the exporter reads them but never more than a few, from all over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from exporter.errors import FileUnavailable, FileUnreadable, SourceError
from exporter.sources.engine import CountingSource
from exporter.sources.source import ROWS_ONLY, Batch, Partition, Selection, Source
from exporter.validation.sample import Rows

T = TypeVar("T")

MOST_ROWS: Final = 50_000
"""Rows of a partition that are read."""
MOST_PIECES: Final = 8
"""Files of a partition that are read, or parts of large ones, spread evenly over it."""
_LARGE_BYTES: Final = 2**24
"""A larger file is read in parts, since its rows may be in an order, such as by time or by country."""


class _Taken(NamedTuple):
    """Some rows of a piece, and whether it has more."""

    batches: tuple[Batch, ...]
    more: bool


class _Piece(NamedTuple):
    """A file, or a part of one: the number of the part, and of how many."""

    partition: Partition
    part: tuple[int, int]

    @property
    def size(self) -> float:
        return self.partition.size / self.part[1]


def read_rows(
    source: Source,
    partition: Partition,
    selection: Selection,
    start: datetime | None = None,
    *,
    rows: int = MOST_ROWS,
    pieces: int = MOST_PIECES,
) -> Rows:
    """Read some rows of a partition: of a few of its files, as many of each, at even distances.

    Of each piece some 64 MB are decoded, or a row group, until there are enough rows. A table's engine runs one query
    for all of it.

    Args:
        source: where the partition is.
        partition: the files.
        selection: the columns.
        start: of the partition.
        rows: the greatest number of rows.
        pieces: the greatest number of files, or of parts of large files.

    Raises:
        SourceError: nothing of it can be read.
    """
    cut = [_Piece(partition, (0, 1))] if isinstance(source, CountingSource) else _cut(partition, pieces)
    taken: list[tuple[_Piece, _Taken]] = []
    errors: dict[str, SourceError] = {}
    left = rows
    for number, piece in enumerate(cut):
        wanted = replace(selection, part=piece.part)
        try:
            of_piece = source.profile(piece.partition, wanted, partial(_take, limit=-(-left // (len(cut) - number))))
        except (FileUnreadable, FileUnavailable) as error:
            errors[piece.partition.objects[0].path] = error
            continue
        left -= _rows(of_piece)
        taken.append((piece, of_piece))
    if not taken:
        raise next(iter(errors.values()))
    batches = tuple(batch for _, each in taken for batch in each.batches)
    whole = not errors and not any(each.more for _, each in taken)
    whole &= len({item for piece in cut for item in piece.partition.objects}) == len(partition.objects)
    total = rows - left if whole else _total(source, partition, taken)
    return Rows(partition, batches, total, whole, start, {path: str(error) for path, error in errors.items()})


def spread(items: Sequence[T], most: int) -> list[T]:
    """Return at most so many items at even distances, the last among them."""
    step = max(len(items) / most, 1)
    return [items[len(items) - 1 - int(index * step)] for index in range(min(len(items), most))][::-1]


def _cut(partition: Partition, most: int) -> list[_Piece]:
    """Return the pieces to read; a large file is cut where there are few files."""
    files = [replace(partition, objects=(item,)) for item in spread(partition.objects, most)]
    parts = max(most // max(len(files), 1), 1)
    counts = [parts if file.size > _LARGE_BYTES else 1 for file in files]
    return [_Piece(file, (part, count)) for file, count in zip(files, counts, strict=True) for part in range(count)]


def _take(batches: Iterator[Batch], limit: int) -> _Taken:
    """Return some rows, with all of their columns in one batch."""
    taken: list[Batch] = []
    chosen: pa.Array | None = None
    left = limit
    for batch in batches:
        if batch.first:
            if left <= 0:
                return _Taken(tuple(taken), more=True)
            chosen = _evenly(batch.table.num_rows, left)
            left -= batch.table.num_rows
            taken.append(replace(batch, table=_chosen(batch.table, chosen)))
        else:
            taken[-1] = _widened(taken[-1], replace(batch, table=_chosen(batch.table, chosen)))
    return _Taken(tuple(taken), more=left < 0)


def _evenly(rows: int, most: int) -> pa.Array | None:
    """Return the positions of at most so many rows; None for all of them."""
    return pa.array(np.linspace(0, rows - 1, most).astype(np.int64)) if rows > most else None


def _chosen(table: pa.Table, positions: pa.Array | None) -> pa.Table:
    """Return some rows of a table; they are copied, so that the others can be freed."""
    if positions is None or not table.column_names:
        return table
    try:
        return table.take(positions)
    except pa.ArrowException:  # a type whose values cannot be chosen
        return table.slice(0, len(positions))


def _widened(batch: Batch, more: Batch) -> Batch:
    """Return a batch with the columns of another batch of the same rows."""
    table = batch.table
    for name in more.table.column_names:
        if name not in table.column_names:
            table = table.append_column(name, more.table.column(name))
    return replace(batch, table=table, problems={**batch.problems, **more.problems})


def _total(source: Source, partition: Partition, taken: Sequence[tuple[_Piece, _Taken]]) -> int:
    """Return the rows of a partition: from the footers of the files that were read, others in proportion."""
    counted, read = 0, 0.0
    for piece, each in taken:
        selection = replace(ROWS_ONLY, part=piece.part)
        counted += source.profile(piece.partition, selection, _count) if each.more else _rows(each)
        read += piece.size
    return round(counted * partition.size / read) if read else counted


def _rows(taken: _Taken) -> int:
    return sum(int(batch.table.num_rows) for batch in taken.batches)


def _count(batches: Iterator[Batch]) -> int:
    return sum(int(batch.table.num_rows) for batch in batches)
