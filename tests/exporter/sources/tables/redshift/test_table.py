"""Tables of Redshift: moto's Data API with PostgreSQL as the engine, and the errors that the service gives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from engines import HOUR, QUICK, WAREHOUSE
from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import profile_partition
from exporter.sources.engine import CountingSource
from exporter.sources.source import Batch, Partition, Selection, Stream
from exporter.sources.tables.redshift.statements import Warehouse
from exporter.sources.tables.redshift.table import Redshift
from exporter.sql.counting import count_partition
from redshift_server import RedshiftServer

START = datetime(2026, 11, 23, 22, tzinfo=UTC)
DAY = timedelta(days=1)


def _rows(hours: Iterable[int] = range(3), rows: int = 4, zone: str | None = "UTC") -> pa.Table:
    times = [START + hour * HOUR + timedelta(minutes=minute) for hour in hours for minute in range(rows)]
    naive = [each if zone else each.replace(tzinfo=None) for each in times]
    return pa.table(
        {
            "at": pa.array(naive, pa.timestamp("us", zone)),
            "age": pa.array([float(place) for place in range(len(times))]),
            "country": pa.array([("DE", "FR", None)[place % 3] for place in range(len(times))], pa.string()),
        }
    )


def _open(
    table: str, column: str | None = "at", grain: timedelta | None = HOUR, place: Warehouse = WAREHOUSE
) -> Redshift:
    return Redshift(table, place, Stream("fraud", "inference", column, grain), limits=QUICK)


def _read(batches: Iterator[Batch]) -> list[pa.Table]:
    return [batch.table for batch in batches]


# ------------------------------------------------------------------------------------------------ what there is


@pytest.mark.parametrize("zone", ["UTC", None])
def test_hours_that_have_rows_are_partitions_and_change_with_their_rows(
    redshift_server: RedshiftServer, zone: str | None
) -> None:
    source = _open(redshift_server.load("log", _rows(zone=zone)))
    assert isinstance(source, CountingSource)
    starts = [START + HOUR * hour for hour in range(-1, 5)]
    before = source.partitions(starts)
    assert list(before) == [START, START + HOUR, START + 2 * HOUR]
    assert before == source.partitions(starts[1:4]), "nothing has changed, whatever else is asked for"
    redshift_server.load("log", _rows([1], 1, zone=zone))
    late = source.partitions(starts)
    assert [start for start in before if before[start].fingerprint != late[start].fingerprint] == [START + HOUR]
    redshift_server.execute("""UPDATE ml.log SET "at" = "at" + INTERVAL '1 second' WHERE age = 9""")
    moved = source.partitions(starts)
    assert [start for start in late if late[start].fingerprint != moved[start].fingerprint] == [START + 2 * HOUR], (
        "as many rows as before, and the newest is the same"
    )


def test_days_are_partitions_of_a_column_of_dates(redshift_server: RedshiftServer) -> None:
    days = pa.array([date(2026, 11, 22), date(2026, 11, 22), date(2026, 11, 24), None])
    source = _open(redshift_server.load("log", pa.table({"at": days, "age": [1.0, 2.0, 3.0, 4.0]})), grain=DAY)
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    found = source.partitions([midnight + DAY * day for day in range(-1, 4)])
    assert list(found) == [midnight, midnight + 2 * DAY]
    (table,) = source.profile(found[midnight], Selection((), ("age",), ()), _read)
    assert table["age"].to_pylist() == [1.0, 2.0]
    assert "DATE '2026-11-22'" in redshift_server.sent_queries[-1]


def test_listing_reads_the_column_of_times_alone_and_no_other_hours(redshift_server: RedshiftServer) -> None:
    source = _open(redshift_server.load("log", _rows()))
    source.partitions([START, START + HOUR, START + 3 * HOUR])
    (text,) = redshift_server.sent_queries
    assert not set(re.findall(r'"([^"]+)"', text)) & {"age", "country"}
    form = """("at" >= CAST('{}:00:00.000000+00' AS {z}) AND "at" < CAST('{}:00:00.000000+00' AS {z}))"""
    one, other = (
        form.format(first, end, z="TIMESTAMPTZ")
        for first, end in (("2026-11-23 22", "2026-11-24 00"), ("2026-11-24 01", "2026-11-24 02"))
    )
    assert f"""FROM "ml"."log" WHERE {one} OR {other}""" in text, "the column itself, so that blocks can be skipped"


def test_times_are_in_utc_whatever_zone_the_session_has(redshift_server: RedshiftServer) -> None:
    redshift_server.execute("SET TimeZone = 'America/New_York'")
    try:
        for zone in ("UTC", None):
            source = _open(redshift_server.load(f"log_{zone}".lower(), _rows([0], zone=zone)))
            found = source.partitions([START - 5 * HOUR, START, START + 5 * HOUR])
            assert list(found) == [START]
            (table,) = source.profile(found[START], Selection(("at",), (), ()), _read)
            assert table["at"].to_pylist()[0] == START.replace(tzinfo=None)
    finally:
        redshift_server.execute("SET TimeZone = 'UTC'")


def test_a_view_is_read_as_a_table(redshift_server: RedshiftServer) -> None:
    redshift_server.load("log", _rows())
    redshift_server.execute("CREATE VIEW ml.adults AS SELECT * FROM ml.log WHERE age >= 6")
    source = _open("dev.ml.adults")
    found = source.partitions([START, START + HOUR, START + 2 * HOUR])
    assert {start: sum(each.num_rows for each in source.profile(part, Selection(("at",), (), ()), _read))
            for start, part in found.items()} == {START + HOUR: 2, START + 2 * HOUR: 4}  # fmt: skip


def test_a_data_set_is_the_whole_table(redshift_server: RedshiftServer) -> None:
    source = _open(redshift_server.load("train", _rows()), grain=None)
    whole = source.dataset(version="7")
    assert whole is not None
    assert whole.size == 12 * 3 * 8, "rows, columns, bytes of a number"
    assert sum(table.num_rows for table in source.profile(whole, Selection((), ("age",), ()), _read)) == 12
    redshift_server.execute("""UPDATE ml.train SET "at" = "at" + INTERVAL '1 second' WHERE age = 1""")
    moved = source.dataset()
    assert moved is not None
    assert moved.fingerprint != whole.fingerprint
    assert _open(redshift_server.load("none", _rows([0]).slice(0, 0)), grain=None).dataset() is None


@pytest.mark.parametrize("times", [pa.array(["2026-11-22", "2026-11-23"]), pa.array([1, 2]), None], ids=str)
def test_a_data_set_changes_with_times_of_any_type_and_with_its_rows(
    redshift_server: RedshiftServer, times: pa.Array | None
) -> None:
    rows = pa.table({"age": [1.0, 2.0], **({} if times is None else {"at": times})})
    source = _open(redshift_server.load("train", rows), grain=None)
    states = [source.dataset()]
    if times is not None:
        redshift_server.execute("DELETE FROM ml.train WHERE age = 2")
        redshift_server.load("train", rows.slice(0, 1))
        states.append(source.dataset())
    redshift_server.load("train", rows)
    states.append(source.dataset())
    assert len({each.fingerprint for each in states if each is not None}) == len(states)


# ------------------------------------------------------------------------------------------------ columns


def test_types_have_the_names_of_the_statement(redshift_server: RedshiftServer) -> None:
    redshift_server.execute(
        "CREATE TABLE ml.kinds (a smallint, b integer, c bigint, d real, e double precision, f numeric(10, 2), "
        "g varchar(20), h char(3), i boolean, j date, k timestamp, l timestamptz, m bytea, n time)"
    )
    source = _open("dev.ml.kinds", column=None, grain=None)
    assert list(source.types(Partition("", ())).values()) == [
        "INT64", "INT64", "INT64", "FLOAT64", "FLOAT64", "NUMERIC", "STRING", "STRING", "BOOL", "DATE", "DATETIME",
        "TIMESTAMP", "BYTES", "TIME",
    ]  # fmt: skip


def test_blanks_at_the_end_of_a_text_are_cut(redshift_server: RedshiftServer) -> None:
    """Redshift takes such texts for equal, and fills CHAR with blanks; so no known category has them either."""
    redshift_server.execute("CREATE TABLE ml.log (at timestamptz, word varchar(9), code char(4))")
    redshift_server.execute(f"INSERT INTO ml.log SELECT '{START}', w, w FROM (VALUES ('DE'), ('DE '), (' x')) AS t (w)")
    source = _open("dev.ml.log")
    binning = Binning(tuple(CategoricalBins(name, ("DE", "DE  ")) for name in ("word", "code")))
    profile = count_partition(source, source.partitions([START])[START], Selection((), (), ()), binning, Grouping())
    (counted,) = profile.groups.values()
    assert counted.counts.tolist() == [2, 0, 1, 0] * 2
    assert counted.novel == {"word": {" x": 1}, "code": {" x": 1}}


def test_results_of_many_pages_are_read_whole(redshift_server: RedshiftServer) -> None:
    redshift_server.page = 5
    source = _open(redshift_server.load("train", _rows()), column=None, grain=None)
    whole = source.dataset()
    assert whole is not None
    tables = source.profile(whole, Selection((), ("age",), ()), _read)
    assert sorted(value for table in tables for value in table["age"].to_pylist()) == [float(row) for row in range(12)]


# ------------------------------------------------------------------------------------------------ counting


def test_many_features_are_counted_by_statements_that_redshift_takes(redshift_server: RedshiftServer) -> None:
    """Eight features with 260 edges of 19 digits each are over 110 kB of text."""
    rows, edges = _rows([0], 40), np.sort(np.random.default_rng(1).normal(20, 9, 260))
    names = [f"f{place}" for place in range(8)]
    for name in names:
        rows = rows.append_column(name, rows["age"])
    binning = Binning(tuple(NumericBins(name, edges, np.array([100]), 20.0) for name in names))
    source = _open(redshift_server.load("log", rows))
    partition = source.partitions([START])[START]
    redshift_server.sent_queries.clear()
    profile = count_partition(source, partition, Selection((), (), ()), binning, Grouping("country"))
    sent = redshift_server.sent_queries
    assert len(sent) == 2
    assert max(len(text.encode()) for text in sent) <= 100_000
    assert [sum(f'"{name}"' in text for text in sent) for name in names] == [1] * 8, "no feature is read twice"
    expected = profile_partition([Batch(rows, True, rows.schema)], binning, Grouping("country"))
    for group, each in expected.groups.items():
        assert profile.groups[group].rows == each.rows
        np.testing.assert_array_equal(profile.groups[group].counts, each.counts)


def test_a_number_too_small_to_be_squared_is_counted(redshift_server: RedshiftServer) -> None:
    """PostgreSQL refuses a product that is 0 though neither factor is."""
    rows = _rows([0], 2).set_column(1, "age", pa.array([1e-200, 3.0]))
    source = _open(redshift_server.load("log", rows))
    binning = Binning((NumericBins("age", np.array([1.0]), np.array([0]), 0.0),))
    profile = count_partition(source, source.partitions([START])[START], Selection((), (), ()), binning, Grouping())
    (counted,) = profile.groups.values()
    assert (counted.counts.tolist(), counted.squares.tolist()) == ([1, 1, 0, 0, 0, 0], [9.0])


def test_tables_of_one_database_are_joined_by_one_user() -> None:
    one = _open("dev.ml.log")
    assert one.can_join(_open("dev.other.labels"))
    for other in (Warehouse("prod", workgroup="monitoring"), Warehouse("dev", cluster="dw")):
        assert not one.can_join(_open("dev.ml.labels", place=other))


# ------------------------------------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("operation", "code", "words", "message"),
    [
        (
            "ExecuteStatement",
            "AccessDeniedException",
            "User: x is not authorized to perform: redshift-data:ExecuteStatement on resource: arn:a",
            "allow redshift-data:ExecuteStatement on resource: arn:a",
        ),
        ("ExecuteStatement", "ValidationException", "Redshift endpoint doesn't exist: workgroup not found",
         "check workgroup, cluster and database"),
        ("ExecuteStatement", "ActiveStatementsExceededException", "Active statements exceeded", "Redshift is busy"),
        ("GetStatementResult", "ExpiredTokenException", "The security token is expired", "check the credentials"),
    ],
)  # fmt: skip
def test_a_request_that_is_refused_says_what_to_do(
    redshift_server: RedshiftServer, operation: str, code: str, words: str, message: str
) -> None:
    source = _open(redshift_server.load("log", _rows()))
    redshift_server.refusals.append(lambda name, body: (code, words) if name == operation else None)
    with pytest.raises(SourceError, match=message) as raised:
        source.partitions([START])
    assert f"dev.ml.log: {operation} failed: {code}" in str(raised.value)


def test_a_query_that_fails_says_why_and_what_to_do(redshift_server: RedshiftServer) -> None:
    source = _open("dev.ml.gone")
    with pytest.raises(PartitionUnreadable, match=r'the query failed: .*"ml\.gone" does not exist.*check the table'):
        source.partitions([START])
    redshift_server.load("gone", _rows())
    redshift_server.endings.append(lambda text: ("ABORTED", "Query cancelled on user's request"))
    with pytest.raises(SourceUnavailable, match=r"was cancelled: .* \(query [0-9a-f-]{36}\); the next refresh tries"):
        source.partitions([START])
    assert not redshift_server.cancelled, "it has ended by itself"


def test_without_credentials_there_is_advice(monkeypatch: pytest.MonkeyPatch, redshift_server: RedshiftServer) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(SourceUnavailable, match="no AWS credentials found"):
        _open("dev.ml.log").partitions([START])
