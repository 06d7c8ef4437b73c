"""Rows of the label log: what is a label, when it became known, and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from exporter.labels.classes import class_keys
from exporter.labels.ids import hashed
from exporter.labels.rows import LabelRows, reduced, selection
from exporter.labels.truths import INVALID, LabelRule
from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.times import microseconds
from exporter.spec.sections.logs import LabelColumns
from exporter.spec.sections.task import Task
from exporter.spec.windows import Window
from profiling import whole

COLUMNS = LabelColumns(prediction_id="id", label="fraud", timestamp="at")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ARRIVAL = Window(datetime(2026, 11, 22, 10, tzinfo=UTC), datetime(2026, 11, 22, 11, tzinfo=UTC))


def reduce(task: Task = "binary_classification", **columns: Any) -> LabelRows:
    return reduced(whole(pa.table(columns)), COLUMNS, ARRIVAL, 14 * DAY, LabelRule(task))[0]


def labels(rows: LabelRows, *ids: Any) -> list[float]:
    wanted, _ = hashed(pa.chunked_array([pa.array(ids)]))
    places = np.searchsorted(rows.labels.ids, wanted)
    assert rows.labels.ids[places].tolist() == wanted.tolist()
    return [float(label) for label in rows.labels.known.labels[places]]


@pytest.mark.parametrize(
    "column",
    [[True, False], [1, 0], [1.0, 0.0], pa.array([1, 0], pa.int8()).dictionary_encode()],
    ids=["booleans", "integers", "floats", "dictionary"],
)
def test_booleans_and_numbers_are_labels(column: Any) -> None:
    assert labels(reduce(id=["a", "b"], fraud=column), "a", "b") == [1.0, 0.0]


def test_of_a_number_any_finite_one_is_a_label() -> None:
    rows = reduce("regression", id=["a", "b", "c"], fraud=[-2.5, 0.5, np.inf])
    assert labels(rows, "a", "b", "c") == [-2.5, 0.5, INVALID]
    assert rows.left_out["with_invalid_value"] == 1


def test_a_multiclass_label_is_a_class_however_it_is_stored() -> None:
    columns = [[7, 8], [7.0, 8.0], ["7", "8"], pa.array(["7", "8"]).dictionary_encode()]
    found = [reduce("multiclass_classification", id=["a", "b"], fraud=column) for column in columns]
    assert {tuple(labels(rows, "a", "b")) for rows in found} == {tuple(class_keys(["7", "8"]))}
    assert {rows.class_names for rows in found} == {("7", "8")}
    rows = reduce("multiclass_classification", id=["a", "b"], fraud=["dog", None])
    assert (rows.left_out["without_value"], rows.class_names) == (1, ("dog",))


def test_a_relevance_is_not_negative() -> None:
    rows = reduce("ranking", id=["a", "b", "c"], fraud=[-1, 0, 3])
    assert labels(rows, "a", "b", "c") == [INVALID, 0, 3]
    assert rows.left_out["with_invalid_value"] == 1


def test_what_is_no_label_is_joined_as_such_or_left_out_and_counted() -> None:
    old = ARRIVAL.start - 14 * DAY - HOUR
    rows = reduce(id=["a", None, "c", "d", "e"], fraud=[1, 1, None, 2, 1], at=[None, None, None, None, old])
    assert labels(rows, "a", "d") == [1.0, INVALID]
    assert len(rows.labels.ids) == 2
    assert rows.left_out == {
        "without_id": 1,
        "without_value": 1,
        "with_invalid_value": 1,
        "with_unreadable_time": 0,
        "after_partition": 0,
        "older_than_look_back": 1,
    }


def test_a_time_that_cannot_be_read_costs_only_its_row() -> None:
    at = ["2026-11-22T10:30:00Z", "", "yesterday", "2026-11-22 10:45:00 UTC", None]
    rows = reduce(id=list("abcde"), fraud=[1, 0, 0, 1, 1], at=at)
    assert sorted(rows.labels.known.labelled_at.tolist()) == [
        microseconds(ARRIVAL.start + HOUR / 2),
        microseconds(ARRIVAL.start + 3 * HOUR / 4),
        microseconds(ARRIVAL.end),
    ]
    assert rows.left_out["with_unreadable_time"] == 2


@pytest.mark.parametrize(("unit", "factor"), [("s", 1e-6), ("ms", 1e-3), ("us", 1.0), ("ns", 1e3)])
def test_epoch_numbers_of_every_unit_are_times(unit: str, factor: float) -> None:
    at = [int(microseconds(ARRIVAL.start + HOUR / 4) * factor)]
    columns = COLUMNS.model_copy(update={"timestamp_unit": unit})
    table = pa.table({"id": ["a"], "fraud": [1], "at": at})
    for each in (COLUMNS, columns):
        rows = reduced(whole(table), each, ARRIVAL, 14 * DAY, LabelRule("binary_classification"))[0]
        assert rows.labels.known.labelled_at.tolist() == [microseconds(ARRIVAL.start + HOUR / 4)]


def test_a_label_without_a_time_or_from_soon_after_became_known_at_the_end_of_its_partition() -> None:
    told = ARRIVAL.start + HOUR / 4
    rows = reduce(
        id=["a", "b", "c", "d"], fraud=[1, 1, 1, 1], at=[told, None, ARRIVAL.end + HOUR / 2, ARRIVAL.end + DAY]
    )
    assert rows.left_out["after_partition"] == 1
    assert sorted(rows.labels.known.labelled_at.tolist()) == [
        microseconds(told),
        microseconds(ARRIVAL.end),
        microseconds(ARRIVAL.end),
    ]
    without = reduce(id=["a"], fraud=[1])
    assert without.labels.known.labelled_at.tolist() == [microseconds(ARRIVAL.end)]


def test_the_newest_value_counts_though_it_is_none() -> None:
    at = [ARRIVAL.start + HOUR / 4, ARRIVAL.start + HOUR / 2]
    assert labels(reduce(id=["a", "a"], fraud=[1, 2], at=at), "a") == [INVALID]
    assert labels(reduce(id=["a", "a"], fraud=[2, 1], at=at), "a") == [1]


def test_lists_are_no_labels_and_a_missing_column_is_an_error() -> None:
    with pytest.raises(ColumnMismatch, match="a number was expected"):
        reduce("regression", id=["a"], fraud=[[1]])
    with pytest.raises(ColumnMismatch, match="column at: the column is bool, a time was expected"):
        reduce(id=["a"], fraud=[1], at=[True])
    with pytest.raises(ColumnMismatch, match="the column fraud is missing"):
        reduce(id=["a"])


def test_only_what_is_needed_is_read() -> None:
    assert selection(COLUMNS).keys == ("id", "fraud", "at")
    assert selection(LabelColumns(prediction_id="id", label="fraud")).columns == ("id", "fraud")


def test_a_file_with_a_column_that_cannot_be_used_costs_only_its_own_rows() -> None:
    good, bad = pa.table({"id": ["a"], "fraud": [1]}), pa.table({"id": ["b", "c"], "fraud": [[1], [0]]})
    batches = [batch for table in (bad, good) for batch in whole(table)]
    rows = reduced(batches, COLUMNS, ARRIVAL, 14 * DAY, LabelRule("binary_classification"))[0]
    assert labels(rows, "a") == [1.0]
    assert (len(rows.labels.ids), rows.left_out["unusable_column"]) == (1, 2)
    assert rows.problem == "column fraud: the column is list<item: int64>, a category was expected"
