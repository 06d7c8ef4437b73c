from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from exporter.labels.labelled_reference import Returned, reduced, reduced_classes, selection
from exporter.profiles.columns import ColumnMismatch
from exporter.sources.source import Batch

EDGES = np.array([0.5])


def batch(**columns: pa.Array) -> Batch:
    table = pa.table(columns)
    return Batch(table, True, table.schema)


def test_the_columns_are_read_together() -> None:
    assert selection(["score"], "label").keys == ("score", "label")


def test_rows_without_a_score_are_left_out_and_those_without_a_label_are_known_to_have_none() -> None:
    first = batch(s=pa.array([0.2, None, 0.9, float("nan")]), y=pa.array([True, True, None, False]))
    second = batch(s=pa.array([0.7, 0.8]), y=pa.array([1, 2]))
    found = reduced([first, second], "s", "y", EDGES, binary=True)
    assert found.made.tolist() == [1, 3]
    assert found.known.tolist() == [1, 1], "2 is no label of a binary classifier"
    assert found.labels.tolist() == [1, 1]


def test_of_a_number_every_finite_value_is_a_label() -> None:
    found = reduced([batch(s=pa.array([0.2, 0.9]), y=pa.array([-3.0, float("inf")]))], "s", "y", EDGES, binary=False)
    assert (found.known.tolist(), found.labels.tolist(), found.losses.tolist()) == ([1, 0], [-3, 0], [3.2, 0])


def test_no_batch_is_no_row() -> None:
    assert reduced([], "s", "y", EDGES, binary=True).made.tolist() == [0, 0]


@pytest.mark.parametrize("column", ["s", "y"])
def test_a_missing_column_is_an_error(column: str) -> None:
    other = {"s": "y", "y": "s"}[column]
    with pytest.raises(ColumnMismatch, match=f"the column {column} is missing"):
        reduced([batch(**{other: pa.array([0.1])})], "s", "y", EDGES, binary=True)


def test_each_class_is_counted_against_the_rest() -> None:
    """However labels are stored; a class without a score of its own is of the rest."""
    first = batch(a=pa.array([0.2, 0.9, 0.6]), b=pa.array([0.8, 0.1, None]), y=pa.array([2, 1, 1]))
    second = batch(a=pa.array([0.7, 0.1]), b=pa.array([0.3, 0.2]), y=pa.array([None, "3"], pa.string()))
    one, two = reduced_classes([first, second], {"1": "a", "2": "b"}, "y", [EDGES, np.array([0.25])])
    assert (one.made.tolist(), one.known.tolist(), one.labels.tolist()) == ([2, 3], [2, 2], [0, 2])
    assert (two.made.tolist(), two.known.tolist(), two.labels.tolist()) == ([2, 2], [2, 1], [0, 1])


@pytest.mark.parametrize("missing", ["a", "y"])
def test_labels_and_the_scores_of_each_class_are_required(missing: str) -> None:
    rows = {"a": pa.array([0.2]), "y": pa.array([1])}
    del rows[missing]
    with pytest.raises(ColumnMismatch, match=f"the column {missing} is missing"):
        reduced_classes([batch(**rows)], {"1": "a"}, "y", [EDGES])


def test_the_score_of_the_returned_class_is_counted_by_whether_it_was_right() -> None:
    """By hand: right at 0.7, wrong at 0.6 and without a label at 0.2; the rest have no answer or no score."""
    rows = batch(
        a=[0.7, 0.4, 0.2, 0.9, 0.9],
        sure=[0.7, 0.6, 0.2, 0.9, None],
        said=["1", "2", "1", None, "1"],
        y=["1", "1", None, "1", "1"],
    )
    _, found = reduced_classes([rows], {"1": "a"}, "y", [EDGES], Returned("said", "sure", np.array([0.5, 0.65])))
    assert found.made.tolist() == [1, 1, 1]
    assert found.known.tolist() == [0, 1, 1]
    assert found.labels.tolist() == [0, 0, 1]
    assert found.scores.tolist() == [0, 0.6, 0.7]
