"""Partitions of a table in BigQuery: ranges of its timestamp, counted by BigQuery.

The existing partitions come from the table's own partitions, with their times of modification, where these are as fine
as the spec's. Otherwise the rows are counted by the column, and a partition counts as changed when their number, or the
newest time among them, changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from exporter.errors import SourceError
from exporter.sources.engine import INGESTION, JoinedRows, Parameter, Statement, quoted
from exporter.sources.source import Partition, Source, StoredObject, Stream
from exporter.sources.tables.bigquery_jobs import DEFAULT_LIMITS, Jobs, JobTerms, Limits
from exporter.sources.tables.sql_table import Query, SqlTable, place_of
from exporter.sources.tables.time_range import TimeRange, merged_ranges

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField, Table

_STANDARD: Final = {"BOOLEAN": "BOOL", "FLOAT": "FLOAT64", "INTEGER": "INT64", "RECORD": "STRUCT"}
_PARTITION_NAMES: Final = {"HOUR": (timedelta(hours=1), "%Y%m%d%H"), "DAY": (timedelta(days=1), "%Y%m%d")}
"""The length of a table's own partitions, and the format of their names."""
_MODIFIED: Final = "last_modified_time"


class BigQuery(SqlTable):
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
        super().__init__(table, stream, whole=whole)
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

    def types(self, partition: Partition) -> Mapping[str, str]:
        """See `CountingSource`."""
        return {field.name: _type(field) for field in self._table_metadata(refresh=False).schema}

    def can_join(self, other: Source) -> bool:
        """See `CountingSource`: tables of one location can be joined."""
        return isinstance(other, BigQuery) and self.location == other.location

    def fits(self, statement: Statement) -> bool:
        """See `CountingSource`: values are parameters, so no statement is too long."""
        return True

    @property
    def location(self) -> str | None:
        """Where queries run; None where BigQuery derives it from the tables."""
        return self._jobs.location

    def count(self, partition: Partition, statement: Statement, joined: JoinedRows | None = None) -> pa.Table:
        """See `CountingSource`."""
        query = self.assembled(partition, statement, joined)
        if joined is None:
            # the price depends only on the columns that are read
            priced = Query(*self.rows(partition, statement.columns, slotted=statement.slotted))
            result = self._jobs.run(place_of(partition), query, priced=priced)
        else:
            result = self._jobs.run(place_of(partition), query, tables=2)
        batches = list(self._jobs.batches(place_of(partition), result))
        return pa.Table.from_batches(batches) if batches else pa.table({})

    def fetched(self, place: str, query: Query) -> Iterator[pa.RecordBatch]:
        """See `SqlTable`."""
        yield from self._jobs.batches(place, self._jobs.run(place, query))

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
        for row in self._rows_of(result):
            at = datetime.strptime(row["partition_id"], form).replace(tzinfo=UTC)
            if row["total_rows"]:
                parts.setdefault(at - (at - span.start) % self._grain, []).append(row)
        return {start: _state(rows) for start, rows in sorted(parts.items())}

    def _count_by_time(self, wanted: Sequence[datetime]) -> dict[datetime, tuple[int, int, str]]:
        """Return rows, bytes (unknown: 0) and state of each partition, from the times of the rows."""
        column, grain = quoted(self._column), self._grain
        ranges = merged_ranges(TimeRange(start, start + grain) for start in wanted)
        condition, parameters = self._within(ranges)
        slot, more = self._slot(ranges)
        text = (
            f"SELECT {slot} AS slot, COUNT(*) AS n, "
            f"CAST(MAX({column}) AS STRING) AS newest FROM {quoted(self._name)} WHERE {condition} GROUP BY slot"
        )
        result_rows = self._result_rows(Query(text, parameters | more))
        return {wanted[0] + row["slot"] * grain: (row["n"], 0, f"newest {row['newest']}") for row in result_rows}

    def _rows_of(self, result: Any) -> Iterator[dict[str, Any]]:
        for batch in self._jobs.batches(self._name, result):
            yield from batch.to_pylist()

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
