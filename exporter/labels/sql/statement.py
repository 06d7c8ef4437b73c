"""Statements about predictions and their labels: the engine joins and counts, and only counts are transferred."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from exporter.labels.evaluation import Evaluation
from exporter.labels.outcomes import DELAY_EDGES
from exporter.labels.sql.steps import outcome_select, outcome_steps
from exporter.labels.sums.labelled import CERTAIN
from exporter.profiles.grouping import Grouping
from exporter.profiles.times import microseconds
from exporter.sources.engine import JOINED_ROWS, ROWS, SLOT, Parameter, Statement
from exporter.spec.sections.task import Task
from exporter.spec.windows import tolerance
from exporter.sql.counting import group_keys
from exporter.sql.groups import GroupBy
from exporter.sql.logs import (
    REJECTIONS,
    Logs,
    NotCountable,
    id_expression,
    label_parameters,
    label_rows_query,
    time_column,
)

_TASKS: Final = ("binary_classification", "regression")


@dataclass(frozen=True, slots=True)
class OutcomeQuery:
    """A statement about predictions and their labels.

    `label_columns` are the columns of labels that it reads, `grouping` and `keys` are how it groups, and `bins` is the
    number of the score's bins.
    """

    statement: Statement
    label_columns: tuple[str, ...]
    grouping: GroupBy
    keys: tuple[str, ...]
    bins: int


def outcome_query(logs: Logs, task: Task, evaluation: Evaluation) -> OutcomeQuery:
    """Return the statement that counts the outcomes of the predictions of some partitions.

    Raises:
        NotCountable: for this task, or these columns, the rows must be read.
    """
    if task not in _TASKS:
        raise NotCountable(f"{task} is evaluated by rows")
    made, arrived = logs.prediction_columns, logs.label_columns
    keys, segments, _ = group_keys(logs.made, Grouping(made.model_version, made.role, evaluation.segments))
    if any(logs.made[column] == "FLOAT64" for column in GroupBy(tuple(keys.values()), segments).columns):
        raise NotCountable("a version, a role or a segment is FLOAT64")
    grouping = GroupBy(tuple(keys.values()), segments)
    edges = [] if evaluation.edges is None else evaluation.edges.tolist()
    columns = [made.prediction_id, made.score, time_column(logs.made, made.timestamp), *grouping.columns]
    label_columns = [arrived.prediction_id, arrived.label, time_column(logs.arrived, arrived.timestamp)]
    binary = task == "binary_classification"
    steps = dict(outcome_steps(logs, evaluation, grouping, binary=binary, bins=len(edges)))
    statement = Statement(
        tuple(dict.fromkeys(filter(None, columns))),
        steps,
        outcome_select(grouping),
        _parameters(logs, evaluation, edges) | grouping.parameters,
        slotted=True,
    )
    return OutcomeQuery(
        statement, tuple(dict.fromkeys(filter(None, label_columns))), grouping, tuple(keys), len(edges) + 1
    )


def label_statement(logs: Logs, task: Task) -> Statement:
    """Return the statement that counts rows of the label log, by partition: labels, and other rows by reason.

    Raises:
        NotCountable: as `outcome_query`.
    """
    if task not in _TASKS:
        raise NotCountable(f"{task} is evaluated by rows")
    columns = logs.label_columns
    steps = {"read_labels": label_rows_query(logs, ROWS, binary=task == "binary_classification")}
    reasons = "".join(f"COUNTIF(rejected = {number}) AS rejected{number}, " for number in range(1, REJECTIONS + 1))
    joined = "COUNTIF(rejected = 0) AS usable, COUNTIF(rejected = 0 AND IS_INF(label)) AS invalid"
    select = f"SELECT {SLOT}, {reasons}{joined} FROM read_labels GROUP BY {SLOT}"
    read = (columns.prediction_id, columns.label, time_column(logs.arrived, columns.timestamp))
    return Statement(tuple(dict.fromkeys(filter(None, read))), steps, select, label_parameters(logs), slotted=True)


def touched_statement(logs: Logs) -> tuple[Statement, tuple[str, ...]]:
    """Return the statement that finds the partitions of predictions that have a label, and the columns of labels.

    Raises:
        NotCountable: as `outcome_query`.
    """
    made, arrived = logs.prediction_columns.prediction_id, logs.label_columns.prediction_id
    steps = {
        "made": f"SELECT {SLOT}, {id_expression(logs.made, made)} AS id FROM {ROWS}",
        "arrived": f"SELECT {id_expression(logs.arrived, arrived)} AS id FROM {JOINED_ROWS}",
    }
    select = f"SELECT DISTINCT {SLOT} FROM made WHERE id IN (SELECT id FROM arrived)"
    return Statement((str(made),), steps, select, {}, slotted=True), (str(arrived),)


def _parameters(logs: Logs, evaluation: Evaluation, edges: list[float]) -> dict[str, Parameter]:
    width = math.log(DELAY_EDGES[-1]) / (len(DELAY_EDGES) - 1)
    values = {
        "made_from": Parameter("INT64", microseconds(logs.made_from)),
        "made_grain": Parameter("INT64", logs.prediction_grain // timedelta(microseconds=1)),
        "made_spare": Parameter("INT64", tolerance(logs.prediction_grain) // timedelta(microseconds=1)),
        "width": Parameter("FLOAT64", width),
        "infinity": Parameter("FLOAT64", math.inf),
        "threshold": Parameter("FLOAT64", float(evaluation.threshold)),
        "certain": Parameter("FLOAT64", CERTAIN),
    }
    if edges:
        values["edges"] = Parameter("FLOAT64", [-edge for edge in reversed(edges)])
    near = {f"near{place}": Parameter("FLOAT64", float(each)) for place, each in enumerate(evaluation.tolerances)}
    return {**values, **near, **label_parameters(logs)}
