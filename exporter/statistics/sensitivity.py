"""How large a shift must be to be seen: the least one whose population stability index exceeds a threshold.

A threshold in nats says little by itself. As a shift in standard deviations of the reference it says whether a feature
is watched at all: one of which a shift of 1 is not seen is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from exporter.statistics.drift import population_stability_indices

Values = npt.NDArray[np.float64]

LARGEST: Final = 10.0
"""The largest shift that is tried; one that is not seen is reported as this."""
_SHIFTS: Final = np.geomspace(0.01, LARGEST, 31)
"""The shifts that are tried; each is a quarter greater than the one before, and in between is interpolated."""
_DECILES: Final = special.ndtri(np.arange(1, 10) / 10)


@dataclass(frozen=True, slots=True)
class Shape:
    """The distribution of a reference.

    `ends` are the ends of the fine bins, increasing, from the least value to the greatest, (bins + 1,), and `rows` the
    rows in each. `cell_ends` are the inner ends of the cells of the index, increasing, (cells - 1,). `still` are the
    rows in each cell that do not move, the infinite ones, and those of a further cell, the missing ones, (cells + 1,).
    `deviation` is the standard deviation of the finite values.
    """

    ends: Values
    rows: Values
    cell_ends: Values
    still: Values
    deviation: float


def detectable_shift(shape: Shape, size: float, level: float) -> float:
    """The least shift of all finite values whose population stability index exceeds a level, in standard deviations.

    The values are spread evenly between the ends of their fine bins, and moved upwards and downwards; the result is the
    first shift at which both are seen. It is that of a window without noise: one with sampling noise exceeds the level
    somewhat more often than not. Between the shifts that are tried the root of the index is taken as linear, within
    2 %. `LARGEST` when not even that is seen; NaN when the values have no spread, or a side has no rows.

    Args:
        shape: the reference.
        size: the rows of the window, above 0.
        level: the threshold, 0 or more, in nats.
    """
    finite, deviation = float(shape.rows.sum()), shape.deviation
    if not (finite > 0 and size > 0 and deviation > 0 and math.isfinite(deviation)):
        return math.nan
    below = np.concatenate([[0.0], np.cumsum(shape.rows)])
    steps = np.concatenate([[0.0], _SHIFTS])[:, None] * deviation
    moved = np.interp(shape.cell_ends - np.array([-1, 1])[:, None, None] * steps, shape.ends, below)
    edge = np.zeros((*moved.shape[:2], 1))
    cells = np.diff(np.concatenate([edge, moved, edge + finite], axis=2), axis=2)
    cells = np.concatenate([cells, edge], axis=2) + shape.still
    reference, now = cells[:, :1], cells[:, 1:] * (size / float(cells[0, 0].sum()))
    indices = population_stability_indices(np.broadcast_to(reference, now.shape), now)
    return _crossing(indices.min(axis=0), level)


def equivalent_shift(level: float) -> float:
    """The shift of a normal feature, in standard deviations, whose population stability index in deciles is a level.

    What `detectable_shift` is for a feature whose values have no order. 0.23 for an index of 0.05, 0.46 for 0.2,
    1 for 0.93; `LARGEST` where that is not seen.

    Args:
        level: the threshold, 0 or more, in nats.
    """
    return _crossing(_normal_indices(), level)


@cache
def _normal_indices() -> Values:
    """The index of a shift of a normal law between its deciles, for each of the shifts; exact, without sampling."""
    below = special.ndtr(_DECILES - np.concatenate([[0.0], _SHIFTS])[:, None])
    shares = np.diff(below, axis=1, prepend=0, append=1)
    p, q = shares[0], shares[1:]
    return np.asarray(((q - p) * np.log(np.maximum(q, 1e-300) / p)).sum(axis=1))


def _crossing(indices: Values, level: float) -> float:
    """The least of the shifts whose index is above a level, with the root of the index linear in between."""
    seen = np.flatnonzero(indices > level)
    if not len(seen):
        return LARGEST
    after = int(seen[0])
    right, high = float(_SHIFTS[after]), float(np.sqrt(indices[after]))
    left, low = (float(_SHIFTS[after - 1]), float(np.sqrt(indices[after - 1]))) if after else (0.0, 0.0)
    return left + (right - left) * (float(np.sqrt(level)) - low) / (high - low)
