"""Files that are whole or not there: written beside their place and renamed, with a checksum behind their content.

The content is an Arrow IPC stream. A file is flushed to the disk before it is renamed, so a reader sees it whole or not
at all. One that is not as it was written is as good as none: what it held is made again. The checksum is CRC-32, which
tells of a disk's mistakes and not of a person's.
"""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.ipc

UNFINISHED: Final = ".tmp"
"""The ending of a file that is being written; one that stays is a killed process's."""

_CHECKSUM_BYTES: Final = 4


def replace_file(path: Path, data: bytes) -> None:
    """Write a file beside its place, flush it to the disk and rename it.

    Raises:
        OSError: when the disk refuses; what was there before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=".", suffix=UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def seal_table(table: pa.Table, told: Mapping[str, Any], compression: str | None = "zstd") -> bytes:
    """A table and what is told of it as a stream, and behind it the checksum of the stream."""
    table = table.replace_schema_metadata({"leeway": json.dumps(told)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    stream = memoryview(sink.getvalue())
    return b"".join((stream, _checksum(stream)))


def open_sealed(data: bytes) -> tuple[pa.Table, dict[str, Any]]:
    """The inverse of `seal_table`.

    Raises:
        ValueError: when the content is not as it was sealed.
        KeyError, pyarrow.ArrowException: when it never was.
    """
    stream, checksum = memoryview(data)[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if _checksum(stream) != checksum:
        raise ValueError("it is not as it was written")
    table = pa.ipc.open_stream(pa.py_buffer(stream)).read_all()
    return table, json.loads(table.schema.metadata[b"leeway"])


def _checksum(stream: memoryview) -> bytes:
    return zlib.crc32(stream).to_bytes(_CHECKSUM_BYTES, "little")
