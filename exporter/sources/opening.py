"""Opens the source of a spec; a cloud's client is imported only where it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError

from exporter.errors import SourceError
from exporter.sources.formats.file_format import FileFormat
from exporter.sources.formats.payloads import Shape, Writer
from exporter.sources.skipping import SkippingSource
from exporter.sources.source import Source, Stream
from exporter.sources.stores.local import Local
from exporter.sources.stores.objects import Limits, ObjectSource
from exporter.sources.tables.lake import Lake, LakeTable
from exporter.spec.file_names import Format
from exporter.spec.json_path import parse_path
from exporter.spec.loading import LoadedSpec
from exporter.spec.sections import source as spec_source


class Client(NamedTuple):
    """An optional client: its name, its packages as pip takes them, and the modules that they bring."""

    name: str
    packages: tuple[str, ...]
    modules: frozenset[str]


BIGQUERY: Final = Client("BigQuery's client", ("google-cloud-bigquery[bqstorage]>=3.38",), frozenset({"google"}))
GCS: Final = Client("Cloud Storage's client", ("google-cloud-storage>=3.4",), frozenset({"google", "requests"}))
AZURE: Final = Client("Azure's client", ("azure-storage-blob>=12.27", "azure-identity>=1.25"), frozenset({"azure"}))
SQLGLOT: Final = Client("sqlglot", ("sqlglot>=30",), frozenset({"sqlglot"}))
"""It translates the statements of Athena and Redshift."""
DELTA: Final = Client("delta-rs", ("deltalake>=1.5",), frozenset({"deltalake"}))
ICEBERG: Final = Client("PyIceberg", ("pyiceberg[pyarrow]>=0.10",), frozenset({"pyiceberg"}))
"""A catalog may need another of its extras."""
SPARK: Final = Client("PySpark", ("pyspark>=4.0",), frozenset({"pyspark", "py4j"}))
"""It also needs Java."""
STORES: Final = {"s3": "s3", "gs": "gcs", "abfss": "azure"}
"""The kind of a source for each scheme of an address."""


def open_source(source: spec_source.Source, folder: Path, stream: Stream) -> Source:
    """Return the source of a spec; no request is sent yet.

    Args:
        source: exactly one kind, as the spec has validated.
        folder: the spec's folder, where relative local paths begin.
        stream: the model and the log that it is read for.

    Raises:
        SourceError: its client is not installed.
    """
    form = _file_format(source)
    if source.engine is None:
        return _opened(source, folder, stream, form)
    files = _opened(source, folder.absolute(), stream, form)
    return _distributed(files, source.template, form) if isinstance(files, SkippingSource) else files


def _file_format(source: spec_source.Source) -> FileFormat:
    given, shape = Format(source.format) if source.format else None, None
    if source.shape or source.paths:
        paths = {column: parse_path(path) for column, path in source.paths.items()}
        shape = Shape(Writer(source.shape) if source.shape else None, source.request, source.response, paths)
    return FileFormat(given, shape)


def open_log(loaded: LoadedSpec, stream: str) -> Source:
    """Return the source of a model's inference log, for the log itself or for another stream that is made of it.

    Raises:
        SourceError: as `open_source`.
    """
    log = loaded.spec.spec.inference
    return open_source(log.source, loaded.folder, Stream(loaded.spec.name, stream, log.columns.timestamp, log.grain))


def open_objects(address: str, limits: Limits) -> ObjectSource:
    """Return the bucket or container of an address, such as `gs://bucket/path`; no request is sent yet.

    Raises:
        SourceError: it is of another store or no address of its store, or the store's client is not installed.
    """
    scheme, _, rest = address.partition("://")
    kind, everything = STORES.get(scheme, ""), f"{scheme}://{rest.partition('/')[0]}/*"
    try:
        spec_source.Source.model_validate({kind: everything} if kind else {})
    except ValidationError as error:
        stores = f"is in none of the stores that are read: {', '.join(f'{each}://' for each in STORES)}"
        message = error.errors()[0]["msg"].removeprefix("Value error, ") if kind else stores
        raise SourceError(f"{address}: {message}") from None
    match kind:
        case "s3":
            from exporter.sources.stores.s3 import S3  # noqa: PLC0415 - boto3 takes a quarter of a second to import

            return S3(everything, limits)
        case "gcs":
            with _needs(GCS, address):
                from exporter.sources.stores.gcs import Gcs  # noqa: PLC0415 - an extra

            return Gcs(everything, limits)
        case _:
            with _needs(AZURE, address):
                from exporter.sources.stores.azure import Azure  # noqa: PLC0415 - an extra

            return Azure(everything, limits)


def _opened(source: spec_source.Source, folder: Path, stream: Stream, form: FileFormat) -> Source:  # noqa: PLR0911 - one for each kind
    match source.kind:
        case "s3":
            from exporter.sources.stores.s3 import S3  # noqa: PLC0415 - boto3 takes a quarter of a second to import

            return S3(source.template, form=form)
        case "gcs":
            with _needs(GCS, source.template):
                from exporter.sources.stores.gcs import Gcs  # noqa: PLC0415 - an extra

            return Gcs(source.template, form=form)
        case "azure":
            with _needs(AZURE, source.template):
                from exporter.sources.stores.azure import Azure  # noqa: PLC0415 - an extra

            return Azure(source.template, form=form)
        case "local":
            return Local(source.template, folder, form)
        case "delta" | "iceberg":
            cut = replace(stream, timestamp=source.partition_column or stream.timestamp)
            return Lake(_lake_table(source, folder), cut, whole=source.unpartitioned)
        case "athena":
            return _athena_table(source, stream)
        case "redshift":
            return _redshift_table(source, stream)
        case _:
            return _table(source, stream)


def _distributed(source: SkippingSource, place: str, form: FileFormat) -> Source:
    with _needs(SPARK, place):
        from exporter.sources.spark import Spark  # noqa: PLC0415 - an extra, and a second to import
    return Spark(source, place, form=form)


def _lake_table(source: spec_source.Source, folder: Path) -> LakeTable:
    if source.kind == "delta":
        with _needs(DELTA, source.template):
            from exporter.sources.tables.delta import DeltaLog  # noqa: PLC0415 - an extra
        return DeltaLog(source.template, folder)
    with _needs(ICEBERG, source.template):
        from exporter.sources.tables.iceberg import IcebergTable  # noqa: PLC0415 - an extra, and a second to import
    return IcebergTable(source.template)


def _table(source: spec_source.Source, stream: Stream) -> Source:
    with _needs(BIGQUERY, source.template):
        from exporter.sources.tables.bigquery import BigQuery  # noqa: PLC0415 - an extra, and a second to import
        from exporter.sources.tables.bigquery_jobs import JobTerms  # noqa: PLC0415
    labels = {"leeway-model": stream.model, "leeway-stream": stream.name}
    terms = JobTerms(source.location, labels, source.billing_limit)
    cut = replace(stream, timestamp=source.partition_column or stream.timestamp)
    return BigQuery(source.template, terms, cut, whole=source.unpartitioned)


def _athena_table(source: spec_source.Source, stream: Stream) -> Source:
    with _needs(SQLGLOT, source.template):
        from exporter.sources.tables.athena import Athena  # noqa: PLC0415 - an extra
        from exporter.sources.tables.athena_queries import QueryTerms  # noqa: PLC0415
    catalog, database, _ = ["AwsDataCatalog", *source.template.split(".")][-3:]
    terms = QueryTerms(source.workgroup or "primary", source.output, catalog, database)
    cut = replace(stream, timestamp=source.partition_column or stream.timestamp)
    return Athena(source.template, terms, cut, keys=source.partition_keys, whole=source.unpartitioned)


def _redshift_table(source: spec_source.Source, stream: Stream) -> Source:
    with _needs(SQLGLOT, source.template):
        from exporter.sources.tables.redshift.statements import Warehouse  # noqa: PLC0415 - an extra
        from exporter.sources.tables.redshift.table import Redshift  # noqa: PLC0415
    database = source.template.partition(".")[0]
    warehouse = Warehouse(database, source.workgroup, source.cluster, source.db_user, source.secret)
    cut = replace(stream, timestamp=source.partition_column or stream.timestamp)
    return Redshift(source.template, warehouse, cut)


@contextmanager
def _needs(client: Client, place: str) -> Iterator[None]:
    """Turn the error of a client that is not installed into one that says how to install it."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] not in client.modules:
            raise
        packages = " ".join(f"'{package}'" for package in client.packages)
        raise SourceError(f"{place}: {client.name} is not installed; run: pip install {packages}") from None
