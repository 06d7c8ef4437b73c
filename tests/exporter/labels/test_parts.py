"""Rows in parts by id: nothing is lost, and nothing depends on the batches in which rows come."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.labels import predictions, rows
from exporter.labels.parts import Parts, RowsById
from exporter.labels.truths import LabelRule
from exporter.sources.source import Batch
from exporter.spec.sections.logs import InferenceColumns, LabelColumns
from exporter.spec.windows import Window

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROWS = 300
MANY = 2**62


def batches(table: pa.Table, size: int) -> list[Batch]:
    pieces = [table.slice(start, size) for start in range(0, table.num_rows, size)]
    return [Batch(piece, first=not place, schema=table.schema) for place, piece in enumerate(pieces)]


def log() -> pa.Table:
    """Rows of both logs: ids that are repeated, missing values, and thirty versions, of which few are kept."""
    random = np.random.default_rng(1)
    return pa.table(
        {
            "id": [None if number % 50 == 0 else f"id {number}" for number in random.integers(0, 200, ROWS).tolist()],
            "score": random.integers(0, 65, ROWS) / 64,
            "label": [None if number == 0 else number % 3 for number in random.integers(0, 10, ROWS).tolist()],
            "at": [START + timedelta(minutes=int(minute)) for minute in random.integers(-70, 130, ROWS)],
            "version": [f"v{number:02}" for number in random.zipf(1.3, ROWS) % 30],
            "plan": [f"plan {number}" for number in random.integers(0, 4, ROWS)],
        }
    )


def reduced_predictions(size: int, part_rows: int) -> Parts[predictions.Predictions]:
    columns = InferenceColumns(prediction_id="id", score="score", timestamp="at", model_version="version")
    return predictions.reduced(
        batches(log(), size),
        columns,
        Window(START, START + HOUR),
        segments=["plan"],
        rows_by_id=partial(RowsById, part_rows=part_rows),
    )


def reduced_labels(size: int, part_rows: int) -> Parts[rows.LabelRows]:
    return rows.reduced(
        batches(log(), size),
        LabelColumns(prediction_id="id", label="label", timestamp="at"),
        Window(START, START + HOUR),
        timedelta(days=7),
        LabelRule("binary_classification"),
        rows_by_id=partial(RowsById, part_rows=part_rows),
    )


def content(parts: list[Any], *names: str) -> list[bytes]:
    return [np.concatenate([getattr(part, name) for part in parts]).tobytes() for name in names]


def left_out(parts: list[Any]) -> dict[str, int]:
    return {reason: sum(part.left_out.get(reason, 0) for part in parts) for reason in parts[0].left_out}


@pytest.mark.parametrize("part_rows", [10, 60])
@pytest.mark.parametrize("size", [1, 7, ROWS])
def test_predictions_are_the_same_in_parts_and_in_batches_of_any_size(size: int, part_rows: int) -> None:
    (whole,), parts = reduced_predictions(ROWS, MANY), list(reduced_predictions(size, part_rows))
    assert len(parts) == parts[0].parts > 2
    assert content(parts, "ids", "scores", "made_at") == content([whole], "ids", "scores", "made_at")
    versions = [part.names[code] for part in parts for code in part.groups]
    assert versions == [whole.names[code] for code in whole.groups], "each part keeps the versions that the whole keeps"
    plans = [part.segments["plan"].names[code] for part in parts for code in part.segments["plan"].codes]
    assert plans == [whole.segments["plan"].names[code] for code in whole.segments["plan"].codes]
    assert left_out(parts) == left_out([whole])


@pytest.mark.parametrize("part_rows", [10, 60])
@pytest.mark.parametrize("size", [1, 7, ROWS])
def test_labels_are_the_same_in_parts_and_in_batches_of_any_size(size: int, part_rows: int) -> None:
    (whole,), parts = reduced_labels(ROWS, MANY), list(reduced_labels(size, part_rows))
    assert len(parts) == parts[0].parts > 2
    known = ("labels", "labelled_at", "rows", "disputed")
    assert content([part.labels for part in parts], "ids") == content([whole.labels], "ids")
    assert content([part.labels.known for part in parts], *known) == content([whole.labels.known], *known)
    assert left_out(parts) == left_out([whole])


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=8), max_size=8), st.integers(1, 20))
def test_each_id_is_in_one_part_and_parts_depend_on_rows_alone(added: list[list[int]], part_rows: int) -> None:
    empty = {"ids": np.zeros(0, np.uint64), "row": np.zeros((0, 2), np.int32)}
    every = np.array([each for rows in added for each in rows], np.uint64)
    numbers = np.repeat(np.arange(len(every), dtype=np.int32), 2).reshape(-1, 2)
    one, several = RowsById(empty, part_rows), RowsById(empty, part_rows)
    one.add({"ids": every, "row": numbers})
    ends = np.cumsum([0, *map(len, added)])
    for start, end in pairwise(ends):
        several.add({"ids": every[start:end], "row": numbers[start:end]})
    parts = [several[place] for place in range(len(several))]
    assert [part["ids"].tolist() for part in parts] == [one[place]["ids"].tolist() for place in range(len(one))]
    assert sorted(row for part in parts for row in part["row"][:, 0].tolist()) == list(range(len(every)))
    for lower, upper in pairwise(parts):
        assert lower["ids"].max(initial=0) < upper["ids"].min(initial=2**64 - 1) or not len(upper["ids"])
    for part in parts:
        assert (every[part["row"][:, 1]] == part["ids"]).all()


def test_rows_that_a_full_disk_refuses_are_one_error_and_nothing_is_reported_when_they_are_dropped() -> None:
    rows_by_id = RowsById({"ids": np.zeros(0, np.uint64)}, 1, partial(Path("/dev/full").open, "w+b"))
    rows_by_id.add({"ids": np.array([1, 2**63], np.uint64)})
    with pytest.raises(OSError, match="No space left"):
        rows_by_id[0]
    del rows_by_id
    gc.collect()


def test_a_part_that_is_not_there_is_an_error_so_that_parts_end() -> None:
    assert list(Parts(3, lambda place: place)) == [0, 1, 2]
