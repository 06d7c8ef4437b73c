from __future__ import annotations

import errno
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestContent, ManifestWriterV2
from pyiceberg.table import Table
from pyiceberg.transforms import DayTransform, HourTransform, IdentityTransform, Transform
from pyiceberg.typedef import Record
from pyiceberg.types import StringType
from pyiceberg.utils.config import Config

from exporter.errors import FileUnavailable, FileUnreadable, SourceError, SourceUnavailable
from exporter.sources.source import ROWS_ONLY, Selection, StoredObject, Stream
from exporter.sources.stores.local import Local
from exporter.sources.stores.s3 import S3
from exporter.sources.tables import iceberg
from exporter.sources.tables.iceberg import IcebergTable
from exporter.sources.tables.lake import Lake
from lake_rows import HOUR, HOURS, NOON, count, read, rows
from s3_server import Refuse, S3Server, always

NAME = "prod.ml.log"
POSITIONS = DataFileContent.POSITION_DELETES


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """A catalogue in SQLite, which PyIceberg's environment names."""
    monkeypatch.setenv("PYICEBERG_CATALOG__PROD__TYPE", "sql")
    monkeypatch.setenv("PYICEBERG_CATALOG__PROD__URI", f"sqlite:///{tmp_path}/catalog.db")
    monkeypatch.setenv("PYICEBERG_CATALOG__PROD__WAREHOUSE", f"file://{tmp_path}")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())  # it reads the environment only when imported
    made = load_catalog("prod")
    made.create_namespace("ml")
    return made


def lake(column: str | None = "at", grain: timedelta = HOUR, *, whole: bool = False) -> Lake:
    return Lake(IcebergTable(NAME), Stream("fraud", "inference", column, grain), whole=whole)


def written(
    catalog: Catalog, data: pa.Table, transform: Transform[Any, Any] | None = None, statistics: str = ""
) -> Table:
    """A table, partitioned by a transform of its first column."""
    properties = {"write.metadata.metrics.default": statistics} if statistics else {}
    table = catalog.create_table("ml.log", data.schema, properties=properties)
    if transform is not None:
        with table.update_spec() as update:
            update.add_field(data.column_names[0], transform, "part")
    table.append(data)
    return table


def delete_rows(
    table: Table, monkeypatch: pytest.MonkeyPatch, *positions: int, content: DataFileContent = POSITIONS
) -> None:
    """Commit a file of deleted positions in the only data file, or of deleted ages; PyIceberg reads these only."""
    (task,) = table.scan().plan_files()
    place = Path(table.location().removeprefix("file://"), "data", f"deletes-{len(table.metadata.snapshots)}.parquet")
    if content == POSITIONS:
        columns = {"file_path": [task.file.file_path] * len(positions), "pos": pa.array(positions, pa.int64())}
        ids = {"file_path": 2147483546, "pos": 2147483545}
    else:
        columns, ids = {"age": pa.array(positions, pa.int64())}, {"age": table.schema().find_field("age").field_id}
    deletes = pa.table(columns)
    fields = [field.with_metadata({"PARQUET:field_id": str(ids[field.name])}) for field in deletes.schema]
    pq.write_table(deletes.cast(pa.schema(fields)), place)
    file = DataFile.from_args(
        content=content,
        file_path=f"file://{place}",
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=len(positions),
        file_size_in_bytes=place.stat().st_size,
        equality_ids=None if content == POSITIONS else list(ids.values()),
    )
    file.spec_id = 0
    with monkeypatch.context() as patched, table.transaction() as transaction:
        patched.setattr(ManifestWriterV2, "content", lambda writer: ManifestContent.DELETES)
        with transaction.update_snapshot().fast_append() as snapshot:
            snapshot.append_data_file(file)


