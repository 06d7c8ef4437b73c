"""Partitions of a table in BigQuery: stretches of its timestamp, counted where they are.

A partition is `[start, start + grain)` of one column, and every query says so: of a table that is partitioned by that
column BigQuery then reads no more. What there is comes from the table's own partitions, with when each was last
modified, where they are as fine as the spec's; elsewhere the rows of the column are counted, and a partition is taken
for another when their number, or the newest time among them, differs.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pyarrow as pa

from exporter.errors import SourceError
from exporter.sources.bigquery_jobs import DEFAULT_LIMITS, Jobs, JobTerms, Limits, Query
from exporter.sources.engine import JOINED_ROWS, ROWS, SLOT, TIME_KINDS, JoinedRows, Kind, Parameter, Statement, quoted
from exporter.sources.source import Batch, Kernel, Partition, Selection, Source, StoredObject, Stream, Traffic

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField, Table

T = TypeVar("T")

_STAMP: Final = "%Y-%m-%dT%H:%M:%SZ"
_STRETCH: Final = re.compile(r"\[([0-9TZ:-]+), ([0-9TZ:-]+)\)")
_STANDARD: Final = {"BOOLEAN": "BOOL", "FLOAT": "FLOAT64", "INTEGER": "INT64", "RECORD": "STRUCT"}
_INGESTION: Final = "_PARTITIONTIME"
"""The column of a table that is partitioned by when its rows came."""
_NAMED: Final = {"HOUR": (timedelta(hours=1), "%Y%m%d%H"), "DAY": (timedelta(days=1), "%Y%m%d")}
"""How long a table's own partitions are, and how they are named."""
_MODIFIED: Final = "last_modified_time"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open stretch of a table's time, in UTC."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        """As it stands in the path of a stored object."""
        return f"[{self.start:{_STAMP}}, {self.end:{_STAMP}})"


