"""The files of a partition whose columns can be used: another file of it is left out alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Generic, NamedTuple, TypeVar

from exporter.profiles.columns import ColumnMismatch, explained
from exporter.sources.source import Batch

T = TypeVar("T")

UNUSABLE_COLUMN: Final = "unusable_column"
"""Why all rows of a file are left out: it lacks a column, or has it with another type."""


class UsableFiles(NamedTuple, Generic[T]):
    """What was made of the batches that can be used, the rows of the others, and the first reason why not."""

    parts: list[T]
    left_out: int
    problem: str


def usable_files(batches: Iterable[Batch], part: Callable[[Batch], T]) -> UsableFiles[T]:
    """Make a part of each batch; those whose columns cannot be used are counted.

    Args:
        batches: the rows of a partition, file after file.
        part: may raise a `ColumnMismatch`; the message about a missing column gets the name that may be meant.

    Raises:
        ColumnMismatch: no batch can be used; the error is the first one's.
    """
    parts, left_out, first = list[T](), 0, None
    for batch in batches:
        try:
            parts.append(part(batch))
        except ColumnMismatch as problem:
            left_out += batch.table.num_rows
            first = first or explained(problem, batch)
    if first is not None and not parts:
        raise first
    return UsableFiles(parts, left_out, str(first or ""))
