"""How far off the predictions of a number should turn out to be, before the truth is known: direct loss estimation.

What a prediction of this size missed by in the labelled reference is what one like it should miss by today. The loss is
learned as a function of the prediction alone, constant between some of its quantiles (a regressogram, Tukey 1961).

NannyML's DLE learns the same loss with gradient-boosted trees from all features and the prediction. So it also sees
that errors are large for some customers of the same prediction; this does not, unless the prediction tells them apart.
Neither sees a change of what inputs mean (concept drift), nor knows of losses beyond what the reference holds.

Arrays are (bins,), of the fine bins of the prediction in their order, unless something else is said.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from exporter.profiles.binning import Counts, Rows
from exporter.statistics.calibration import equal_mass

Values = npt.NDArray[np.float64]

GROUPS: Final = 50
"""Groups of bins of about equal mass in which a loss is taken as constant; fewer where the reference is small."""
FEWEST_ROWS: Final = 30
"""Rows of the reference in a group, in the mean."""


class LossCurve(NamedTuple):
    """The loss by the size of the prediction.

    `group` is that of each bin, (bins,). Of each group there are the `rows` of the reference, the `means` of their
    loss and its `variances`, (groups,); the variance of a single row is not known and taken for 0.
    """

    group: Counts
    rows: Values
    means: Values
    variances: Values


class Expected(NamedTuple):
    """A value that is to be expected, and the standard error of what will be seen about it."""

    value: float
    error: float


def fit(rows: Counts, losses: Values, squares: Values) -> LossCurve | None:
    """Learn the loss; None without rows.

    A bin without rows belongs to the group of the next lower one that has some, or of the lowest.

    Args:
        rows: labelled rows of the reference.
        losses: the sums of their losses.
        squares: the sums of their squared losses.
    """
    known = np.flatnonzero(rows)
    if not len(known):
        return None
    groups = min(max(int(rows.sum()) // FEWEST_ROWS, 1), GROUPS)
    own = equal_mass(rows[known].astype(np.float64), groups)
    count, total, powers = (np.bincount(own, each[known]).astype(np.float64) for each in (rows, losses, squares))
    means = total / count
    variances = np.clip(powers / count - np.square(means), 0, None) * count / np.maximum(count - 1, 1)
    lower = np.searchsorted(known, np.arange(len(rows)), side="right") - 1
    return LossCurve(own[np.maximum(lower, 0)], count, means, variances)


def estimate(curve: LossCurve, rows: Rows) -> Expected:
    """The mean loss of rows without labels; both NaN without rows.

    The error is that of the rows to be seen and of the reference together: what a difference of the two has by chance,
    given the predictions.
    """
    total = float(rows.sum())
    if not total:
        return Expected(math.nan, math.nan)
    shares = np.bincount(curve.group, rows, len(curve.rows)) / total
    variance = shares @ curve.variances / total + np.square(shares) @ (curve.variances / curve.rows)
    return Expected(float(shares @ curve.means), math.sqrt(variance))


def root(expected: Expected) -> Expected:
    """A root mean square, from the mean of the squares; its error by linearisation, NaN at 0."""
    value = math.sqrt(expected.value)
    return Expected(value, expected.error / (2 * value) if value else math.nan)
