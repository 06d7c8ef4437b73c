"""Partitions of a table in BigQuery: ranges of its timestamp, counted by BigQuery.

A partition is the range `[start, start + grain)` of one column, and every query has this condition, so BigQuery reads
no more of a table that is partitioned by that column. The existing partitions come from the table's own partitions,
with their times of modification, where these are as fine as the spec's. Otherwise the rows are counted by the column,
and a partition counts as changed when their number, or the newest time among them, changes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

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
from exporter.sources.source import Batch, Kernel, Partition, Selection, Source, StoredObject, Stream, Traffic
from exporter.sources.tables.bigquery_jobs import DEFAULT_LIMITS, Jobs, JobTerms, Limits, Query
from exporter.sources.tables.bigquery_ranges import range_of, within
from exporter.sources.tables.time_range import TimeRange, merged_ranges

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField, Table

T = TypeVar("T")

_STANDARD: Final = {"BOOLEAN": "BOOL", "FLOAT": "FLOAT64", "INTEGER": "INT64", "RECORD": "STRUCT"}
_PARTITION_NAMES: Final = {"HOUR": (timedelta(hours=1), "%Y%m%d%H"), "DAY": (timedelta(days=1), "%Y%m%d")}
"""The length of a table's own partitions, and the format of their names."""
_MODIFIED: Final = "last_modified_time"


