"""The outcomes that an engine counts equal those of rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engines import Engine
from exporter.labels import predictions
from exporter.labels import rows as label_rows
from exporter.labels.evaluation import Evaluation
from exporter.labels.join import KnownLabels, join, matched_rows, matches, merge_chunks
from exporter.labels.outcomes import Outcome, outcomes, rejected_rows, segment_outcomes
from exporter.labels.sql.counting import JoinSpec, LogPartitions, count_labels, count_outcomes
from exporter.labels.truths import LabelRule
from exporter.labels.validity import Invalid
from exporter.profiles.group import Group
from exporter.sources.source import Batch
from exporter.spec.sections.logs import InferenceColumns, LabelColumns
from exporter.spec.sections.task import Task
from exporter.spec.value_types import TimeUnit
from exporter.spec.windows import Window
from exporter.sql.logs import NotCountable

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
UTC_MICROS = pa.timestamp("us", "UTC")
LOOK_BACK = timedelta(hours=6)
EDGES = np.array([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
SEGMENTS = {"country": ("DE", "FR", "gone")}
COLUMNS = InferenceColumns(timestamp="at", prediction_id="id", model_version="version", role="role", score="score")
LABELS = LabelColumns(prediction_id="id", label="label", timestamp="told")
ROWS = 60


def _cycle(*values: Any) -> list[Any]:
    return [values[row % len(values)] for row in range(ROWS)]


def _predictions(hour: int) -> pa.Table:
    """Ids are 0 to 49 and once more 0 to 4, later; some have none, some no score that is a number."""
    random = np.random.default_rng(hour)
    score = [
        {7: None, 8: np.nan, 9: np.inf, 10: -0.25, 11: 1.5, 12: 0.0, 13: 1.0, 14: 0.5}.get(row, float(value))
        for row, value in enumerate(random.random(ROWS))
    ]
    return pa.table(
        {
            "at": pa.array([START + hour * HOUR + timedelta(seconds=50 * row) for row in range(ROWS)], UTC_MICROS),
            "id": pa.array([None if row in {20, 21} else f"{hour}-{row % 55}" for row in range(ROWS)]),
            "version": pa.array(_cycle("v1", "v2", None)),
            "role": pa.array(_cycle("champion", "CHALLENGER", "challenger", None)),
            "score": pa.array(score, pa.float64()),
            "country": pa.array(_cycle("DE", "FR", "IT", None, "")),
        }
    )


def _labels(hour: int, kind: pa.DataType) -> pa.Table:
    """Of both hours of predictions: some are repeated, some corrected, some early, unknown or empty."""
    random = np.random.default_rng(100 + hour)
    ids = [f"{random.integers(0, 2)}-{random.integers(0, 70)}" for _ in range(ROWS)]
    told = [START + hour * HOUR - timedelta(minutes=10) + timedelta(seconds=70 * row) for row in range(ROWS)]
    told[3], told[4], told[5] = START - 3 * HOUR, START - 20 * HOUR, START + 30 * HOUR
    label = [float(value) for value in random.integers(0, 2, ROWS)]
    label[30], label[31], label[32], label[33:40] = 0.5, -0.0, np.nan, [np.inf] * 7
    values: list[Any] = [None if row % 20 == 19 else value for row, value in enumerate(label)]
    return pa.table(
        {
            "arrived": pa.array([START + hour * HOUR + timedelta(minutes=row % 60) for row in range(ROWS)], UTC_MICROS),
            "id": pa.array([None if row in {8, 28} else each for row, each in enumerate(ids)]),
            "label": pa.array(values, pa.float64()) if kind == pa.float64() else pa.array(map(_flag, values), kind),
            "told": pa.array([None if row % 15 == 14 else each for row, each in enumerate(told)], UTC_MICROS),
        }
    )


def _flag(value: float | None) -> bool | None:
    return None if value is None else value > 0.4


def _in_epoch(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """The times in milliseconds, and some that are no time, far away, or none."""
    numbers: list[Any] = [None if time is None else time // 1000 for time in column.cast(pa.int64()).to_pylist()]
    numbers[40], numbers[41], numbers[42] = 2**62, 0, numbers[42] // 1000
    if kind == pa.float64():
        numbers[43], numbers[44] = np.inf, np.nan
    return pa.array([number if number is None or kind == pa.int64() else float(number) for number in numbers], kind)


def _with_epochs(table: pa.Table, name: str, source: str, kind: pa.DataType) -> pa.Table:
    return table.drop_columns([name] * (name in table.column_names)).append_column(
        name, _in_epoch(table.column(source), kind)
    )


@pytest.mark.parametrize(("kind", "unit"), [(pa.int64(), None), (pa.float64(), "ms")], ids=str)
def test_epoch_numbers_are_the_same_times_for_the_engine_and_the_rows(
    engine: Engine, kind: pa.DataType, unit: TimeUnit | None
) -> None:
    columns = COLUMNS.model_copy(update={"timestamp": "made", "timestamp_unit": unit})
    label_columns = LABELS.model_copy(update={"timestamp_unit": unit})
    made = _with_epochs(_predictions(0), "made", "at", kind)
    arrived = _with_epochs(_labels(0, pa.bool_()), "told", "told", kind)
    log, labels = _open(engine, "log", made, "at"), _open(engine, "labels", arrived, "arrived")
    about = JoinSpec(columns, label_columns, LabelRule("binary_classification"), LOOK_BACK)
    window = Window(START, START + HOUR)
    rows = label_rows.reduced(_batches(arrived), label_columns, window, LOOK_BACK, about.rule)[0]
    read = predictions.reduced(_batches(made), columns, window, about.rule.task, tuple(SEGMENTS))[0]
    assert count_labels(log, labels, about) == {START: (int(rows.labels.known.rows.sum()), rows.left_out)}
    assert rows.left_out["after_partition"] >= 1
    assert rows.left_out["with_unreadable_time"] == (kind == pa.float64()) + (unit == "ms")
    assert read.left_out["prediction_outside_partition"] >= 1
    counted = count_outcomes(log, labels, about, _evaluation(about.rule.task))[START]
    assert read.left_out == counted.left_out
    together = merge_chunks([rows.labels])
    answers = join(matches(read.ids, together, np.ones(1, np.bool_)), KnownLabels.none(len(read.ids)), together)
    _assert_same_outcomes(outcomes(read, answers, _evaluation(about.rule.task)), dict(counted.outcomes))


def _batches(table: pa.Table) -> list[Batch]:
    return [Batch(table, first=True, schema=table.schema)]


def _open(engine: Engine, name: str, rows: pa.Table, column: str) -> LogPartitions:
    source = engine.table(name, rows, column)
    return LogPartitions(source, source.partitions([START + hour * HOUR for hour in range(4)]), HOUR)


def _evaluation(task: Task, threshold: float = 0.5) -> Evaluation:
    return Evaluation(task == "binary_classification", threshold, EDGES, tolerances=(0.1, 0.5), segments=SEGMENTS)


def _assert_same(left: Any, right: Any) -> None:
    """Whole numbers exactly, others but for their last digits; field by field."""
    assert type(left) is type(right)
    if hasattr(left, "__dataclass_fields__"):
        for name in left.__dataclass_fields__:
            _assert_same(getattr(left, name), getattr(right, name))
    elif isinstance(left, np.ndarray) and left.dtype != np.float64:
        np.testing.assert_array_equal(left, right)
    elif left is not None:
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-12)


def _assert_same_outcomes(left: dict[Group, Outcome], right: dict[Group, Outcome]) -> None:
    assert left.keys() == right.keys()
    for group, outcome in left.items():
        _assert_same(outcome, right[group])


BINARY = LabelRule("binary_classification")


@pytest.mark.parametrize(
    ("rule", "kind", "threshold"),
    [
        (BINARY, pa.bool_(), 0.5),
        (BINARY, pa.float64(), -0.1),
        (replace(BINARY, positive=("0.5", "false")), pa.float64(), 0.5),
        (LabelRule("regression"), pa.float64(), 0.5),
    ],
    ids=["binary", "on a scale of its own", "positive values", "regression"],
)
def test_the_engine_and_the_rows_give_the_same_outcomes(
    engine: Engine, rule: LabelRule, kind: pa.DataType, threshold: float
) -> None:
    task = rule.task
    made = [_predictions(hour) for hour in range(2)]
    arrived = [_labels(hour, kind) for hour in range(3)]
    evaluation, about = _evaluation(task, threshold), JoinSpec(COLUMNS, LABELS, rule, LOOK_BACK)
    log = _open(engine, "log", pa.concat_tables(made), "at")
    labels = _open(engine, "labels", pa.concat_tables(arrived), "arrived")
    engine.forget()
    found = count_outcomes(log, labels, about, evaluation)
    assert len(engine.statements) == 1, "one statement"

    chunks = [
        label_rows.reduced(
            _batches(rows), LABELS, Window(START + hour * HOUR, START + (hour + 1) * HOUR), LOOK_BACK, rule
        )[0]
        for hour, rows in enumerate(arrived)
    ]
    together = merge_chunks([rows.labels for rows in chunks])
    assert len(found) == 2
    for hour, rows in enumerate(made):
        start = START + hour * HOUR
        told = predictions.reduced(_batches(rows), COLUMNS, Window(start, start + HOUR), task, tuple(SEGMENTS))[0]
        matched = matches(told.ids, together, np.ones(len(chunks), np.bool_))
        answers = join(matched, KnownLabels.none(len(told.ids)), together)
        counted = found[start]
        _assert_same_outcomes(outcomes(told, answers, evaluation), dict(counted.outcomes))
        _assert_same_outcomes(segment_outcomes(told, answers, evaluation), dict(counted.segments))
        assert rejected_rows(told, answers) == counted.rejected_rows
        kinds = {reason for reason, number in counted.rejected_rows.items() if number}
        alike = {"corrected"} if rule.positive == ("fraud",) else set()
        assert kinds == {"duplicate", "corrected", "before_prediction"} - alike, "each kind is there"
        assert dict(enumerate(matched_rows(matched, together).tolist())) == {
            place: counted.joined.get(place, 0) for place in range(3)
        }
        assert told.left_out == counted.left_out
    expected = {
        START + hour * HOUR: (int(rows.labels.known.rows.sum()), rows.left_out) for hour, rows in enumerate(chunks)
    }
    assert count_labels(log, labels, about) == expected
    every = sum((outcome.invalid for counted in found.values() for outcome in counted.outcomes.values()), Invalid())
    assert (every.labels > 0) == (kind == pa.float64() and not rule.positive), "0.5 and infinity are no labels"
    assert (every.scores > every.percentages > 0) == (task != "regression" and threshold == 0.5)


@pytest.mark.parametrize(
    ("task", "made", "arrived"),
    [
        ("ranking", {}, {}),
        ("multiclass_classification", {}, {}),
        ("regression", {"prediction_id": "score"}, {}),
        ("regression", {}, {"label": "id"}),
        ("regression", {}, {"timestamp": "id", "timestamp_unit": "s"}),
    ],
    ids=["lists", "classes", "ids that are floats", "labels that are texts", "times that are texts"],
)
def test_what_only_rows_can_give_is_not_counted_by_the_engine(
    engine: Engine, task: Task, made: dict[str, str], arrived: dict[str, str]
) -> None:
    log = _open(engine, "log", _predictions(0), "at")
    labels = _open(engine, "labels", _labels(0, pa.bool_()), "arrived")
    rule = LabelRule(task)
    about = JoinSpec(COLUMNS.model_copy(update=made), LABELS.model_copy(update=arrived), rule, LOOK_BACK)
    engine.forget()
    with pytest.raises(NotCountable):
        count_outcomes(log, labels, about, _evaluation(task))
    assert not engine.statements
