"""A table of an SQL engine, cut into ranges of a column of times.

A partition is the range `[start, start + grain)` of one column, and every query has this condition, so an engine reads
no more of a table that is partitioned by that column. Queries are written in GoogleSQL; an engine with another dialect
translates them, see `exporter.sources.tables.dialect`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa

from exporter.errors import SourceError
from exporter.sources.engine import (
    INGESTION,
    JOINED_ROWS,
    ROWS,
    SLOT,
    TIME_KINDS,
    JoinedRows,
    Kind,
    Parameter,
    Statement,
    quoted,
)
from exporter.sources.source import Batch, Kernel, Partition, Selection, StoredObject, Stream, Traffic
from exporter.sources.tables.ranges import range_of, within
from exporter.sources.tables.time_range import TimeRange, merged_ranges

T = TypeVar("T")

States = Callable[[str, str, Mapping[str, Parameter]], Iterable[Mapping[str, Any]]]
"""Returns a row for each partition that has rows, from the expression of its number, a condition, and parameters."""


class Query(NamedTuple):
    """A query in GoogleSQL, and its parameters."""

    text: str
    parameters: Mapping[str, Parameter]


class SqlTable(ABC):
    """A table of an SQL engine as a source, without what only one engine has."""

    def __init__(self, table: str, stream: Stream, *, whole: bool) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Args:
            table: its name, with dots between its parts.
            stream: how the rows are cut into partitions.
            whole: whether queries may read all of the table.
        """
        self.traffic = Traffic(bytes_billed=0)
        self._name = table
        self._stream = stream
        self._whole = whole

    @abstractmethod
    def types(self, partition: Partition) -> Mapping[str, str]:
        """See `CountingSource`."""

    @abstractmethod
    def fetched(self, place: str, query: Query) -> Iterator[pa.RecordBatch]:
        """Run a query and yield its result.

        Args:
            place: what it reads, for messages.
            query: the query.

        Raises:
            SourceUnavailable, PartitionUnreadable: as `exporter.sources.engine.CountingSource.count`.
        """

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        with closing(self._batches(partition, selection)) as stream:
            return kernel(stream)

    def partition_at(self, start: datetime) -> Partition:
        """See `CountingSource`."""
        return self._partition(start, 0, 0, "")

    def assembled(self, partition: Partition, statement: Statement, joined: JoinedRows | None = None) -> Query:
        """Return the query of a statement: its steps after those that read the rows."""
        rows, parameters = self.rows(partition, statement.columns, slotted=statement.slotted)
        steps = {ROWS: rows}
        if joined is not None and isinstance(joined.source, SqlTable):
            others, more = joined.source.rows(joined.partition, joined.columns, slotted=True, prefix="joined_")
            steps, parameters = {**steps, JOINED_ROWS: others}, {**parameters, **more}
        text = with_steps({**steps, **statement.steps}, statement.select)
        return Query(text, {**parameters, **statement.parameters})

    def rows(
        self, partition: Partition, columns: Sequence[str], *, slotted: bool = False, prefix: str = ""
    ) -> tuple[str, dict[str, Parameter]]:
        """Return the query for some columns of a partition's rows, and its parameters, each named with `prefix`."""
        listed = [range_of(item) for item in partition.objects]
        expressions = ", ".join(map(self._read, columns)) or "1 AS one"
        if None in listed:
            return f"SELECT {expressions} FROM {self._quoted_name}", {}
        ranges = merged_ranges(filter(None, listed))
        condition, parameters = self._within(ranges, prefix)
        if slotted:
            slot, more = self._slot(ranges, prefix)
            expressions, parameters = f"{expressions}, {slot} AS {SLOT}", parameters | more
        return f"SELECT {expressions} FROM {self._quoted_name} WHERE {condition}", parameters

    # ------------------------------------------------------------------------------------------------ rows

    def _batches(self, partition: Partition, selection: Selection) -> Generator[Batch]:
        """Yield the rows of the selected columns; without columns, yield only the listed number of rows."""
        schema = pa.schema([(name, pa.null()) for name in self.types(partition)])
        wanted = [name for name in dict.fromkeys(selection.columns) if name in schema.names]
        listed = [int(item.tag.split(" ", 1)[0]) for item in partition.objects]
        if not wanted:
            yield Batch(pa.table({"": pa.nulls(sum(listed))}).select([]), first=True, schema=schema)
            return
        rows, parameters = self.rows(partition, wanted)
        for batch in self.fetched(place_of(partition), Query(rows, parameters)):
            yield Batch(pa.Table.from_batches([batch]), first=True, schema=schema)

    def _read(self, column: str) -> str:
        """Return how a column is read."""
        return quoted(column)

    def _within(self, ranges: Sequence[TimeRange], prefix: str = "") -> tuple[str, dict[str, Parameter]]:
        """Return the condition that a row is in one of some ranges, and its parameters."""
        return within(self._column, self._kind, ranges, prefix)

    def _slot(self, ranges: Sequence[TimeRange], prefix: str = "") -> tuple[str, dict[str, Parameter]]:
        """Return the expression of a row's partition number, counted from the first partition, and its parameters."""
        expression = f"DIV((UNIX_SECONDS(CAST({quoted(self._column)} AS TIMESTAMP)) - @{prefix}first), @{prefix}grain)"
        return expression, {
            f"{prefix}first": Parameter("INT64", int(ranges[0].start.timestamp())),
            f"{prefix}grain": Parameter("INT64", int(self._grain.total_seconds())),
        }

    def _found(self, wanted: Sequence[datetime], states: States) -> dict[datetime, Mapping[str, Any]]:
        """Return the row of each wanted partition that a query finds, by start; `wanted` is sorted and not empty.

        Args:
            wanted: the starts.
            states: returns the rows of the partitions, see `States`.
        """
        ranges = merged_ranges(TimeRange(start, start + self._grain) for start in wanted)
        slot, parameters = self._slot(ranges)
        condition, more = self._within(ranges)
        rows = states(f"{slot} AS {SLOT}", condition, {**parameters, **more})
        found = {ranges[0].start + row[SLOT] * self._grain: row for row in rows if row[SLOT] is not None}
        return {start: found[start] for start in wanted if start in found}

    def _result_rows(self, query: Query) -> Iterator[dict[str, Any]]:
        for batch in self.fetched(self._name, query):
            yield from batch.to_pylist()

    def _partition(self, start: datetime, rows: int, size: int, state: str) -> Partition:
        path = f"{self._name} {TimeRange(start, start + self._grain)}"
        return Partition(f"{start:%Y-%m-%dT%H:%MZ}", (StoredObject(path, size, f"{rows} rows, {state}"),))

    # ------------------------------------------------------------------------------------------------ the table

    @property
    def _quoted_name(self) -> str:
        """The table in a statement."""
        return quoted(self._name)

    @property
    def _grain(self) -> timedelta:
        if self._stream.grain is None:
            raise SourceError(f"{self._name}: is read as one data set, without partitions")
        return self._stream.grain

    @property
    def _column(self) -> str:
        if self._stream.timestamp is None:
            raise SourceError(f"{self._name}: the spec names no column of times, so the table has no partitions")
        return self._stream.timestamp

    @property
    def _kind(self) -> Kind:
        """The type of the column of times."""
        if self._column == INGESTION:
            return "TIMESTAMP"
        column_type = self.types(Partition(self._name, ())).get(self._column)
        kind = next((kind for kind in TIME_KINDS if kind == column_type), None)
        if kind is None:
            problem = f"is {column_type}, not {', '.join(TIME_KINDS)}" if column_type else "does not exist"
            raise SourceError(f"{self._name}: the column {self._column} {problem}")
        if kind == "DATE" and self._grain % timedelta(days=1):
            raise SourceError(f"{self._name}: the column {self._column} is DATE; make the grain whole days")
        return kind


def with_steps(steps: Mapping[str, str], select: str) -> str:
    """Return a query of named steps, each of which may use those before it."""
    text = ",\n".join(f"{name} AS (\n{query}\n)" for name, query in steps.items())
    return f"WITH {text}\n{select}"


def place_of(partition: Partition) -> str:
    """Return the name of a partition's rows for messages."""
    first = partition.objects[0].path
    return first if len(partition.objects) == 1 else f"{first} and {len(partition.objects) - 1} more"
