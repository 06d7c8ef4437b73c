"""Labelled predictions block by block."""

from __future__ import annotations

import numpy as np

from exporter.labels.sums.blocks import LabelledBlocks, moments_of
from exporter.labels.sums.labelled import labelled, moments

EDGES = np.array([0.5])


def test_blocks_are_in_order_and_those_without_rows_are_zero() -> None:
    scores, labels = np.array([0.2, 0.7, 0.9]), np.array([True, True, False])
    blocks = LabelledBlocks.of([None, labelled(scores, labels, scores >= 0.5, EDGES)])
    assert blocks is not None
    assert blocks.positives.tolist() == [[0, 0], [1, 1]]
    assert blocks.negatives.tolist() == [[0, 0], [0, 1]]
    assert blocks.rows.tolist() == [[0, 0], [1, 2]]
    assert np.allclose(blocks.scores, [[0, 0], [0.2, 1.6]])
    assert blocks.confusion[1].tolist() == [[0, 1], [1, 1]]
    assert np.allclose(blocks.squared_errors, [[0, 0, 0], [3, 0.64 + 0.09 + 0.81, 0.64**2 + 0.09**2 + 0.81**2]])


def test_without_rows_there_are_no_blocks() -> None:
    assert LabelledBlocks.of([None, None]) is None


def test_moments_by_block() -> None:
    assert moments_of([moments(np.array([1.0, 3.0])), None]).tolist() == [[2, 4, 10], [0, 0, 0]]
    assert moments_of([]).shape == (0, 3)
