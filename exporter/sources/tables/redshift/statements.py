"""Statements of Redshift's Data API: started, waited for, cancelled when nobody waits any longer, and their results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from exporter.errors import PartitionUnreadable
from exporter.sources.source import Traffic
from exporter.sources.tables.aws_queries import DEFAULT_LIMITS, AwsQueries, Limits
from exporter.sources.tables.redshift.client import FAILURES, connect
from exporter.sources.tables.redshift.dialect import redshift_text
from exporter.sources.tables.sql_table import Query

LONGEST: Final = 100_000
"""Bytes of the longest statement that the Data API takes."""

_FAILED: Final = {"FAILED": "the query failed", "ABORTED": "the query was cancelled"}
_ENDED: Final = {"FINISHED", *_FAILED}


def _moment(value: Any) -> datetime:
    """Return a time as Redshift writes it: without a zone, or with an offset such as `+00`."""
    return datetime.fromisoformat(str(value))


_TYPES: Final[Mapping[str, tuple[pa.DataType, Callable[[Any], Any]]]] = {
    **dict.fromkeys(("int2", "int4", "int8"), (pa.int64(), int)),
    **dict.fromkeys(("float4", "float8"), (pa.float64(), float)),
    "bool": (pa.bool_(), bool),
    "date": (pa.date32(), date.fromisoformat),
    "timestamp": (pa.timestamp("us"), _moment),
    "timestamptz": (pa.timestamp("us", "UTC"), lambda value: _moment(value).astimezone(UTC)),
}
"""The type of a result's column in Arrow, and how its values are read; any other is a text."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Where statements run, and as whom: a workgroup or a cluster, and a database.

    `user` is a user of the database and `secret` the ARN of one's password; without both it is the identity of the AWS
    environment.
    """

    database: str
    workgroup: str | None = None
    cluster: str | None = None
    user: str | None = None
    secret: str | None = None

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments of a request."""
        names = {
            "Database": self.database,
            "WorkgroupName": self.workgroup,
            "ClusterIdentifier": self.cluster,
            "DbUser": self.user,
            "SecretArn": self.secret,
        }
        return {name: value for name, value in names.items() if value is not None}


class Statements(AwsQueries):
    """Runs queries. One thread uses it at a time."""

    def __init__(
        self,
        warehouse: Warehouse,
        traffic: Traffic,
        limits: Limits = DEFAULT_LIMITS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Args:
            warehouse: where queries run.
            traffic: where requests and bytes are counted: those of results, since what was read is not reported.
            limits: timeouts.
            sleep: waits for some seconds.
        """
        super().__init__(FAILURES, traffic, limits, sleep)
        self._warehouse = warehouse

    def types(self, place: str, query: Query) -> Mapping[str, str]:
        """Return Redshift's type of each column of a query's result.

        Raises:
            SourceError: as `run`.
        """
        with FAILURES.translated(place):
            page = next(self._pages(self._succeeded(place, query)))
            return {column["name"]: column["typeName"] for column in page["ColumnMetadata"]}

    def run(self, place: str, query: Query) -> Iterator[pa.RecordBatch]:
        """Run one query and yield its result; a query that is not waited for to its end is cancelled.

        Args:
            place: what it reads, for messages.
            query: the query.

        Raises:
            SourceUnavailable, PartitionUnreadable: as `exporter.sources.engine.CountingSource.count`.
        """
        with FAILURES.translated(place):
            for page in self._pages(self._succeeded(place, query)):
                yield _batch(page["ColumnMetadata"], page["Records"])

    def _succeeded(self, place: str, query: Query) -> str:
        """Return the id of a query that has succeeded."""
        text = redshift_text(query.text, query.parameters)
        if (size := len(text.encode())) > LONGEST:
            raise PartitionUnreadable(
                f"{place}: the query has {size} bytes, and Redshift's Data API takes {LONGEST}; "
                "watch fewer values of segments"
            )
        name, state = self._finished(place, text)
        if state["Status"] in _FAILED:
            reason = state.get("Error") or "no reason is given"
            raise FAILURES.of(place, f"{_FAILED[state['Status']]}: {reason} (query {name})")
        return name

    def _start(self, text: str) -> str:
        self._traffic.requests += 1
        client = connect(self._limits).client
        return str(client.execute_statement(Sql=text, StatementName="leeway", **self._warehouse.arguments)["Id"])

    def _ended(self, name: str) -> Mapping[str, Any] | None:
        self._traffic.requests += 1
        state: Mapping[str, Any] = connect(self._limits).client.describe_statement(Id=name)
        if state["Status"] not in _ENDED:
            return None
        self._traffic.bytes_read += max(int(state.get("ResultSize") or 0), 0)
        return state

    def _cancel(self, name: str) -> None:
        self._traffic.requests += 1
        connect(self._limits).client.cancel_statement(Id=name)

    def _pages(self, name: str) -> Iterator[Mapping[str, Any]]:
        token: dict[str, str] = {}
        while True:
            self._traffic.requests += 1
            page: Mapping[str, Any] = connect(self._limits).client.get_statement_result(Id=name, **token)
            yield page
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}


def _batch(columns: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Mapping[str, Any]]]) -> pa.RecordBatch:
    values = [[_value(each) for each in row] for row in rows]
    arrays = [_column(column, [row[place] for row in values]) for place, column in enumerate(columns)]
    return pa.RecordBatch.from_arrays(arrays, names=[column["name"] for column in columns])


def _value(field: Mapping[str, Any]) -> Any:
    """Return the value of a field, which has one member: the value by its kind, or that it is null."""
    return None if field.get("isNull") else next(iter(field.values()))


def _column(column: Mapping[str, Any], values: list[Any]) -> pa.Array:
    if column["typeName"] == "numeric":
        scale = column.get("scale") or 0
        numbers = [None if value is None else Decimal(value) for value in values]
        return pa.array(numbers, pa.decimal128(38, scale)) if scale else _whole_numbers(numbers)
    arrow, read = _TYPES.get(column["typeName"], (pa.string(), str))
    return pa.array([None if value is None else read(value) for value in values], arrow)


def _whole_numbers(numbers: list[Decimal | None]) -> pa.Array:
    """Return whole numbers, such as sums of integers, as integers if these can hold them."""
    small = all(number is None or abs(number) < 2**63 for number in numbers)
    return (
        pa.array([None if number is None else int(number) for number in numbers], pa.int64())
        if small
        else pa.array(numbers, pa.decimal128(38, 0))
    )
