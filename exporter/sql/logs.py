"""The columns of two logs as a statement reads them: ids, times, scores and labels.

What `exporter.profiles.predictions` and `label_rows` do with rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.times import microseconds
from exporter.sources.engine import SLOT, Parameter, quoted
from exporter.spec.sections.logs import InferenceColumns, LabelColumns
from exporter.sql.columns import named_column, number

_IDS: Final = ("STRING", "INT64")
_TIMES: Final = ("TIMESTAMP", "DATETIME", "DATE")


class NotCounted(Exception):  # noqa: N818 - it is no error: the rows are read instead
    """Why an engine cannot count what became of predictions."""


@dataclass(frozen=True, slots=True)
class Logs:
    """The columns of both logs with their types, and how each is cut: where its first partition starts, and its grain.

    `look_back` is how much older than its arrival a label may be.
    """

    made: Mapping[str, str]
    made_columns: InferenceColumns
    made_from: datetime
    made_grain: timedelta
    arrived: Mapping[str, str]
    arrived_columns: LabelColumns
    arrived_from: datetime
    arrived_grain: timedelta
    look_back: timedelta


def timed(types: Mapping[str, str], column: str | None) -> str | None:
    """A column of times, if it is one."""
    return column if column is not None and types.get(column) in _TIMES else None


def named(types: Mapping[str, str], column: str | None) -> str:
    """The text of a column of ids."""
    if column is None or types.get(column) not in _IDS:
        raise NotCounted(f"the ids are {types.get(column or '')}")
    return named_column(column, types[column]).name


def numeric(types: Mapping[str, str], column: str | None) -> str:
    """The value of a column of numbers."""
    try:
        return number(column or "", types.get(column or "", "missing"))
    except ColumnMismatch as problem:
        raise NotCounted(str(problem)) from None


def micros(types: Mapping[str, str], column: str | None) -> str:
    """The microseconds of a column of times; NULL where there is none."""
    known = timed(types, column)
    if known is None and column is not None and column in types:
        raise NotCounted(f"the times are {types[column]}")
    return f"UNIX_MICROS(CAST({quoted(known)} AS TIMESTAMP))" if known else "CAST(NULL AS INT64)"


def cut_labels(logs: Logs) -> dict[str, Parameter]:
    """The parameters of `read_labels`."""
    return {
        "arrived_from": Parameter("INT64", microseconds(logs.arrived_from)),
        "arrived_grain": Parameter("INT64", logs.arrived_grain // timedelta(microseconds=1)),
        "look_back": Parameter("INT64", logs.look_back // timedelta(microseconds=1)),
    }


def read_labels(logs: Logs, rows: str, *, binary: bool) -> str:
    """Rows of the label log: a label that is none is NULL."""
    columns, types = logs.arrived_columns, logs.arrived
    label = numeric(types, columns.label)
    valid = f"{label} IN (0, 1)" if binary else f"NOT (IS_NAN({label}) OR IS_INF({label}))"
    start = f"@arrived_from + {SLOT} * @arrived_grain"
    end = f"{start} + @arrived_grain"
    return (
        f"SELECT {SLOT}, {named(types, columns.prediction_id)} AS id, IF({valid}, {label} + 0.0, NULL) AS label, "
        f"LEAST(IFNULL({micros(types, columns.timestamp)}, {end}), {end}) AS labelled_at, "
        f"{start} - @look_back AS oldest\nFROM {rows}"
    )