class BigQuery:
    """A table of BigQuery as a source."""

    def __init__(
        self, table: str, terms: JobTerms, stream: Stream, *, whole: bool, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Args:
            table: `project.dataset.table`.
            terms: location, labels and billing limit of the jobs.
            stream: how the rows are cut into partitions.
            whole: whether queries may read all of the table.
            limits: timeouts of requests.
        """
        self.traffic = Traffic(bytes_billed=0)
        self._name = table
        self._stream = stream
        self._whole = whole
        self._jobs = Jobs(table.split(".", 1)[0], terms, self.traffic, limits)
        self._table: Table | None = None

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        wanted = sorted(dict.fromkeys(starts))
        if not wanted:
            return {}
        table = self._table_metadata(refresh=True)
        self._refuse_unpartitioned(table)
        own = self._table_partitions(table, TimeRange(wanted[0], wanted[-1] + self._grain))
        states = self._count_by_time(wanted) if own is None else own
        return {start: self._partition(start, *states[start]) for start in wanted if start in states}

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        table = self._table_metadata(refresh=True)
        if not table.num_rows and table.table_type == "TABLE":
            return None
        tag = f"{table.num_rows} rows, modified {table.modified}"
        return Partition(self._name, (StoredObject(self._name, table.num_bytes or 0, tag),))

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        with closing(self._batches(partition, selection)) as stream:
            return kernel(stream)

    def types(self, partition: Partition) -> Mapping[str, str]:
        """See `CountingSource`."""
        return {field.name: _type(field) for field in self._table_metadata(refresh=False).schema}

    def partition_at(self, start: datetime) -> Partition:
        """See `CountingSource`."""
        return self._partition(start, 0, 0, "")

    def can_join(self, other: Source) -> bool:
        """See `CountingSource`: tables of one location can be joined."""
        return isinstance(other, BigQuery) and self.location == other.location

    @property
    def location(self) -> str | None:
        """Where queries run; None where BigQuery derives it from the tables."""
        return self._jobs.location

    def count(self, partition: Partition, statement: Statement, joined: JoinedRows | None = None) -> pa.Table:
        """See `CountingSource`."""
        rows, parameters = self.rows(partition, statement.columns, slotted=statement.slotted)
        # the price depends only on the columns that are read
        steps, priced = {ROWS: rows}, Query(rows, parameters)
        if joined is not None and isinstance(joined.source, BigQuery):
            others, more = joined.source.rows(joined.partition, joined.columns, slotted=True, prefix="joined_")
            steps, parameters = {**steps, JOINED_ROWS: others}, {**parameters, **more}
        steps |= statement.steps
        text = ",\n".join(f"{name} AS (\n{query}\n)" for name, query in steps.items())
        query = Query(f"WITH {text}\n{statement.select}", {**parameters, **statement.parameters})
        if joined is None:
            result = self._jobs.run(_place_of(partition), query, priced=priced)
        else:
            result = self._jobs.run(_place_of(partition), query, tables=2)
        batches = list(self._jobs.batches(_place_of(partition), result))
        return pa.Table.from_batches(batches) if batches else pa.table({})

    # ------------------------------------------------------------------------------------------------ rows

    def _batches(self, partition: Partition, selection: Selection) -> Generator[Batch]:
        """Yield the rows of the selected columns; without columns, yield only the listed number of rows."""
        fields = self._table_metadata(refresh=False).schema
        schema = pa.schema([(field.name, pa.null()) for field in fields])
        wanted = [name for name in dict.fromkeys(selection.columns) if name in schema.names]
        listed = [int(item.tag.split(" ", 1)[0]) for item in partition.objects]
        if not wanted:
            yield Batch(pa.table({"": pa.nulls(sum(listed))}).select([]), first=True, schema=schema)
            return
        rows, parameters = self.rows(partition, wanted)
        result = self._jobs.run(_place_of(partition), Query(rows, parameters))
        for batch in self._jobs.batches(_place_of(partition), result):
            yield Batch(pa.Table.from_batches([batch]), first=True, schema=schema)

    def rows(
        self, partition: Partition, columns: Sequence[str], *, slotted: bool = False, prefix: str = ""
    ) -> tuple[str, dict[str, Parameter]]:
        """Return the query for some columns of a partition's rows, and its parameters, each named with `prefix`."""
        listed = [range_of(item) for item in partition.objects]
        expressions = ", ".join(map(quoted, columns)) or "1 AS one"
        if None in listed:
            return f"SELECT {expressions} FROM {quoted(self._name)}", {}
        ranges = merged_ranges(filter(None, listed))
        condition, parameters = within(self._column, self._kind, ranges, prefix)
        if slotted:
            expressions += f", {self._slot(prefix)} AS {SLOT}"
            parameters |= self._slots(ranges[0].start, prefix)
        return f"SELECT {expressions} FROM {quoted(self._name)} WHERE {condition}", parameters

    def _slot(self, prefix: str = "") -> str:
        """Return the expression of a row's partition number, counted from the first partition."""
        return f"DIV((UNIX_SECONDS(CAST({quoted(self._column)} AS TIMESTAMP)) - @{prefix}first), @{prefix}grain)"

    def _slots(self, first: datetime, prefix: str = "") -> dict[str, Parameter]:
        return {
            f"{prefix}first": Parameter("INT64", int(first.timestamp())),
            f"{prefix}grain": Parameter("INT64", int(self._grain.total_seconds())),
        }

    # ------------------------------------------------------------------------------------------------ what there is

    def _table_partitions(self, table: Table, span: TimeRange) -> dict[datetime, tuple[int, int, str]] | None:
        """Return rows, bytes and state of each partition from the table's own; `None` where they are too coarse."""
        unit, form = _PARTITION_NAMES.get(_unit(table, self._column) or "", (None, ""))
        if unit is None or self._grain % unit:
            return None
        text = (
            f"SELECT * FROM {quoted(self._name.rpartition('.')[0] + '.INFORMATION_SCHEMA.PARTITIONS')} "
            "WHERE table_name = @table AND partition_id BETWEEN @first AND @last"
        )
        named = {"table": table.table_id, "first": f"{span.start:{form}}", "last": f"{span.end - unit:{form}}"}
        values = {name: Parameter("STRING", value) for name, value in named.items()}
        result = self._jobs.run(self._name, Query(text, values))
        if _MODIFIED not in {field.name for field in result.schema}:
            return None
        parts: dict[datetime, list[Mapping[str, Any]]] = {}
        for row in self._result_rows(result):
            at = datetime.strptime(row["partition_id"], form).replace(tzinfo=UTC)
            if row["total_rows"]:
                parts.setdefault(at - (at - span.start) % self._grain, []).append(row)
        return {start: _state(rows) for start, rows in sorted(parts.items())}

    def _count_by_time(self, wanted: Sequence[datetime]) -> dict[datetime, tuple[int, int, str]]:
        """Return rows, bytes (unknown: 0) and state of each partition, from the times of the rows."""
        column, grain = quoted(self._column), self._grain
        ranges = merged_ranges(TimeRange(start, start + grain) for start in wanted)
        condition, parameters = within(self._column, self._kind, ranges)
        text = (
            f"SELECT {self._slot()} AS slot, COUNT(*) AS n, "
            f"CAST(MAX({column}) AS STRING) AS newest FROM {quoted(self._name)} WHERE {condition} GROUP BY slot"
        )
        parameters |= self._slots(wanted[0])
        result_rows = self._result_rows(self._jobs.run(self._name, Query(text, parameters)))
        return {wanted[0] + row["slot"] * grain: (row["n"], 0, f"newest {row['newest']}") for row in result_rows}

    def _result_rows(self, result: Any) -> Iterator[dict[str, Any]]:
        for batch in self._jobs.batches(self._name, result):
            yield from batch.to_pylist()

    def _partition(self, start: datetime, rows: int, size: int, state: str) -> Partition:
        path = f"{self._name} {TimeRange(start, start + self._grain)}"
        return Partition(f"{start:%Y-%m-%dT%H:%MZ}", (StoredObject(path, size, f"{rows} rows, {state}"),))

    # ------------------------------------------------------------------------------------------------ the table

    def _table_metadata(self, *, refresh: bool) -> Table:
        if refresh or self._table is None:
            self._table = self._jobs.table(self._name)
        return self._table

    def _refuse_unpartitioned(self, table: Table) -> None:
        if self._whole or _unit(table, self._column) is not None:
            return
        by = table.time_partitioning.field or INGESTION if table.time_partitioning else None
        partitioning = f"partitioned by {by}, not by {self._column}" if by else f"not partitioned by {self._column}"
        hint = f"partition_column: {by}" if by else f"a table that is partitioned by {self._column}"
        raise SourceError(
            f"{self._name}: is {partitioning}, so every query would read all of it; "
            f"name {hint} in the spec, or set `unpartitioned: true` next to the table"
        )

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
        column_type = next(
            (_type(field) for field in self._table_metadata(refresh=False).schema if field.name == self._column), None
        )
        kind = next((kind for kind in TIME_KINDS if kind == column_type), None)
        if kind is None:
            problem = f"is {column_type}, not {', '.join(TIME_KINDS)}" if column_type else "does not exist"
            raise SourceError(f"{self._name}: the column {self._column} {problem}")
        if kind == "DATE" and self._grain % timedelta(days=1):
            raise SourceError(f"{self._name}: the column {self._column} is DATE; make the grain whole days")
        return kind


def _type(field: SchemaField) -> str:
    return "ARRAY" if field.mode == "REPEATED" else _STANDARD.get(field.field_type, field.field_type)


def _unit(table: Table, column: str) -> str | None:
    """Return the unit of the table's own partitions if they are by this column: HOUR, DAY, MONTH or YEAR."""
    by = table.time_partitioning
    return by.type_ if by is not None and (by.field or INGESTION) == column else None


def _state(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int, str]:
    modified = max(row[_MODIFIED] for row in rows)
    size = sum(row.get("total_logical_bytes") or 0 for row in rows)
    return sum(row["total_rows"] for row in rows), size, f"modified {modified.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _place_of(partition: Partition) -> str:
    first = partition.objects[0].path
    return first if len(partition.objects) == 1 else f"{first} and {len(partition.objects) - 1} more"
