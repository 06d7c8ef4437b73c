"""Opens the source of a spec; a cloud's client is imported only where it is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from exporter.errors import SourceError
from exporter.sources.local import Local
from exporter.sources.skipping import SkippingSource
from exporter.sources.source import Source, Stream
from exporter.spec.loading import LoadedSpec
from exporter.spec.sections import source as spec_source

CLIENT: Final = "google-cloud-bigquery[bqstorage]>=3.38"
"""The package for BigQuery, which is optional."""
SPARK: Final = "pyspark>=4.0"
"""The package for Spark, which is optional and also needs Java."""


def open_source(source: spec_source.Source, folder: Path, stream: Stream) -> Source:
    """Return the source of a spec; no request is sent yet.

    Args:
        source: exactly one kind, as the spec has validated.
        folder: the spec's folder, where relative local paths begin.
        stream: the model and the log that it is read for.

    Raises:
        SourceError: its client is not installed.
    """
    if source.engine is None:
        return _opened(source, folder, stream)
    files = _opened(source, folder.absolute(), stream)
    return _distributed(files, source.template) if isinstance(files, SkippingSource) else files


def _opened(source: spec_source.Source, folder: Path, stream: Stream) -> Source:
    match source.kind:
        case "s3":
            from exporter.sources.s3 import S3  # noqa: PLC0415 - boto3 takes a quarter of a second to import

            return S3(source.template)
        case "local":
            return Local(source.template, folder)
        case _:
            return _table(source, stream)


def open_log(loaded: LoadedSpec, stream: str) -> Source:
    """Return the source of a model's inference log, for the log itself or for another stream that is made of it.

    Raises:
        SourceError: as `open_source`.
    """
    log = loaded.spec.spec.inference
    return open_source(log.source, loaded.folder, Stream(loaded.spec.name, stream, log.columns.timestamp, log.grain))


def _distributed(source: SkippingSource, place: str) -> Source:
    try:
        from exporter.sources.spark import Spark  # noqa: PLC0415 - an extra, and a second to import
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] not in {"pyspark", "py4j"}:
            raise
        raise SourceError(f"{place}: PySpark is not installed; run: pip install '{SPARK}'") from None
    return Spark(source, place)


def _table(source: spec_source.Source, stream: Stream) -> Source:
    try:
        from exporter.sources.bigquery import BigQuery  # noqa: PLC0415 - an extra, and a second to import
        from exporter.sources.bigquery_jobs import JobTerms  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("google"):
            raise
        raise SourceError(
            f"{source.template}: BigQuery's client is not installed; run: pip install '{CLIENT}'"
        ) from None
    labels = {"leeway-model": stream.model, "leeway-stream": stream.name}
    terms = JobTerms(source.location, labels, source.billing_limit)
    cut = replace(stream, timestamp=source.partition_column or stream.timestamp)
    return BigQuery(source.template, terms, cut, whole=source.unpartitioned)
