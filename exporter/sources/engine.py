"""What a source adds whose store is an engine: it counts a partition's rows where they are, and only counts travel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, Protocol, runtime_checkable

import pyarrow as pa

from exporter.sources.source import Partition, Source

ROWS: Final = "partition_rows"
"""What a statement calls the rows of the partition that it is asked of."""
JOINED_ROWS: Final = "joined_rows"
"""What it calls those of another table, where it is asked of two."""
SLOT: Final = "partition_slot"
"""The column of rows that says how many partitions after the first of those that are asked of theirs is."""

Kind = Literal["BOOL", "DATE", "DATETIME", "FLOAT64", "INT64", "STRING", "TIMESTAMP"]
TIME_KINDS: Final[tuple[Kind, ...]] = ("TIMESTAMP", "DATETIME", "DATE")
"""Types of columns of times."""
Scalar = str | int | float | date | datetime


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value, or an array of values, that a statement names: none is ever written into its text."""

    kind: Kind
    value: Scalar | Sequence[Scalar]


@dataclass(frozen=True, slots=True)
class Statement:
    """A question about a partition's rows, in GoogleSQL.

    `columns` are those of the table that it reads. `steps` are named queries, each of which may select from
    `partition_rows` and from those before it, and `select` is what is asked. The source alone says what the rows of the
    partition are, so no statement can forget to.
    """

    columns: tuple[str, ...]
    steps: Mapping[str, str]
    select: str
    parameters: Mapping[str, Parameter]
    slotted: bool = False


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """The rows of another table that a statement joins: some partitions of it as one, and the columns that it reads."""

    source: CountingSource
    partition: Partition
    columns: tuple[str, ...]


@runtime_checkable
class CountingSource(Source, Protocol):
    """A source whose store counts by itself."""

    def types(self, partition: Partition) -> Mapping[str, str]:
        """The type of each column that the partition's table has, as GoogleSQL names it; `ARRAY` and `STRUCT` bare.

        Raises:
            SourceError: as `count`.
        """
        ...

    def stretch(self, start: datetime) -> Partition:
        """The partition that starts then, whether it has rows or not."""
        ...

    def can_join(self, other: Source) -> bool:
        """Whether one statement can read both."""
        ...

    def count(self, partition: Partition, statement: Statement, beside: JoinedRows | None = None) -> pa.Table:
        """What the engine answers.

        Args:
            partition: whose rows are counted; several may be one.
            statement: the question.
            beside: rows of another table that it is about too, of a source that this one `can_join`.

        Raises:
            SourceUnavailable: the engine did not answer, refused or throttled, or took too long.
            PartitionUnreadable: the table is gone, the answer would cost too much, or the statement cannot be run.
        """
        ...


def quoted(name: str) -> str:
    """An identifier as a statement writes it.

    Raises:
        ValueError: it has what no identifier may have.
    """
    if not name or any(letter in "`\\" or not letter.isprintable() for letter in name):
        raise ValueError(f"{name!r} cannot be an identifier")
    return f"`{name}`"
