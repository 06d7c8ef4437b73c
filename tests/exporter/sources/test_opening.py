from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from exporter.errors import SourceError
from exporter.sources.opening import open_source
from exporter.sources.reducing import ReducingSource
from exporter.sources.skipping import SkippingSource
from exporter.sources.source import Selection, Stream
from exporter.sources.spark import Spark
from exporter.sources.stores.azure import Azure
from exporter.sources.stores.gcs import Gcs
from exporter.sources.stores.local import Local
from exporter.sources.stores.objects import ObjectSource
from exporter.sources.stores.s3 import S3
from exporter.sources.tables.athena import Athena
from exporter.sources.tables.bigquery import BigQuery
from exporter.sources.tables.lake import Lake
from exporter.sources.tables.redshift.table import Redshift
from exporter.spec.sections.source import Source

STREAM = Stream("fraud", "inference")


def test_s3() -> None:
    assert isinstance(open_source(Source(s3="s3://logs/%Y-%m-%dT%H.parquet"), Path("/models"), STREAM), S3)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ({"gcs": "gs://logs/%Y-%m-%dT%H.parquet"}, Gcs),
        ({"azure": "abfss://logs@account.dfs.core.windows.net/%Y-%m-%dT%H.parquet"}, Azure),
    ],
)
def test_other_clouds(place: dict[str, str], kind: type[ObjectSource]) -> None:
    opened = open_source(Source(**place), Path("/models"), STREAM)
    assert isinstance(opened, kind)
    assert isinstance(opened, SkippingSource)


@pytest.mark.parametrize(
    ("place", "module", "message"),
    [
        (
            {"gcs": "gs://logs/x"},
            "google.cloud",
            "Cloud Storage's client is not installed; run: pip install 'google-cloud-s",
        ),
        (
            {"azure": "abfss://logs@account.dfs.core.windows.net/x"},
            "azure.identity",
            "Azure's client is not installed; run: pip install 'azure-storage-blob>=12.27' 'azure-identity>=1.25'",
        ),
    ],
)
def test_without_its_client_a_cloud_is_an_error_with_advice(
    monkeypatch: pytest.MonkeyPatch, place: dict[str, str], module: str, message: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, f"exporter.sources.stores.{next(iter(place))}", raising=False)
    with pytest.raises(SourceError, match=re.escape(f"{next(iter(place.values()))}: {message}")):
        open_source(Source(**place), Path("/models"), STREAM)


