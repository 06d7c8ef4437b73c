"""The rows in the bodies of requests and responses: JSON lists, tensors, and captured texts."""

from __future__ import annotations

import base64
import csv
import json
import math
from collections.abc import Sequence
from typing import Any, Final

from exporter.sources.formats.json_objects import Object

Row = dict[str, Any]
"""The values of one prediction, by column."""

_LISTS: Final = ("instances", "predictions", "inputs", "outputs")
"""Members of a JSON text that are lists of rows."""


class PayloadMismatch(ValueError):  # noqa: N818 - a state of the data
    """A line that is not of the shape that the spec names."""


def record_rows(values: Any, side: str, names: Sequence[str]) -> list[Row]:
    """Return rows that are objects, lists of values, or single values.

    Args:
        values: the rows.
        side: `request` or `response`, for messages and for values without names.
        names: of the values of a row that is a list; empty for numbers.

    Raises:
        PayloadMismatch: they are not a list, or a row has another number of values than names.
    """
    if not isinstance(values, list):
        raise PayloadMismatch(f"its {side} is not a list")
    return [record_row(value, side, names) for value in values]


def record_row(value: Any, side: str, names: Sequence[str]) -> Row:
    """Return one row; see `record_rows`.

    Raises:
        PayloadMismatch: it has another number of values than names.
    """
    if isinstance(value, dict):
        return value
    values = value if isinstance(value, list) else [value]
    if names and len(values) != len(names):
        raise PayloadMismatch(f"a row of its {side} has {len(values)} values, and the spec names {len(names)}")
    return dict(zip(names or _numbered(side, len(values)), values, strict=True))


def _numbered(name: str, count: int) -> list[str]:
    return [f"{name}[{position}]" for position in range(count)]


def tensor_rows(tensors: Any, side: str, names: Sequence[str]) -> list[Row]:
    """Return the rows of tensors, whose first dimension is the row; their data are nested lists, or flat ones.

    Args:
        tensors: with `name`, `shape` and `data`.
        side: as for `record_rows`.
        names: of the values of a row, through all tensors; empty for the names of the tensors.

    Raises:
        PayloadMismatch: they are not tensors, or do not fit each other or the names.
    """
    if not isinstance(tensors, list) or not all(isinstance(tensor, dict) for tensor in tensors):
        raise PayloadMismatch(f"its {side} is not a list of tensors")
    own_names, rows = list[str](), list[list[Any]]()
    for tensor in tensors:
        columns, own = _rows_of_tensor(tensor)
        if own_names and len(own) != len(rows):
            raise PayloadMismatch(f"its {side} has tensors of {len(rows)} and {len(own)} rows")
        rows = [before + more for before, more in zip(rows, own, strict=True)] if own_names else own
        own_names += columns
    return [record_row(row, side, names) if names else dict(zip(own_names, row, strict=True)) for row in rows]


def _rows_of_tensor(tensor: Object) -> tuple[list[str], list[list[Any]]]:
    """Return the columns of a tensor, and their values in each row."""
    name, shape, data = tensor.get("name"), tensor.get("shape"), _flat(tensor.get("data"))
    if not isinstance(name, str) or not isinstance(shape, list) or not all(isinstance(size, int) for size in shape):
        raise PayloadMismatch("a tensor has no name or no shape")
    if not shape or min(shape) < 0 or math.prod(shape) != len(data):
        raise PayloadMismatch(f"the tensor {name} of shape {shape} has {len(data)} values")
    width = math.prod(shape[1:])
    columns = [name] if width == 1 else _numbered(name, width)
    return columns, [data[row * width : (row + 1) * width] for row in range(shape[0])]


def _flat(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise PayloadMismatch("a tensor has no data: binary data are not read")
    values: list[Any] = data
    while any(isinstance(part, list) for part in values):
        values = [value for part in values for value in (part if isinstance(part, list) else [part])]
    return values


def captured_values(captured: Any) -> list[Any] | None:
    """Return the values of a captured request's or response's rows; None where it was not captured.

    Raises:
        ValueError: the captured text is not what its type says.
    """
    if not isinstance(captured, dict):
        return None
    text, kind = str(captured.get("data", "")), str(captured.get("observedContentType", ""))
    if captured.get("encoding") == "BASE64":
        text = base64.b64decode(text).decode(errors="replace")
    if "csv" in kind or captured.get("encoding") == "CSV":
        try:
            return [[each or None for each in row] for row in csv.reader(text.splitlines()) if row]
        except csv.Error as error:
            raise PayloadMismatch(str(error)) from None
    return _json_rows(text)


def one_value_a_row(values: Any, rows: int) -> list[Any]:
    """Return the values of one line as rows of their own, as some containers answer a request of several rows."""
    return [[value] for value in values] if isinstance(values, list) and len(values) == rows else [values]


def _json_rows(text: str) -> list[Any]:
    """Return the rows of a JSON text: a list of rows, an object with such a list, one row, or one row a line."""
    try:
        value = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(value, dict):
        lists = [value[key] for key in _LISTS if isinstance(value.get(key), list)]
        return lists[0] if lists else [value]
    if isinstance(value, list) and value and all(isinstance(each, list | dict) for each in value):
        return value
    return [value]
