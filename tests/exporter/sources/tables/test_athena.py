"""Tables of Athena against moto's API, with DuckDB as the engine; `engine` tests elsewhere run the statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from athena_server import AthenaServer
from engines import QUICK, TERMS
from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.labels.evaluation import Evaluation
from exporter.labels.sql.counting import JoinSpec, LogPartitions, count_outcomes
from exporter.labels.truths import LabelRule
from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import profile_partition
from exporter.sources.engine import CountingSource
from exporter.sources.source import ROWS_ONLY, Batch, Selection, Stream
from exporter.sources.tables.athena import Athena, standard_type
from exporter.spec.sections.logs import InferenceColumns, LabelColumns
from exporter.sql.counting import count_partition

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime(2026, 11, 23, 22, tzinfo=UTC)
KEYS = {"dt": "%Y-%m-%d", "hour": "%H"}


def _rows(hours: Iterable[int] = range(3), rows: int = 4) -> pa.Table:
    """Rows of some hours after `START`, in folders of days and hours."""
    times = [START + hour * HOUR + timedelta(minutes=minute) for hour in hours for minute in range(rows)]
    return pa.table(
        {
            "at": pa.array([each.replace(tzinfo=None) for each in times], pa.timestamp("ms")),
            "age": pa.array([float(place) for place in range(len(times))]),
            "country": pa.array([("DE", "FR", None)[place % 3] for place in range(len(times))]),
            "dt": pa.array([f"{each:%Y-%m-%d}" for each in times]),
            "hour": pa.array([f"{each:%H}" for each in times]),
        }
    )


def _open(
    table: str,
    *,
    keys: Mapping[str, str] = KEYS,
    column: str | None = "at",
    grain: timedelta | None = HOUR,
    whole: bool = False,
    **terms: Any,
) -> Athena:
    stream = Stream("fraud", "inference", column, grain)
    return Athena(table, replace(TERMS, **terms), stream, keys=keys, whole=whole, limits=QUICK)


def _read(batches: Iterator[Batch]) -> list[pa.Table]:
    return [batch.table for batch in batches]


# ------------------------------------------------------------------------------------------------ what there is


def test_hours_that_have_rows_are_partitions_and_change_with_their_files(athena_server: AthenaServer) -> None:
    source = _open(athena_server.load("log", _rows(), keys=KEYS))
    assert isinstance(source, CountingSource)
    starts = [START + HOUR * hour for hour in range(-1, 5)]
    before = source.partitions(starts)
    assert list(before) == [START, START + HOUR, START + 2 * HOUR]
    assert before == source.partitions(starts), "nothing has changed"
    assert [part.size for part in before.values()] == [_rows().nbytes] * 3, "the size of the file that each is in"
    athena_server.load("log", _rows([1], 1), keys=KEYS)
    after = source.partitions(starts)
    assert [start for start in before if before[start].fingerprint != after[start].fingerprint] == [START + HOUR]


def test_listing_reads_no_column_and_no_other_folder(athena_server: AthenaServer) -> None:
    source = _open(athena_server.load("log", _rows(), keys=KEYS))
    source.partitions([START, START + HOUR, START + 2 * HOUR])
    (text,) = athena_server.sent_queries
    assert set(re.findall(r'"([^"]+)"', text)) == {
        "dt",
        "hour",
        "$path",
        "$file_size",
        "$file_modified_time",
        "ml",
        "log",
    }
    assert """("dt" = '2026-11-23' AND "hour" IN ('22', '23')) OR ("dt" = '2026-11-24' AND "hour" IN ('00'))""" in text


def test_an_hour_reads_its_own_folder(athena_server: AthenaServer) -> None:
    source = _open(athena_server.load("log", _rows(), keys=KEYS))
    partition = source.partitions([START + 2 * HOUR])[START + 2 * HOUR]
    tables = source.profile(partition, Selection(("at",), ("gone",), ("country", "hour")), _read)
    assert {name for table in tables for name in table.column_names} == {"at", "country", "hour"}
    assert sorted(each for table in tables for each in table["at"].to_pylist()) == [
        START + 2 * HOUR + timedelta(minutes=minute) for minute in range(4)
    ]
    condition = athena_server.sent_queries[-1].partition(" WHERE ")[2]
    assert condition == """("dt" = '2026-11-24' AND "hour" IN ('00'))""", "the folder decides, not the column of times"


def test_folders_of_days_only_limit_what_an_hour_reads(athena_server: AthenaServer) -> None:
    source = _open(athena_server.load("log", _rows(), keys=["dt"]), keys={"dt": "%Y-%m-%d"})
    found = source.partitions([START, START + HOUR, START + 2 * HOUR, START + 3 * HOUR])
    assert list(found) == [START, START + HOUR, START + 2 * HOUR]
    assert sum(table.num_rows for table in source.profile(found[START], Selection(("at",), (), ()), _read)) == 4
    condition = athena_server.sent_queries[-1].partition(" WHERE ")[2]
    assert condition == (
        """(("dt" IN ('2026-11-23'))) AND (("at" >= TIMESTAMP '2026-11-23 22:00:00' """
        """AND "at" < TIMESTAMP '2026-11-23 23:00:00'))"""
    )


def test_a_log_needs_no_column_of_times_where_its_folders_are_hours(athena_server: AthenaServer) -> None:
    rows = _rows().drop_columns(["at"])
    source = _open(athena_server.load("log", rows, keys=KEYS), column=None)
    found = source.partitions([START, START + HOUR])
    assert {start: source.profile(part, ROWS_ONLY, _read)[0].num_rows for start, part in found.items()} == {
        START: 4,
        START + HOUR: 4,
    }


def test_an_iceberg_table_needs_no_keys(athena_server: AthenaServer) -> None:
    source = _open(athena_server.load("log", _rows(), iceberg=True), keys={})
    assert list(source.partitions([START, START + 5 * HOUR])) == [START]


def test_a_view_has_no_files_and_is_counted_by_its_times(athena_server: AthenaServer) -> None:
    source = _open(athena_server.load("log", _rows(), files=False), keys={}, whole=True)
    before = source.partitions([START, START + HOUR])
    athena_server.load("log", _rows([1], 1), files=False)
    after = source.partitions([START, START + HOUR])
    assert [start for start in before if before[start].fingerprint != after[start].fingerprint] == [START + HOUR]
    assert sum("$path" in text for text in athena_server.sent_queries) == 1, "it is tried once"


@pytest.mark.parametrize(
    ("keys", "named", "message"),
    [
        (["dt", "hour"], {}, r"its partition keys are dt, hour; name them in the spec, such as partition_keys: \{dt:"),
        ([], {}, "it has no partition keys; use a table with partition keys, or set `unpartitioned: true`"),
        (["dt"], {"day": "%Y-%m-%d"}, "day is no partition key of the table; its partition keys are dt"),
    ],
)
def test_a_table_that_would_be_read_whole_is_refused(
    athena_server: AthenaServer, keys: list[str], named: dict[str, str], message: str
) -> None:
    source = _open(athena_server.load("log", _rows(), keys=keys), keys=named)
    with pytest.raises(SourceError, match=message):
        source.partitions([START])
    assert not athena_server.sent_queries
    if not named:
        whole = _open("ml.log", keys={}, whole=True)
        assert list(whole.partitions([START])) == [START]


def test_a_data_set_is_the_whole_table(athena_server: AthenaServer) -> None:
    source = _open(athena_server.load("train", _rows()), keys={}, column=None, grain=None)
    whole = source.dataset(version="7")
    assert whole is not None
    assert sum(table.num_rows for table in source.profile(whole, Selection((), ("age",), ()), _read)) == 12
    athena_server.load("train", _rows([1], 1))
    changed = source.dataset()
    assert changed is not None
    assert changed.fingerprint != whole.fingerprint
    assert (
        _open(athena_server.load("empty", _rows([0]).slice(0, 0)), keys={}, column=None, grain=None).dataset() is None
    )


# ------------------------------------------------------------------------------------------------ columns


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bigint", "INT64"),
        ("tinyint", "INT64"),
        ("float", "FLOAT64"),
        ("double", "FLOAT64"),
        ("decimal(10,2)", "NUMERIC"),
        ("varchar(20)", "STRING"),
        ("string", "STRING"),
        ("timestamp(6) with time zone", "TIMESTAMP"),
        ("timestamp", "TIMESTAMP"),
        ("date", "DATE"),
        ("boolean", "BOOL"),
        ("binary", "BYTES"),
        ("array<string>", "ARRAY"),
        ("struct<a:int>", "STRUCT"),
    ],
)
def test_types_of_athena_have_names_in_the_statement(name: str, kind: str) -> None:
    assert standard_type(name) == kind


def test_rows_come_back_as_they_are(athena_server: AthenaServer) -> None:
    """Every type, nulls, an empty text, and a text with a comma, a quote and a line."""
    rows = pa.table(
        {
            "whole": pa.array([2**60, None], pa.int64()),
            "real": pa.array([0.1, float("-inf")], pa.float64()),
            "flag": pa.array([True, None]),
            "price": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            "day": pa.array([date(2026, 1, 2), None]),
            "seen": pa.array([datetime(2026, 1, 2, 3, 4, 5, 678000, UTC), None], pa.timestamp("us", "UTC")),
            "word": pa.array(['a,"b\n', ""]),
        }
    )
    source = _open(athena_server.load("train", rows), keys={}, column=None, grain=None)
    partition = source.dataset()
    assert partition is not None
    (table,) = source.profile(partition, Selection(tuple(rows.column_names), (), ()), _read)
    assert table.to_pylist() == rows.to_pylist()


def test_results_of_many_pages_are_read_whole(athena_server: AthenaServer) -> None:
    athena_server.page = 3
    source = _open(athena_server.load("train", _rows()), keys={}, column=None, grain=None)
    partition = source.dataset()
    assert partition is not None
    tables = source.profile(partition, Selection((), ("age",), ()), _read)
    assert [value for table in tables for value in table["age"].to_pylist()] == [float(row) for row in range(12)]


# ------------------------------------------------------------------------------------------------ counting


def test_hostile_names_of_columns_are_counted(athena_server: AthenaServer) -> None:
    names = ['a"b', "it's", "c;--", "d/*", "from", "e f"]
    rows = _rows([0])
    for name in names:
        rows = rows.append_column(name, rows["country"])
    source = _open(athena_server.load("log", rows, keys=KEYS))
    binning = Binning(tuple(CategoricalBins(name, ("DE", "'; DROP")) for name in names))
    partition = source.partitions([START])[START]
    profile = count_partition(source, partition, Selection((), (), ()), binning, Grouping())
    expected = profile_partition([Batch(rows, True, rows.schema)], binning, Grouping())
    assert not profile.problems
    for group, each in expected.groups.items():
        np.testing.assert_array_equal(profile.groups[group].counts, each.counts)


def test_many_features_are_counted_by_statements_that_athena_takes(athena_server: AthenaServer) -> None:
    """60 features with 260 edges of 19 digits each are over 300 kB of text."""
    rows, edges = _rows([0], 40), np.sort(np.random.default_rng(1).normal(20, 9, 260))
    names = [f"f{place}" for place in range(60)]
    for name in names:
        rows = rows.append_column(name, rows["age"])
    binning = Binning(tuple(NumericBins(name, edges, np.array([100]), 20.0) for name in names))
    source = _open(athena_server.load("log", rows, keys=KEYS))
    partition = source.partitions([START])[START]
    before = len(athena_server.sent_queries)
    profile = count_partition(source, partition, Selection((), (), ()), binning, Grouping("country"))
    sent = athena_server.sent_queries[before:]
    assert len(sent) == 2
    assert max(len(text.encode()) for text in sent) <= 262_144
    assert [sum(f'"{name}"' in text for text in sent) for name in names] == [1] * 60, "no feature is read twice"
    expected = profile_partition([Batch(rows, True, rows.schema)], binning, Grouping("country"))
    for group, each in expected.groups.items():
        assert profile.groups[group].rows == each.rows
        np.testing.assert_array_equal(profile.groups[group].counts, each.counts)


def test_labels_in_folders_are_joined_by_athena(athena_server: AthenaServer) -> None:
    """Of eight predictions in two hours, the six with a label that came in the hours after; a folder has its hour."""
    made = _rows([0, 1]).append_column("id", pa.array([f"p{place}" for place in range(8)]))
    made = made.append_column("score", pa.array([0.1, 0.9, 0.6, 0.4] * 2))
    arrived = _rows([1, 2], 3).append_column("id", pa.array([f"p{place}" for place in range(6)]))
    arrived = arrived.append_column("label", pa.array([False, True] * 3))
    log = _open(athena_server.load("log", made, keys=KEYS))
    labels = _open(athena_server.load("labels", arrived, keys=KEYS), column=None)
    assert log.can_join(labels)
    assert not log.can_join(_open("ml.labels", workgroup="other"))
    spec = JoinSpec(
        InferenceColumns(timestamp="at", prediction_id="id", score="score"),
        LabelColumns(prediction_id="id", label="label"),
        LabelRule("binary_classification"),
        6 * HOUR,
    )
    starts = [START + hour * HOUR for hour in range(3)]
    sides = [LogPartitions(source, source.partitions(starts), HOUR) for source in (log, labels)]
    counted = count_outcomes(sides[0], sides[1], spec, Evaluation(True, 0.5, np.array([0.5])))
    outcomes = {start: next(iter(each.outcomes.values())) for start, each in counted.items()}
    assert {start: (each.rows, each.known) for start, each in outcomes.items()} == {START: (4, 4), START + HOUR: (4, 2)}
    assert [dict(each.joined) for each in counted.values()] == [{0: 3, 1: 1}, {1: 2}]


# ------------------------------------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("state", "reason", "error", "message"),
    [
        ("CANCELLED", "Query cancelled! : Bytes scanned limit was exceeded", PartitionUnreadable, "data limit"),
        ("FAILED", "TABLE_NOT_FOUND: line 1:15: Table 'ml.log' does not exist", PartitionUnreadable, "table's name"),
        ("FAILED", "HIVE_BAD_DATA: Malformed Parquet file", PartitionUnreadable, "columns and files"),
        ("FAILED", "Query exhausted resources at this scale factor", PartitionUnreadable, "make the grain smaller"),
        ("FAILED", "PERMISSION_DENIED: Access Denied (Service: Amazon S3)", SourceUnavailable, "s3:Get"),
        ("FAILED", "Query queue is full", SourceUnavailable, "Athena is busy"),
        ("FAILED", "GENERIC_INTERNAL_ERROR: boom", SourceUnavailable, "the next refresh tries again"),
    ],
)  # fmt: skip
def test_a_query_that_fails_says_why_and_what_to_do(
    athena_server: AthenaServer, state: str, reason: str, error: type[SourceError], message: str
) -> None:
    source = _open(athena_server.load("log", _rows(), keys=KEYS))
    athena_server.endings.append(lambda text: (state, reason))
    with pytest.raises(SourceError, match=message) as raised:
        source.partitions([START])
    assert type(raised.value) is error
    assert reason.split(":", maxsplit=1)[0].split("(", maxsplit=1)[0] in str(raised.value)
    assert state.lower() in str(raised.value)
    assert not athena_server.stopped, "it has ended by itself"


@pytest.mark.parametrize(
    ("operation", "code", "words", "message"),
    [
        (
            "StartQueryExecution",
            "AccessDeniedException",
            "User: x is not authorized to perform: athena:StartQueryExecution on resource: arn:a",
            "allow athena:StartQueryExecution on resource: arn:a",
        ),
        ("StartQueryExecution", "InvalidRequestException", "WorkGroup gone is not found.", "check the workgroup"),
        (
            "StartQueryExecution",
            "InvalidRequestException",
            "No output location provided. An output location is required either through the Workgroup",
            "name an output next to the table",
        ),
        ("StartQueryExecution", "TooManyRequestsException", "Rate exceeded", "Athena is busy"),
        ("GetTableMetadata", "MetadataException", "EntityNotFoundException: Table log not found.", "the table's name"),
        ("GetQueryResults", "ExpiredTokenException", "The security token is expired", "check the credentials"),
    ],
)  # fmt: skip
def test_a_request_that_is_refused_says_what_to_do(
    athena_server: AthenaServer, operation: str, code: str, words: str, message: str
) -> None:
    source = _open(athena_server.load("log", _rows(), keys=KEYS))
    athena_server.refusals.append(lambda name, body: (code, words) if name == operation else None)
    with pytest.raises(SourceError, match=message) as raised:
        source.partitions([START])
    assert f"ml.log: {operation} failed: {code}" in str(raised.value)


def test_a_table_that_is_missing_is_an_error_with_its_name(athena_server: AthenaServer) -> None:
    with pytest.raises(PartitionUnreadable, match=r"ml\.gone: GetTableMetadata failed: .*Table gone not found"):
        _open("ml.gone").partitions([START])


def test_without_credentials_there_is_advice(monkeypatch: pytest.MonkeyPatch, athena_server: AthenaServer) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(SourceUnavailable, match="no AWS credentials found"):
        _open("ml.log").partitions([START])