def test_local_begins_at_the_specs_folder(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_bytes(b"x")
    source = open_source(Source(local="train.parquet"), tmp_path, STREAM)
    assert isinstance(source, Local)
    assert source.dataset() is not None


def test_bigquery() -> None:
    assert isinstance(open_source(Source(bigquery="project.dataset.table"), Path("/models"), STREAM), BigQuery)


def test_athena() -> None:
    source = Source(athena="lake.ml.log", workgroup="ml", partition_keys={"dt": "%Y%j"})
    assert isinstance(open_source(source, Path("/models"), STREAM), Athena)


def test_redshift() -> None:
    source = Source(redshift="dev.ml.log", cluster="dw", db_user="leeway", partition_column="arrived")
    assert isinstance(open_source(source, Path("/models"), STREAM), Redshift)


@pytest.mark.parametrize(
    "source", [Source(athena="ml.log"), Source(redshift="dev.ml.log", workgroup="prod")], ids=["athena", "redshift"]
)
def test_without_sqlglot_a_translated_engine_is_an_error_with_advice(
    monkeypatch: pytest.MonkeyPatch, source: Source
) -> None:
    translated = ("exporter.sources.tables.athena", "exporter.sources.tables.redshift")
    for name in [name for name in sys.modules if name.startswith(translated)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "exporter.sources.tables.dialect", raising=False)
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    with pytest.raises(SourceError, match=r"ml\.log: sqlglot is not installed; run: pip install 'sqlglot>=30'"):
        open_source(source, Path("/models"), STREAM)


def test_without_its_client_bigquery_is_an_error_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud", None)
    for name in ("exporter.sources.tables.bigquery", "exporter.sources.tables.bigquery_jobs"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    message = r"^project\.dataset\.table: BigQuery's client is not installed; run: pip install 'google-cloud-bigquery"
    with pytest.raises(SourceError, match=message):
        open_source(Source(bigquery="project.dataset.table"), Path("/models"), STREAM)


@pytest.mark.parametrize("place", [{"delta": "tables/log"}, {"delta": "s3://lake/log"}, {"iceberg": "prod.ml.log"}])
def test_lake_tables(place: dict[str, str]) -> None:
    assert isinstance(open_source(Source(**place), Path("/models"), STREAM), Lake)


@pytest.mark.parametrize("absolute", [True, False])
def test_a_delta_table_begins_at_the_specs_folder_and_its_partition_column_cuts_it(
    tmp_path: Path, absolute: bool
) -> None:
    day = datetime(2026, 11, 22, tzinfo=UTC)
    write_deltalake(tmp_path / "log", pa.table({"at": [day], "arrived": [day + timedelta(days=1)]}))
    table = Source(delta=str(tmp_path / "log") if absolute else "log/", partition_column="arrived")
    source = open_source(table, tmp_path, Stream("fraud", "inference", "at", timedelta(days=1)))
    assert list(source.partitions([day, day + timedelta(days=1)])) == [day + timedelta(days=1)]


@pytest.mark.parametrize(
    ("place", "library", "message"),
    [
        (
            {"delta": "s3://lake/log"},
            "deltalake",
            r"^s3://lake/log: delta-rs is not installed; run: pip install 'deltalake>=",
        ),
        (
            {"iceberg": "a.b.c"},
            "pyiceberg",
            r"^a\.b\.c: PyIceberg is not installed; run: pip install 'pyiceberg\[pyarrow\]>=",
        ),
    ],
)
def test_without_its_reader_a_lake_table_is_an_error_with_advice(
    place: dict[str, str], library: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    for name in ("exporter.sources.tables.delta", "exporter.sources.tables.iceberg"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(SourceError, match=message):
        open_source(Source(**place), Path("/models"), STREAM)


@pytest.mark.parametrize("place", [{"s3": "s3://logs/%Y-%m-%dT%H/"}, {"local": "%Y-%m-%dT%H/"}])
def test_spark_counts_files_where_the_spec_selects_it(place: dict[str, str]) -> None:
    opened = open_source(Source(**place, engine="spark"), Path("/models"), STREAM)
    assert isinstance(opened, Spark)
    assert isinstance(opened, ReducingSource)
    assert not isinstance(open_source(Source(**place), Path("/models"), STREAM), ReducingSource)


def test_without_pyspark_spark_is_an_error_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.delitem(sys.modules, "exporter.sources.spark", raising=False)
    with pytest.raises(SourceError, match=r"^s3://logs/x: PySpark is not installed; run: pip install 'pyspark>=4\.0'$"):
        open_source(Source(s3="s3://logs/x", engine="spark"), Path("/models"), STREAM)


def test_clients_are_imported_only_where_they_are_needed() -> None:
    program = """
import sys
from pathlib import Path
from exporter.sources.opening import open_source
from exporter.sources.source import Selection, Stream
from exporter.spec.sections.source import Source
open_source(Source(local="x.parquet"), Path("."), Stream("fraud", "inference"))
clients = {"boto3", "botocore", "google.cloud.bigquery", "google.cloud.storage", "azure", "pyspark", "sqlglot"}
assert not clients & set(sys.modules)
assert not {"deltalake", "pyiceberg"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_format_and_the_shape_are_those_of_the_spec(tmp_path: Path) -> None:
    (tmp_path / "log").write_text('{"id": "r1", "data": {"instances": [[1]], "predictions": [2]}, "v": 3}')
    keys = {"shape": "kserve", "request": ["x"], "response": ["y"], "paths": {"v": "$.v"}}
    source = open_source(Source(local="log", format="jsonl", **keys), tmp_path, STREAM)
    partition = source.dataset()
    assert partition is not None
    (batch,) = source.profile(partition, Selection(("id",), ("x", "y", "v"), ()), list)
    assert batch.table.to_pylist() == [{"id": "r1", "x": 1.0, "y": 2.0, "v": 3.0}]
