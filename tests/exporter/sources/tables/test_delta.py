from __future__ import annotations

import base64
import json
import shutil
import struct
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, WriterProperties, write_deltalake

from exporter.errors import FileUnreadable, SourceError, SourceUnavailable
from exporter.sources.skipping import SkippingSource
from exporter.sources.source import ROWS_ONLY, Selection, Stream
from exporter.sources.tables.delta import DeltaLog
from exporter.sources.tables.lake import Lake
from lake_rows import AGES, HOUR, HOURS, NOON, count, read, rows
from s3_server import Refuse, S3Server, always

DAY = timedelta(days=1)


def lake(place: Path | str, column: str | None = "at", grain: timedelta = HOUR, *, whole: bool = False) -> Lake:
    return Lake(DeltaLog(str(place), Path("/")), Stream("fraud", "inference", column, grain), whole=whole)


def table(source: Lake, *keys: str) -> list[dict[str, Any]]:
    """The rows of the whole table, by age."""
    data = source.dataset()
    assert data is not None
    selection = Selection(keys, ("age",), ())
    found = source.profile(data, selection, lambda batches: [row for each in batches for row in each.table.to_pylist()])
    return sorted(found, key=lambda row: row["age"])


_B85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def delete_by_vector(place: Path, *positions: int) -> None:
    """Commit a deletion vector of the only file, as Delta's protocol describes it; delta-rs reads these only."""
    bitmap = struct.pack("<II", 12346, 1) + struct.pack("<HHI", 0, len(positions) - 1, 16)
    bitmap += b"".join(struct.pack("<H", position) for position in positions)
    data = struct.pack("<IQI", 1681511377, 1, 0) + bitmap
    text = base64.b85encode(data + b"\0" * (-len(data) % 4)).decode().translate(str.maketrans(_B85, _Z85))
    log = place / "_delta_log"
    versions = sorted(log.glob("*.json"))
    lines = [json.loads(line) for version in versions for line in version.read_text().splitlines()]
    add = next(line["add"] for line in reversed(lines) if "add" in line)
    remove = {"path": add["path"], "deletionTimestamp": 0, "dataChange": True}
    if "deletionVector" in add:
        remove["deletionVector"] = add["deletionVector"]
    vector = {"storageType": "i", "pathOrInlineDv": text, "sizeInBytes": len(data), "cardinality": len(positions)}
    features = ["deletionVectors"]
    protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features}
    actions = [{"protocol": protocol}, {"remove": remove}, {"add": {**add, "deletionVector": vector}}]
    (log / f"{len(versions):020}.json").write_text("\n".join(map(json.dumps, actions)))


class TestSnapshot:
    def test_it_is_a_source_that_leaves_out_files(self, tmp_path: Path) -> None:
        assert isinstance(lake(tmp_path), SkippingSource)

    def test_only_live_files_count(self, tmp_path: Path) -> None:
        write_deltalake(tmp_path, rows(1, 2, 3))
        source = lake(tmp_path)
        assert read(source) == {NOON: [1, 2, 3]}
        write_deltalake(tmp_path, rows(4, at=NOON + HOUR), mode="append")
        assert read(source) == {NOON: [1, 2, 3], HOURS[1]: [4]}
        DeltaTable(tmp_path).delete("age = 2")
        assert read(source) == {NOON: [1, 3], HOURS[1]: [4]}
        write_deltalake(tmp_path, rows(5, at=HOURS[2]), mode="overwrite")
        assert read(source) == read(lake(tmp_path)) == {HOURS[2]: [5]}
        assert len(list(tmp_path.glob("*.parquet"))) == 4

    def test_a_fingerprint_changes_when_and_only_when_live_files_do(self, tmp_path: Path) -> None:
        write_deltalake(tmp_path, rows(1, 2))
        write_deltalake(tmp_path, rows(3, at=HOURS[1]), mode="append")
        source = lake(tmp_path)

        def prints() -> list[str]:
            return [partition.fingerprint for partition in source.partitions(HOURS).values()]

        before = prints()
        DeltaTable(tmp_path).create_checkpoint()
        write_deltalake(tmp_path, rows(4, at=HOURS[2]), mode="append")
        assert prints()[:2] == before
        DeltaTable(tmp_path).delete("age = 1")
        assert [old == new for old, new in zip(before, prints(), strict=False)] == [False, True]

    def test_rows_that_a_deletion_vector_deletes_do_not_count(self, tmp_path: Path) -> None:
        write_deltalake(tmp_path, rows(*range(10), step=timedelta(minutes=10)))
        source = lake(tmp_path)
        before = source.partitions(HOURS)[NOON].fingerprint
        delete_by_vector(tmp_path, 0, 3, 7)
        assert read(source) == {NOON: [1, 2, 4, 5], HOURS[1]: [6, 8, 9]}
        assert source.partitions(HOURS)[NOON].fingerprint != before
        data = source.dataset()
        assert data is not None
        assert source.profile(data, ROWS_ONLY, count) == 7

    def test_parts_of_a_file_have_each_row_once(self, tmp_path: Path) -> None:
        groups = WriterProperties(max_row_group_size=2)
        write_deltalake(tmp_path, rows(*range(8)), writer_properties=groups)

        def in_parts(selection: Selection) -> list[int]:
            source = lake(tmp_path)
            data = source.dataset()
            assert data is not None
            return [source.profile(data, replace(selection, part=(part, 3)), count) for part in range(3)]

        assert in_parts(AGES) == in_parts(ROWS_ONLY) == [2, 2, 4]
        delete_by_vector(tmp_path, 5)
        assert in_parts(AGES) == in_parts(ROWS_ONLY) == [7, 0, 0]

    def test_a_deletion_vector_in_a_partition(self, tmp_path: Path) -> None:
        write_deltalake(tmp_path, rows(1, 2, 3, country="a b/ü%20"), partition_by=["country"])
        delete_by_vector(tmp_path, 1)
        assert table(lake(tmp_path), "country") == [{"age": age, "country": "a b/ü%20"} for age in (1, 3)]

    def test_after_an_error_the_log_is_read_again(self, tmp_path: Path) -> None:
        write_deltalake(tmp_path / "a", rows(1))
        source = lake(tmp_path / "a")
        assert read(source) == {NOON: [1]}
        (tmp_path / "a").rename(tmp_path / "b")
        with pytest.raises(SourceError):
            source.partitions(HOURS)
        (tmp_path / "b").rename(tmp_path / "a")
        assert read(source) == {NOON: [1]}

    def test_another_table_in_the_same_place_is_noticed(self, tmp_path: Path) -> None:
        write_deltalake(tmp_path / "a", rows(1))
        source = lake(tmp_path / "a")
        assert read(source) == {NOON: [1]}
        shutil.rmtree(tmp_path / "a")
        write_deltalake(tmp_path / "a", rows(2, 3))
        assert read(source) == {NOON: [2, 3]}

    def test_a_table_that_needs_an_unknown_feature_is_refused(self, tmp_path: Path) -> None:
        write_deltalake(tmp_path, rows(1), configuration={"delta.columnMapping.mode": "name"})
        with pytest.raises(SourceError, match=r"uses columnMapping, which Leeway does not read$"):
            lake(tmp_path).partitions(HOURS)

    def test_a_missing_table_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"nothing: there is no Delta table: it has no _delta_log$"):
            lake(tmp_path / "nothing").partitions(HOURS)
        with pytest.raises(SourceError, match=r"there is no Delta table"):
            lake(tmp_path / "nothing").dataset()

    def test_a_damaged_log_is_an_error(self, tmp_path: Path) -> None:
        write_deltalake(tmp_path, rows(1))
        next((tmp_path / "_delta_log").glob("*.json")).write_text("{")
        with pytest.raises(SourceUnavailable, match="the log of the table cannot be read: "):
            lake(tmp_path).partitions(HOURS)