class TestSnapshot:
    def test_only_live_files_count(self, catalog: Catalog) -> None:
        table = written(catalog, rows(1, 2, 3))
        source = lake()
        assert read(source) == {NOON: [1, 2, 3]}
        table.append(rows(4, at=HOURS[1]))
        assert read(source) == {NOON: [1, 2, 3], HOURS[1]: [4]}
        table.delete("age = 2")
        assert read(source) == {NOON: [1, 3], HOURS[1]: [4]}
        table.overwrite(rows(5, at=HOURS[2]))
        assert read(source) == read(lake()) == {HOURS[2]: [5]}

    def test_a_fingerprint_changes_when_and_only_when_live_files_do(self, catalog: Catalog) -> None:
        table = written(catalog, rows(1, 2))
        table.append(rows(3, at=HOURS[1]))
        source = lake()

        def prints() -> list[str]:
            return [partition.fingerprint for partition in source.partitions(HOURS).values()]

        before = prints()
        table.append(rows(4, at=HOURS[2]))
        assert prints()[:2] == before
        table.delete("age = 1")
        assert [old == new for old, new in zip(before, prints(), strict=False)] == [False, True]

    def test_rows_of_position_deletes_do_not_count(self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
        table = written(catalog, rows(*range(10), step=timedelta(minutes=10)))
        source = lake()
        before = source.partitions(HOURS)[NOON].fingerprint
        delete_rows(table, monkeypatch, 0, 3, 7)
        assert read(source) == {NOON: [1, 2, 4, 5], HOURS[1]: [6, 8, 9]}
        assert source.partitions(HOURS)[NOON].fingerprint != before
        data = source.dataset()
        assert data is not None
        assert source.profile(data, ROWS_ONLY, count) == 7

    def test_equality_deletes_are_refused(self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
        delete_rows(written(catalog, rows(1, 2)), monkeypatch, 1, content=DataFileContent.EQUALITY_DELETES)
        with pytest.raises(SourceError, match=r"^prod\.ml\.log: .*equality deletes"):
            lake().partitions(HOURS)

    @pytest.mark.parametrize("name", ["prod.ml.other", "prod.other.log"])
    def test_a_missing_table_is_an_error(self, catalog: Catalog, name: str) -> None:
        source = Lake(IcebergTable(name), Stream("fraud", "inference", "at", HOUR), whole=False)
        with pytest.raises(SourceError, match=f"^{name}: the catalog has no such table$"):
            source.partitions(HOURS)

    def test_a_catalog_without_configuration_is_an_error(self) -> None:
        source = Lake(IcebergTable("nowhere.ml.log"), Stream("fraud", "inference", "at", HOUR), whole=False)
        with pytest.raises(SourceError, match=r"^nowhere\.ml\.log: .*URI missing") as caught:
            source.partitions(HOURS)
        assert not isinstance(caught.value, SourceUnavailable)

    def test_a_catalog_that_does_not_answer_is_unavailable(self, catalog: Catalog, tmp_path: Path) -> None:
        written(catalog, rows(1))
        source = lake()
        read(source)
        (tmp_path / "catalog.db").write_bytes(b"x" * 4096)
        with pytest.raises(SourceUnavailable, match=r"^prod\.ml\.log: the catalog or the metadata cannot be read: "):
            source.partitions(HOURS)


class TestColumns:
    @pytest.mark.parametrize("transform", [None, IdentityTransform(), DayTransform(), HourTransform()])
    @pytest.mark.parametrize("statistics", ["full", "none"])
    def test_hours_by_statistics_and_by_partitions(
        self, catalog: Catalog, transform: Transform[Any, Any] | None, statistics: str
    ) -> None:
        written(catalog, rows(1, 2, step=HOUR), transform, statistics)
        if statistics == "none" and transform is None:
            with pytest.raises(SourceError, match="its log has no times of at for 1 of 1 files"):
                lake().partitions(HOURS)
        else:
            found = read(lake())
            if statistics == "none" and transform == DayTransform():
                assert found.pop(HOURS[2]) == []  # as far as is known, the file has rows of every hour of its day
            assert found == {NOON: [1], HOURS[1]: [2]}

    @pytest.mark.parametrize("kind", [pa.date32(), pa.string(), pa.timestamp("us")])
    def test_days(self, catalog: Catalog, kind: pa.DataType) -> None:
        days = [datetime(2026, 11, day, tzinfo=UTC) for day in (20, 21, 22)]
        values = pa.array([day.date() for day in days]).cast(kind)
        transform = IdentityTransform() if pa.types.is_string(kind) else None
        written(catalog, pa.table({"day": values, "age": [1, 2, 3]}), transform)
        source = lake("day", timedelta(days=1))
        assert read(source, days) == {day: [age] for day, age in zip(days, (1, 2, 3), strict=True)}

    def test_a_renamed_column_keeps_its_values_and_a_new_one_is_null_before(self, catalog: Catalog) -> None:
        table = written(catalog, rows(1, nation="de"))
        with table.update_schema() as update:
            update.rename_column("nation", "country")
            update.add_column("device", StringType())
        table.append(rows(2, country="us", device="phone"))
        source = lake(None)
        data = source.dataset()
        assert data is not None
        selection = Selection(("country",), ("age",), ("device", "nation"))
        found = source.profile(data, selection, lambda all_: [row for each in all_ for row in each.table.to_pylist()])
        assert sorted(found, key=lambda row: row["age"]) == [
            {"age": 1, "country": "de", "device": None},
            {"age": 2, "country": "us", "device": "phone"},
        ]

    def test_rows_without_a_time_are_in_the_first_partition_of_their_file(self, catalog: Catalog) -> None:
        written(
            catalog, pa.table({"at": pa.array([NOON, HOURS[1], None], pa.timestamp("us", "UTC")), "age": [1, 2, 3]})
        )
        assert read(lake()) == {NOON: [1, 3], HOURS[1]: [2]}

    def test_a_file_that_is_gone_costs_itself(self, catalog: Catalog, tmp_path: Path) -> None:
        table = written(catalog, rows(1))
        (gone,) = tmp_path.glob("**/*.parquet")
        table.append(rows(2))
        gone.unlink()
        source = lake()
        assert read(source) == {NOON: [2]}
        assert list(source.skipped.problems) == [f"file://{gone}"]
        alone = source.partitions(HOURS)[NOON]
        assert len(source.skipped.without_skipped(alone).objects) == 1


def test_wide_rows_are_read_in_runs_of_columns(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iceberg, "RUN_BYTES", 1)
    written(catalog, rows(1, 2, x=3, y=4, z="a"))
    source = lake(None)
    data = source.dataset()
    assert data is not None
    found = source.profile(
        data,
        Selection(("z",), ("age", "x"), ("y",)),
        lambda all_: [(each.table.column_names, each.first) for each in all_],
    )
    assert source.profile(data, Selection((), ("age", "x"), (), part=(1, 2)), list) == []
    assert found == [(["z", "age"], True), (["z", "x"], False), (["z", "y"], False)]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (
            OSError("When reading: AWS Error NETWORK_CONNECTION during GetObject operation: curlCode: 28"),
            SourceUnavailable,
        ),
        (OSError("When reading: AWS Error INVALID_OBJECT_STATE during GetObject operation"), FileUnavailable),
        (OSError(errno.EACCES, "Permission denied"), FileUnavailable),
        (OSError("Couldn't deserialize thrift: TProtocolException: Invalid data"), None),
    ],
)
def test_an_error_is_of_the_store_of_the_file_or_of_the_content(error: OSError, kind: type[Exception] | None) -> None:
    found = iceberg._store_error(StoredObject("s3://lake/x.parquet", 1, ""), error)
    assert type(found) is (kind or type(None))


