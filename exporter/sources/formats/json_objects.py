"""JSON objects of lines, decoded one by one, and their values as columns.

It is the slow and forgiving way: it also reads `NaN`, objects that follow one another without a line break (as Firehose
writes them), values of several types in a column, and all good lines around a bad one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from exporter.errors import FileUnreadable
from exporter.sources.formats.text_file import BLOCK_BYTES, BOM, BadLines, TextStream, text_numbers
from exporter.sources.source import Selection

MOST_LINE_BYTES: Final = 64 * 2**20
"""The longest line."""
EXACT: Final = 2**53
"""Whole floats below this are exact integers."""
_BLANK: Final = re.compile(r"\s*")
_BETWEEN: Final = re.compile(rb"\}\s*(?=\{)")
_DECODER: Final = json.JSONDecoder()
_FLOATS: Final = ({float}, {int, float})

Object = Mapping[str, Any]
T = TypeVar("T")


def blocks(stream: TextStream, path: str, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the content in blocks of whole lines; a line that is longer than a block is cut between two objects.

    Raises:
        FileUnreadable: a line that is no row of objects is longer than `MOST_LINE_BYTES`.
    """
    rest = stream.read(block_bytes).removeprefix(BOM)
    while more := stream.read(block_bytes):
        rest += more
        end = rest.rfind(b"\n") + 1 or max((match.end() for match in _BETWEEN.finditer(rest)), default=0)
        if end:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > MOST_LINE_BYTES:
            raise FileUnreadable(f"{path}: cannot be read as JSON Lines: a line is longer than {MOST_LINE_BYTES} bytes")
    yield rest


class ObjectDecoder(Generic[T]):
    """Decodes the lines of one file; those that are no objects, or not the expected ones, are counted."""

    def __init__(self, path: str, convert: Callable[[Object], T]) -> None:
        """Nothing is decoded yet.

        Args:
            path: the file, for messages.
            convert: returns what is needed of an object; may raise a `ValueError` with the reason why it cannot.
        """
        self.bad = BadLines(path)
        self._convert = convert
        self.lines = 0
        """The lines of the blocks so far."""
        self.objects = 0
        """The objects of the blocks so far."""

    def skip(self, block: bytes, objects: int) -> None:
        """Count a block that was decoded elsewhere."""
        self.lines += block.count(b"\n")
        self.objects += objects

    def decode(self, block: bytes) -> list[T]:
        """Return the converted objects of a block, in their order.

        Raises:
            FileUnreadable: most lines of the file so far are no objects.
        """
        found: list[T] = []
        for number, line in enumerate(block.split(b"\n"), self.lines + 1):
            if text := line.decode(errors="replace").strip():
                found += self.line(text, number)
        self.skip(block, len(found))
        self.bad.check(self.objects, "JSON Lines")
        return found

    def line(self, text: str, number: int) -> list[T]:
        """Return the converted objects of one line, which has a number."""
        found: list[T] = []
        place = 0
        while place < len(text):
            try:
                value, end = _DECODER.raw_decode(text, place)
            except (ValueError, RecursionError) as error:
                self.bad.add(number, str(error))
                return found if text[place] == "{" else []
            if not isinstance(value, dict):
                self.bad.add(number, "it is not a JSON object")
                return []
            try:
                found.append(self._convert(value))
            except (ValueError, RecursionError) as error:
                self.bad.add(number, str(error))
            place = _end(_BLANK, text, end)
        return found


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    match = pattern.match(text, place)
    return match.end() if match else place


def unconverted(found: Object) -> Object:
    """Return an object as it is."""
    return found


def sampled_objects(block: bytes, lines: int) -> list[Object]:
    """Return the objects of the first lines of a block, as far as they can be decoded."""
    head = block.split(b"\n", lines)[:lines]
    decoder = ObjectDecoder("", unconverted)
    return [each for line in head for each in decoder.line(line.decode(errors="replace").strip(), 0)]


def columns_of(rows: Sequence[Object], names: Iterable[str], selection: Selection) -> pa.Table:
    """Return values of objects as a table; a value that an object lacks is null, and so is an object or an array.

    Numbers are numbers where the selection wants them, also those in texts. Elsewhere a number of mixed values is the
    text that it is named by as a category.
    """
    numbers = selection.numbers
    columns = {
        name: (_numbers if name in numbers else _texts)([row.get(name) for row in rows])
        for name in dict.fromkeys(names)
    }
    count = pa.nulls(len(rows))
    return pa.table({"": count, **columns} if "" not in columns else columns).select(list(columns))


def _numbers(values: Sequence[Any]) -> pa.ChunkedArray:
    numbers = pa.chunked_array([pa.array([_number(value) for value in values], pa.float64())])
    texts = [value if isinstance(value, str) else None for value in values]
    if not any(texts):
        return numbers
    return pc.coalesce(numbers, text_numbers(pa.chunked_array([_strings(texts)])))


def _number(value: Any) -> float | None:
    if not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _texts(values: Sequence[Any]) -> pa.ChunkedArray:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.chunked_array([pa.array(values, pa.bool_())])
    if kinds == {int} and all(value is None or abs(value) < 2**63 for value in values):
        return pa.chunked_array([pa.array(values, pa.int64())])
    if kinds in _FLOATS and not any(value is not None and abs(value) >= EXACT for value in values):
        return pa.chunked_array([pa.array([_number(value) for value in values], pa.float64())])
    return pa.chunked_array([_strings([_text(value) for value in values])])


def _text(value: Any) -> str | None:
    """Return a value as the name that it has as a category."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < EXACT else str(value)
    return str(value) if isinstance(value, str | int) else None


def _strings(texts: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # half of a surrogate pair
        return pa.array([text and text.encode(errors="replace").decode() for text in texts], pa.string())
