"""Performance of predictions with labels: pure functions of additive counts, without thresholds.

Functions that return an `Estimate` return a value with its 95 % confidence interval; all three are NaN where the value
is undefined, such as without positives or rows. Weighted rows count as their effective number, (sum of w)^2 /
(sum of w^2) (Kish 1965). The intervals do not include the uncertainty of weights that are estimates themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from exporter.labels.sums.labelled import Moments

Values = npt.NDArray[np.float64]

Z_95: Final = 1.959963984540054
"""The two-sided 95 % quantile of the normal law."""


class Estimate(NamedTuple):
    """A value and the ends of its 95 % confidence interval."""

    value: float
    lower: float
    upper: float


UNKNOWN: Final = Estimate(math.nan, math.nan, math.nan)


def auroc(
    positives: Values,
    negatives: Values,
    positive_squares: Values | None = None,
    negative_squares: Values | None = None,
) -> Estimate:
    """Area under the ROC curve: how often a positive scores above a negative; 0 to 1, 0.5 by chance.

    Ties, and pairs within a bin, count half. The error against the exact area is at most half of the sum over the bins
    of the positives' share x the negatives' share; with 256 quantiles it is about 0.0001, and 0.0007 where positives
    are one in a thousand and lie in the last one or two bins.

    The interval is Wilson's for the number of coin tosses with the same variance. The variance is the estimate of
    DeLong et al. (1988) from the placements, or that of Hanley and McNeil (1982) for exponential scores (symmetric in
    the classes, as in Newcombe 2006, method 5), whichever gives fewer tosses. DeLong's holds for any law of the scores,
    but is far too small with few positives and 0 at an area of 1, where the other one is used. Simulated coverage is
    93 % to 99 % from 20 positives, and 87 % or more with 5.

    Args:
        positives: weight of the positives per bin, (bins,), in the order of the scores.
        negatives: weight of the negatives per bin, (bins,).
        positive_squares: sums of squared weights per bin, (bins,); if left out, all rows have weight 1.
        negative_squares: likewise.
    """
    n, m = float(positives.sum()), float(negatives.sum())
    if not (n > 0 and m > 0):
        return UNKNOWN
    placements = (np.cumsum(negatives) - negatives / 2) / m  # the share of the negatives below
    value = float(placements @ positives) / n
    above = (n - np.cumsum(positives) + positives / 2) / n
    positive_rows, by_positives = _spread(positives, positive_squares, placements - value)
    negative_rows, by_negatives = _spread(negatives, negative_squares, above - value)
    variance = by_positives + by_negatives
    tosses = _exponential_tosses(value, positive_rows, negative_rows)
    if variance > 0:
        tosses = min(tosses, value * (1 - value) / variance)
    return _wilson(value, tosses)


def _spread(weights: Values, squares: Values | None, deviations: Values) -> tuple[float, float]:
    """The effective rows of a class and its part of DeLong's variance; the part is 0 for a single row."""
    squares = weights if squares is None else squares
    rows = _effective(weights, squares)
    if rows <= 1:
        return rows, 0.0
    return rows, float(squares @ np.square(deviations)) / float(weights.sum()) ** 2 * rows / (rows - 1)


def _exponential_tosses(area: float, positives: float, negatives: float) -> float:
    """The number of coin tosses with the variance of the area of exponential scores (Newcombe 2006, method 5)."""
    pairs = max((positives + negatives) / 2 - 1, 0.0)
    return positives * negatives / (1 + pairs * ((1 - area) / (2 - area) + area / (1 + area)))


def _effective(weights: Values, squares: Values) -> float:
    return float(weights.sum()) ** 2 / float(squares.sum())


def _wilson(share: float, tosses: float) -> Estimate:
    """The score interval of a share of independent tosses (Wilson 1927); `tosses` is any real number above 0."""
    share, stretch = min(max(share, 0.0), 1.0), 1 + Z_95**2 / tosses
    centre = (share + Z_95**2 / (2 * tosses)) / stretch
    half = Z_95 * math.sqrt(share * (1 - share) / tosses + (Z_95 / (2 * tosses)) ** 2) / stretch
    return Estimate(share, min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share))


