"""Statements of the Data API: where they run, waited for, limited and cancelled."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from engines import QUICK, WAREHOUSE
from exporter.errors import PartitionUnreadable, SourceUnavailable
from exporter.sources.engine import Parameter
from exporter.sources.source import Traffic
from exporter.sources.tables.redshift.statements import Statements, Warehouse
from exporter.sources.tables.sql_table import Query
from redshift_server import RedshiftServer

ONE = Query("SELECT 1 AS one", {})


def _run(statements: Statements, query: Query = ONE) -> list[dict[str, Any]]:
    return [row for batch in statements.run("dev.ml.log", query) for row in batch.to_pylist()]


def test_a_statement_runs_where_and_as_whom_the_spec_says(redshift_server: RedshiftServer) -> None:
    seen: list[dict[str, object]] = []
    redshift_server.refusals.append(lambda name, body: seen.append(body) if name == "ExecuteStatement" else None)
    for place in (
        WAREHOUSE,
        Warehouse("dev", cluster="dw", user="leeway"),
        Warehouse("dev", cluster="dw", secret="arn:a"),  # noqa: S106
    ):
        assert _run(Statements(place, Traffic(), QUICK)) == [{"one": 1}]
    own = [{name: value for name, value in body.items() if name not in {"Sql", "ClientToken"}} for body in seen]
    assert own == [
        {"Database": "dev", "WorkgroupName": "monitoring", "StatementName": "leeway"},
        {"Database": "dev", "ClusterIdentifier": "dw", "DbUser": "leeway", "StatementName": "leeway"},
        {"Database": "dev", "ClusterIdentifier": "dw", "SecretArn": "arn:a", "StatementName": "leeway"},
    ]


def test_requests_and_the_bytes_of_results_are_counted_and_nothing_is_billed(redshift_server: RedshiftServer) -> None:
    traffic = Traffic()
    _run(Statements(WAREHOUSE, traffic, QUICK))
    assert traffic.requests >= 3, "start, state, result"
    assert (traffic.bytes_read, traffic.bytes_billed) == (10, None)


def test_values_of_every_type_come_back_as_they_are(redshift_server: RedshiftServer) -> None:
    """Sums of integers are NUMERIC there; floats that JSON has no number for are words."""
    text = (
        "SELECT SUM(a) AS total, MAX(b) AS top, MIN(b) AS low, MAX(c) AS word, MAX(d) AS day, MAX(e) AS flagged, "
        "MAX(t) AS seen, MAX(p) AS price, SUM(a) * 10000000000 AS large FROM `ml`.`t`"
    )
    redshift_server.load("t", pa.table({
        "a": pa.array([2**60, 1, None], pa.int64()),
        "b": [float("inf"), 0.1, float("-inf")],
        "c": ["a", 'ü"\\\n', None],
        "d": [date(2026, 1, 2), None, None],
        "e": pa.array([1, 0, None], pa.int32()),
        "t": pa.array([datetime(2026, 1, 2, 3, 4, 5, 678, UTC), None, None], pa.timestamp("us", "UTC")),
        "p": pa.array([Decimal("1.50"), None, None], pa.decimal128(10, 2)),
    }))  # fmt: skip
    assert _run(Statements(WAREHOUSE, Traffic(), QUICK), Query(text, {})) == [
        {
            "total": 2**60 + 1,
            "top": float("inf"),
            "low": float("-inf"),
            "word": 'ü"\\\n',
            "day": date(2026, 1, 2),
            "flagged": 1,
            "seen": datetime(2026, 1, 2, 3, 4, 5, 678, UTC),
            "price": Decimal("1.50"),
            "large": Decimal((2**60 + 1) * 10**10),
        }
    ]


def test_a_query_that_takes_too_long_is_cancelled(redshift_server: RedshiftServer) -> None:
    redshift_server.endings.append(lambda text: ("STARTED", ""))
    waits: list[float] = []
    statements = Statements(WAREHOUSE, Traffic(), QUICK._replace(query=10.0, poll=1.0), waits.append)
    with pytest.raises(SourceUnavailable, match="took longer than 10 seconds and was cancelled"):
        _run(statements)
    assert waits == [1.0, 1.5, 2.0, 2.0, 2.0, 2.0], "until ten seconds have passed"
    assert len(redshift_server.cancelled) == 1


def test_a_query_is_cancelled_when_the_refresh_ends(redshift_server: RedshiftServer) -> None:
    redshift_server.endings.append(lambda text: ("SUBMITTED", ""))

    def ended(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(Statements(WAREHOUSE, Traffic(), QUICK, ended))
    assert len(redshift_server.cancelled) == 1


def test_a_query_that_cannot_be_cancelled_fails_for_its_own_reason(redshift_server: RedshiftServer) -> None:
    redshift_server.endings.append(lambda text: ("PICKED", ""))
    redshift_server.refusals.append(lambda name, body: ("AccessDenied", "no") if name == "CancelStatement" else None)
    with pytest.raises(SourceUnavailable, match="took longer than 0 seconds"):
        _run(Statements(WAREHOUSE, Traffic(), QUICK._replace(query=0.0)))


def test_a_query_that_the_data_api_does_not_take_is_not_sent(redshift_server: RedshiftServer) -> None:
    long = Query("SELECT @a AS a", {"a": Parameter("STRING", "x" * 100_000)})
    with pytest.raises(PartitionUnreadable, match=r"the query has 1000\d\d bytes, and Redshift's Data API takes 100"):
        _run(Statements(WAREHOUSE, Traffic(), QUICK), long)
    assert not redshift_server.sent_queries
