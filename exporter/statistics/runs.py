"""Sums of runs of consecutive values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def run_sums(values: Values, length: int, axis: int = 0) -> Values:
    """Return the sum of each run of `length` consecutive values along an axis: of n values, n - length + 1 sums.

    They are differences of running sums, so whole numbers below 2^53 are exact.
    """
    sums = np.cumsum(values, axis=axis, dtype=np.float64)
    before = np.zeros_like(np.take(sums, [0], axis=axis))
    sums = np.moveaxis(np.concatenate([before, sums], axis=axis), axis, 0)
    return np.asarray(np.moveaxis(sums[length:] - sums[:-length], 0, axis))
