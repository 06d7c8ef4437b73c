"""Calibration of scores: whether seven in ten predictions with a score of 0.7 are positive.

Pure functions of labelled predictions, without thresholds. All gaps are in probability. Every function returns NaN
when there are no rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from exporter.labels.sums.labelled import Labelled

Values = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_HALF_MEAN = math.sqrt(2 / math.pi)
_HALF_VARIANCE = 1 - 2 / math.pi
_HALF_SKEW = _HALF_MEAN * (4 / math.pi - 1)
"""The first three cumulants of the absolute value of a standard normal variable."""

_STEPS = np.arange(0.05, 6.0, 0.1)
_STEP_WEIGHTS = np.exp(-np.square(_STEPS) / 2) / np.exp(-np.square(_STEPS) / 2).sum()
"""A grid of the absolute value of a standard normal variable, and the probability of each of its cells."""
_FAR = 8.0
"""Standard deviations from 0 beyond which folding changes nothing: the variable is normal."""
_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Reliability:
    """Labelled predictions in bins of about equal mass, the lowest scores first; all fields are (bins,).

    `rows` counts rows and `weights` sums their weights. `predicted` is the mean score and `observed` the share of
    positives. `observed_variance` is the variance of `observed`, estimated from the labels (NaN with one effective
    row); `predicted_variance` is its variance if the scores are the true probabilities.
    """

    rows: Indices
    weights: Values
    predicted: Values
    observed: Values
    observed_variance: Values
    predicted_variance: Values

    @property
    def gaps(self) -> Values:
        """Predicted minus observed share of positives, per bin."""
        return self.predicted - self.observed

    @property
    def shares(self) -> Values:
        """Each bin's share of the weights."""
        shares: Values = self.weights / self.weights.sum()
        return shares


def equal_mass(masses: Values, bins: int) -> Indices:
    """Assign cells to at most `bins` bins of about equal mass.

    A cell is not divided: it goes to the bin in which its middle lies, so heavy cells make fewer bins.

    Returns:
        The bin of each cell, (cells,): increasing, numbered from 0 without gaps.
    """
    middles = np.cumsum(masses) - masses / 2
    wanted = np.floor(bins * middles / masses.sum())
    return np.unique(wanted, return_inverse=True)[1]


def reliability(labelled: Labelled, bins: int = 10) -> Reliability:
    """The reliability diagram: predicted and observed shares in at most `bins` bins of about equal mass.

    Each bin is made of whole fine bins. Source: Niculescu-Mizil and Caruana 2005 (the diagram); Roelofs et al. 2022
    (equal mass rather than equal width).
    """
    known = labelled.rows > 0
    positives, negatives = labelled.positives[known], labelled.negatives[known]
    positive_squares, negative_squares = labelled.positive_squares[known], labelled.negative_squares[known]
    weights, sums, squares = positives + negatives, labelled.score_sums[known], positive_squares + negative_squares
    scores = sums / weights
    group = equal_mass(weights, bins)

    def by_bin(values: Values) -> Values:
        return np.bincount(group, values).astype(np.float64)

    whole = by_bin(weights)
    observed = by_bin(positives) / whole
    spread = by_bin(positive_squares) * np.square(1 - observed) + by_bin(negative_squares) * np.square(observed)
    effective = np.square(whole) / by_bin(squares)
    with np.errstate(divide="ignore", invalid="ignore"):
        bessel = np.where(effective > 1, effective / (effective - 1), math.nan)
    return Reliability(
        rows=np.bincount(group, labelled.rows[known]).astype(np.int64),
        weights=whole,
        predicted=by_bin(sums) / whole,
        observed=observed,
        observed_variance=spread / np.square(whole) * bessel,
        predicted_variance=by_bin(squares * np.clip(scores * (1 - scores), 0, None)) / np.square(whole),
    )


def expected_error(diagram: Reliability) -> float:
    """Expected calibration error: the mean absolute gap between predicted and observed; 0 to 1.

    With few labels it is never near 0: about 0.07 for a perfectly calibrated model with 200 labels in 10 bins. Compare
    it with `expected_error_noise`. Source: Naeini, Cooper and Hauskrecht 2015.
    """
    if not len(diagram.rows):
        return math.nan
    return float(diagram.shares @ np.abs(diagram.gaps))


def maximal_error(diagram: Reliability) -> float:
    """Maximum calibration error: the largest absolute gap of a bin; 0 to 1, noisier than the expected error."""
    return float(np.abs(diagram.gaps).max()) if len(diagram.rows) else math.nan


def debiased_squared_error(diagram: Reliability) -> float:
    """The mean squared gap without the part that the noise of the labels adds; -0.25 to 1.

    From each bin's squared gap the variance of its share of positives is subtracted, observed (1 - observed) /
    (rows - 1). So it is unbiased for any number of labels, and below 0 about half of the time when calibration is
    perfect. NaN when a bin has only one effective row. Source: Brocker 2012; Kumar, Liang and Ma 2019.
    """
    if not len(diagram.rows):
        return math.nan
    return float(diagram.shares @ (np.square(diagram.gaps) - diagram.observed_variance))


