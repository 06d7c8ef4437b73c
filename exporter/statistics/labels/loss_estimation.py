"""Direct loss estimation: the expected error of a regression before the labels arrive.

A prediction is expected to have the mean loss of similar predictions in the labelled reference. The loss is fitted as a
function of the prediction alone, constant between some of its quantiles (a regressogram, Tukey 1961).

NannyML's DLE fits the same loss with gradient-boosted trees on all features and the prediction. So it can also find
that errors differ between customers with the same prediction; this method cannot. Neither method sees a change of the
relation between inputs and labels (concept drift), or losses beyond those of the reference.

Arrays are (bins,), one value per fine bin of the prediction in order, unless stated otherwise.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from exporter.profiles.binning import Counts, Rows
from exporter.statistics.labels.calibration import equal_mass

Values = npt.NDArray[np.float64]

GROUPS: Final = 50
"""The most groups of bins, of about equal mass, with a constant loss each."""
FEWEST_ROWS: Final = 30
"""The mean number of reference rows per group, at least; a small reference has fewer groups."""


class LossCurve(NamedTuple):
    """The loss as a function of the prediction.

    `group` is the group of each bin, (bins,). `rows`, `means` and `variances`, (groups,), are the reference rows of
    each group and the mean and variance of their loss; the variance of a single row is unknown and set to 0.
    """

    group: Counts
    rows: Values
    means: Values
    variances: Values


class Expected(NamedTuple):
    """An expected value, and the standard error of the later measured value around it."""

    value: float
    error: float


def fit(rows: Counts, losses: Values, squares: Values) -> LossCurve | None:
    """Fit the loss curve; None without rows.

    A bin without rows belongs to the group of the next lower bin with rows, or else to the lowest group.

    Args:
        rows: labelled rows of the reference.
        losses: sums of their losses.
        squares: sums of their squared losses.
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
    """The expected mean loss of rows without labels; both fields are NaN without rows.

    The error is the standard error of the difference between the measured and the expected mean, given the predictions:
    it has the noise of these rows and of the reference.
    """
    total = float(rows.sum())
    if not total:
        return Expected(math.nan, math.nan)
    shares = np.bincount(curve.group, rows, len(curve.rows)) / total
    variance = shares @ curve.variances / total + np.square(shares) @ (curve.variances / curve.rows)
    return Expected(float(shares @ curve.means), math.sqrt(variance))


def root(expected: Expected) -> Expected:
    """The root mean square from the mean of squares; its error by linearisation, NaN at 0."""
    value = math.sqrt(expected.value)
    return Expected(value, expected.error / (2 * value) if value else math.nan)