class TestColumns:
    def test_partition_values_are_columns_of_their_type(self, tmp_path: Path) -> None:
        data = pa.concat_tables(
            [rows(1, version="v 2/ü", day=date(2026, 11, 22), floor=3), rows(2, version=None)],
            promote_options="default",
        )
        write_deltalake(tmp_path, data, partition_by=["version", "day", "floor"])
        assert table(lake(tmp_path), "version", "day", "floor") == [
            {"age": 1, "version": "v 2/ü", "day": date(2026, 11, 22), "floor": 3},
            {"age": 2, "version": None, "day": None, "floor": None},
        ]

    def test_a_column_that_came_later_is_null_before(self, tmp_path: Path) -> None:
        write_deltalake(tmp_path, rows(1))
        write_deltalake(tmp_path, rows(2, country="de"), mode="append", schema_mode="merge")
        assert [row["country"] for row in table(lake(tmp_path), "country")] == [None, "de"]

    @pytest.mark.parametrize(
        ("column", "kind"),
        [("day", pa.date32()), ("day", pa.string()), ("at", pa.timestamp("us")), ("at", pa.timestamp("us", "UTC"))],
    )
    @pytest.mark.parametrize("partitioned", [True, False])
    def test_days_by_statistics_and_by_partition_values(
        self, tmp_path: Path, column: str, kind: pa.DataType, partitioned: bool
    ) -> None:
        if pa.types.is_string(kind) and not partitioned:
            return
        days = [datetime(2026, 11, day, tzinfo=UTC) for day in (20, 21, 22)]
        midnights = pa.array(days, pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
        values = midnights.cast(pa.date32()).cast(kind) if column == "day" else midnights.cast(kind)
        write_deltalake(tmp_path, pa.table({column: values, "age": [1, 2, 3]}), partition_by=[column] * partitioned)
        assert read(lake(tmp_path, column, DAY), days) == {day: [age] for day, age in zip(days, (1, 2, 3), strict=True)}


def test_a_table_in_s3(s3_server: S3Server, tmp_path: Path) -> None:
    s3_server.put("lake", "x", b"")
    options = {"AWS_S3_ALLOW_UNSAFE_RENAME": "true", "AWS_ALLOW_HTTP": "true"}
    write_deltalake(
        "s3://lake/t/log", rows(1, 2, step=HOUR, country="a b"), partition_by=["country"], storage_options=options
    )
    source = lake("s3://lake/t/log")
    assert read(source) == {NOON: [1], HOURS[1]: [2]}
    s3_server.reset_counts()
    assert len(source.partitions(HOURS)) == 2
    assert len(s3_server.requests) <= 3
    s3_server.faults = always(Refuse(403, "AccessDenied"))
    with pytest.raises(SourceUnavailable, match=r"^s3://lake/.*AccessDenied"):
        source.partitions(HOURS)
    s3_server.faults = None
    (file,) = source.partitions(HOURS)[NOON].objects
    s3_server.delete("lake", file.path.partition(" [")[0].removeprefix("s3://lake/"))
    with pytest.raises(FileUnreadable, match="The specified key does not exist"):
        read(source)
