"""Predictions that labels are joined to: one row for each id, in the order of the ids, and the rest counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from exporter.labels.classes import class_keys
from exporter.labels.ids import hashed
from exporter.labels.predictions import Predictions, reduced, selection
from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.group import Group
from exporter.profiles.grouping import MAX_VERSIONS
from exporter.profiles.times import microseconds
from exporter.spec.sections.logs import InferenceColumns
from exporter.spec.windows import Window
from profiling import whole

COLUMNS = InferenceColumns(prediction_id="id", score="score", timestamp="at", model_version="version")
START = datetime(2026, 11, 22, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
PARTITION = Window(START, START + HOUR)


def reduce(*tables: pa.Table) -> Predictions:
    return reduced((batch for table in tables for batch in whole(table)), COLUMNS, PARTITION)[0]


def by_id(predictions: Predictions, *ids: Any) -> list[tuple[float, str]]:
    """The score and the version of some ids."""
    wanted, _ = hashed(pa.chunked_array([pa.array(ids)]))
    places = np.searchsorted(predictions.ids, wanted)
    assert predictions.ids[places].tolist() == wanted.tolist()
    return [(predictions.scores[place], predictions.names[predictions.groups[place]].version) for place in places]


def test_each_id_has_its_score_version_and_time() -> None:
    later = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    found = reduce(
        pa.table({"id": ["a", "b"], "score": [0.1, 0.2], "at": [later, None], "version": ["v2", "v1"]}),
        pa.table({"id": ["c"], "score": [0.3], "at": [None], "version": pa.array([None], pa.string())}),
    )
    assert by_id(found, "a", "b", "c") == [(0.1, "v2"), (0.2, "v1"), (0.3, "unknown")]
    assert np.all(np.diff(found.ids.astype(object)) > 0)
    assert sorted(found.made_at.tolist()) == [microseconds(START)] * 2 + [microseconds(later)]


def test_of_rows_with_the_same_id_the_last_is_used() -> None:
    found = reduce(pa.table({"id": ["a", "b", "a"], "score": [0.1, 0.2, 0.3]}), pa.table({"id": ["a"], "score": [0.4]}))
    assert by_id(found, "a", "b") == [(0.4, "unknown"), (0.2, "unknown")]
    assert found.left_out["prediction_repeated"] == 2


def test_rows_that_no_label_can_be_compared_with_are_left_out_and_counted() -> None:
    table = pa.table({"id": ["a", None, "c", "d", None], "score": [0.1, 0.2, None, np.inf, np.nan]})
    found = reduce(table)
    assert len(found.ids) == 1
    assert found.left_out == {
        "prediction_without_id": 2,
        "prediction_without_score": 2,
        "prediction_with_unreadable_time": 0,
        "prediction_outside_partition": 0,
        "prediction_repeated": 0,
    }


def test_a_time_that_cannot_be_read_or_is_far_away_costs_only_its_row() -> None:
    at = ["2026-11-22 10:30:00 UTC", "", "noon", None, "2042-01-01T00:00:00Z", "2026-11-22T09:00:00", "2026/11/22 8:59"]
    found = reduce(pa.table({"id": list("abcdefg"), "score": np.zeros(7), "at": at}))
    half = microseconds(START + HOUR / 2)
    assert sorted(found.made_at.tolist()) == [microseconds(START - HOUR), microseconds(START), half]
    assert found.left_out["prediction_with_unreadable_time"] == 2
    assert found.left_out["prediction_outside_partition"] == 2


@pytest.mark.parametrize(
    ("minutes", "grain", "inside"),
    [(-60, 60, True), (-61, 60, False), (119, 60, True), (120, 60, False), (-60, 5, True), (-61, 5, False)],
)
def test_a_time_may_be_a_grain_or_an_hour_outside(minutes: int, grain: int, inside: bool) -> None:
    partition = Window(START, START + timedelta(minutes=grain))
    table = pa.table({"id": ["a"], "score": [0.5], "at": [START + timedelta(minutes=minutes)]})
    assert len(reduced(whole(table), COLUMNS, partition)[0].ids) == inside


def test_epoch_numbers_are_times_in_the_unit_of_the_spec() -> None:
    table = pa.table({"id": ["a"], "score": [0.5], "at": [microseconds(START) // 1000]})
    assert reduce(table).made_at.tolist() == [microseconds(START)]
    columns = COLUMNS.model_copy(update={"timestamp_unit": "us"})
    assert reduced(whole(table), columns, PARTITION)[0].left_out["prediction_outside_partition"] == 1


def test_a_score_that_is_missing_does_not_hide_one_before_it() -> None:
    assert by_id(reduce(pa.table({"id": ["a", "a"], "score": [0.1, None]})), "a") == [(0.1, "unknown")]


def test_a_column_of_very_many_versions_is_cut() -> None:
    names = [f"v{number:02}" for number in range(30)]
    found = reduce(pa.table({"id": names, "score": np.zeros(30), "version": names}))
    assert len(found.names) == MAX_VERSIONS + 1
    assert by_id(found, "v00", "v29") == [(0.0, "v00"), (0.0, "other")]


def test_a_partition_without_rows_has_no_predictions() -> None:
    found = reduced([], COLUMNS, PARTITION)[0]
    assert (len(found.ids), found.names, found.ids.dtype) == (0, (), np.uint64)


@pytest.mark.parametrize("missing", ["id", "score"])
def test_without_ids_or_scores_there_is_nothing_to_join(missing: str) -> None:
    table = pa.table({"id": ["a"], "score": [0.1]}).drop_columns(missing)
    with pytest.raises(ColumnMismatch, match=f"the column {missing} is missing"):
        reduce(table)


def test_a_file_with_a_column_that_cannot_be_used_costs_only_its_own_rows() -> None:
    good = pa.table({"id": ["a", "b"], "score": [0.1, 0.2]})
    bad = pa.table({"id": [[1], [2], [3]], "score": [0.1, 0.2, 0.3]})
    other = pa.table({"id": ["c"], "score": ["high"]})
    for tables in ([good, bad, other], [bad, good, other]):
        found = reduce(*tables)
        assert by_id(found, "a", "b") == [(0.1, "unknown"), (0.2, "unknown")]
        assert len(found.ids) == 2
        assert found.left_out["unusable_column"] == 4
        assert found.problem == "column id: the column is list<item: int64>, a category was expected"
    assert "unusable_column" not in reduce(good).left_out
    assert reduce(good).problem == ""


def test_texts_as_scores_and_flags_as_times_are_an_error_and_unusable_versions_are_not() -> None:
    with pytest.raises(ColumnMismatch, match="a number was expected"):
        reduce(pa.table({"id": ["a"], "score": ["high"]}))
    with pytest.raises(ColumnMismatch, match="column at: the column is bool, a time was expected"):
        reduce(pa.table({"id": ["a"], "score": [0.1], "at": [True]}))
    found = reduce(pa.table({"id": ["a"], "score": [0.1], "version": [[1]]}))
    assert by_id(found, "a") == [(0.1, "unknown")]
    assert found.made_at.tolist() == [microseconds(START)]


def test_only_what_is_needed_is_read() -> None:
    assert selection(COLUMNS).keys == ("id", "score", "at", "version")
    assert selection(COLUMNS).numbers == {"score"}
    assert selection(InferenceColumns(prediction_id="id", score="score")).columns == ("id", "score")


def test_each_row_keeps_its_role_and_its_segments() -> None:
    columns = InferenceColumns(prediction_id="id", score="score", model_version="version", role="role")
    table = pa.table(
        {
            "id": ["a", "b", "c"],
            "score": [0.1, 0.2, 0.3],
            "version": ["v1", "v1", "v2"],
            "role": ["champion", "challenger", None],
            "plan": ["free", None, "paid"],
        }
    )
    found = reduced(whole(table), columns, PARTITION, segments=["plan", "role", "nowhere"])[0]
    at = np.argsort(hashed(pa.chunked_array([["a", "b", "c"]]))[0])
    groups = [Group("v1", "champion"), Group("v1", "challenger"), Group("v2")]
    assert [found.names[code] for code in found.groups] == [groups[place] for place in at]
    told = {column: [[*part.names, None][code] for code in part.codes] for column, part in found.segments.items()}
    expected = {"plan": ["free", None, "paid"], "role": ["champion", "challenger", None], "nowhere": [None] * 3}
    assert told == {column: [values[place] for place in at] for column, values in expected.items()}


def test_a_column_of_groups_is_read_once() -> None:
    columns = InferenceColumns(prediction_id="id", score="score", role="role")
    assert selection(columns, segments=["plan", "role"]).keys == ("id", "score", "role", "plan")


CLASSES = InferenceColumns(prediction_id="id", prediction="animal", scores={"cat": "p_cat", "dog": "p_dog"})


def several(columns: InferenceColumns = CLASSES, **table: Any) -> Predictions:
    return reduced(whole(pa.table(table)), columns, PARTITION, "multiclass_classification")[0]


def test_a_multiclass_model_has_returned_classes_and_scores() -> None:
    found = several(id=["a", "b", "c"], animal=["dog", "cat", "cow"], p_cat=[0.3, 0.9, 0.2], p_dog=[0.7, 0.1, 0.1])
    at = np.argsort(hashed(pa.chunked_array([["a", "b", "c"]]))[0])
    assert found.classes is not None
    assert found.class_scores is not None
    assert found.classes.tolist() == class_keys(["dog", "cat", "cow"])[at].tolist()
    assert found.class_scores.tolist() == np.array([[0.3, 0.7], [0.9, 0.1], [0.2, 0.1]])[at].tolist()
    assert found.scores.tolist() == pytest.approx(np.array([0.7, 0.9, np.nan])[at], nan_ok=True)
    assert found.class_names == ("cat", "cow", "dog")


def test_the_returned_classs_own_score_is_taken_where_there_is_one() -> None:
    own = InferenceColumns(prediction_id="id", prediction="animal", score="sure")
    found = several(own, id=["a", "b"], animal=[1, 2], sure=[0.5, None])
    assert np.sort(found.scores).tolist() == pytest.approx([0.5, np.nan], nan_ok=True)
    assert found.class_scores is None
    assert found.left_out["prediction_without_score"] == 0, "the class is there to be judged"


def test_without_a_class_or_one_of_the_scores_a_row_is_left_out() -> None:
    found = several(
        id=["a", "b", "c", None], animal=["dog", None, "cat", None], p_cat=[0.3, 0.9, None, 0.2], p_dog=[0.7] * 4
    )
    assert len(found.ids) == 1
    assert {reason: rows for reason, rows in found.left_out.items() if rows} == {
        "prediction_without_id": 1,
        "prediction_without_class": 1,
        "prediction_without_score": 1,
    }


def test_of_a_ranking_each_row_knows_its_list() -> None:
    columns = InferenceColumns(prediction_id="id", score="score", query="request")
    table = pa.table({"id": ["a", "b", "c"], "score": [1.0, 2.0, 3.0], "request": [7, 7, None]})
    found = reduced(whole(table), columns, PARTITION, "ranking")[0]
    assert found.queries is not None
    assert found.queries.tolist() == [hashed(pa.chunked_array([["7"]]))[0][0]] * 2
    assert found.left_out["prediction_without_query"] == 1


def test_each_task_reads_what_it_needs() -> None:
    every = InferenceColumns(prediction_id="id", score="s", prediction="c", query="q", scores={"x": "p", "y": "r"})
    assert selection(every).keys == ("id", "s")
    assert selection(every, "multiclass_classification").keys == ("id", "s", "c", "p", "r")
    assert selection(every, "ranking").keys == ("id", "s", "q")


@pytest.mark.parametrize("missing", ["animal", "p_dog"])
def test_classes_and_their_scores_are_required(missing: str) -> None:
    table = {"id": ["a"], "animal": ["dog"], "p_cat": [0.1], "p_dog": [0.9]}
    del table[missing]
    with pytest.raises(ColumnMismatch, match=f"the column {missing} is missing"):
        several(**table)
