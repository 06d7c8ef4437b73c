"""Text files as open files, and what a reader makes of them."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from exporter.sources.source import Batch, Selection, StoredObject

PLACE = "logs/2026-11-22T14"
SELECTED = Selection(
    keys=("id", "at", "score"), numeric=("age",), categorical=("country",), plain=("id",), numeric_keys=("score",)
)


def zstd(data: bytes) -> bytes:
    buffer = pa.BufferOutputStream()
    with pa.CompressedOutputStream(buffer, "zstd") as stream:
        stream.write(data)
    return bytes(buffer.getvalue())


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gzip": gzip.compress, "zstd": zstd}


def opened(data: bytes) -> tuple[pa.NativeFile, StoredObject]:
    return pa.BufferReader(data), StoredObject(PLACE, len(data), "tag")


def columns(batches: Iterator[Batch]) -> dict[str, list[Any]]:
    """The values of each column of all batches but those of lines that cannot be read."""
    values: dict[str, list[Any]] = {}
    for batch in batches:
        assert batch.first
        for name in batch.table.column_names if not batch.unreadable else ():
            values.setdefault(name, []).extend(batch.table[name].to_pylist())
    return values
