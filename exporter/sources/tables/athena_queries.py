"""Queries of Athena: started, waited for, cancelled when nobody waits any longer, and their results read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from exporter.errors import PartitionUnreadable
from exporter.sources.source import Traffic
from exporter.sources.tables.athena_client import FAILURES, connect
from exporter.sources.tables.aws_queries import DEFAULT_LIMITS, AwsQueries, Limits
from exporter.sources.tables.dialect import athena_text
from exporter.sources.tables.sql_table import Query

LONGEST: Final = 262_144
"""Bytes of the longest query that Athena takes."""

_MEGABYTE: Final = 2**20
_PAGE: Final = 1000
"""Rows of a result in one response; Athena gives no more."""
_FAILED: Final = {"FAILED": "the query failed", "CANCELLED": "the query was cancelled"}
_ENDED: Final = {"SUCCEEDED", *_FAILED}


def _moment(text: str) -> datetime:
    """Return a time as Athena writes it; one with a zone is in UTC, since the session is, or has its offset."""
    plain, _, zone = text.partition(" UTC")
    if zone or plain == text:
        head, space, last = text.rpartition(" ")
        plain = f"{head}{last}" if space and last[:1] in "+-" else plain
    moment = datetime.fromisoformat(plain)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_TYPES: Final[Mapping[str, tuple[pa.DataType, Callable[[str], Any]]]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), (pa.int64(), int)),
    **dict.fromkeys(("real", "float", "double"), (pa.float64(), float)),
    "boolean": (pa.bool_(), lambda text: text == "true"),
    "date": (pa.date32(), date.fromisoformat),
    "timestamp": (pa.timestamp("us"), lambda text: _moment(text).replace(tzinfo=None)),
    "timestamp with time zone": (pa.timestamp("us", "UTC"), _moment),
}
"""The type of a result's column in Arrow, and how its texts are read; any other is a text."""


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """Where queries run: the workgroup, where their results are written, and the catalog and database of names.

    `output` is None where the workgroup defines it.
    """

    workgroup: str
    output: str | None
    catalog: str
    database: str


class Queries(AwsQueries):
    """Runs queries. One thread uses it at a time."""

    def __init__(
        self,
        terms: QueryTerms,
        traffic: Traffic,
        limits: Limits = DEFAULT_LIMITS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Args:
            terms: where queries run.
            traffic: where requests and bytes are counted.
            limits: timeouts.
            sleep: waits for some seconds.
        """
        super().__init__(FAILURES, traffic, limits, sleep)
        self._terms = terms

    def metadata(self, place: str, table: str) -> Mapping[str, Any]:
        """Return Athena's metadata of a table; this is free.

        Raises:
            SourceError: the metadata cannot be read.
        """
        self._traffic.requests += 1
        terms = self._terms
        with FAILURES.translated(place):
            answer = connect(self._limits).client.get_table_metadata(
                CatalogName=terms.catalog, DatabaseName=terms.database, TableName=table, WorkGroup=terms.workgroup
            )
        metadata: Mapping[str, Any] = answer["TableMetadata"]
        return metadata

    def run(self, place: str, query: Query) -> Iterator[pa.RecordBatch]:
        """Run one query and yield its result; a query that is not waited for to its end is cancelled.

        Args:
            place: what it reads, for messages.
            query: the query.

        Raises:
            SourceUnavailable, PartitionUnreadable: as `exporter.sources.engine.CountingSource.count`.
        """
        text = athena_text(query.text, query.parameters)
        if (size := len(text.encode())) > LONGEST:
            raise PartitionUnreadable(
                f"{place}: the query has {size} bytes, and Athena takes {LONGEST}; watch fewer values of segments"
            )
        with FAILURES.translated(place):
            name, execution = self._finished(place, text)
            _refuse_failed(place, execution)
            yield from self._pages(name)

    def _start(self, text: str) -> str:
        terms = self._terms
        output = {"ResultConfiguration": {"OutputLocation": terms.output}} if terms.output else {}
        context = {"Catalog": terms.catalog, "Database": terms.database}
        self._traffic.requests += 1
        answer = connect(self._limits).client.start_query_execution(
            QueryString=text, QueryExecutionContext=context, WorkGroup=terms.workgroup, **output
        )
        return str(answer["QueryExecutionId"])

    def _ended(self, name: str) -> Mapping[str, Any] | None:
        """See `AwsQueries`; what an ended query read is counted, whether it succeeded or not."""
        self._traffic.requests += 1
        answer = connect(self._limits).client.get_query_execution(QueryExecutionId=name)
        execution: Mapping[str, Any] = answer["QueryExecution"]
        if execution["Status"]["State"] not in _ENDED:
            return None
        self._count(execution)
        return execution

    def _count(self, execution: Mapping[str, Any]) -> None:
        read = int(execution.get("Statistics", {}).get("DataScannedInBytes") or 0)
        self._traffic.bytes_read += read
        self._traffic.bytes_billed = (self._traffic.bytes_billed or 0) + bytes_billed(read)

    def _cancel(self, name: str) -> None:
        self._traffic.requests += 1
        connect(self._limits).client.stop_query_execution(QueryExecutionId=name)

    def _pages(self, name: str) -> Iterator[pa.RecordBatch]:
        token: dict[str, str] = {}
        header = True
        while True:
            self._traffic.requests += 1
            page = connect(self._limits).client.get_query_results(QueryExecutionId=name, MaxResults=_PAGE, **token)
            rows = page["ResultSet"]["Rows"]
            yield _batch(page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"], rows[1:] if header else rows)
            if not page.get("NextToken"):
                return
            token, header = {"NextToken": page["NextToken"]}, False


def bytes_billed(read: int) -> int:
    """Return the bytes that Athena bills for a query: whole megabytes, ten at least; nothing where nothing is read.

    Source: aws.amazon.com/athena/pricing, SQL queries.
    """
    return max(-(-read // _MEGABYTE), 10) * _MEGABYTE if read else 0


def _refuse_failed(place: str, execution: Mapping[str, Any]) -> None:
    status = execution["Status"]
    if status["State"] in _FAILED:
        reason = status.get("StateChangeReason") or "no reason is given"
        raise FAILURES.of(place, f"{_FAILED[status['State']]}: {reason} (query {execution['QueryExecutionId']})")


def _batch(columns: list[Mapping[str, Any]], rows: list[Mapping[str, Any]]) -> pa.RecordBatch:
    texts = [[value.get("VarCharValue") for value in row["Data"]] for row in rows]
    arrays = [_column(column, [row[place] for row in texts]) for place, column in enumerate(columns)]
    return pa.RecordBatch.from_arrays(arrays, names=[column["Name"] for column in columns])


def _column(column: Mapping[str, Any], texts: list[str | None]) -> pa.Array:
    decimal = pa.decimal128(min(column.get("Precision") or 38, 38), column.get("Scale") or 0), Decimal
    arrow, parse = decimal if column["Type"] == "decimal" else _TYPES.get(column["Type"], (pa.string(), str))
    return pa.array([None if text is None else parse(text) for text in texts], arrow)
