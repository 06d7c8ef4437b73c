"""Whether scores are what the task needs: probabilities of a classifier, and not percentages or logits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from exporter.profiles.binning import Floats
from exporter.profiles.columns import ColumnMismatch, numeric_values
from exporter.validation.finding import Finding, Place, percent

_ENOUGH: Final = 30
_PERCENT: Final = 100.0
_SUM_OFF: Final = 0.01
"""How far from 1 the scores of all classes may add up to."""
_SOME: Final = 0.01


def score_findings(place: Place, pieces: Sequence[pa.ChunkedArray], *, probability: bool) -> Iterator[Finding]:
    """Yield what is wrong with a column of scores.

    Args:
        place: of the column.
        pieces: its values; a column of a wrong type is the subject of another check.
        probability: whether the values must be from 0 to 1.
    """
    values = finite(pieces)
    if len(values) < _ENOUGH:
        return
    low, high = float(values.min()), float(values.max())
    if low == high:
        message = f"all {len(values)} values of {place.column} are {low:g}"
        yield place.warning("score_constant", message, "see whether the model's own score is logged")
    if not probability:
        return
    outside = float(((values < 0) | (values > 1)).mean())
    if outside:
        message = f"{percent(outside)} of {place.column} are outside 0 to 1: from {low:.4g} to {high:.4g}"
        yield place.by_share(outside, "score_range", message, _range_advice(low, high), most=_SOME)


def sum_findings(place: Place, columns: Sequence[Sequence[pa.ChunkedArray]]) -> Iterator[Finding]:
    """Yield a finding where the scores of the classes, one column each, do not add up to 1 in a row."""
    values = [_all(pieces) for pieces in columns]
    if len(values) < 2 or len({len(each) for each in values}) > 1 or len(values[0]) < _ENOUGH:
        return
    total = np.sum(values, axis=0)
    total = total[np.isfinite(total)]
    off = float((np.abs(total - 1) > _SUM_OFF).mean()) if len(total) else 0.0
    if off >= _SOME:
        message = f"the scores of the classes do not add up to 1 in {percent(off)} of the rows"
        yield place.warning("score_sum", message, "name the score of every class")


def finite(pieces: Sequence[pa.ChunkedArray]) -> Floats:
    """Return the finite values of a column; none where it is not numeric."""
    values = _all(pieces)
    return values[np.isfinite(values)]


def _all(pieces: Sequence[pa.ChunkedArray]) -> Floats:
    try:
        return np.concatenate([np.zeros(0), *(numeric_values(piece)[0] for piece in pieces)])
    except ColumnMismatch:
        return np.zeros(0)


def _range_advice(low: float, high: float) -> str:
    if low < 0:
        return "these look like logits: log the probability, 1 / (1 + exp(-score))"
    if high <= _PERCENT:
        return "these look like percentages: log the probability, score / 100"
    return "log the probability"
