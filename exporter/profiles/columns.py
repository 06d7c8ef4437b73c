"""Arrow columns in the form in which they are counted: numbers, or category names with a code for each row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exporter.profiles.binning import Counts, Floats
from exporter.sources.near_names import nearest_name
from exporter.sources.source import Batch, Kernel

T = TypeVar("T")
Mask = npt.NDArray[np.bool_]

_NUMBERS: Final = (
    pa.types.is_floating,
    pa.types.is_integer,
    pa.types.is_decimal,
    pa.types.is_boolean,
    pa.types.is_null,
)
_TEXTS: Final = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_PRINTED: Final = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_date, pa.types.is_null)
_CATEGORIES: Final = (*_TEXTS, *_PRINTED, pa.types.is_floating, pa.types.is_decimal, pa.types.is_timestamp)
_MIDNIGHT: Final = " 00:00:00.000000"
_EXACT: Final = 2**53
"""Whole 64-bit floats below this are exact integers; above it they are only near an integer."""
_WHY: Final = 200
"""Letters of an error of Arrow that a message repeats."""


class ColumnMismatch(TypeError):  # noqa: N818 - a state of the data
    """A column that does not have a type that its feature can be counted from."""


class MissingColumn(ColumnMismatch):
    """A column that a file does not have."""

    def __init__(self, column: str | None) -> None:
        super().__init__(f"the column {column} is missing")
        self.column = column or ""


@contextmanager
def arrow_errors(kind: pa.DataType) -> Iterator[None]:
    """A context that computes on one column of this type.

    Raises:
        ColumnMismatch: for any error of Arrow in the block, such as a computation that it does not have for the type.
    """
    try:
        yield
    except (pa.ArrowException, OverflowError) as problem:
        why = " ".join(str(problem).split())[:_WHY]
        raise ColumnMismatch(f"the column is {kind}, and Arrow cannot count it: {why}") from problem


def numeric_values(column: pa.ChunkedArray) -> tuple[Floats, Mask | None]:
    """Return a numeric column with NaN for its nulls, and the mask of the nulls; None where there are none.

    Integers, floats, decimals, booleans (0 and 1) and dictionaries of them are numeric, and so is a column of only
    nulls. Integers beyond 2**53 become the nearest float. The result may be the column's own memory: do not write to
    it.

    Raises:
        ColumnMismatch: for any other type, and for values that Arrow cannot convert.
    """
    kind = value_type(column.type)
    if not is_number(kind):
        raise ColumnMismatch(f"the column is {kind}, a number was expected")
    with arrow_errors(kind):
        plain = column.cast(kind) if kind != column.type else column
        numbers = plain.cast(pa.float64(), safe=False)
        if not plain.null_count:
            return _array(numbers), None
        return _array(numbers.fill_null(math.nan)), _array(plain.is_null())


def _array(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    # A single chunk is returned without a copy; Arrow copies several into one array.
    array: npt.NDArray[Any] = (
        column.chunk(0).to_numpy(zero_copy_only=False) if column.num_chunks == 1 else column.to_numpy()
    )
    return array


def category_codes(column: pa.ChunkedArray) -> tuple[list[str | None], Counts]:
    """Return a column as names, each once, and for each row its name's position; the name of a null row is None.

    Strings, integers, floats, decimals, booleans, dates, timestamps and dictionaries of them are categories, and so is
    a column of only nulls. Names do not depend on how a value was stored, because a column of integers turns to floats
    with its first null, and a date to a timestamp in pandas. Whole numbers are written as integers (`1.0` as `1`),
    other floats as briefly as their own width allows, timestamps in UTC with microseconds, and at midnight as dates.
    NaN is null. Bytes that are not UTF-8 become U+FFFD. A string is not changed.

    Raises:
        ColumnMismatch: for any other type, and for values that Arrow cannot convert.
    """
    kind = value_type(column.type)
    if not is_category(kind):
        raise ColumnMismatch(f"the column is {kind}, a category was expected")
    positions: dict[str | None, int] = {}
    with arrow_errors(kind):
        encoded = column if kind != column.type else pc.dictionary_encode(_wide(column))
        codes = [_chunk_codes(chunk, positions) for chunk in encoded.chunks] or [np.empty(0, np.int64)]
    return list(positions), codes[0] if len(codes) == 1 else np.concatenate(codes)


def required_column(table: pa.Table, column: str | None) -> pa.ChunkedArray:
    """Return a column of a table.

    Raises:
        MissingColumn: when it is missing.
    """
    if column is None or column not in table.column_names:
        raise MissingColumn(column)
    return table.column(column)


def values_of(table: pa.Table, column: str | None, read: Callable[[pa.ChunkedArray], T]) -> T:
    """Return what a function reads from a column of a table.

    Raises:
        ColumnMismatch: it is missing, or the function does not read its type; the message names it.
    """
    values = required_column(table, column)
    try:
        return read(values)
    except ColumnMismatch as problem:
        raise ColumnMismatch(f"column {column}: {problem}") from problem


def column_of(batch: Batch, column: str) -> pa.ChunkedArray:
    """Return a column of a batch.

    Raises:
        ColumnMismatch: when it is missing, as `explained`.
    """
    try:
        return required_column(batch.table, column)
    except MissingColumn as problem:
        raise explained(problem, batch) from None


def explained(problem: ColumnMismatch, batch: Batch) -> ColumnMismatch:
    """Return an error; of a missing column with why it cannot be decoded, or the name that may be meant."""
    if not isinstance(problem, MissingColumn):
        return problem
    if problem.column in batch.problems:
        return ColumnMismatch(f"column {problem.column}: {batch.problems[problem.column]}")
    return ColumnMismatch(f"{problem}{nearest_name(problem.column, tuple(batch.schema.names))}")


def explaining(kernel: Kernel[T]) -> Kernel[T]:
    """Return a kernel whose `ColumnMismatch` is `explained` by the batch in which it was found."""

    def explain(batches: Iterator[Batch]) -> T:
        last = Batch(pa.table({}), first=True, schema=pa.schema([]))

        def watched() -> Iterator[Batch]:
            nonlocal last
            for batch in batches:
                last = batch
                yield batch

        try:
            return kernel(watched())
        except ColumnMismatch as problem:
            raise explained(problem, last) from problem

    return explain


def is_text(kind: pa.DataType) -> bool:
    """Return whether a column of this type holds texts."""
    return _is_any(kind, _TEXTS)


def is_number(kind: pa.DataType) -> bool:
    """Return whether `numeric_values` reads a column of this type."""
    return _is_any(value_type(kind), _NUMBERS)


def is_category(kind: pa.DataType) -> bool:
    """Return whether `category_codes` reads a column of this type."""
    return _is_any(value_type(kind), _CATEGORIES)


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column's values: of a dictionary, that of its entries."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_any(kind: pa.DataType, tests: Sequence[Any]) -> bool:
    return any(test(kind) for test in tests)


def _wide(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return decimals of 32 and 64 bits as those of 128, since Arrow makes no dictionary of the narrow ones."""
    kind = column.type
    narrow = pa.types.is_decimal32(kind) or pa.types.is_decimal64(kind)
    return column.cast(pa.decimal128(kind.precision, kind.scale)) if narrow else column


