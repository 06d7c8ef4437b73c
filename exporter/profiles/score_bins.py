"""The bins of a model's score: the ordinary bins, and edges at the bounds of the published histogram.

A histogram for people has few, round bounds that do not change from week to week. Counts at a bound are exact only
where it is an edge. The other edges, and PSI's cells, do not change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from exporter.profiles.binning import Floats, NumericBins, edges_above, edges_below
from exporter.spec.sections.task import CLASSIFICATION, Task

PROBABILITIES: Final = tuple(tenth / 10 for tenth in range(1, 11))
"""The bounds of the histogram of a probability."""

_SIGNIFICANT: Final = 6
"""Decimal digits that 32 bits hold."""


def score_bins(
    bins: NumericBins, task: Task, confidence: Sequence[float] = (), decision: float | None = None
) -> NumericBins:
    """Return the bins of a score, from the ordinary bins of its column.

    The histogram of a probability has a bound at each tenth. Any other score has its bounds at the reference's deciles,
    rounded to a hundredth of the range from the first to the last, or more coarsely where 32 bits are coarser. Only a
    probability has confidence.

    Args:
        bins: the result of `exporter.profiles.binning.numeric_bins`; its first and last edge are the range.
        task: the model's task; only a classifier's score can be a probability.
        confidence: the edges of the confidence buckets, see `exporter.spec.model.Body.confidence_edges`.
        decision: the score from which on the prediction is positive; if given, an edge is just below it.
    """
    if _is_probability(bins, task):
        bounds, ends = PROBABILITIES, confidence_ends(confidence).ravel()
    else:
        bounds, ends = _round_deciles(bins), np.empty(0)
    decided = edges_below(np.array([] if decision is None else [decision]))
    edges = np.unique(np.concatenate([bins.edges, edges_above(np.array(bounds)), ends[np.isfinite(ends)], decided]))
    return replace(bins, edges=edges, deciles=np.searchsorted(edges, bins.edges[bins.deciles]), histogram_bounds=bounds)


def confidence_ends(edges: Sequence[float]) -> Floats:
    """Return the lowest and highest score for each inner edge of the confidence buckets, shape (2, edges - 2).

    Between these scores the confidence is at most the edge. The returned one of two classes has the probability max(p,
    1 - p), which is at most `c` from 1 - c to c, both included. Where the buckets begin below a half there are more
    than two classes: the score is the probability of the returned class, and the lower end is -inf.
    """
    inner = np.array(edges[1:-1], np.float64)
    lower = edges_below(1 - inner) if edges and edges[0] >= 0.5 else np.full(len(inner), -np.inf)
    return np.array([lower, edges_above(inner)])


def _is_probability(bins: NumericBins, task: Task) -> bool:
    low, high = edges_below(np.zeros(1))[0], edges_above(np.ones(1))[0]
    return task in CLASSIFICATION and bool(low <= bins.edges[0] and bins.edges[-1] <= high)


def _round_deciles(bins: NumericBins) -> tuple[float, ...]:
    deciles = bins.edges[bins.deciles].tolist()
    step = _exponent(deciles[-1] / 2 - deciles[0] / 2) - 2
    finest = _exponent(max(map(abs, deciles))) - _SIGNIFICANT + 1
    digits = -min(max(step, finest, -300), 290)  # within the range of floats, and a zero's neighbour is a zero
    return tuple(sorted({round(decile, digits) + 0.0 for decile in deciles}))


def _exponent(value: float) -> int:
    return math.floor(math.log10(value)) if value > 0 else -400
