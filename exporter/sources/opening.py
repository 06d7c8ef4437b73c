"""From a spec's source to one that reads; a cloud's client is imported only where it is needed."""

from __future__ import annotations

from pathlib import Path

from exporter.errors import SourceError
from exporter.sources.local import Local
from exporter.sources.source import Source
from exporter.spec import model


def open_source(source: model.Source, folder: Path) -> Source:
    """The source that a spec names; nothing is asked of it yet.

    Args:
        source: exactly one kind, as the spec has checked.
        folder: the spec's own, where relative local paths begin.

    Raises:
        SourceError: this release does not read that kind.
    """
    match source.kind:
        case "s3":
            from exporter.sources.s3 import S3  # noqa: PLC0415 - boto3 takes a quarter of a second to import

            return S3(source.template)
        case "local":
            return Local(source.template, folder)
        case kind:
            raise SourceError(
                f"{source.template}: this release reads s3 and local sources only, not {kind}; "
                "export the table to Parquet, one file or folder for each partition, and give its path"
            )
