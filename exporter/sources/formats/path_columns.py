"""Columns that are in the path of a file and not in the file: folders `key=value`, as of Hive, Spark and Athena.

The rows of `logs/version=v2/country=de/part-0.parquet` have the columns `version` and `country`, unless the file has
columns of these names. Keys and values are percent-decoded, and `__HIVE_DEFAULT_PARTITION__` is null. A value is a
text, or a number where the column is selected as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

import numpy as np
import pyarrow as pa

from exporter.sources.source import Batch, Selection

_NULL: Final = "__HIVE_DEFAULT_PARTITION__"
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def path_keys(path: str) -> dict[str, str | None]:
    """Return the keys in the folders of a path, with their values; of a key that is there twice, the last."""
    parts = (folder.partition("=") for folder in path.split("/")[:-1])
    return {_decoded(key): None if value == _NULL else _decoded(value) for key, sign, value in parts if sign and key}


def with_path_columns(batches: Iterable[Batch], path: str, selection: Selection) -> Iterator[Batch]:
    """Yield the batches of a file with the columns in its path that the file does not have.

    Args:
        batches: of the file.
        path: its path.
        selection: the columns that are read.
    """
    keys = path_keys(path)
    if not keys:
        yield from batches
        return
    constants = {
        name: _number(value) if name in selection.numbers else pa.scalar(value, pa.string())
        for name, value in keys.items()
    }
    yield from with_constants(batches, constants, selection)


def with_constants(
    batches: Iterable[Batch], constants: Mapping[str, pa.Scalar], selection: Selection
) -> Iterator[Batch]:
    """Yield batches with columns of one value each, where the file does not have a column of this name."""
    for batch in batches:
        names = set(batch.schema.names)
        missing = {name: value for name, value in constants.items() if name not in names}
        table, schema = batch.table, batch.schema
        for name, value in missing.items():
            schema = schema.append(pa.field(name, value.type if name in selection.columns else pa.null()))
            if name in selection.keys or (batch.first and name in selection.columns):
                table = table.append_column(name, _repeated(value, table.num_rows))
        yield replace(batch, table=table, schema=schema)


def _decoded(text: str) -> str:
    return unquote(text).encode(errors="replace").decode()


def _number(text: str | None) -> pa.Scalar:
    """Return a text as a number; a text that is none stays, and is then a column of the wrong type."""
    if text is None:
        return pa.scalar(None, pa.float64())
    if _WHOLE.fullmatch(text):
        return pa.scalar(int(text), pa.int64())
    return pa.scalar(float(text), pa.float64()) if _NUMBER.fullmatch(text) else pa.scalar(text, pa.string())


def _repeated(value: pa.Scalar, rows: int) -> Any:
    """Return a column of one value; a text as a dictionary, so that it is decoded once."""
    if not value.is_valid:
        return pa.nulls(rows, value.type)
    if not pa.types.is_string(value.type):
        return pa.repeat(value, rows)
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([value.as_py()], pa.string()))
