from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exporter.errors import UsageError
from exporter.sources.stores import gcs
from gcs_server import GcsServer
from generator.init.data_sets import find
from s3_server import S3Server

LOG = pa.table({"request_id": ["a", "b"], "score": [0.5, 0.25], "age": [20, 20]})
LABELS = pa.table({"request_id": ["a", "b"], "fraud": [True, False]})


def put(path: Path, table: pa.Table = LOG) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def test_a_folder_of_data_sets_has_the_log_its_labels_and_its_reference(tmp_path: Path) -> None:
    for hour in (8, 9, 10, 11):
        put(tmp_path / "inference" / f"2026-11-22T{hour:02}.parquet")
        put(tmp_path / "labels" / f"2026-11-22T{hour:02}.parquet", LABELS)
    put(tmp_path / "reference" / "train_v3.parquet")
    (tmp_path / "_tmp").mkdir()
    found = find(str(tmp_path))
    assert [path.rpartition("T")[2] for path in found.log.files] == ["11.parquet", "10.parquet", "09.parquet"]
    assert found.labels is not None
    assert [column.name for column in found.labels.columns] == ["request_id", "fraud"]
    assert found.reference is not None
    assert found.reference.files == (f"{tmp_path}/reference/train_v3.parquet",)


def test_a_folder_of_dates_is_one_data_set(tmp_path: Path) -> None:
    for part in ("dt=2026-11-22/hour=09/part-0", "dt=2026-11-22/hour=10/part-0", "dt=2026-11-21/hour=10/part-0"):
        put(tmp_path / f"{part}.parquet")
    (tmp_path / "dt=2026-11-22" / "_SUCCESS").touch()
    found = find(f"{tmp_path}/")
    assert [file.removeprefix(f"{tmp_path}/") for file in found.log.files] == [
        "dt=2026-11-22/hour=10/part-0.parquet",
        "dt=2026-11-22/hour=09/part-0.parquet",
        "dt=2026-11-21/hour=10/part-0.parquet",
    ]
    assert (found.labels, found.reference) == (None, None)


def test_folders_of_keys_are_one_data_set_whose_template_has_any_value(tmp_path: Path) -> None:
    for version in ("v1", "v2"):
        put(tmp_path / f"env=prod/log/version={version}/dt=2026-11-22/part-0.parquet")
    found = find(f"{tmp_path}/env=prod")
    assert len(found.log.files) == 2
    assert found.log.template == (f"{tmp_path}/env=prod/log/version=*/dt=%Y-%m-%d/*.parquet", "24h")
    assert [column.name for column in found.log.columns] == ["request_id", "score", "age", "version"]


def test_columns_of_all_files_are_seen_together(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path / f"2026-11-2{number}.parquet", pa.table({"version": [f"v{number}"] * 10}))
    assert find(str(tmp_path)).log.columns[0].distinct == 3


def test_what_the_user_names_is_the_log_whatever_its_name_says(tmp_path: Path) -> None:
    put(tmp_path / "labels" / "training" / "a.parquet")
    assert find(f"{tmp_path}/labels/training").log.files == (f"{tmp_path}/labels/training/a.parquet",)


def test_a_prefix_in_s3_is_searched_too(s3_server: S3Server) -> None:
    content = io.BytesIO()
    pq.write_table(LOG, content)
    for key in ("a/log/2026/01.parquet", "a/log/2026/02.parquet", "a/log/2026/_tmp/03.parquet", "a/log/2027/notes.txt"):
        s3_server.put("logs", key, content.getvalue())
    for address in ("s3://logs/a", "s3://logs/a/"):
        assert find(address).log.files == ("s3://logs/a/log/2026/02.parquet", "s3://logs/a/log/2026/01.parquet")
    assert find("s3://logs/a/log/2026/01.parquet").log.files == ("s3://logs/a/log/2026/01.parquet",)
    with pytest.raises(UsageError, match=r"s3://logs/a/log/2027: has no file of a known format"):
        find("s3://logs/a/log/2027")


def test_a_prefix_in_cloud_storage_is_searched_too(monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    pq.write_table(LOG, content)
    with GcsServer() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        gcs.connect.cache_clear()
        for key in ("log/2026-01.parquet", "log/2026-02.parquet", "labels/2026-02.parquet"):
            server.put("logs", key, content.getvalue())
        found = find("gs://logs")
        gcs.connect().close()
        gcs.connect.cache_clear()
    assert found.log.files == ("gs://logs/log/2026-02.parquet", "gs://logs/log/2026-01.parquet")
    assert [column.name for column in found.log.columns] == ["request_id", "score", "age"]
    assert found.labels is not None
    assert found.labels.files == ("gs://logs/labels/2026-02.parquet",)


def test_a_path_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        find(str(tmp_path / "none"))
