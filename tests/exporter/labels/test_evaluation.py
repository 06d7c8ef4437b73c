"""Evaluations that count alike need not be computed again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exporter.labels.evaluation import Classes, Evaluation

EDGES = np.array([0.25, 0.5])
BINARY = Evaluation(binary=True, threshold=0.5, edges=EDGES, segments={"plan": ("free",)})
MULTICLASS = replace(BINARY, binary=False, edges=None, classes=Classes(np.array([1.0, 2.0]), (EDGES, None)))


@pytest.mark.parametrize("evaluation", [BINARY, MULTICLASS])
def test_equal_bins_and_segments_count_alike(evaluation: Evaluation) -> None:
    edges = None if evaluation.edges is None else evaluation.edges.copy()
    assert evaluation.counts_like(replace(evaluation, edges=edges, tolerances=(0.1,)))


@pytest.mark.parametrize(
    "other",
    [
        replace(BINARY, edges=None),
        replace(BINARY, edges=np.array([0.25, 0.75])),
        replace(BINARY, segments={"plan": ("free", "paid")}),
        replace(BINARY, segments={}),
        MULTICLASS,
    ],
)
def test_other_bins_or_segments_count_otherwise(other: Evaluation) -> None:
    assert not BINARY.counts_like(other)