def _chunk_codes(chunk: pa.DictionaryArray, positions: dict[str | None, int]) -> Counts:
    # Arrow's own unification of dictionaries has no nulls, overflows small indices, and separates 0.0 from -0.0.
    names = [*_names(chunk.dictionary), None]
    codes_by_entry = np.array([positions.setdefault(name, len(positions)) for name in names], np.int64)
    indices = chunk.indices.cast(pa.int64()).fill_null(len(names) - 1)
    codes: Counts = codes_by_entry[indices.to_numpy()]
    return codes


def _names(values: pa.Array) -> list[str | None]:
    kind = values.type
    if pa.types.is_floating(kind):
        return [float_name(value) for value in values.to_numpy(zero_copy_only=False)]
    if pa.types.is_decimal(kind):
        return [None if value is None else _decimal_name(value) for value in values.to_pylist()]
    if pa.types.is_timestamp(kind):
        printed = values.cast(pa.timestamp("us"), safe=False).cast(pa.string()).to_pylist()
        return [None if name is None else name.removesuffix(_MIDNIGHT) for name in printed]
    return _texts(values if is_text(kind) else values.cast(pa.string()))


def _texts(values: pa.Array) -> list[str | None]:
    try:
        texts: list[str | None] = values.to_pylist()
    except UnicodeDecodeError:
        data = values.cast(pa.large_binary()).to_pylist()
        return [None if text is None else text.decode(errors="replace") for text in data]
    return texts


def float_name(value: np.floating[Any]) -> str | None:
    """Return the category name of a float: whole ones as integers, others as briefly as possible; None for NaN."""
    if np.isnan(value):
        return None
    return str(int(value)) if value.is_integer() and abs(float(value)) < _EXACT else str(value)


def _decimal_name(value: Decimal) -> str:
    return str(int(value)) if value == value.to_integral_value() else f"{value:f}".rstrip("0")