def test_a_path_to_the_files_of_a_table_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    written(catalog, rows(1))
    for template in ("ml/log/", "ml/log/data/*.parquet"):
        with pytest.raises(SourceError, match=r"is an Iceberg table, .*; write `source: \{iceberg: catalog\."):
            Local(template, tmp_path).dataset()


def test_a_table_in_s3(s3_server: S3Server, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    s3_server.put("lake", "x", b"")
    monkeypatch.setenv("PYICEBERG_CATALOG__PROD__WAREHOUSE", "s3://lake/warehouse")
    monkeypatch.setenv("PYICEBERG_CATALOG__PROD__S3__ENDPOINT", s3_server.url)
    monkeypatch.setenv("PYICEBERG_CATALOG__PROD__S3__REGION", "us-east-1")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())
    written(load_catalog("prod"), rows(1, 2, step=HOUR))
    source = lake()
    assert read(source) == {NOON: [1], HOURS[1]: [2]}
    with pytest.raises(SourceError, match=r"^s3://lake/warehouse/ml/log/: is an Iceberg table, "):
        S3("s3://lake/warehouse/ml/log/data/").dataset()
    s3_server.faults = always(Refuse(403, "AccessDenied"), lambda request: request.path.endswith(".parquet"))
    with pytest.raises(FileUnavailable, match="ACCESS_DENIED"):
        read(source)
    s3_server.faults = None
    (file,) = source.partitions(HOURS)[NOON].objects
    s3_server.delete("lake", file.path.partition(" [")[0].removeprefix("s3://lake/"))
    with pytest.raises(FileUnreadable, match="was deleted after it was listed"):
        read(source)
