"""Predictions as labels find them: one row an id, in the order of the ids, and the rest counted."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.grouping import MAX_VERSIONS
from exporter.profiles.predictions import Predictions, hashed, reduced, selection
from exporter.profiles.times import microseconds
from exporter.spec.model import InferenceColumns
from profiling import whole

COLUMNS = InferenceColumns(prediction_id="id", score="score", timestamp="at", model_version="version")
START = datetime(2026, 11, 22, 10, tzinfo=UTC)


def reduce(*tables: pa.Table) -> Predictions:
    return reduced((batch for table in tables for batch in whole(table)), COLUMNS, START)


def by_id(predictions: Predictions, *ids: Any) -> list[tuple[float, str]]:
    """The score and the version of some ids."""
    wanted, _ = hashed(pa.chunked_array([pa.array(ids)]))
    places = np.searchsorted(predictions.ids, wanted)
    assert predictions.ids[places].tolist() == wanted.tolist()
    return [(predictions.scores[place], predictions.names[predictions.versions[place]]) for place in places]


def test_each_id_has_its_score_version_and_time() -> None:
    later = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    found = reduce(
        pa.table({"id": ["a", "b"], "score": [0.1, 0.2], "at": [later, None], "version": ["v2", "v1"]}),
        pa.table({"id": ["c"], "score": [0.3], "at": [None], "version": pa.array([None], pa.string())}),
    )
    assert by_id(found, "a", "b", "c") == [(0.1, "v2"), (0.2, "v1"), (0.3, "unknown")]
    assert np.all(np.diff(found.ids.astype(object)) > 0)
    assert sorted(found.made_at.tolist()) == [microseconds(START)] * 2 + [microseconds(later)]


def test_of_an_id_that_comes_again_the_last_row_is_kept() -> None:
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
        "prediction_repeated": 0,
    }


def test_a_score_that_is_missing_does_not_hide_one_before_it() -> None:
    assert by_id(reduce(pa.table({"id": ["a", "a"], "score": [0.1, None]})), "a") == [(0.1, "unknown")]


def test_an_id_is_the_same_however_it_is_stored() -> None:
    columns = [
        pa.array([7, 8]),
        pa.array([7.0, 8.0]),
        pa.array(["7", "8"]),
        pa.array([Decimal(7), Decimal("8.0")]),
        pa.array(["7", "8"]).dictionary_encode(),
    ]
    hashes = {tuple(hashed(pa.chunked_array([column]))[0].tolist()) for column in columns}
    assert hashes == {(639464881952108352, 13589564849488718874)}, "they are kept on disk: they may not change"


def test_a_column_of_very_many_versions_is_cut() -> None:
    names = [f"v{number:02}" for number in range(30)]
    found = reduce(pa.table({"id": names, "score": np.zeros(30), "version": names}))
    assert len(found.names) == MAX_VERSIONS + 1
    assert by_id(found, "v00", "v29") == [(0.0, "v00"), (0.0, "other")]


def test_a_partition_without_rows_has_no_predictions() -> None:
    found = reduced([], COLUMNS, START)
    assert (len(found.ids), found.names, found.ids.dtype) == (0, (), np.uint64)


@pytest.mark.parametrize("missing", ["id", "score"])
def test_without_ids_or_scores_there_is_nothing_to_join(missing: str) -> None:
    table = pa.table({"id": ["a"], "score": [0.1]}).drop_columns(missing)
    with pytest.raises(ColumnMismatch, match=f"the column {missing} is missing"):
        reduce(table)


def test_scores_that_are_words_are_refused_and_odd_times_and_versions_are_not() -> None:
    with pytest.raises(ColumnMismatch, match="a number was expected"):
        reduce(pa.table({"id": ["a"], "score": ["high"]}))
    found = reduce(pa.table({"id": ["a"], "score": [0.1], "at": ["noon"], "version": [[1]]}))
    assert by_id(found, "a") == [(0.1, "unknown")]
    assert found.made_at.tolist() == [microseconds(START)]


def test_only_what_is_needed_is_read() -> None:
    assert selection(COLUMNS).keys == ("id", "score", "at", "version")
    assert selection(InferenceColumns(prediction_id="id", score="score")).columns == ("id", "score")
