"""The scale of a numeric column: how many times larger its values are than those of its reference."""

from __future__ import annotations

import math
import sys
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.number[Any]]
Values = npt.NDArray[np.float64]

_QUARTILES: Final = np.array([0.25, 0.5, 0.75])
_GREATEST: Final = math.log(sys.float_info.max)


def scale_ratio(reference: Counts, reference_sums: Values, current: Counts, current_sums: Values) -> float:
    """Return the least factor by which all three quartiles of the values' magnitudes have changed in one direction.

    100 where dollars became cents, and 0.01 for the opposite; 1 where the quartiles moved in different directions, or
    one of them did not move. A change of unit multiplies every value, so it moves all quartiles alike. Outliers move
    none of them: one row of a million does not count, unlike in a mean or a standard deviation. Zeros have no unit and
    are left out, so the ratio also sees a change of unit in a feature that is zero in most rows, where the index of
    population stability hardly moves.

    Positive, 1 for equal sides, inverted when the sides are swapped. A magnitude is that of the mean of its bin, so it
    is as exact as the bins; beyond the reference's range, all values on one side count as their mean. A factor that no
    float can hold is the greatest that one can. NaN when a side has no finite value other than 0.

    Args:
        reference: rows per fine bin, (bins,).
        reference_sums: sum of the values of each bin, (bins,).
        current: rows per fine bin, (bins,).
        current_sums: sum of the values of each bin, (bins,).
    """
    before, now = _quartiles(reference, reference_sums), _quartiles(current, current_sums)
    with np.errstate(over="ignore", invalid="ignore"):
        factors = np.log(now) - np.log(before)
    if not np.isfinite(factors).all():
        return math.nan
    return math.exp(np.clip(max(factors.min(), 0.0) + min(factors.max(), 0.0), -_GREATEST, _GREATEST))


def _quartiles(rows: Counts, sums: Values) -> Values:
    """The quartiles of the magnitudes of the bins' means, without zeros; NaN without any."""
    filled = (rows > 0) & (sums != 0)
    weights = np.asarray(rows, np.float64)[filled]
    if not weights.size:
        return np.full(len(_QUARTILES), math.nan)
    magnitudes = np.abs(sums[filled] / weights)
    order = np.argsort(magnitudes)
    shares = np.cumsum(weights[order]) / weights.sum()
    # Rounding may leave the last share just below 1; a quartile is never beyond the largest value.
    places = np.minimum(np.searchsorted(shares, _QUARTILES - 1e-12), len(order) - 1)
    return np.asarray(magnitudes[order][places], np.float64)