class BigQuery:
    """A table, or the part of one that a stream is."""

    def __init__(
        self, table: str, terms: JobTerms, stream: Stream, *, whole: bool, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        """Remember where to look; nothing is asked, and no credentials are needed, before the first call.

        Args:
            table: `project.dataset.table`.
            terms: on what terms queries run.
            stream: which rows are which partition.
            whole: whether queries may read all of the table.
            limits: how patient requests are.
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
        table = self._described(anew=True)
        self._refuse_unpartitioned(table)
        own = self._own_partitions(table, Stretch(wanted[0], wanted[-1] + self._grain))
        found = self._counted(wanted) if own is None else own
        return {start: self._partition(start, *found[start]) for start in wanted if start in found}

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        table = self._described(anew=True)
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
        return {field.name: _type(field) for field in self._described(anew=False).schema}

    def stretch(self, start: datetime) -> Partition:
        """See `CountingSource`."""
        return self._partition(start, 0, 0, "")

    def can_join(self, other: Source) -> bool:
        """See `CountingSource`: tables of one location do."""
        return isinstance(other, BigQuery) and self.location == other.location

    @property
    def location(self) -> str | None:
        """Where queries run; None where the service finds it by the tables."""
        return self._jobs.location

    def count(self, partition: Partition, statement: Statement, beside: JoinedRows | None = None) -> pa.Table:
        """See `CountingSource`."""
        rows, parameters = self.rows(partition, statement.columns, slotted=statement.slotted)
        # what it reads are the columns of these rows, whatever it makes of them
        steps, priced = {ROWS: rows}, Query(rows, parameters)
        if beside is not None and isinstance(beside.source, BigQuery):
            others, more = beside.source.rows(beside.partition, beside.columns, slotted=True, prefix="joined_")
            steps, parameters = {**steps, JOINED_ROWS: others}, {**parameters, **more}
        steps |= statement.steps
        text = ",\n".join(f"{name} AS (\n{query}\n)" for name, query in steps.items())
        query = Query(f"WITH {text}\n{statement.select}", {**parameters, **statement.parameters})
        if beside is None:
            found = self._jobs.run(_place(partition), query, priced=priced)
        else:
            found = self._jobs.run(_place(partition), query, tables=2)
        batches = list(self._jobs.batches(_place(partition), found))
        return pa.Table.from_batches(batches) if batches else pa.table({})

    # ------------------------------------------------------------------------------------------------ rows

    def _batches(self, partition: Partition, selection: Selection) -> Generator[Batch]:
        """The rows of the selected columns; of none, as many as were listed, and nothing is asked."""
        fields = self._described(anew=False).schema
        schema = pa.schema([(field.name, pa.null()) for field in fields])
        wanted = [name for name in dict.fromkeys(selection.columns) if name in schema.names]
        listed = [int(item.tag.split(" ", 1)[0]) for item in partition.objects]
        if not wanted:
            yield Batch(pa.table({"": pa.nulls(sum(listed))}).select([]), first=True, schema=schema)
            return
        rows, parameters = self.rows(partition, wanted)
        found = self._jobs.run(_place(partition), Query(rows, parameters))
        for batch in self._jobs.batches(_place(partition), found):
            yield Batch(pa.Table.from_batches([batch]), first=True, schema=schema)

    def rows(
        self, partition: Partition, columns: Sequence[str], *, slotted: bool = False, prefix: str = ""
    ) -> tuple[str, dict[str, Parameter]]:
        """The query for some columns of a partition's rows, and the values that it names, which begin with `prefix`."""
        stretches = [_stretch(item) for item in partition.objects]
        asked = ", ".join(map(quoted, columns)) or "1 AS one"
        if None in stretches:
            return f"SELECT {asked} FROM {quoted(self._name)}", {}
        joined = _joined(filter(None, stretches))
        condition, parameters = self._within(joined, prefix)
        if slotted:
            asked += f", {self._slot(prefix)} AS {SLOT}"
            parameters |= self._slots(joined[0].start, prefix)
        return f"SELECT {asked} FROM {quoted(self._name)} WHERE {condition}", parameters

    def _slot(self, prefix: str = "") -> str:
        """The expression of how many partitions after the first a row's is."""
        return f"DIV((UNIX_SECONDS(CAST({quoted(self._column)} AS TIMESTAMP)) - @{prefix}first), @{prefix}grain)"

    def _slots(self, first: datetime, prefix: str = "") -> dict[str, Parameter]:
        return {
            f"{prefix}first": Parameter("INT64", int(first.timestamp())),
            f"{prefix}grain": Parameter("INT64", int(self._grain.total_seconds())),
        }

    def _within(self, stretches: Sequence[Stretch], prefix: str = "") -> tuple[str, dict[str, Parameter]]:
        """The condition that a row lies in one of some stretches."""
        column, kind = quoted(self._column), self._kind
        conditions, parameters = [], {}
        for number, stretch in enumerate(stretches):
            start, end = f"{prefix}start{number}", f"{prefix}end{number}"
            conditions.append(f"({column} >= @{start} AND {column} < @{end})")
            parameters[start] = Parameter(kind, _as_kind(stretch.start, kind))
            parameters[end] = Parameter(kind, _as_kind(stretch.end, kind))
        return " OR ".join(conditions), parameters

    # ------------------------------------------------------------------------------------------------ what there is

    def _own_partitions(self, table: Table, span: Stretch) -> dict[datetime, tuple[int, int, str]] | None:
        """Rows, bytes and state of each partition from the table's own; `None` where these cannot tell."""
        unit, form = _NAMED.get(_unit(table, self._column) or "", (None, ""))
        if unit is None or self._grain % unit:
            return None
        text = (
            f"SELECT * FROM {quoted(self._name.rpartition('.')[0] + '.INFORMATION_SCHEMA.PARTITIONS')} "
            "WHERE table_name = @table AND partition_id BETWEEN @first AND @last"
        )
        named = {"table": table.table_id, "first": f"{span.start:{form}}", "last": f"{span.end - unit:{form}}"}
        values = {name: Parameter("STRING", value) for name, value in named.items()}
        found = self._jobs.run(self._name, Query(text, values))
        if _MODIFIED not in {field.name for field in found.schema}:
            return None
        parts: dict[datetime, list[Mapping[str, Any]]] = {}
        for row in self._told(found):
            at = datetime.strptime(row["partition_id"], form).replace(tzinfo=UTC)
            if row["total_rows"]:
                parts.setdefault(at - (at - span.start) % self._grain, []).append(row)
        return {start: _state(rows) for start, rows in sorted(parts.items())}

    def _counted(self, wanted: Sequence[datetime]) -> dict[datetime, tuple[int, int, str]]:
        """Rows, bytes (not known: 0) and state of each partition, from the rows' own times."""
        column, grain = quoted(self._column), self._grain
        condition, parameters = self._within(_joined(Stretch(start, start + grain) for start in wanted))
        text = (
            f"SELECT {self._slot()} AS slot, COUNT(*) AS n, "
            f"CAST(MAX({column}) AS STRING) AS newest FROM {quoted(self._name)} WHERE {condition} GROUP BY slot"
        )
        parameters |= self._slots(wanted[0])
        found = self._told(self._jobs.run(self._name, Query(text, parameters)))
        return {wanted[0] + row["slot"] * grain: (row["n"], 0, f"newest {row['newest']}") for row in found}

    def _told(self, found: Any) -> Iterator[dict[str, Any]]:
        for batch in self._jobs.batches(self._name, found):
            yield from batch.to_pylist()

    def _partition(self, start: datetime, rows: int, size: int, state: str) -> Partition:
        path = f"{self._name} {Stretch(start, start + self._grain)}"
        return Partition(f"{start:%Y-%m-%dT%H:%MZ}", (StoredObject(path, size, f"{rows} rows, {state}"),))

    # ------------------------------------------------------------------------------------------------ the table

    def _described(self, *, anew: bool) -> Table:
        if anew or self._table is None:
            self._table = self._jobs.table(self._name)
        return self._table

    def _refuse_unpartitioned(self, table: Table) -> None:
        if self._whole or _unit(table, self._column) is not None:
            return
        by = table.time_partitioning.field or _INGESTION if table.time_partitioning else None
        told = f"partitioned by {by}, not by {self._column}" if by else f"not partitioned by {self._column}"
        hint = f"partition_column: {by}" if by else f"a table that is partitioned by {self._column}"
        raise SourceError(
            f"{self._name}: is {told}, so every query would read all of it; "
            f"name {hint} in the spec, or say `unpartitioned: true` beside the table"
        )

    @property
    def _grain(self) -> timedelta:
        if self._stream.grain is None:
            raise SourceError(f"{self._name}: is one data set here, without partitions")
        return self._stream.grain

    @property
    def _column(self) -> str:
        if self._stream.timestamp is None:
            raise SourceError(f"{self._name}: no column of times is named, so no partition can be found")
        return self._stream.timestamp

    @property
    def _kind(self) -> Kind:
        """The type of the column of times."""
        if self._column == _INGESTION:
            return "TIMESTAMP"
        found = next((_type(field) for field in self._described(anew=False).schema if field.name == self._column), None)
        kind = next((kind for kind in TIME_KINDS if kind == found), None)
        if kind is None:
            told = f"is {found}, not {', '.join(TIME_KINDS)}" if found else "does not exist"
            raise SourceError(f"{self._name}: the column {self._column} {told}")
        if kind == "DATE" and self._grain % timedelta(days=1):
            raise SourceError(f"{self._name}: the column {self._column} is DATE; make the grain whole days")
        return kind


def _type(field: SchemaField) -> str:
    return "ARRAY" if field.mode == "REPEATED" else _STANDARD.get(field.field_type, field.field_type)


def _unit(table: Table, column: str) -> str | None:
    """How long the table's own partitions are if they are by this column; HOUR, DAY, MONTH or YEAR."""
    by = table.time_partitioning
    return by.type_ if by is not None and (by.field or _INGESTION) == column else None


def _state(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int, str]:
    modified = max(row[_MODIFIED] for row in rows)
    size = sum(row.get("total_logical_bytes") or 0 for row in rows)
    return sum(row["total_rows"] for row in rows), size, f"modified {modified.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _stretch(item: StoredObject) -> Stretch | None:
    """The stretch of a stored object; `None` for a whole table."""
    match = _STRETCH.search(item.path)
    if match is None:
        return None
    start, end = (datetime.strptime(text, _STAMP).replace(tzinfo=UTC) for text in match.groups())
    return Stretch(start, end)


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time in as few stretches as can be."""
    joined: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda each: each.start):
        if joined and joined[-1].end >= stretch.start:
            joined[-1] = Stretch(joined[-1].start, max(joined[-1].end, stretch.end))
        else:
            joined.append(stretch)
    return joined


def _as_kind(moment: datetime, kind: Kind) -> datetime | Any:
    """A moment in UTC as a column of this type holds it."""
    plain = moment.astimezone(UTC)
    return {"DATE": plain.date(), "DATETIME": plain.replace(tzinfo=None)}.get(kind, plain)


def _place(partition: Partition) -> str:
    first = partition.objects[0].path
    return first if len(partition.objects) == 1 else f"{first} and {len(partition.objects) - 1} more"