def debiased_error(diagram: Reliability) -> float:
    """The root of `debiased_squared_error`, 0 where that is negative; 0 to 1, in the units of the expected error.

    It is a root mean square of gaps, so with many labels it is at least the expected error.
    """
    squared = debiased_squared_error(diagram)
    return squared if math.isnan(squared) else math.sqrt(max(squared, 0.0))


def expected_error_noise(diagram: Reliability, q: float, common: float = 0.0, own: float = 1.0) -> float:
    """The expected error that a perfectly calibrated model exceeds with probability `q`, given these predictions.

    If the scores are the true probabilities, each bin's gap is about normal with the variance of its labels. The error
    is a sum of their absolute values, whose quantile follows from its first three cumulants (Cornish and Fisher 1938).
    Where a bin expects fewer than a few positives the result is too high rather than too low. Source of the idea:
    Brocker and Smith 2007, "consistency bars", who resample instead.

    Outcomes that come together move all bins at once: by one step on the scale of log odds, so each in proportion to
    the variance of its labels. Given that step the bins are independent around it, and the error has the cumulants of
    folded normal variables; its law is the mixture of these over a normal step. No error is above 1, so where the step
    is not known well, as after few days, the result is 1.

    Args:
        diagram: the bins; only their scores and weights are used, not the observed shares.
        q: between 0 and 1; 0.05 for a band that a calibrated model leaves once in twenty windows.
        common: the variance of the gap of all bins together beyond sampling; 0 for independent labels.
        own: the factor of the variance of each bin besides, 1 or more.
    """
    if not len(diagram.rows):
        return math.nan
    scale = diagram.shares * np.sqrt(diagram.predicted_variance * own)
    if not scale.any():
        return 0.0
    if common > 0:
        step = math.sqrt(common)
        beyond = -float(special.ndtri(q / 2)) * step >= 1  # the sum of the gaps, which the error is not below
        return 1.0 if beyond else min(_mixed_quantile(scale, step, q), 1.0)
    average, variance = _HALF_MEAN * float(scale.sum()), _HALF_VARIANCE * float(np.square(scale).sum())
    skew = _HALF_SKEW * float((scale**3).sum()) / math.sqrt(variance) ** 3
    normal = -float(special.ndtri(q))
    return max(average + math.sqrt(variance) * (normal + (normal**2 - 1) * skew / 6), 0.0)


def labels_variance(diagram: Reliability) -> tuple[float, float]:
    """The sampling variance of the gap of all bins together, and the sum of those of the bins' gaps besides.

    Of each bin's part in the whole gap, the second has what is left without its share of that gap, as in
    `exporter.statistics.labels.linearisation.of_calibration`.
    """
    parts = np.square(diagram.shares) * diagram.predicted_variance
    whole = float(parts.sum())
    return whole, whole - float(np.square(parts).sum()) / whole if whole else 0.0


def _mixed_quantile(scale: Values, deviation: float, q: float) -> float:
    """The upper quantile of a sum of absolute values of normal variables with a normal step in common.

    Args:
        scale: the standard deviation of each bin's part of the whole gap, (bins,).
        deviation: the standard deviation of the step, as a gap of the whole.
        q: the probability above the result.
    """
    steps = _STEPS * deviation
    means, sums, skews = _folded_cumulants(np.outer(steps, np.square(scale) / np.square(scale).sum()), scale)
    spread = np.sqrt(sums)
    bend = np.maximum(skews / spread**3 / 6, 1e-9)
    low, high = 0.0, float((means + 10 * spread).max())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        away = (middle - means) / spread
        normal = (np.sqrt(np.maximum(1 + 4 * bend * (bend + away), 0)) - 1) / (2 * bend)  # Cornish-Fisher, inverted
        low, high = (middle, high) if _STEP_WEIGHTS @ special.ndtr(-normal) > q else (low, middle)
    return (low + high) / 2


def _folded_cumulants(means: Values, scale: Values) -> tuple[Values, Values, Values]:
    """The first three cumulants of the sum of absolute values of normal variables with these means, (steps, bins)."""
    known = scale > 0
    means, scale = np.abs(means[:, known]), scale[known]
    ratio = means / scale
    tail = scale * _HALF_MEAN * np.exp(-np.square(ratio) / 2)
    beyond = tail - means * special.erfc(ratio / math.sqrt(2))  # by how much the first cumulant exceeds the mean
    first, second = means + beyond, np.square(means) + np.square(scale)
    variance = np.square(scale) - beyond * (means + first)  # second - first^2, without its cancellation
    third = (np.square(means) + 2 * np.square(scale)) * tail
    third += means * (np.square(means) + 3 * np.square(scale)) * special.erf(ratio / math.sqrt(2))
    skews = np.where(ratio > _FAR, 0.0, third - 3 * second * first + 2 * first**3)
    return first.sum(axis=1), variance.sum(axis=1), skews.sum(axis=1)
