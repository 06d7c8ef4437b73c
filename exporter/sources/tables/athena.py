"""Partitions of a table in Athena: folders of its partition keys, or ranges of its timestamp, counted by Athena.

The statements are those of BigQuery, translated. Where the table's folders are as fine as the spec's partitions, they
decide which rows a partition has, as paths do. Elsewhere the column of times decides, and the folders only limit what
is read. The existing partitions are counted by a query that reads no column: a partition counts as changed when the
number or size of its rows or files changes, or the time at which the newest file was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from exporter.errors import PartitionUnreadable, SourceError
from exporter.sources.engine import SLOT, JoinedRows, Parameter, Statement, quoted
from exporter.sources.source import Partition, Source, StoredObject, Stream
from exporter.sources.tables.athena_queries import LONGEST, Queries, QueryTerms
from exporter.sources.tables.aws_queries import DEFAULT_LIMITS, Limits
from exporter.sources.tables.dialect import athena_text
from exporter.sources.tables.partition_keys import PartitionKeys
from exporter.sources.tables.sql_table import Query, SqlTable, place_of, with_steps
from exporter.sources.tables.time_range import TimeRange

_STANDARD: Final = {
    **dict.fromkeys(("tinyint", "smallint", "int", "integer", "bigint"), "INT64"),
    **dict.fromkeys(("float", "real", "double"), "FLOAT64"),
    **dict.fromkeys(("string", "varchar", "char"), "STRING"),
    **dict.fromkeys(("timestamp", "timestamptz", "timestamp with time zone"), "TIMESTAMP"),
    "boolean": "BOOL",
    "date": "DATE",
    "decimal": "NUMERIC",
    "binary": "BYTES",
}
_READ: Final = {
    "INT64": "CAST({0} AS INT64) AS {0}",
    "FLOAT64": "CAST({0} AS FLOAT64) AS {0}",
    "STRING": "CAST({0} AS STRING) AS {0}",
    "TIMESTAMP": "CAST({0} AS TIMESTAMP) AS {0}",
}
"""How a column is read, so that a statement sees one type of each kind."""
_FOR_ROWS: Final = 60_000
"""Bytes of a query that are left for the condition of its rows."""
_NO_FILES: Final = "COLUMN_NOT_FOUND"
"""In the message of an error about a table that has no files, such as a view."""


class Athena(SqlTable):
    """A table of Athena as a source."""

    def __init__(
        self,
        table: str,
        terms: QueryTerms,
        stream: Stream,
        *,
        keys: Mapping[str, str],
        whole: bool,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Args:
            table: `database.table` or `catalog.database.table`.
            terms: where queries run.
            stream: how the rows are cut into partitions.
            keys: the templates of the partition keys, the coarsest first; empty where the spec names none.
            whole: whether queries may read all of the table.
            limits: timeouts.
        """
        super().__init__(table, stream, whole=whole)
        self._terms = terms
        self._templates = keys
        self._queries = Queries(terms, self.traffic, limits)
        self._table: Mapping[str, Any] | None = None
        self._has_files = True

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        wanted = sorted(dict.fromkeys(starts))
        if not wanted:
            return {}
        self._refuse_unpartitioned(self._metadata(refresh=True))
        found = self._found(wanted, self._states)
        return {start: self._partition(start, *_state(row)) for start, row in found.items()}

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        self._metadata(refresh=True)
        found = next(iter(self._states(f"0 AS {SLOT}", "TRUE", {})), None)
        if found is None:
            return None
        rows, size, state = _state(found)
        return Partition(self._name, (StoredObject(self._name, size, f"{rows} rows, {state}"),))

    def types(self, partition: Partition) -> Mapping[str, str]:
        """See `CountingSource`."""
        metadata = self._metadata(refresh=False)
        columns = [*metadata.get("Columns", ()), *metadata.get("PartitionKeys", ())]
        return {column["Name"]: standard_type(column.get("Type", "")) for column in columns}

    def can_join(self, other: Source) -> bool:
        """See `CountingSource`: tables of one workgroup can be joined."""
        return isinstance(other, Athena) and self._terms.workgroup == other._terms.workgroup  # noqa: SLF001

    def fits(self, statement: Statement) -> bool:
        """See `CountingSource`."""
        text = athena_text(with_steps(statement.steps, statement.select), statement.parameters)
        return len(text.encode()) <= LONGEST - _FOR_ROWS

    def count(self, partition: Partition, statement: Statement, joined: JoinedRows | None = None) -> pa.Table:
        """See `CountingSource`."""
        batches = list(self.fetched(place_of(partition), self.assembled(partition, statement, joined)))
        return pa.Table.from_batches(batches)

    def fetched(self, place: str, query: Query) -> Iterator[pa.RecordBatch]:
        """See `SqlTable`."""
        yield from self._queries.run(place, query)

    # ------------------------------------------------------------------------------------------------ rows

    def _read(self, column: str) -> str:
        kind = self.types(Partition(self._name, ())).get(column, "")
        return _READ.get(kind, "{0}").format(quoted(column))

    def _within(self, ranges: Sequence[TimeRange], prefix: str = "") -> tuple[str, dict[str, Parameter]]:
        keys = self._keys
        if keys is None:
            return super()._within(ranges, prefix)
        condition, parameters = keys.within(ranges, prefix)
        if self._by_folder(keys):
            return condition, parameters
        times, more = super()._within(ranges, prefix)
        return f"({condition}) AND ({times})", parameters | more

    def _slot(self, ranges: Sequence[TimeRange], prefix: str = "") -> tuple[str, dict[str, Parameter]]:
        keys = self._keys
        if keys is not None and self._by_folder(keys):
            return keys.slot(ranges, self._grain, prefix)
        return super()._slot(ranges, prefix)

    def _by_folder(self, keys: PartitionKeys) -> bool:
        """Return whether the folders alone decide which rows a partition has."""
        return not self._grain % keys.grain

    # ------------------------------------------------------------------------------------------------ what there is

    def _states(self, slot: str, condition: str, parameters: Mapping[str, Parameter]) -> list[Mapping[str, Any]]:
        """Return rows, files with their size, and the newest time of each partition that has rows."""
        if self._has_files:
            size = "NULL" if self._iceberg else "`$file_size`"
            try:
                return self._counted(slot, ("`$path`", size, "`$file_modified_time`"), condition, parameters)
            except PartitionUnreadable as problem:
                if _NO_FILES not in str(problem) or "$" not in str(problem):
                    raise
                self._has_files = False
        column = self._stream.timestamp
        times = quoted(column) if column is not None and column in self.types(Partition("", ())) else "NULL"
        return self._counted(slot, ("CAST(NULL AS STRING)", "NULL", times), condition, parameters)

    def _counted(
        self, slot: str, columns: tuple[str, str, str], condition: str, parameters: Mapping[str, Parameter]
    ) -> list[Mapping[str, Any]]:
        file, size, time = columns
        text = (
            f"WITH listed AS (SELECT {slot}, {file} AS file, CAST({size} AS INT64) AS size, {time} AS newest "
            f"FROM {self._quoted_name} WHERE {condition}), files AS (SELECT {SLOT}, file, COUNT(*) AS n, "
            f"MAX(size) AS size, MAX(newest) AS newest FROM listed GROUP BY {SLOT}, file) "
            f"SELECT {SLOT}, SUM(n) AS n, COUNT(file) AS files, SUM(size) AS size, "
            f"CAST(MAX(newest) AS STRING) AS newest FROM files GROUP BY {SLOT}"
        )
        return list(self._result_rows(Query(text, parameters)))

    # ------------------------------------------------------------------------------------------------ the table

    @property
    def _quoted_name(self) -> str:
        return ".".join(map(quoted, self._name.split(".")))

    def _metadata(self, *, refresh: bool) -> Mapping[str, Any]:
        if refresh or self._table is None:
            self._table = self._queries.metadata(self._name, self._name.rpartition(".")[2])
        return self._table

    @property
    def _iceberg(self) -> bool:
        """Whether it is an Iceberg table: its partitioning is hidden, and its files have no column of their size."""
        parameters = self._metadata(refresh=False).get("Parameters") or {}
        return str(parameters.get("table_type", "")).upper() == "ICEBERG"

    @property
    def _keys(self) -> PartitionKeys | None:
        return PartitionKeys(self._templates, self.types(Partition("", ()))) if self._templates else None

    def _refuse_unpartitioned(self, metadata: Mapping[str, Any]) -> None:
        """Refuse a table of which a query would read everything, and keys that it does not have."""
        keys = [key["Name"] for key in metadata.get("PartitionKeys", ())]
        has = f"its partition keys are {', '.join(keys)}" if keys else "it has no partition keys"
        iceberg = self._iceberg
        missing = [key for key in self._templates if key not in keys]
        if missing and not (self._whole or iceberg):
            raise SourceError(f"{self._name}: {', '.join(missing)} is no partition key of the table; {has}")
        if self._templates or self._whole or iceberg:
            return
        hint = (
            f'name them in the spec, such as partition_keys: {{{keys[0]}: "%Y-%m-%d"}}'
            if keys
            else "use a table with partition keys"
        )
        raise SourceError(
            f"{self._name}: every query would read all of it: {has}; "
            f"{hint}, or set `unpartitioned: true` next to the table"
        )


def standard_type(name: str) -> str:
    """Return GoogleSQL's type of a column, from the name of its type in Athena."""
    plain = name.lower().split("(", 1)[0].split("<", 1)[0].strip()
    if plain.startswith("timestamp"):
        return "TIMESTAMP"
    return _STANDARD.get(plain, plain.upper() or "UNKNOWN")


def _state(row: Mapping[str, Any]) -> tuple[int, int, str]:
    return row["n"], row["size"] or 0, f"{row['files']} files, newest {row['newest']}"