def stretched(estimate: Estimate, factor: float, *, ratio: bool) -> Estimate:
    """The same value with an interval that is wider by a factor, as for fewer rows: by its square.

    For a ratio the distance of each end is measured in the standard deviation of a ratio there, as in Wilson's
    interval: a wider one is exactly Wilson's for fewer rows. Else it is measured plainly, and the lower end is 0 or
    more.

    Args:
        estimate: a value with its interval.
        factor: 1 or more.
        ratio: whether values go from 0 to 1, rather than from 0 on.
    """
    value, lower, upper = estimate
    if not ratio:
        return Estimate(value, max(value - factor * (value - lower), 0.0), value + factor * (upper - value))
    return Estimate(value, _farther(value, lower, factor), _farther(value, upper, factor))


def _farther(value: float, end: float, factor: float) -> float:
    """The end of an interval of a ratio, farther away by a factor; an end at 0 or 1 stays."""
    if not 0 < end < 1:
        return end
    squared = (factor * (value - end)) ** 2 / (end * (1 - end))
    middle, root = 2 * value + squared, math.sqrt(squared * (4 * value * (1 - value) + squared))
    return min(max((middle + math.copysign(root, end - value)) / (2 * (1 + squared)), 0.0), 1.0)


def share(part: float, whole: Values, squares: Values | None = None) -> Estimate:
    """The share of a part in a whole, 0 to 1, with Wilson's interval (1927); unknown when the whole is empty.

    Args:
        part: the weight of the part.
        whole: the weights of all rows, in any cells.
        squares: the sums of squared weights in the same cells; if left out, all rows have weight 1.
    """
    total = float(whole.sum())
    if not total > 0:
        return UNKNOWN
    return _wilson(float(part) / total, _effective(whole, whole if squares is None else squares))


def precision(confusion: Values, squares: Values | None = None) -> Estimate:
    """Share of positives among predicted positives; unknown without predicted positives.

    `confusion` and `squares` are (2, 2) as [label, decision]: the weights, and the squared weights if they are not all
    1. The same holds for the functions below.
    """
    return share(confusion[1, 1], confusion[:, 1], None if squares is None else squares[:, 1])


def recall(confusion: Values, squares: Values | None = None) -> Estimate:
    """Share of predicted positives among positives; unknown without positives."""
    return share(confusion[1, 1], confusion[1], None if squares is None else squares[1])


def accuracy(confusion: Values, squares: Values | None = None) -> Estimate:
    """Share of correct decisions."""
    return share(confusion[0, 0] + confusion[1, 1], confusion, squares)


def f1_score(confusion: Values, squares: Values | None = None) -> Estimate:
    """Harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn); unknown without positives and positive decisions.

    It equals 2 J / (1 + J) for Jaccard's index J = tp / (tp + fp + fn), which is a share of the rows that are positive
    or predicted positive. So its interval is Wilson's interval for J, transformed by that increasing function.
    """
    relevant = np.array([[False, True], [True, True]])
    jaccard = share(confusion[1, 1], confusion[relevant], None if squares is None else squares[relevant])
    return Estimate(*(2 * index / (1 + index) for index in jaccard))


def mean(moments: Moments, highest: float = math.inf) -> Estimate:
    """Mean of values from 0 to `highest`: Brier score, log loss, absolute error, a ranking's gain.

    The interval is that of the normal law, with the linearised variance of a ratio of weighted sums (Cochran 1977,
    6.3); its ends are unknown with one effective row. Heavy-tailed losses need more rows than the interval accounts
    for.
    """
    if not moments.weights > 0:
        return UNKNOWN
    value = moments.values / moments.weights
    rows = moments.weights**2 / moments.squared_weights
    if rows <= 1:
        return Estimate(value, math.nan, math.nan)
    squares = moments.squares - 2 * value * moments.doubly_weighted + value**2 * moments.squared_weights
    half = Z_95 * math.sqrt(max(squares, 0.0) * rows / (rows - 1)) / moments.weights
    return Estimate(value, max(value - half, 0.0), min(value + half, highest))


def rmse(squared_errors: Moments) -> Estimate:
    """Root mean squared error, in the data's units; the ends of the interval are the roots of the mean's."""
    return Estimate(*map(math.sqrt, mean(squared_errors)))


def macro_average(classes: Sequence[Estimate]) -> Estimate:
    """Unweighted mean of the classes' results against the rest; unknown without classes, or when one is unknown.

    A mean of fewer classes would be another quantity. The ends are the means of the ends. This interval assumes that
    all classes err together, since they share their rows, so it is never too narrow.
    """
    if not classes:
        return UNKNOWN
    value, lower, upper = np.mean(np.array(classes), axis=0).tolist()
    return Estimate(value, lower, upper)
