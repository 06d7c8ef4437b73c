"""Queries of Athena: waited for, limited, cancelled, and what they cost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from athena_server import AthenaServer
from engines import QUICK, TERMS
from exporter.errors import PartitionUnreadable, SourceUnavailable
from exporter.sources.engine import Parameter
from exporter.sources.source import Traffic
from exporter.sources.tables.athena_queries import Queries, bytes_billed
from exporter.sources.tables.sql_table import Query

MB = 2**20
ONE = Query("SELECT 1 AS one", {})


def _run(queries: Queries, query: Query = ONE) -> list[dict[str, object]]:
    return [row for batch in queries.run("ml.log", query) for row in batch.to_pylist()]


def test_a_query_runs_in_its_workgroup_with_its_output_and_names(athena_server: AthenaServer) -> None:
    seen: list[dict[str, object]] = []
    athena_server.refusals.append(lambda name, body: seen.append(body) if name == "StartQueryExecution" else None)
    assert _run(Queries(TERMS, Traffic(), QUICK)) == [{"one": 1}]
    _run(Queries(replace(TERMS, output=None, catalog="lake"), Traffic(), QUICK))
    named, plain = seen
    assert named["WorkGroup"] == "primary"
    assert named["ResultConfiguration"] == {"OutputLocation": "s3://results/leeway/"}
    assert named["QueryExecutionContext"] == {"Catalog": "AwsDataCatalog", "Database": "ml"}
    assert "ResultConfiguration" not in plain
    assert plain["QueryExecutionContext"] == {"Catalog": "lake", "Database": "ml"}


def test_requests_and_bytes_are_counted_also_for_a_query_that_fails(athena_server: AthenaServer) -> None:
    athena_server.scanned = 11 * MB + 1
    traffic = Traffic(bytes_billed=0)
    _run(Queries(TERMS, traffic, QUICK))
    assert (traffic.bytes_read, traffic.bytes_billed) == (11 * MB + 1, 12 * MB)
    assert traffic.requests >= 3, "start, state, result"
    athena_server.endings.append(lambda text: ("FAILED", "boom"))
    with pytest.raises(SourceUnavailable, match="the query failed: boom"):
        _run(Queries(TERMS, traffic, QUICK))
    assert traffic.bytes_read == 22 * MB + 2


def test_a_query_that_takes_too_long_is_cancelled(athena_server: AthenaServer) -> None:
    athena_server.endings.append(lambda text: ("RUNNING", ""))
    waits: list[float] = []
    queries = Queries(TERMS, Traffic(), QUICK._replace(query=10.0, poll=1.0), waits.append)
    with pytest.raises(SourceUnavailable, match="took longer than 10 seconds and was cancelled"):
        _run(queries)
    assert waits == [1.0, 1.5, 2.0, 2.0, 2.0, 2.0], "until ten seconds have passed"
    assert len(athena_server.stopped) == 1


def test_a_query_is_cancelled_when_the_refresh_ends(athena_server: AthenaServer) -> None:
    athena_server.endings.append(lambda text: ("QUEUED", ""))

    def ended(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(Queries(TERMS, Traffic(), QUICK, ended))
    assert len(athena_server.stopped) == 1


def test_a_query_that_cannot_be_cancelled_fails_for_its_own_reason(athena_server: AthenaServer) -> None:
    athena_server.endings.append(lambda text: ("RUNNING", ""))
    athena_server.refusals.append(lambda name, body: ("AccessDenied", "no") if name == "StopQueryExecution" else None)
    with pytest.raises(SourceUnavailable, match="took longer than 0 seconds"):
        _run(Queries(TERMS, Traffic(), QUICK._replace(query=0.0)))


def test_a_query_that_athena_does_not_take_is_not_sent(athena_server: AthenaServer) -> None:
    long = Query("SELECT @a AS a", {"a": Parameter("STRING", "x" * 262_144)})
    with pytest.raises(PartitionUnreadable, match=r"the query has 2621\d\d bytes, and Athena takes 262144"):
        _run(Queries(TERMS, Traffic(), QUICK), long)
    assert not athena_server.sent_queries


@pytest.mark.parametrize(("read", "billed"), [(0, 0), (1, 10), (10 * MB, 10), (10 * MB + 1, 11), (500 * MB, 500)])
def test_a_query_is_billed_for_whole_megabytes_ten_at_least(read: int, billed: int) -> None:
    assert bytes_billed(read) == billed * MB
