"""Labelled rows by hour: counted once, added up in any order, and bounded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from exporter.labels.labelled_hours import MOST_HOURS, LabelledHours

EDGES = np.array([0.5])
DECISIONS = np.array([False, True])


def counted(hours: list[int], scores: list[float], labels: list[float], *, binary: bool = True) -> LabelledHours:
    return LabelledHours.of(np.array(hours), np.array(scores), np.array(labels), EDGES, binary=binary)


def test_rows_are_summed_by_hour_and_bin() -> None:
    """By hand; the row without a label and the one without a time are left out."""
    found = counted([3, 3, 5, 3, -1], [0.2, 0.9, 0.8, 0.9, 0.1], [1, 1, 0, np.nan, 1])
    assert found.hours.tolist() == [3, 5]
    assert found.rows.tolist() == [[1, 1], [0, 1]]
    assert found.labels.tolist() == [[1, 1], [0, 0]]
    assert found.scores == pytest.approx(np.array([[0.2, 0.9], [0, 0.8]]))
    assert found.losses[:, 0] == pytest.approx([0.8**2 + 0.1**2, 0.8**2])
    assert found.losses[:, 1] == pytest.approx([0.8**4 + 0.1**4, 0.8**4])
    assert found.losses[:, 2] == pytest.approx([-np.log(0.2) - np.log(0.9), -np.log(0.2)])


def test_of_a_regression_losses_are_absolute_errors() -> None:
    assert counted([1], [3.0], [5.0], binary=False).losses.tolist() == [[4, 16, 2, 4]]


def test_hours_without_rows_are_empty_blocks() -> None:
    blocks, hours = counted([3, 3, 5], [0.2, 0.9, 0.8], [1, 1, 0]).blocks(DECISIONS)
    assert hours.tolist() == [3, 4, 5]
    assert blocks.positives.tolist() == [[1, 1], [0, 0], [0, 0]]
    assert blocks.negatives.tolist() == [[0, 0], [0, 0], [0, 1]]
    assert blocks.confusion.tolist() == [[[0, 0], [1, 1]], [[0, 0], [0, 0]], [[0, 1], [0, 0]]]
    assert blocks.squared_errors[:, 0].tolist() == [2, 0, 1]


def test_parts_in_any_order_give_the_whole() -> None:
    random = np.random.default_rng(0)
    rows: list[npt.NDArray[np.float64]] = [
        random.integers(0, 40, 200) * 1.0,
        random.random(200),
        random.integers(0, 2, 200) * 1.0,
    ]
    whole = LabelledHours.of(rows[0].astype(np.int64), rows[1], rows[2], EDGES, binary=True)
    parts = [
        LabelledHours.of(rows[0][place::3].astype(np.int64), rows[1][place::3], rows[2][place::3], EDGES, binary=True)
        for place in (2, 0, 1)
    ]
    total = LabelledHours.none(2) + parts[0] + parts[1] + parts[2]
    assert (total.hours == whole.hours).all()
    assert total.losses == pytest.approx(whole.losses)
    assert total.scores == pytest.approx(whole.scores)


def test_only_the_newest_hours_are_kept() -> None:
    found = counted([5], [0.2], [1]) + counted([5 + MOST_HOURS, 6], [0.2, 0.2], [1, 0])
    assert found.hours.tolist() == [6, 5 + MOST_HOURS]


def test_no_rows_are_no_blocks() -> None:
    blocks, hours = (LabelledHours.none(2) + LabelledHours.none(2)).blocks(DECISIONS)
    assert (len(hours), blocks.rows.shape) == (0, (0, 2))
