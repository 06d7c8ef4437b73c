"""The columns of two logs as a statement reads them: ids, times, scores and labels.

The statement does what `exporter.labels.predictions` and `exporter.labels.rows` do with rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.times import UNITS_FROM, UNREADABLE, microseconds
from exporter.sources.engine import SLOT, TIME_KINDS, Parameter, quoted
from exporter.spec.sections.logs import InferenceColumns, LabelColumns
from exporter.spec.value_types import TimeUnit
from exporter.spec.windows import tolerance
from exporter.sql.columns import EPOCH_TYPES, category_column, float_values, numeric_expression

REJECTIONS: Final = 5
"""The reasons for which `label_rows_query` rejects a row, by number from 1: no id, no label, an unreadable time, a time
that is too late, one that is too old."""

_IDS: Final = ("STRING", "INT64")
_TO_MICROSECONDS: Final[Mapping[TimeUnit, str]] = {
    "s": "IF({0} BETWEEN -9223372036854 AND 9223372036854, {0} * 1000000, NULL)",
    "ms": "IF({0} BETWEEN -9223372036854775 AND 9223372036854775, {0} * 1000, NULL)",
    "us": "{0}",
    "ns": "DIV({0}, 1000)",
}
_FLOAT_TO_MICROSECONDS: Final[Mapping[TimeUnit, str]] = {
    "s": "SAFE_CAST(ROUND({0} * 1000000) AS INT64)",
    "ms": "SAFE_CAST(ROUND({0} * 1000) AS INT64)",
    "us": "SAFE_CAST(ROUND({0}) AS INT64)",
    "ns": "SAFE_CAST(FLOOR({0} / 1000) AS INT64)",
}


class NotCountable(Exception):  # noqa: N818 - it is no error: the rows are read instead
    """Why an engine cannot count the outcomes of predictions."""


@dataclass(frozen=True, slots=True)
class Logs:
    """The columns of both logs with their types, the start of each log's first partition, and the grain of each log.

    `made` are the types of the prediction log's columns, `arrived` those of the label log's. `look_back` is how much
    older than its arrival a label may be. `positive` are the positive labels, where the spec names them.
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
    positive: tuple[str, ...] = ()


def time_column(types: Mapping[str, str], column: str | None) -> str | None:
    """Return the column if its type is one of times or of epoch numbers, else None."""
    return column if column is not None and types.get(column) in (*TIME_KINDS, *EPOCH_TYPES) else None


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


def microseconds_expression(types: Mapping[str, str], column: str | None, unit: TimeUnit | None = None) -> str:
    """Return the expression of a time in microseconds since the Unix epoch, as `exporter.profiles.times.instants`.

    It is NULL where there is no time or no column, and `@unreadable` where a number is no time. A statement with it has
    the parameters of `time_parameters`.

    Raises:
        NotCountable: the column is of another type, such as STRING: its rows must be read.
    """
    existing = time_column(types, column)
    if existing is None and column is not None and column in types:
        raise NotCountable(f"the times are {types[column]}")
    if existing is None:
        return "CAST(NULL AS INT64)"
    if types[existing] in TIME_KINDS:
        return f"UNIX_MICROS(CAST({quoted(existing)} AS TIMESTAMP))"
    if types[existing] == "INT64":
        return _from_number(quoted(existing), "{0} IS NULL", _TO_MICROSECONDS, unit)
    number = f"CAST({quoted(existing)} AS FLOAT64)"
    return _from_number(number, "{0} IS NULL OR IS_NAN({0})", _FLOAT_TO_MICROSECONDS, unit)


def _from_number(number: str, absent: str, factors: Mapping[TimeUnit, str], unit: TimeUnit | None) -> str:
    """Return the time of an epoch number; its unit is that of its magnitude where none is given, see `UNITS_FROM`."""
    if unit is None:
        smaller = [f"{{0}} > -{larger:.0f} AND {{0}} < {larger:.0f}" for _, larger in UNITS_FROM[1:]]
        cases = zip(smaller, (factors[each] for each, _ in UNITS_FROM[:-1]), strict=True)
        whens = " ".join(f"WHEN {condition} THEN {factor}" for condition, factor in cases)
        time = f"CASE {whens} ELSE {factors[UNITS_FROM[-1][0]]} END"
    else:
        time = factors[unit]
    return f"IF({absent}, NULL, IFNULL({time}, @unreadable))".format(number)


def time_parameters() -> dict[str, Parameter]:
    """Return the parameters of `microseconds_expression`."""
    return {"unreadable": Parameter("INT64", UNREADABLE)}


def label_parameters(logs: Logs) -> dict[str, Parameter]:
    """Return the parameters of `label_rows_query`."""
    return {
        "arrived_from": Parameter("INT64", microseconds(logs.labels_start)),
        "arrived_grain": Parameter("INT64", logs.label_grain // timedelta(microseconds=1)),
        "arrived_spare": Parameter("INT64", tolerance(logs.label_grain) // timedelta(microseconds=1)),
        "look_back": Parameter("INT64", logs.look_back // timedelta(microseconds=1)),
        "infinity": Parameter("FLOAT64", math.inf),
        **({"positive": Parameter("FLOAT64", float_values(logs.positive))} if logs.positive else {}),
        **time_parameters(),
    }


def label_expression(number: str, *, binary: bool, named: bool) -> str:
    """Return the expression of a label, as `exporter.labels.truths.LabelRule`; `named` labels are in `@positive`."""
    if not binary:
        label = f"IF(IS_INF({number}), @infinity, {number} + 0.0)"
    elif named:
        label = f"IF({number} IN UNNEST(@positive), 1.0, 0.0)"
    else:
        label = f"IF({number} IN (0, 1), {number} + 0.0, @infinity)"
    return f"IF({number} IS NULL OR IS_NAN({number}), NULL, {label})"


def label_rows_query(logs: Logs, rows: str, *, binary: bool) -> str:
    """Return the query for rows of the label log: slot, id, label, labelled_at, and `rejected`.

    A value that is not a label of the model is infinite. `rejected` is 0, or the number of the first of `REJECTIONS`.
    """
    columns, types = logs.label_columns, logs.arrived
    label = label_expression(number_expression(types, columns.label), binary=binary, named=bool(logs.positive))
    start = f"@arrived_from + {SLOT} * @arrived_grain"
    end = f"{start} + @arrived_grain"
    time = microseconds_expression(types, columns.timestamp, columns.timestamp_unit)
    read = (
        f"SELECT {SLOT}, {id_expression(types, columns.prediction_id)} AS id, "
        f"{label} AS label, IFNULL({time}, {end}) AS written_at, {end} AS ends, "
        f"{start} - @look_back AS oldest\nFROM {rows}"
    )
    rejected = (
        "CASE WHEN id IS NULL THEN 1 WHEN label IS NULL THEN 2 WHEN written_at = @unreadable THEN 3 "
        "WHEN written_at >= ends + @arrived_spare THEN 4 WHEN LEAST(written_at, ends) < oldest THEN 5 ELSE 0 END"
    )
    selected = f"SELECT {SLOT}, id, label, LEAST(written_at, ends) AS labelled_at, {rejected} AS rejected"
    return f"{selected}\nFROM ({read}) AS label_log"
