"""One CSV or TSV file as batches: columns are found by the header, and a row that does not fit it costs itself.

Fields may be quoted, and quoted fields may have line breaks. An empty field is a null, quoted or not; every other text
is a value, also `NA` and `NULL`. Bytes that are not UTF-8 stay as they are until they are named.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.csv as arrow_csv

from exporter.errors import FileUnreadable
from exporter.sources.formats.content import repeated_columns
from exporter.sources.formats.text_file import BLOCK_BYTES, BOM, BadLines, TextStream, text_numbers, text_schema
from exporter.sources.source import Batch, Selection, StoredObject

_HEADER_BYTES: Final = 2**20
"""The longest header."""
_TEXT: Final = pa.string()
_ENCODED: Final = pa.dictionary(pa.int32(), pa.string())


def read_delimited(
    file: pa.NativeFile, item: StoredObject, selection: Selection, delimiter: str, block_bytes: int = BLOCK_BYTES
) -> Iterator[Batch]:
    """Read an open file, compressed or not.

    A file without rows has no batches. A name that several columns have is a problem. Rows with more or fewer fields
    than the header come last, as nulls.

    Args:
        file: the content.
        item: the file as it was listed.
        selection: the columns; those that the header does not have are left out.
        delimiter: the character between fields.
        block_bytes: bytes of text that are decoded at a time; no row is longer.

    Raises:
        FileUnreadable: the size is not as listed, it is not text, or most rows do not fit the header.
        pyarrow.ArrowException, OSError: a row is longer than a block, or the compressed content is damaged.
    """
    stream = TextStream(file, item)
    names = _header(stream, item.path, delimiter)
    if not names or selection.part[0]:
        return
    repeated = repeated_columns(names, selection)
    selected = (name for name in dict.fromkeys(selection.columns) if name in names and name not in repeated)
    wanted = {name: str(names.index(name)) for name in selected}
    plain = {*selection.numbers, *selection.plain}
    types = {place: _TEXT if name in plain else _ENCODED for name, place in wanted.items()} or {"0": _TEXT}
    schema = text_schema(names, selection)
    bad, rows = BadLines(item.path), 0
    for part in _rows(stream, _options(len(names), block_bytes), types, delimiter, bad):
        rows += part.num_rows
        bad.check(rows, "CSV")
        if part.num_rows:
            table = _converted(pa.Table.from_batches([part]), wanted, selection)
            yield Batch(table, first=True, schema=schema, problems=repeated)
    bad.check(rows, "CSV")
    yield from bad.batch(schema, selection)


def _header(stream: TextStream, path: str, delimiter: str) -> list[str]:
    """Return the names of the columns, and skip blank lines above them; none in a file without rows."""
    start = stream.peek(_HEADER_BYTES)
    stream.read(len(start) - len(start.removeprefix(BOM).lstrip(b"\r\n")))
    text = start.decode("utf-8-sig", errors="replace")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = next((row for row in rows if row), [])
        has_rows = len(start) == _HEADER_BYTES or any(rows)
    except csv.Error as error:
        raise FileUnreadable(f"{path}: cannot be read as CSV: {error}") from None
    if any("\0" in name for name in names):
        raise FileUnreadable(f"{path}: cannot be read as CSV: it is not UTF-8 text")
    return names if has_rows else []


def _options(columns: int, block_bytes: int) -> arrow_csv.ReadOptions:
    """Return options that name columns by their position, since a header may repeat a name, and count lines.

    Threads would lose the numbers of lines, and make nothing faster.
    """
    names = [str(place) for place in range(columns)]
    return arrow_csv.ReadOptions(use_threads=False, block_size=block_bytes, column_names=names, skip_rows_after_names=1)


def _rows(
    stream: TextStream, options: arrow_csv.ReadOptions, types: Mapping[str, pa.DataType], delimiter: str, bad: BadLines
) -> Iterator[pa.RecordBatch]:
    """Return the columns of some types; a row with another number of fields is counted and left out."""

    def skip(row: arrow_csv.InvalidRow) -> str:
        bad.add(row.number, f"it has {row.actual_columns} fields, the header has {row.expected_columns}")
        return "skip"

    parsing = arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip)
    conversion = arrow_csv.ConvertOptions(
        check_utf8=False, column_types=types, include_columns=list(types), null_values=[""], strings_can_be_null=True
    )
    reader: Iterator[pa.RecordBatch] = arrow_csv.open_csv(stream, options, parsing, conversion)
    return reader


def _converted(table: pa.Table, wanted: Mapping[str, str], selection: Selection) -> pa.Table:
    """Return a table with the columns' names, and numbers where they are wanted."""
    columns = {
        name: text_numbers(table[place]) if name in selection.numbers else table[place]
        for name, place in wanted.items()
    }
    return pa.Table.from_arrays(list(columns.values()), names=list(columns)) if columns else table.select([])
