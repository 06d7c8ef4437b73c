"""How good the predictions turned out to be: pure functions of additive counts, without thresholds or verdicts.

Functions that give an `Estimate` give a value with its confidence interval at 95 %, all three NaN where the value is
undefined: no positives, no row at all. Weighted rows count as their effective number, (sum of w)^2 / (sum of w^2) (Kish
1965); that the weights are themselves estimates is not in the intervals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from exporter.labels.labelled import Moments

Values = npt.NDArray[np.float64]

_Z: Final = 1.959963984540054
"""The two-sided 95 % quantile of the normal law."""


class Estimate(NamedTuple):
    """A value, and the ends of its confidence interval at 95 %."""

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
    of the positives' share x the negatives' share; with 256 quantiles it is some 0.0001, and 0.0007 where positives are
    one in a thousand and lie in the last bin or two.

    The interval is Wilson's for as many tosses of a coin as would be as uncertain: those of the variance that DeLong et
    al. (1988) estimate from the placements, or of that which Hanley and McNeil (1982) derive from exponential scores
    (symmetric in the classes, as in Newcombe 2006, method 5), whichever are fewer. DeLong's holds for any law of the
    scores, but is far too small with few positives and 0 at an area of 1; there the other takes over. Simulated
    coverage is 93 % to 99 % from 20 positives, and 87 % or more with 5.

    Args:
        positives: weight of the positives per bin, (bins,), in the order of the scores.
        negatives: weight of the negatives per bin, (bins,).
        positive_squares: sums of squared weights per bin, (bins,); those of rows that weigh 1 if left out.
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
    """The effective rows of a class, and what it adds to DeLong's variance; 0 of a single row, which tells nothing."""
    squares = weights if squares is None else squares
    rows = _effective(weights, squares)
    if rows <= 1:
        return rows, 0.0
    return rows, float(squares @ np.square(deviations)) / float(weights.sum()) ** 2 * rows / (rows - 1)


def _exponential_tosses(area: float, positives: float, negatives: float) -> float:
    """The tosses of a coin that are as uncertain as the area of exponential scores (Newcombe 2006, method 5)."""
    pairs = max((positives + negatives) / 2 - 1, 0.0)
    return positives * negatives / (1 + pairs * ((1 - area) / (2 - area) + area / (1 + area)))


def _effective(weights: Values, squares: Values) -> float:
    return float(weights.sum()) ** 2 / float(squares.sum())


def _wilson(share: float, tosses: float) -> Estimate:
    """The score interval of a share of independent tosses, any real number of them above 0 (Wilson 1927)."""
    share, stretch = min(max(share, 0.0), 1.0), 1 + _Z**2 / tosses
    centre = (share + _Z**2 / (2 * tosses)) / stretch
    half = _Z * math.sqrt(share * (1 - share) / tosses + (_Z / (2 * tosses)) ** 2) / stretch
    return Estimate(share, min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share))


def share(part: float, whole: Values, squares: Values | None = None) -> Estimate:
    """A part's share of a whole, 0 to 1, with Wilson's interval (1927); unknown when the whole is empty.

    Args:
        part: the weight of the rows that count.
        whole: the weights of all rows, in any cells.
        squares: the sums of squared weights in the same cells; those of rows that weigh 1 if left out.
    """
    total = float(whole.sum())
    if not total > 0:
        return UNKNOWN
    return _wilson(float(part) / total, _effective(whole, whole if squares is None else squares))


def precision(confusion: Values, squares: Values | None = None) -> Estimate:
    """Positives among those that were taken for positive; unknown when none was.

    `confusion` and `squares` are (2, 2) as [label, decision]: weights, and squared weights if they are not all 1. So
    in the functions below.
    """
    return share(confusion[1, 1], confusion[:, 1], None if squares is None else squares[:, 1])


def recall(confusion: Values, squares: Values | None = None) -> Estimate:
    """Those taken for positive among the positives; unknown without positives."""
    return share(confusion[1, 1], confusion[1], None if squares is None else squares[1])


def accuracy(confusion: Values, squares: Values | None = None) -> Estimate:
    """Decisions that were right among all."""
    return share(confusion[0, 0] + confusion[1, 1], confusion, squares)


def f1_score(confusion: Values, squares: Values | None = None) -> Estimate:
    """Harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn); unknown without positives and positive decisions.

    It is 2 J / (1 + J) of Jaccard's index J = tp / (tp + fp + fn), which is a plain share of the rows that are positive
    or were taken for it. So its interval is Wilson's for J, seen through that increasing function.
    """
    relevant = np.array([[False, True], [True, True]])
    jaccard = share(confusion[1, 1], confusion[relevant], None if squares is None else squares[relevant])
    return Estimate(*(2 * index / (1 + index) for index in jaccard))


def mean(moments: Moments, highest: float = math.inf) -> Estimate:
    """A mean of values from 0 to `highest`: Brier score, log loss, absolute error, a ranking's gain.

    The interval is that of the normal law, with the linearised variance of a ratio of weighted sums (Cochran 1977,
    6.3); its ends are unknown with one effective row. Heavy-tailed losses need more rows than the law knows of.
    """
    if not moments.weights > 0:
        return UNKNOWN
    value = moments.values / moments.weights
    rows = moments.weights**2 / moments.squared_weights
    if rows <= 1:
        return Estimate(value, math.nan, math.nan)
    squares = moments.squares - 2 * value * moments.doubly_weighted + value**2 * moments.squared_weights
    half = _Z * math.sqrt(max(squares, 0.0) * rows / (rows - 1)) / moments.weights
    return Estimate(value, max(value - half, 0.0), min(value + half, highest))


def rmse(squared_errors: Moments) -> Estimate:
    """Root of the mean squared error, in the data's units; the interval is the root of the mean's."""
    return Estimate(*map(math.sqrt, mean(squared_errors)))


def macro_average(classes: Sequence[Estimate]) -> Estimate:
    """The plain mean of each class's result against the rest; unknown without classes, or when one is unknown.

    A mean of fewer classes would be another quantity. The ends are the means of the ends: as wide as if all classes
    erred together, since their rows are the same; never too narrow for that.
    """
    if not classes:
        return UNKNOWN
    value, lower, upper = np.mean(np.array(classes), axis=0).tolist()
    return Estimate(value, lower, upper)
