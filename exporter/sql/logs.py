"""The columns of two logs as a statement reads them: ids, times, scores and labels.

The statement does what `exporter.labels.predictions` and `exporter.labels.rows` do with rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.times import microseconds
from exporter.sources.engine import SLOT, TIME_KINDS, Parameter, quoted
from exporter.spec.sections.logs import InferenceColumns, LabelColumns
from exporter.sql.columns import category_column, numeric_expression

_IDS: Final = ("STRING", "INT64")


class NotCountable(Exception):  # noqa: N818 - it is no error: the rows are read instead
    """Why an engine cannot count the outcomes of predictions."""


@dataclass(frozen=True, slots=True)
class Logs:
    """The columns of both logs with their types, the start of each log's first partition, and the grain of each log.

    `made` are the types of the prediction log's columns, `arrived` those of the label log's. `look_back` is how much
    older than its arrival a label may be.
    """

    made: Mapping[str, str]
    prediction_columns: InferenceColumns
    made_from: datetime
    prediction_grain: timedelta
    arrived: Mapping[str, str]
    label_columns: LabelColumns
    labels_start: datetime
    label_grain: timedelta
    look_back: timedelta


def time_column(types: Mapping[str, str], column: str | None) -> str | None:
    """Return the column if its type is one of times, else None."""
    return column if column is not None and types.get(column) in TIME_KINDS else None


def id_expression(types: Mapping[str, str], column: str | None) -> str:
    """Return the expression of an id as text."""
    if column is None or types.get(column) not in _IDS:
        raise NotCountable(f"the ids are {types.get(column or '')}")
    return category_column(column, types[column]).name


def number_expression(types: Mapping[str, str], column: str | None) -> str:
    """Return the expression of a numeric value."""
    try:
        return numeric_expression(column or "", types.get(column or "", "missing"))
    except ColumnMismatch as problem:
        raise NotCountable(str(problem)) from None


def microseconds_expression(types: Mapping[str, str], column: str | None) -> str:
    """Return the expression of a time in microseconds since the Unix epoch; NULL where there is no column."""
    existing = time_column(types, column)
    if existing is None and column is not None and column in types:
        raise NotCountable(f"the times are {types[column]}")
    return f"UNIX_MICROS(CAST({quoted(existing)} AS TIMESTAMP))" if existing else "CAST(NULL AS INT64)"


def label_parameters(logs: Logs) -> dict[str, Parameter]:
    """Return the parameters of `label_rows_query`."""
    return {
        "arrived_from": Parameter("INT64", microseconds(logs.labels_start)),
        "arrived_grain": Parameter("INT64", logs.label_grain // timedelta(microseconds=1)),
        "look_back": Parameter("INT64", logs.look_back // timedelta(microseconds=1)),
    }


def label_rows_query(logs: Logs, rows: str, *, binary: bool) -> str:
    """Return the query for rows of the label log. A value that is not a label becomes NULL."""
    columns, types = logs.label_columns, logs.arrived
    label = number_expression(types, columns.label)
    valid = f"{label} IN (0, 1)" if binary else f"NOT (IS_NAN({label}) OR IS_INF({label}))"
    start = f"@arrived_from + {SLOT} * @arrived_grain"
    end = f"{start} + @arrived_grain"
    return (
        f"SELECT {SLOT}, {id_expression(types, columns.prediction_id)} AS id, "
        f"IF({valid}, {label} + 0.0, NULL) AS label, "
        f"LEAST(IFNULL({microseconds_expression(types, columns.timestamp)}, {end}), {end}) AS labelled_at, "
        f"{start} - @look_back AS oldest\nFROM {rows}"
    )
