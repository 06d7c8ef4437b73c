"""Files that are complete or absent: written to a temporary file and renamed, with a checksum after their content.

The content is an Arrow IPC stream. A file is flushed to the disk before it is renamed, so a reader finds it complete or
not at all. A file whose content has changed is treated as missing, and its content is computed again. The checksum is
CRC-32, which detects errors of a disk but not manipulation.
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
"""The suffix of a file that is being written; one that remains was left by a killed process."""

_CHECKSUM_BYTES: Final = 4


def replace_file(path: Path, data: bytes, *, flush: bool = True) -> None:
    """Write a temporary file in the same folder, flush it to the disk and rename it.

    Args:
        path: the file.
        data: its content.
        flush: left out where the content is cheap to lose: after a power failure the file may not be as it was written.

    Raises:
        OSError: when the disk fails; the earlier file is then unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if flush:
                os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def seal_table(table: pa.Table, metadata: Mapping[str, Any], compression: str | None = "zstd") -> bytes:
    """Return a table and its metadata as a stream, followed by the checksum of the stream."""
    table = table.replace_schema_metadata({"leeway": json.dumps(metadata)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    stream = memoryview(sink.getvalue())
    return b"".join((stream, _checksum(stream)))


def open_sealed(data: bytes) -> tuple[pa.Table, dict[str, Any]]:
    """Return the table and the metadata of `seal_table`'s bytes.

    Raises:
        ValueError: when the content is not as it was sealed.
        KeyError, pyarrow.ArrowException: when it is not the result of `seal_table`.
    """
    stream, checksum = memoryview(data)[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if _checksum(stream) != checksum:
        raise ValueError("it is not as it was written")
    table = pa.ipc.open_stream(pa.py_buffer(stream)).read_all()
    return table, json.loads(table.schema.metadata[b"leeway"])


def _checksum(stream: memoryview) -> bytes:
    return zlib.crc32(stream).to_bytes(_CHECKSUM_BYTES, "little")
