"""What a query of any engine's table contains; `test_athena` and `test_bigquery` run it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from exporter.errors import SourceError
from exporter.sources.engine import Parameter, Statement
from exporter.sources.source import Partition, Stream
from exporter.sources.tables.sql_table import Query, SqlTable, place_of

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


class _Table(SqlTable):
    """A table that answers nothing."""

    def types(self, partition: Partition) -> Mapping[str, str]:
        return {"at": "TIMESTAMP", "day": "DATE", "age": "INT64"}

    def fetched(self, place: str, query: Query) -> Iterator[pa.RecordBatch]:
        raise AssertionError


def _table(column: str | None = "at", grain: timedelta | None = HOUR) -> _Table:
    return _Table("ml.log", Stream("fraud", "inference", column, grain), whole=False)


def test_a_statement_follows_the_rows_of_its_partition() -> None:
    source = _table()
    statement = Statement(
        ("age",), {"ages": "SELECT `age` FROM partition_rows"}, "SELECT 1", {"x": Parameter("INT64", 1)}
    )
    query = source.assembled(source.partition_at(START), statement)
    assert query.text == (
        "WITH partition_rows AS (\nSELECT `age` FROM `ml.log` WHERE (`at` >= @start0 AND `at` < @end0)\n),\n"
        "ages AS (\nSELECT `age` FROM partition_rows\n)\nSELECT 1"
    )
    assert {name: each.value for name, each in query.parameters.items()} == {
        "start0": START,
        "end0": START + HOUR,
        "x": 1,
    }


def test_slots_count_from_the_first_of_several_partitions() -> None:
    source = _table()
    hours = [source.partition_at(START + hour * HOUR).objects[0] for hour in (3, 0, 1)]
    text, parameters = source.rows(Partition("some", tuple(hours)), ["age"], slotted=True, prefix="joined_")
    assert text.startswith("SELECT `age`, DIV((UNIX_SECONDS(CAST(`at` AS TIMESTAMP)) - @joined_first), @joined_grain)")
    assert parameters["joined_first"].value == int(START.timestamp())
    assert parameters["joined_grain"].value == 3600
    assert [parameters[f"joined_start{place}"].value for place in (0, 1)] == [START, START + 3 * HOUR]
    assert place_of(Partition("some", tuple(hours))).endswith("and 2 more")


@pytest.mark.parametrize(
    ("column", "grain", "message"),
    [
        (None, HOUR, "names no column of times, so the table has no partitions"),
        ("at", None, "is read as one data set, without partitions"),
        ("age", HOUR, "the column age is INT64, not TIMESTAMP, DATETIME, DATE"),
        ("gone", HOUR, "the column gone does not exist"),
        ("day", HOUR, "the column day is DATE; make the grain whole days"),
    ],
)
def test_a_table_that_cannot_be_cut_is_an_error(column: str | None, grain: timedelta | None, message: str) -> None:
    source = _table(column, grain)
    with pytest.raises(SourceError, match=f"^ml.log: .*{message}"):
        source.rows(source.partition_at(START), ["age"])
