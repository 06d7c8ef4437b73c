"""The interface of a source whose store is an engine: it counts rows itself, and only counts are returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, Protocol, runtime_checkable

import pyarrow as pa

from exporter.sources.source import Partition, Source

ROWS: Final = "partition_rows"
"""The name in a statement of the rows of its partition."""
JOINED_ROWS: Final = "joined_rows"
"""The name in a statement of the rows of a second table."""
SLOT: Final = "partition_slot"
"""The column with the number of a row's partition, counted from the first partition of the statement."""

Kind = Literal["BOOL", "DATE", "DATETIME", "FLOAT64", "INT64", "STRING", "TIMESTAMP"]
TIME_KINDS: Final[tuple[Kind, ...]] = ("TIMESTAMP", "DATETIME", "DATE")
"""Types of columns of times."""
INGESTION: Final = "_PARTITIONTIME"
"""The pseudo-column of times of a table that is partitioned by ingestion time; it is not among the table's columns."""
Scalar = str | int | float | date | datetime


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value, or an array of values, that a statement refers to by name; values are never written into its text."""

    kind: Kind
    value: Scalar | Sequence[Scalar]


@dataclass(frozen=True, slots=True)
class Statement:
    """A query of a partition's rows, in GoogleSQL.

    `columns` are those of the table that it reads. `steps` are named queries, each of which may select from
    `partition_rows` and from earlier steps, and `select` is the final query. Only the source defines the rows of the
    partition, so no statement can read others by mistake. `slotted` adds the column `partition_slot`.
    """

    columns: tuple[str, ...]
    steps: Mapping[str, str]
    select: str
    parameters: Mapping[str, Parameter]
    slotted: bool = False


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """The rows of another table that a statement joins: some of its partitions as one, and the columns to read."""

    source: CountingSource
    partition: Partition
    columns: tuple[str, ...]


@runtime_checkable
class CountingSource(Source, Protocol):
    """A source whose store counts rows itself."""

    def types(self, partition: Partition) -> Mapping[str, str]:
        """Return the GoogleSQL type of each column of the partition's table; `ARRAY` and `STRUCT` without elements.

        Raises:
            SourceError: as `count`.
        """
        ...

    def partition_at(self, start: datetime) -> Partition:
        """Return the partition with this start, whether it has rows or not."""
        ...

    def can_join(self, other: Source) -> bool:
        """Return whether one statement can read both sources."""
        ...

    def fits(self, statement: Statement) -> bool:
        """Return whether the engine takes a statement of this length."""
        ...

    def count(self, partition: Partition, statement: Statement, joined: JoinedRows | None = None) -> pa.Table:
        """Return the result of a statement.

        Args:
            partition: the rows to count; may be several partitions as one.
            statement: the statement to run.
            joined: rows of another table that it reads too, of a source that this one `can_join`.

        Raises:
            SourceUnavailable: the engine did not respond, refused, throttled, or took too long.
            PartitionUnreadable: the table is gone, the query would cost too much, or the statement cannot be run.
        """
        ...


def quoted(name: str) -> str:
    """Return an identifier as a statement writes it.

    Raises:
        ValueError: it has a character that no identifier may have.
    """
    if not name or any(letter in "`\\" or not letter.isprintable() for letter in name):
        raise ValueError(f"{name!r} cannot be an identifier")
    return f"`{name}`"
