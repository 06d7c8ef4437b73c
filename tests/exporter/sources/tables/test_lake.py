from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from exporter.errors import FileUnreadable, SourceError
from exporter.sources.source import ROWS_ONLY, Batch, Partition, Selection, Stream
from exporter.sources.tables.delta import DeltaLog
from exporter.sources.tables.lake import Lake
from lake_rows import AGES, ages, count

DAY_START = datetime(2026, 11, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = [DAY_START + index * HOUR for index in range(24)]


def lake(place: Path, column: str | None = "at", grain: timedelta | None = HOUR, *, whole: bool = False) -> Lake:
    return Lake(DeltaLog(str(place), Path("/")), Stream("fraud", "inference", column, grain), whole=whole)


def write_day(place: Path, **more: Any) -> None:
    """A day in one file, a row every 20 minutes, and two rows without a time."""
    times = [DAY_START + index * timedelta(minutes=20) for index in range(72)]
    at = pa.array([*times, None, None], pa.timestamp("us", "UTC"))
    write_deltalake(place, pa.table({"at": at, "age": range(74), "country": ["de", "us"] * 37}), mode="append", **more)


def columns(batches: Iterable[Batch]) -> list[list[str]]:
    return [batch.table.column_names for batch in batches]


class TestCuts:
    def test_each_row_of_a_day_is_in_one_hour_and_rows_without_a_time_in_the_first(self, tmp_path: Path) -> None:
        write_day(tmp_path)
        source = lake(tmp_path)
        found = {start: source.profile(each, AGES, ages) for start, each in source.partitions(HOURS).items()}
        assert found[HOURS[0]] == [0, 1, 2, 72, 73]
        assert found[HOURS[23]] == [69, 70, 71]
        assert sorted(age for each in found.values() for age in each) == list(range(74))
        assert source.profile(source.partitions(HOURS)[HOURS[0]], ROWS_ONLY, count) == 5

    @pytest.mark.parametrize(
        ("selection", "expected"),
        [
            (Selection((), ("age",), ()), ["age"]),
            (Selection(("country",), ("age",), ()), ["age", "country"]),
            (Selection(("at",), ("age",), ("country",)), ["age", "at", "country"]),
            (Selection((), (), ("at",)), ["at"]),
            (ROWS_ONLY, []),
        ],
    )
    def test_the_time_is_a_column_only_where_it_is_selected(
        self, tmp_path: Path, selection: Selection, expected: list[str]
    ) -> None:
        write_day(tmp_path)
        source = lake(tmp_path)
        (found,) = source.profile(source.partitions(HOURS)[HOURS[5]], selection, columns)
        assert sorted(found) == expected

    def test_several_partitions_as_one_read_their_file_once(self, tmp_path: Path) -> None:
        write_day(tmp_path)
        source = lake(tmp_path)
        listed = source.partitions(HOURS)
        together = Partition("a", tuple(item for start in HOURS[:6] for item in listed[start].objects))
        before = source.traffic.requests
        assert source.profile(together, AGES, ages) == [*range(18), 72, 73]
        assert source.traffic.requests == before + 1

    def test_rows_are_counted_from_the_log_alone(self, tmp_path: Path) -> None:
        write_day(tmp_path)
        source = lake(tmp_path, None, None)
        data = source.dataset()
        assert data is not None
        for file in tmp_path.glob("*.parquet"):
            file.unlink()
        assert source.profile(data, ROWS_ONLY, count) == 74
        assert (source.traffic.requests, source.traffic.bytes_read) == (1, 0)


class TestFiles:
    def test_a_damaged_file_costs_itself_in_each_of_its_partitions(self, tmp_path: Path) -> None:
        write_day(tmp_path)
        write_deltalake(tmp_path, pa.table({"at": [DAY_START + HOUR], "age": [7], "country": ["de"]}), mode="append")
        source = lake(tmp_path)
        listed = source.partitions(HOURS)
        day = max(tmp_path.glob("*.parquet"), key=lambda path: path.stat().st_size)
        day.write_bytes(b"x" * day.stat().st_size)
        with pytest.raises(FileUnreadable):
            source.profile(listed[HOURS[0]], AGES, ages)
        together = Partition("a", (*listed[HOURS[1]].objects, *listed[HOURS[2]].objects))
        assert source.profile(together, AGES, ages) == [7]
        assert [source.skipped.without_skipped(listed[start]).objects for start in HOURS[1:3]] == [
            tuple(item for item in listed[HOURS[1]].objects if item not in source.skipped.errors),
            listed[HOURS[2]].objects,
        ]
        assert len(source.skipped.without_skipped(listed[HOURS[1]]).objects) == 1
        source.retry_skipped()

    def test_browse_names_files_of_any_time(self, tmp_path: Path) -> None:
        write_day(tmp_path)
        found = lake(tmp_path).browse(3)
        assert found.place == str(tmp_path)
        assert [Path(name).parent for name in found.matching] == [tmp_path]

    def test_an_empty_table_is_no_data_set(self, tmp_path: Path) -> None:
        write_day(tmp_path)
        DeltaTable(tmp_path).delete()
        assert lake(tmp_path).dataset() is None
        assert lake(tmp_path).partitions(HOURS) == {}
        assert lake(tmp_path).partitions([]) == {}


class TestRefusals:
    @pytest.mark.parametrize(
        ("column", "grain", "message"),
        [
            ("At", HOUR, r'the column At does not exist; the column is named "at" here$'),
            ("age", HOUR, "the column age is int64, by which a table cannot be cut into partitions; name a column of"),
            ("country", timedelta(days=1), "the column country is .*string.*, by which a table cannot be cut"),
            ("day", HOUR, "the column day holds days; make the grain whole days$"),
            (None, HOUR, "the spec names no column of times, so the table has no partitions$"),
            ("at", None, "is read as one data set, without partitions$"),
        ],
    )
    def test_a_column_that_cannot_cut_a_table(
        self, tmp_path: Path, column: str | None, grain: timedelta | None, message: str
    ) -> None:
        day = {"day": pa.array([DAY_START.date()]), "at": [DAY_START], "age": [1], "country": ["de"]}
        write_deltalake(tmp_path, pa.table(day))
        with pytest.raises(SourceError, match=message):
            lake(tmp_path, column, grain).partitions(HOURS)

    def test_files_without_statistics_are_refused_unless_the_spec_allows_them(self, tmp_path: Path) -> None:
        write_day(tmp_path, configuration={"delta.dataSkippingStatsColumns": "age"})
        with pytest.raises(SourceError, match=r"its log has no times of at for 1 of 1 files, such as .*\.parquet"):
            lake(tmp_path).partitions(HOURS)
        source = lake(tmp_path, whole=True)
        found = {start: source.profile(each, AGES, ages) for start, each in source.partitions(HOURS[:2]).items()}
        assert found == {HOURS[0]: [0, 1, 2], HOURS[1]: [3, 4, 5]}

    @pytest.mark.parametrize("by", [[], ["at"]])
    def test_a_file_without_any_time_is_in_no_partition(
        self, tmp_path: Path, by: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        rows = {"at": pa.nulls(2, pa.timestamp("us", "UTC")), "age": [1, 2]}
        write_deltalake(tmp_path, pa.table(rows), partition_by=by)
        for _ in range(2):
            assert lake(tmp_path).partitions(HOURS) == {}
        (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("exporter")]
        assert "1 files have no at in any row, so they are in no partition, such as " in line
        data = lake(tmp_path).dataset()
        assert data is not None
