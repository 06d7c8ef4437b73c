"""What JSON Lines and CSV files have in common: compression, blocks, lines that cannot be read, numbers as texts.

A text file does not tell the types of its columns. A column has the type that its use needs, so it is the same in every
block: numbers where the selection wants numbers, texts elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from exporter.errors import FileUnreadable
from exporter.sources.formats.content import refuse_changed
from exporter.sources.source import Batch, Selection, StoredObject

BLOCK_BYTES: Final = 8 * 2**20
"""Bytes of text that are decoded at a time."""
BOM: Final = b"\xef\xbb\xbf"
"""The byte-order mark that some writers put before UTF-8."""
_STORED_BYTES: Final = 8 * 2**20
"""Bytes of a compressed file that are fetched at a time."""
_COMPRESSIONS: Final[Mapping[bytes, str]] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""The first bytes of a compressed file. No text begins with them."""
_NUMBER: Final = r"^\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?i:inf|infinity|nan))\s*$"
_TRUE: Final = pa.array(["true", "True", "TRUE"])
_FALSE: Final = pa.array(["false", "False", "FALSE"])


class TextStream:
    """The decompressed bytes of an open file, from its beginning to its end."""

    def __init__(self, file: pa.NativeFile, item: StoredObject) -> None:
        """Find out from the first bytes whether the file is compressed.

        Raises:
            FileUnreadable: the size is not as listed.
        """
        refuse_changed(file, item)
        start = file.read(4)
        file.seek(0)
        kind = next((kind for magic, kind in _COMPRESSIONS.items() if start.startswith(magic)), None)
        buffered = file if kind is None else pa.BufferedInputStream(file, _STORED_BYTES)
        self._stream = buffered if kind is None else pa.CompressedInputStream(buffered, kind)
        self._kept = b""
        self.closed = False

    def peek(self, size: int) -> bytes:
        """Return the next bytes without taking them: as many as are asked for, or up to the end."""
        self._kept = self.read(size)
        return self._kept

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        """Return the next bytes: as many as are asked for, or up to the end."""
        parts, left = [self._kept[:size]], size - len(self._kept[:size])
        self._kept = self._kept[size:]
        while left and (part := self._stream.read(left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def readable(self) -> bool:
        """Return true: pyarrow asks for it."""
        return True

    def close(self) -> None:
        """Do nothing: who opened the file closes it."""


def text_schema(names: Iterable[str], selection: Selection) -> pa.Schema:
    """Return the types of the columns of a text file: those that their use needs; null where a column is not selected.

    A null column can be used in every way (`exporter.profiles.readability`), and so can one of which only texts are
    known.
    """
    selected, numbers = frozenset(selection.columns), selection.numbers
    kinds = {True: pa.float64(), False: pa.string()}
    return pa.schema([(name, kinds[name in numbers] if name in selected else pa.null()) for name in names])


class BadLines:
    """The lines or rows of one file that cannot be read: how many, and the first."""

    def __init__(self, path: str) -> None:
        """There are none yet."""
        self.count = 0
        self._path = path
        self._first = ""

    def add(self, line: int | None, why: str) -> None:
        """Count one; `line` is its number from 1, None where it is not known."""
        self._first = self._first or (f"line {line}: {why}" if line is not None else why)
        self.count += 1

    def check(self, readable: int, form: str) -> None:
        """Refuse a file in which most lines cannot be read: it has another format.

        Args:
            readable: the lines so far that can be read.
            form: the name of the format.

        Raises:
            FileUnreadable: fewer lines can be read than cannot.
        """
        if self.count > readable:
            raise FileUnreadable(f"{self._path}: cannot be read as {form}: {self._first}")

    def batch(self, schema: pa.Schema, selection: Selection) -> Iterable[Batch]:
        """Return the lines as a batch whose values are all null, so that they count as rows; none without any."""
        if not self.count:
            return ()
        lines = "1 line" if self.count == 1 else f"{self.count} lines"
        why = f"{lines} of {self._path} cannot be read; the first is {self._first}"
        return (unreadable_rows(self.count, schema, selection, why),)


def unreadable_rows(count: int, schema: pa.Schema, selection: Selection, why: str) -> Batch:
    """Return rows of which nothing can be read as a batch of nulls in the selected columns of a schema."""
    names = [name for name in dict.fromkeys(selection.columns) if name in schema.names]
    nulls = pa.table({"": pa.nulls(count), **{name: pa.nulls(count) for name in names}})
    return Batch(nulls.select(names), first=True, schema=schema, unreadable=why)


def text_numbers(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts as 64-bit floats: `true` is 1, `false` is 0, and null stands for every text that is no number."""
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        texts = pc.if_else(pc.is_in(texts, _TRUE), "1", pc.if_else(pc.is_in(texts, _FALSE), "0", texts))
        numbers = pc.if_else(pc.match_substring_regex(texts, _NUMBER), texts, pa.scalar(None, texts.type))
        return pc.utf8_trim_whitespace(numbers).cast(pa.float64())
