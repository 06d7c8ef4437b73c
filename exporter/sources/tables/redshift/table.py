"""Partitions of a table in Redshift: ranges of its timestamp, counted by Redshift.

The statements are those of BigQuery, translated. A table of Redshift has no partitions and does not tell when it was
changed, so the rows are counted by the column of times: a partition counts as changed when the number of its rows, the
newest time among them, or the sum of their times changes. Where the table is sorted by that column, an hour's query
reads the blocks of the hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from exporter.sources.engine import SLOT, TIME_KINDS, JoinedRows, Parameter, Statement, quoted
from exporter.sources.source import Partition, Source, StoredObject, Stream
from exporter.sources.tables.aws_queries import DEFAULT_LIMITS, Limits
from exporter.sources.tables.redshift.dialect import redshift_text
from exporter.sources.tables.redshift.statements import LONGEST, Statements, Warehouse
from exporter.sources.tables.sql_table import Query, SqlTable, place_of, with_steps
from exporter.sources.tables.time_range import TimeRange

_STANDARD: Final = {
    **dict.fromkeys(("int2", "int4", "int8"), "INT64"),
    **dict.fromkeys(("float4", "float8"), "FLOAT64"),
    **dict.fromkeys(("varchar", "bpchar", "char", "text"), "STRING"),
    "bool": "BOOL",
    "date": "DATE",
    "numeric": "NUMERIC",
    "timestamp": "DATETIME",
    "timestamptz": "TIMESTAMP",
    "varbyte": "BYTES",
}
_READ: Final = {
    "INT64": "CAST({0} AS INT64)",
    "FLOAT64": "CAST({0} AS FLOAT64)",
    "STRING": "RTRIM({0})",
    "TIMESTAMP": "DATETIME({0}, 'UTC')",
}
"""How a column is read, so that a statement sees one type of each kind. Redshift takes texts that differ in blanks at
their end for equal, so these are cut."""
_COMPARED: Final = (*TIME_KINDS, "INT64", "FLOAT64", "NUMERIC", "STRING")
"""The types of a column of times of which the greatest tells whether a table has changed."""
_NUMBER_BYTES: Final = 8
_FOR_ROWS: Final = 20_000
"""Bytes of a query that are left for the condition of its rows: some two hundred ranges."""


class Redshift(SqlTable):
    """A table or view of Redshift as a source."""

    def __init__(self, table: str, warehouse: Warehouse, stream: Stream, *, limits: Limits = DEFAULT_LIMITS) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Args:
            table: `database.schema.table`.
            warehouse: where queries run.
            stream: how the rows are cut into partitions.
            limits: timeouts.
        """
        super().__init__(table, stream, whole=True)
        self.traffic.bytes_billed = None
        self._warehouse = warehouse
        self._statements = Statements(warehouse, self.traffic, limits)
        self._types: Mapping[str, str] | None = None

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        wanted = sorted(dict.fromkeys(starts))
        if not wanted:
            return {}
        self._types = None
        found = self._found(wanted, self._states)
        return {start: self._partition(start, *_state(row)) for start, row in found.items()}

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`; the size is that of numbers in all columns, since Redshift does not tell the true one."""
        self._types = None
        found = next(iter(self._states(f"0 AS {SLOT}", "TRUE", {})), None)
        if found is None:
            return None
        rows, _, state = _state(found)
        size = rows * len(self.types(Partition(self._name, ()))) * _NUMBER_BYTES
        return Partition(self._name, (StoredObject(self._name, size, f"{rows} rows, {state}"),))

    def types(self, partition: Partition) -> Mapping[str, str]:
        """See `CountingSource`; the result of no row has the types of a table's columns, and of a view's too."""
        if self._types is None:
            found = self._statements.types(self._name, Query(f"SELECT * FROM {self._quoted_name} LIMIT 0", {}))
            self._types = {name: _STANDARD.get(kind, kind.upper()) for name, kind in found.items()}
        return self._types

    def can_join(self, other: Source) -> bool:
        """See `CountingSource`: tables of one database can be joined, by one user."""
        return isinstance(other, Redshift) and self._warehouse == other._warehouse  # noqa: SLF001

    def fits(self, statement: Statement) -> bool:
        """See `CountingSource`."""
        text = redshift_text(with_steps(statement.steps, statement.select), statement.parameters)
        return len(text.encode()) <= LONGEST - _FOR_ROWS

    def count(self, partition: Partition, statement: Statement, joined: JoinedRows | None = None) -> pa.Table:
        """See `CountingSource`."""
        return pa.Table.from_batches(self.fetched(place_of(partition), self.assembled(partition, statement, joined)))

    def fetched(self, place: str, query: Query) -> Iterator[pa.RecordBatch]:
        """See `SqlTable`."""
        yield from self._statements.run(place, query)

    # ------------------------------------------------------------------------------------------------ rows

    def _read(self, column: str) -> str:
        return f"{self._expression(column)} AS {quoted(column)}"

    def _expression(self, column: str) -> str:
        kind = self.types(Partition(self._name, ())).get(column, "")
        return _READ.get(kind, "{0}").format(quoted(column))

    def _slot(self, ranges: Sequence[TimeRange], prefix: str = "") -> tuple[str, dict[str, Parameter]]:
        expression, parameters = super()._slot(ranges, prefix)
        return expression.replace(quoted(self._column), self._expression(self._column)), parameters

    def _states(self, slot: str, condition: str, parameters: Mapping[str, Parameter]) -> list[Mapping[str, Any]]:
        """Return the rows of each partition, and the newest and the sum of their times where they have any."""
        column = self._stream.timestamp or ""
        kind = self.types(Partition(self._name, ())).get(column)
        time = self._expression(column) if kind in _COMPARED else "CAST(NULL AS STRING)"
        micros = f"UNIX_MICROS(CAST({time} AS TIMESTAMP))" if kind in TIME_KINDS else "CAST(NULL AS INT64)"
        text = (
            f"WITH listed AS (SELECT {slot}, {time} AS at, {micros} AS micros "
            f"FROM {self._quoted_name} WHERE {condition}) "
            f"SELECT {SLOT}, COUNT(*) AS n, SUM(micros) AS times, CAST(MAX(at) AS STRING) AS newest "
            f"FROM listed GROUP BY {SLOT}"
        )
        return list(self._result_rows(Query(text, parameters)))

    # ------------------------------------------------------------------------------------------------ the table

    @property
    def _quoted_name(self) -> str:
        """Schema and table: the database is that of the connection."""
        return ".".join(map(quoted, self._name.split(".")[1:]))


def _state(row: Mapping[str, Any]) -> tuple[int, int, str]:
    return row["n"], 0, f"newest {row['newest']}, times {row['times']}"
