from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from exporter.labels.labelled_hours import Times
from exporter.labels.labelled_reference import (
    LabelledRows,
    Returned,
    ScoredColumns,
    reduced,
    reduced_classes,
    selection,
)
from exporter.labels.sums.by_score import ByScore
from exporter.labels.truths import LabelRule
from exporter.profiles.columns import ColumnMismatch
from exporter.sources.source import Batch

EDGES = np.array([0.5])
BINARY = LabelRule("binary_classification")
SCORED = ScoredColumns("s", "y", EDGES)


def batch(**columns: pa.Array) -> Batch:
    table = pa.table(columns)
    return Batch(table, True, table.schema)


def only(found: LabelledRows) -> ByScore:
    """The counts by the only score of a reference without times."""
    assert found.hours is None
    (counted,) = found.by_score
    return counted


def whole_hours(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    return column.to_numpy().astype(np.int64)


TIMES = Times("hour", whole_hours)


def test_with_times_rows_are_counted_by_hour_as_well() -> None:
    """By hand: two rows of hour 3 and one of hour 5; the others lack a score, a label or a time."""
    rows = batch(s=[0.2, 0.9, 0.7, None, 0.4, 0.3], y=[0, 1, 1, 1, None, 1], hour=[3, 3, 5, 5, 5, -1])
    found = reduced([rows], SCORED, BINARY, probabilities=True, times=TIMES)
    assert found.hours is not None
    assert found.hours.hours.tolist() == [3, 5]
    assert found.hours.rows.tolist() == [[1, 1], [0, 1]]
    assert found.by_score[0].known.tolist() == [2, 2], "the row without a time counts here"


def test_with_times_the_returned_class_is_counted_by_hour() -> None:
    rows = batch(a=[0.7, 0.4], sure=[0.7, 0.6], said=["1", "2"], y=["1", "1"], hour=[8, 9])
    returned = Returned("said", "sure", np.array([0.65]))
    found = reduced_classes([rows], {"1": "a"}, "y", [EDGES], returned, times=TIMES)
    assert found.hours is not None
    assert (found.hours.hours.tolist(), found.hours.labels.tolist()) == ([8, 9], [[0, 1], [0, 0]])
    assert reduced_classes([rows], {"1": "a"}, "y", [EDGES], times=TIMES).hours is None


def test_the_columns_are_read_together() -> None:
    assert selection(["score"], "label").keys == ("score", "label")
    assert selection(["score"], "label", timestamp="at").keys == ("score", "label", "at")


def test_rows_without_a_score_are_left_out_and_those_without_a_label_are_known_to_have_none() -> None:
    first = batch(s=pa.array([0.2, None, 0.9, float("nan")]), y=pa.array([True, True, None, False]))
    second = batch(s=pa.array([0.7, 0.8]), y=pa.array([1.0, None]))
    found = only(reduced([first, second], SCORED, BINARY, probabilities=True))
    assert found.made.tolist() == [1, 3]
    assert found.known.tolist() == [1, 1]
    assert found.labels.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("labels", "scores", "rule", "made", "why"),
    [
        ([2, 2], [0.1, 0.1], LabelRule("binary_classification"), 198, None),
        ([2, 2, 2], [0.1] * 3, LabelRule("binary_classification"), 197, "3 of 200 labels are neither 0 nor 1"),
        ([0, 0], [7.0, 7.0], LabelRule("binary_classification"), 198, None),
        ([0, 0, 0], [7.0] * 3, LabelRule("binary_classification"), 197, "3 of 200 scores are .* look like percent"),
        (["ok"], [0.1], LabelRule("binary_classification", ("1",)), 199, None),
        (["ok"], [0.1], LabelRule("binary_classification", ("fraud",)), 199, "none of 200 labels is in .*: fraud"),
        (["many"] * 3, [0.1] * 3, LabelRule("regression"), 197, "3 of 200 labels are no finite number"),
        ([1] * 3, [7.0] * 3, LabelRule("regression"), 197, None),
    ],
)
def test_a_few_invalid_rows_are_left_out_and_more_are_an_error(
    labels: list[object], scores: list[float], rule: LabelRule, made: int, why: str | None
) -> None:
    rows = batch(s=pa.array([*scores, *[0.9] * made]), y=pa.array(list(map(str, [*labels, *[1] * made]))))
    binary = rule.task == "binary_classification"
    if why:
        with pytest.raises(ColumnMismatch, match=why):
            reduced([rows], SCORED, rule, probabilities=binary)
        return
    found = only(reduced([rows], SCORED, rule, probabilities=binary))
    left_out = len(labels) if binary and not rule.positive else 0
    assert found.known.sum() == made + len(labels) - left_out


def test_of_a_number_every_finite_value_is_a_label() -> None:
    rows = [batch(s=pa.array([0.2, 0.9]), y=pa.array([-3.0, None]))]
    found = only(reduced(rows, SCORED, LabelRule("regression"), probabilities=False))
    assert (found.known.tolist(), found.labels.tolist(), found.losses.tolist()) == ([1, 0], [-3, 0], [3.2, 0])


def test_no_batch_is_no_row() -> None:
    assert only(reduced([], SCORED, BINARY, probabilities=True)).made.tolist() == [0, 0]


@pytest.mark.parametrize("column", ["s", "y"])
def test_a_missing_column_is_an_error(column: str) -> None:
    other = {"s": "y", "y": "s"}[column]
    with pytest.raises(ColumnMismatch, match=f"the column {column} is missing"):
        reduced([batch(**{other: pa.array([0.1])})], SCORED, BINARY, probabilities=True)


def test_each_class_is_counted_against_the_rest() -> None:
    """However labels are stored; a class without a score of its own is of the rest."""
    first = batch(a=pa.array([0.2, 0.9, 0.6]), b=pa.array([0.8, 0.1, None]), y=pa.array([2, 1, 1]))
    second = batch(a=pa.array([0.7, 0.1]), b=pa.array([0.3, 0.2]), y=pa.array([None, "3"], pa.string()))
    one, two = reduced_classes([first, second], {"1": "a", "2": "b"}, "y", [EDGES, np.array([0.25])]).by_score
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
    returned = Returned("said", "sure", np.array([0.5, 0.65]))
    _, found = reduced_classes([rows], {"1": "a"}, "y", [EDGES], returned).by_score
    assert found.made.tolist() == [1, 1, 1]
    assert found.known.tolist() == [0, 1, 1]
    assert found.labels.tolist() == [0, 0, 1]
    assert found.scores.tolist() == [0, 0.6, 0.7]


def test_scores_are_numbers_and_labels_what_their_rule_says() -> None:
    chosen = selection(["a", "b"], "label", "class")
    assert (chosen.keys, chosen.numbers) == (("a", "b", "label", "class"), {"a", "b"})
