"""Partitions of a table: the listing, the queries, their price, and errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import google.auth
import grpc
import pyarrow as pa
import pytest
from google.auth.exceptions import DefaultCredentialsError
from google.cloud.bigquery_storage_v1 import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

from bigquery_server import Answer, BigQueryServer, refusal
from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.profiles.binning import Binning, CategoricalBins
from exporter.profiles.grouping import UNGROUPED, Grouping
from exporter.sources.engine import JoinedRows, Statement
from exporter.sources.source import ROWS_ONLY, Batch, Selection, Stream
from exporter.sources.tables import bigquery_jobs
from exporter.sources.tables.bigquery import BigQuery
from exporter.sources.tables.bigquery_client import connect
from exporter.sources.tables.bigquery_jobs import JobTerms, Limits
from exporter.sql.counting import count_partition

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COUNTRIES = Binning((CategoricalBins("country", ("DE",)),))
SELECTION = Selection((), (), ("country",))
IMPATIENT = Limits(request=5, retries=0.5, job=5)


def _rows(hours: int = 3, per_hour: int = 4, start: datetime = START) -> pa.Table:
    times = [start + HOUR * hour + timedelta(minutes=minute) for hour in range(hours) for minute in range(per_hour)]
    return pa.table(
        {
            "at": pa.array(times, pa.timestamp("us", "UTC")),
            "day": pa.array([each.date() for each in times], pa.date32()),
            "local": pa.array([each.replace(tzinfo=None) for each in times], pa.timestamp("us")),
            "country": pa.array([("DE", "FR")[row % 2] for row in range(len(times))]),
            "other": pa.array(range(len(times)), pa.int64()),
        }
    )


def _open(
    name: str, column: str = "at", grain: timedelta | None = HOUR, *, limit: int = 10**9, **more: Any
) -> BigQuery:
    terms = JobTerms(more.pop("location", None), {"leeway-model": "Fraud v2!", "leeway-stream": "inference"}, limit)
    return BigQuery(name, terms, Stream("fraud", "inference", column, grain), whole=more.pop("whole", False), **more)


def _read(batches: Iterator[Batch]) -> list[pa.Table]:
    return [batch.table for batch in batches]


def _sized(bytes_processed: int) -> Callable[[str, dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """What the service would say that a query reads."""

    def rewrite(path: str, body: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
        if query := response.get("statistics", {}).get("query"):
            response["statistics"]["totalBytesProcessed"] = query["totalBytesProcessed"] = str(bytes_processed)
        elif "jobComplete" in response:
            response["totalBytesProcessed"] = str(bytes_processed)
        return response

    return rewrite


def _with_modification_times(text: str) -> str:
    """What INFORMATION_SCHEMA.PARTITIONS has on the service: here a time that changes with the rows."""
    columns = "*, TIMESTAMP_ADD(TIMESTAMP '2026-11-24', INTERVAL total_rows SECOND) AS last_modified_time"
    return re.sub(r"FROM (`[^`]*PARTITIONS`)", rf"FROM (SELECT {columns} FROM \1)", text)


# ------------------------------------------------------------------------------------------------ what there is


@pytest.mark.parametrize("known", [True, False], ids=["modification times", "counts"])
def test_hours_that_have_rows_are_partitions(bigquery_server: BigQueryServer, known: bool) -> None:
    if known:
        bigquery_server.query_rewrites.append(_with_modification_times)
    source = _open(bigquery_server.load("log", _rows(), "at"))
    starts = [START + HOUR * hour for hour in range(-1, 5)]
    before = source.partitions(starts)
    assert list(before) == [START, START + HOUR, START + 2 * HOUR]
    assert before == source.partitions(starts), "nothing has changed"
    bigquery_server.load("log", _rows(1, 1, START + HOUR), "at")
    after = source.partitions(starts)
    assert [start for start in before if before[start].fingerprint != after[start].fingerprint] == [START + HOUR]
    counted = [text for text in bigquery_server.statements if "COUNT(*)" in text]
    assert bool(counted) != known


def test_a_day_is_made_of_the_hours_of_a_table(bigquery_server: BigQueryServer) -> None:
    bigquery_server.query_rewrites.append(_with_modification_times)
    source = _open(bigquery_server.load("log", _rows(hours=20), "at"), grain=DAY)
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    found = source.partitions([midnight, midnight + DAY, midnight + 2 * DAY])
    assert {start: source.profile(part, ROWS_ONLY, _read)[0].num_rows for start, part in found.items()} == {
        midnight: 14 * 4,
        midnight + DAY: 6 * 4,
    }


@pytest.mark.parametrize(
    ("column", "unit", "grain"), [("at", "DAY", HOUR), ("local", "DAY", HOUR), ("day", "DAY", DAY)]
)
def test_partitions_may_use_any_column_of_times(
    bigquery_server: BigQueryServer, column: str, unit: str, grain: timedelta
) -> None:
    source = _open(bigquery_server.load("log", _rows(), column, unit), column, grain)
    start = START if grain == HOUR else datetime(2026, 11, 23, tzinfo=UTC)
    found = source.partitions([start, start + grain])
    rows = sum(table.num_rows for table in source.profile(found[start], SELECTION, _read))
    assert rows == (4 if grain == HOUR else 12)


def test_a_partition_has_its_own_rows_and_the_existing_selected_columns(bigquery_server: BigQueryServer) -> None:
    source = _open(bigquery_server.load("log", _rows(), "at"))
    found = source.partitions([START, START + HOUR])
    tables = source.profile(found[START + HOUR], Selection(("at",), ("gone",), ("country",)), _read)
    assert {name for table in tables for name in table.column_names} == {"at", "country"}
    times = [each for table in tables for each in table["at"].to_pylist()]
    assert sorted(times) == [START + HOUR + timedelta(minutes=minute) for minute in range(4)]


def test_without_columns_the_rows_are_counted_without_a_query(bigquery_server: BigQueryServer) -> None:
    source = _open(bigquery_server.load("log", _rows(), "at"))
    found = source.partitions([START])
    calls = len(bigquery_server.calls)
    (table,) = source.profile(found[START], ROWS_ONLY, _read)
    assert (table.num_rows, len(bigquery_server.calls)) == (4, calls)


def test_a_data_set_is_the_whole_table(bigquery_server: BigQueryServer) -> None:
    name = bigquery_server.load("train", _rows())
    source = _open(name, grain=None)
    whole = source.dataset()
    assert whole is not None
    assert sum(table.num_rows for table in source.profile(whole, SELECTION, _read)) == 12
    bigquery_server.load("train", _rows(1))
    again = source.dataset()
    assert again is not None
    assert again.fingerprint != whole.fingerprint


@pytest.mark.filterwarnings("ignore:Retrieving Arrow record batches:PendingDeprecationWarning")  # within the client
def test_the_storage_api_gives_the_same_rows(bigquery_server: BigQueryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _open(bigquery_server.load("log", _rows(per_hour=50), "at"))
    found = source.partitions([START])
    transport = BigQueryReadGrpcTransport(channel=grpc.insecure_channel(bigquery_server.storage))
    reading = bigquery_jobs.Connection(connect("acme-data").client, BigQueryReadClient(transport=transport))
    by_pages = source.profile(found[START], Selection(("at",), ("other",), ()), _read)
    monkeypatch.setattr(bigquery_jobs, "connect", lambda _: reading)
    by_stream = source.profile(found[START], Selection(("at",), ("other",), ()), _read)
    one, other = (sorted(pa.concat_tables(each)["other"].to_pylist()) for each in (by_pages, by_stream))
    assert one == other == list(range(50))


# ------------------------------------------------------------------------------------------------ queries


def test_every_statement_has_the_partition_filter(bigquery_server: BigQueryServer) -> None:
    source = _open(bigquery_server.load("log", _rows(), "at"))
    found = source.partitions([START, START + HOUR])
    count_partition(source, found[START], SELECTION, COUNTRIES, Grouping("other"))
    source.profile(found[START], SELECTION, _read)
    jobs = [call for call in bigquery_server.calls if call.query]
    assert len(jobs) == 8, "what there is, twice, the profile and the rows: each is priced first"
    assert [call.dry for call in jobs] == [True, False] * 4
    for call in jobs:
        text = call.query["query"]
        if "INFORMATION_SCHEMA" in text:
            assert "WHERE table_name = @table AND partition_id BETWEEN @first AND @last" in text
        else:
            assert text.count("`acme-data.ml.log`") == 1, "one scan"
            assert "FROM `acme-data.ml.log` WHERE (`at` >= @start0 AND `at` < @end0)" in text
    ends = {each["name"]: each["parameterValue"]["value"] for each in jobs[-1].query["queryParameters"]}
    assert ends == {"start0": "2026-11-23 10:00:00+00:00", "end0": "2026-11-23 11:00:00+00:00"}


def test_every_job_has_labels_a_limit_and_a_location(bigquery_server: BigQueryServer) -> None:
    source = _open(bigquery_server.load("log", _rows(), "at"), limit=12345, location="US")
    source.partitions([START])
    for call in (call for call in bigquery_server.calls if call.query):
        job = call.body["configuration"] if call.dry else call.body
        assert job["labels"] == {"leeway-model": "fraud-v2-", "leeway-stream": "inference"}
        assert call.query["maximumBytesBilled"] == "12345"
        assert job["jobTimeoutMs"] == "240000"
        assert (call.body["jobReference"] if call.dry else call.body)["location"] == "US"


def test_adjacent_ranges_are_one_condition(bigquery_server: BigQueryServer) -> None:
    source = _open(bigquery_server.load("log", _rows(5), "at"))
    starts = [START, START + HOUR, START + 3 * HOUR]
    source.partitions(starts)
    assert "@start1" in bigquery_server.statements[-1]
    assert "@start2" not in bigquery_server.statements[-1]


# ------------------------------------------------------------------------------------------------ what it costs


def test_a_query_that_costs_too_much_is_not_run(bigquery_server: BigQueryServer) -> None:
    source = _open(bigquery_server.load("log", _rows(), "at"), limit=2 * 10**9)
    found = source.partitions([START])
    bigquery_server.rewrites.append(_sized(3 * 10**9))
    bigquery_server.calls.clear()
    with pytest.raises(PartitionUnreadable, match=r"would read 3 GB, and maximum_bytes_billed is 2 GB; raise max"):
        count_partition(source, found[START], SELECTION, COUNTRIES, UNGROUPED)
    assert [call.dry for call in bigquery_server.calls if call.query] == [True]


def test_billed_bytes_are_counted(bigquery_server: BigQueryServer) -> None:
    bigquery_server.rewrites.append(_sized(1000))
    source = _open(bigquery_server.load("log", _rows(), "at"))
    found = source.partitions([START])
    assert (source.traffic.bytes_read, source.traffic.bytes_billed) == (2000, 20 * 2**20)
    count_partition(source, found[START], SELECTION, COUNTRIES, UNGROUPED)
    assert (source.traffic.bytes_read, source.traffic.bytes_billed) == (3000, 30 * 2**20)
    labels = _open(bigquery_server.load("labels", _rows(), "at"))
    beside = JoinedRows(labels, labels.partition_at(START), ("country",))
    each = "SELECT (SELECT COUNT(*) FROM partition_rows) AS own, (SELECT COUNT(*) FROM joined_rows) AS others"
    response = source.count(source.partition_at(START), Statement(("country",), {}, each, {}), beside)
    assert response.to_pylist() == [{"own": 4, "others": 4}]
    assert (source.traffic.bytes_read, source.traffic.bytes_billed) == (4000, 50 * 2**20), "ten megabytes a table"


@pytest.mark.parametrize(
    ("made", "column", "message"),
    [
        (None, "at", "is not partitioned by at, .* name a table that is partitioned by at in the spec, or set `unpart"),
        ("local", "at", "is partitioned by local, not by at, .* name partition_column: local in the spec"),
    ],
)
def test_a_table_without_the_right_partitioning_is_refused(
    bigquery_server: BigQueryServer, made: str | None, column: str, message: str
) -> None:
    name = bigquery_server.load("log", _rows(), made)
    with pytest.raises(SourceError, match=message):
        _open(name, column).partitions([START])
    assert not bigquery_server.statements
    assert list(_open(name, column, whole=True).partitions([START])) == [START]


# ------------------------------------------------------------------------------------------------ what goes wrong


def _failing(response: Answer) -> Callable[[str, str, dict[str, Any]], Answer | None]:
    def fault(method: str, path: str, body: dict[str, Any]) -> Answer | None:
        return response if method == "POST" and "query" in body else None

    return fault


@pytest.mark.parametrize(
    ("response", "kind", "message"),
    [
        (refusal(403, "quotaExceeded", "Quota exceeded: free"), SourceUnavailable, "Quota exceeded: free; a quota is"),
        (refusal(403, "accessDenied", "Access Denied"), SourceUnavailable, "Access Denied; grant bigquery.jobs.create"),
        (refusal(400, "bytesBilledLimitExceeded", "over"), PartitionUnreadable, "over; raise maximum_bytes_billed"),
        (refusal(400, "invalidQuery", "Unrecognized name"), PartitionUnreadable, "Unrecognized name$"),
        (refusal(503, "backendError", "try again"), SourceUnavailable, "try again; the next refresh tries again"),
        (refusal(404, "notFound", "Not found: Table"), PartitionUnreadable, "Not found: Table; check the table's name"),
    ],
)
def test_errors_have_advice(
    bigquery_server: BigQueryServer, response: Answer, kind: type[SourceError], message: str
) -> None:
    source = _open(bigquery_server.load("log", _rows(), "at"), limits=IMPATIENT)
    found = source.partitions([START])
    bigquery_server.faults.append(_failing(response))
    with pytest.raises(kind, match=rf"acme-data.ml.log \[2026-11-23T10:00:00Z, .*\): .*{message}"):
        count_partition(source, found[START], SELECTION, COUNTRIES, UNGROUPED)


def test_a_temporary_failure_is_retried(bigquery_server: BigQueryServer) -> None:
    source = _open(bigquery_server.load("log", _rows(), "at"))
    found = source.partitions([START])
    left = [refusal(503, "backendError", "try again")]
    bigquery_server.faults.append(lambda *_: left.pop() if left else None)
    assert count_partition(source, found[START], SELECTION, COUNTRIES, UNGROUPED).rows == 4


def test_a_job_that_takes_too_long_is_cancelled(bigquery_server: BigQueryServer) -> None:
    source = _open(bigquery_server.load("log", _rows(), "at"), limits=IMPATIENT._replace(job=0.5))
    found = source.partitions([START])

    def unfinished(path: str, body: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
        if "status" in response and "configuration" not in body:
            return {**response, "status": {"state": "RUNNING"}}
        return {**response, "jobComplete": False} if "jobComplete" in response else response

    bigquery_server.rewrites.append(unfinished)
    with pytest.raises(SourceUnavailable, match="the next refresh tries again"):
        count_partition(source, found[START], SELECTION, COUNTRIES, UNGROUPED)
    assert any(call.path.split("?")[0].endswith("/cancel") for call in bigquery_server.calls)


def test_a_deleted_table_is_an_error(bigquery_server: BigQueryServer) -> None:
    source = _open(bigquery_server.load("log", _rows(), "at"))
    found = source.partitions([START])
    bigquery_server.client.delete_table("acme-data.ml.log")
    with pytest.raises(PartitionUnreadable, match="check the table's name and its location"):
        count_partition(source, found[START], SELECTION, COUNTRIES, UNGROUPED)
    with pytest.raises(SourceError, match="check the table's name and its location"):
        source.partitions([START])


def test_without_credentials_the_message_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST", raising=False)
    connect.cache_clear()

    def none(**_: object) -> object:
        raise DefaultCredentialsError("Your default credentials were not found.")

    monkeypatch.setattr(google.auth, "default", none)
    with pytest.raises(SourceUnavailable, match=r"were not found\.; set GOOGLE_APPLICATION_CREDENTIALS"):
        _open("acme-data.ml.log").partitions([START])


@pytest.mark.parametrize(
    ("column", "grain", "message"),
    [
        ("country", HOUR, "the column country is STRING, not TIMESTAMP, DATETIME, DATE"),
        ("gone", HOUR, "the column gone does not exist"),
        ("day", HOUR, "the column day is DATE; make the grain whole days"),
    ],
)
def test_a_column_that_cannot_give_partitions_is_an_error(
    bigquery_server: BigQueryServer, column: str, grain: timedelta, message: str
) -> None:
    source = _open(bigquery_server.load("log", _rows(), "day", "DAY"), column, grain, whole=True)
    with pytest.raises(SourceError, match=message):
        source.partitions([START])
