"""A table's columns as GoogleSQL expressions of what is counted: numbers, or category names.

These expressions do what `exporter.profiles.columns` does to Arrow columns: the same types are numbers or categories,
and the same values have the same names. Floats are the exception, because each engine writes them in its own way. They
are returned as texts that give the same float back, and are named here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from exporter.profiles.columns import ColumnMismatch, float_name
from exporter.profiles.readability import Use, Watched
from exporter.profiles.values import FALSE, TRUE, WHOLE, value_of
from exporter.sources.engine import INGESTION, TIME_KINDS, Kind, quoted

_NUMBERS: Final = {
    "FLOAT64": "{0}",
    "INT64": "CAST({0} AS FLOAT64)",
    "NUMERIC": "CAST({0} AS FLOAT64)",
    "BIGNUMERIC": "CAST({0} AS FLOAT64)",
    "BOOL": "CAST(CASE WHEN {0} THEN 1 WHEN NOT {0} THEN 0 END AS FLOAT64)",
}
_POINT: Final = "IF(STRPOS({0}, '.') > 0, RTRIM(RTRIM({0}, '0'), '.'), {0})"
_MIDNIGHT: Final = "REPLACE({0}, ' 00:00:00.000000', '')"
_NAMES: Final = {
    "STRING": "{0}",
    "INT64": "CAST({0} AS STRING)",
    "BOOL": "CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END",
    "DATE": "CAST({0} AS STRING)",
    "NUMERIC": _POINT.format("CAST({0} AS STRING)"),
    "BIGNUMERIC": _POINT.format("CAST({0} AS STRING)"),
    "DATETIME": _MIDNIGHT.format("FORMAT_DATETIME('%F %H:%M:%E6S', {0})"),
    "TIMESTAMP": _MIDNIGHT.format("FORMAT_TIMESTAMP('%F %H:%M:%E6S', {0}, 'UTC')"),
    "FLOAT64": "IF({0} IS NULL OR IS_NAN({0}), NULL, TO_JSON_STRING({0}))",
}

_VALUES: Final = {
    "STRING": (
        f"CASE WHEN {{0}} IN {TRUE} THEN '1' WHEN {{0}} IN {FALSE} THEN '0' "
        f"WHEN {{0}} LIKE '%0' AND REGEXP_CONTAINS({{0}}, r'{WHOLE}') THEN SUBSTR({{0}}, 1, STRPOS({{0}}, '.') - 1) "
        f"ELSE {{0}} END"
    ),
    "BOOL": "CASE WHEN {0} THEN '1' WHEN NOT {0} THEN '0' END",
}
"""The value of a name, where the name may write it in several ways."""

EPOCH_TYPES: Final = tuple(kind for kind in _NUMBERS if kind != "BOOL")
"""The types of numbers that a time may be in."""

_READABLE: Final[Mapping[Use, Collection[str]]] = {
    Use.NUMBER: _NUMBERS,
    Use.CATEGORY: _NAMES,
    Use.TIME: (*TIME_KINDS, "STRING", *EPOCH_TYPES),
}


@dataclass(frozen=True, slots=True)
class CategoryColumn:
    """A column as category names.

    `name` is the expression of a row's name, NULL for a missing one. `key` is the expression that is compared with the
    known categories, of type `kind`: it is equal for names that stand for the same value, see
    `exporter.profiles.values`. `key_values` turns category names into values of `key`. `named` turns a value of `name`
    into a category.
    """

    name: str
    key: str
    kind: Kind
    key_values: Callable[[Iterable[str]], list[str] | list[float]]
    named: Callable[[str], str]


def numeric_expression(column: str, kind: str) -> str:
    """Return the expression of a numeric column's value as FLOAT64.

    Raises:
        ColumnMismatch: the type is not numeric.
    """
    if kind not in _NUMBERS:
        raise ColumnMismatch(f"the column is {kind}, a number was expected")
    return _NUMBERS[kind].format(quoted(column))


def category_column(column: str, kind: str) -> CategoryColumn:
    """Return a column as category names.

    Raises:
        ColumnMismatch: values of the type are not categories.
    """
    if kind not in _NAMES:
        raise ColumnMismatch(f"the column is {kind}, a category was expected")
    plain = quoted(column)
    name = _NAMES[kind].format(plain)
    if kind == "FLOAT64":
        return CategoryColumn(name, plain, "FLOAT64", float_values, _float_category)
    return CategoryColumn(name, _VALUES.get(kind, name).format(plain), "STRING", _values, str)


def unreadable_columns(types: Mapping[str, str], watched: Iterable[Watched]) -> list[str]:
    """Return the watched columns, each once, that a table lacks or has with another type.

    Args:
        types: the table's columns with their types.
        watched: the columns. The time of ingestion is a column of every table that is partitioned by it.
    """
    unreadable = (
        column.name
        for column in watched
        if types.get(column.name) not in _READABLE[column.use] and column != Watched(INGESTION, Use.TIME)
    )
    return list(dict.fromkeys(unreadable))


def _values(categories: Iterable[str]) -> list[str]:
    return [value_of(category) for category in categories]


def float_values(categories: Iterable[str]) -> list[float]:
    """Return the floats with these values. A category that is no float is left out: no row can equal it."""
    return [value for category in categories if (value := _float(value_of(category))) is not None]


def _float(category: str) -> float | None:
    try:
        value = float(category)
    except ValueError:
        return None
    return value if float_name(np.float64(value)) == category else None


def _float_category(text: str) -> str:
    value = sum(map(float, text.strip('"').split()))  # an engine may quote infinities, or write a number in two parts
    return str(float_name(np.float64(0.0 if value == 0 else value))) if not math.isnan(value) else ""
