"""One file of JSON Lines as batches: one object a line, the columns by the names of its members.

Arrow decodes whole blocks, with the types that the first lines of the block suggest. A block that it refuses is decoded
object by object, with the same result.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json

from exporter.sources.formats.json_objects import (
    EXACT,
    Object,
    ObjectDecoder,
    blocks,
    columns_of,
    sampled_objects,
    unconverted,
)
from exporter.sources.formats.text_file import BLOCK_BYTES, TextStream, text_numbers, text_schema
from exporter.sources.source import Batch, Selection, StoredObject

_SAMPLED_LINES: Final = 100
"""Lines of a block from which types are guessed."""
_PIECE_BYTES: Final = 2**20
"""Bytes that Arrow decodes in one thread; a longer line is decoded object by object."""
_TYPES: Final[Mapping[frozenset[type], pa.DataType]] = {
    frozenset({str}): pa.string(),
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({float}): pa.float64(),
    frozenset({int, float}): pa.float64(),
}


def read_json_lines(
    file: pa.NativeFile, item: StoredObject, selection: Selection, block_bytes: int = BLOCK_BYTES
) -> Iterator[Batch]:
    """Read an open file, compressed or not.

    A member that an object lacks is null. A column that no line so far has is left out. Empty lines are no rows, and a
    file without rows has no batches. Lines that are no JSON objects come last, as nulls.

    Args:
        file: the content.
        item: the file as it was listed.
        selection: the columns.
        block_bytes: bytes of text that are decoded at a time.

    Raises:
        FileUnreadable: the size is not as listed, most lines are no JSON objects, or a line is too long.
        OSError: the compressed content is damaged.
    """
    stream = TextStream(file, item)
    if selection.part[0]:
        return
    decoder, reader = ObjectDecoder(item.path, unconverted), _Columns(selection)
    for block in blocks(stream, item.path, block_bytes):
        table = reader.quick(block)
        if table is None:
            table = reader.slow(decoder.decode(block))
        else:
            decoder.skip(block, table.num_rows)
        if table.num_rows:
            yield Batch(table, first=True, schema=reader.schema)
    decoder.bad.check(decoder.objects, "JSON Lines")
    yield from decoder.bad.batch(reader.schema, selection)


class _Columns:
    """The selected columns of one file, and the names of all columns of the blocks so far."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._wanted = tuple(dict.fromkeys(selection.columns))
        self._names: dict[str, None] = {}

    @property
    def schema(self) -> pa.Schema:
        return text_schema(self._names, self._selection)

    def slow(self, rows: Sequence[Object]) -> pa.Table:
        """Return the columns of objects."""
        self._names |= dict.fromkeys(name for row in rows for name in row)
        return columns_of(rows, self._present, self._selection)

    def quick(self, block: bytes) -> pa.Table | None:
        """Return the columns of a block; None where Arrow cannot decode it, or not exactly."""
        sample = sampled_objects(block, _SAMPLED_LINES)
        types = {name: self._type(name, sample) for name in self._wanted}
        if not sample or None in types.values():
            return None
        lines = block.replace(b"}{", b"}\n{") if b"}{" in block else block  # in a text this makes Arrow refuse it
        try:
            table = arrow_json.read_json(
                pa.BufferReader(lines),
                arrow_json.ReadOptions(block_size=_PIECE_BYTES),
                arrow_json.ParseOptions(explicit_schema=pa.schema(types), unexpected_field_behavior="ignore"),
            )
        except pa.ArrowException:
            return None
        self._names |= dict.fromkeys(name for row in sample for name in row)
        self._names |= dict.fromkeys(name for name in self._wanted if _has(table[name], name, block))
        columns = {name: self._converted(name, table[name]) for name in self._present}
        return None if None in columns.values() else table.select([]) if not columns else pa.table(columns)

    @property
    def _present(self) -> list[str]:
        return [name for name in self._wanted if name in self._names]

    def _type(self, name: str, sample: Sequence[Object]) -> pa.DataType | None:
        """Return the type that Arrow should decode a column as; None where it has no single one."""
        is_number = name in self._selection.numbers
        kinds = frozenset(type(row[name]) for row in sample if row.get(name) is not None)
        if not kinds:
            return pa.float64() if is_number else pa.string()
        kind = _TYPES.get(kinds)
        return pa.float64() if is_number and kind == pa.int64() else kind

    def _converted(self, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray | None:
        kind = column.type
        if name in self._selection.numbers:
            if pa.types.is_boolean(kind):
                return column.cast(pa.uint8()).cast(pa.float64())
            return text_numbers(column) if pa.types.is_string(kind) else column
        if pa.types.is_floating(kind) and (pc.max(pc.abs(column)).as_py() or 0) >= EXACT:
            return None  # long whole numbers among fractions, which a float does not hold
        return column


def _has(column: pa.ChunkedArray, name: str, block: bytes) -> bool:
    """Return whether any object of a block has a member: it may be null in all of them."""
    written: Sequence[Any] = (json.dumps(name), json.dumps(name, ensure_ascii=False))
    return column.null_count < len(column) or any(each.encode(errors="replace") in block for each in written)
