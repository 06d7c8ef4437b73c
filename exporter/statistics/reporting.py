"""Inverse probability weights for labels that arrive late.

Labels arrive sooner where the score is high and somebody checks. So the labels of the last days are mostly of high
scores, and they alone are not representative. Each label is therefore weighted by the number of predictions of its
score and age that it represents (Horvitz and Thompson 1952). That is unbiased as long as, among predictions of one
score stratum and age, those already reported are like the others: a delay may depend on the score, but for a given
score not on the label itself.

Counts are (strata, ages): strata of the score, and ages of a prediction in whole hours, the youngest first. A
prediction is reported when its label has arrived.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize

from exporter.statistics.labels.calibration import equal_mass

Counts = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

MOST_STRATA: Final = 20
FEWEST_LABELS: Final = 30
"""The mean number of labels per stratum, at least: with fewer, its probabilities would be mostly noise."""


def strata(predictions: Counts, reported: Counts) -> Counts:
    """Assign the bins of the score to strata.

    Strata have about equal mass, of which predictions are one half and reported predictions the other. So they are fine
    both where most scores are and where most labels come from, such as the few highest scores of a fraud model.

    Args:
        predictions: all predictions, (bins,) in the order of the scores; at least one.
        reported: the reported ones, (bins,).

    Returns:
        The stratum of each bin, (bins,): increasing, numbered from 0.
    """
    labels = int(reported.sum())
    number = min(max(labels // FEWEST_LABELS, 1), MOST_STRATA)
    return equal_mass(predictions / predictions.sum() + reported / max(labels, 1), number)


def by_stratum(counts: Counts, strata: Counts) -> Counts:
    """Sum counts of bins, (bins, ages), over the strata of the bins, (strata, ages)."""
    summed: Counts = np.add.reduceat(counts, np.flatnonzero(np.diff(strata, prepend=-1)))
    return summed


def probabilities(predictions: Counts, reported: Counts) -> Values:
    """The probability that a prediction of each stratum and age is reported by now, (strata, ages); 0 to 1.

    It is the reported share, made to increase with age: the maximum likelihood estimate of a delay's distribution from
    rows of which only age and status are known (Ayer et al. 1955). An age without predictions has the probability of
    the next younger age with predictions, or else of the next older one; a stratum without predictions has NaN.

    Raises:
        ValueError: when the shapes differ, or more are reported than were predicted.
    """
    if predictions.shape != reported.shape:
        raise ValueError(f"predictions of shape {predictions.shape}, reported of {reported.shape}")
    if not ((reported >= 0) & (reported <= predictions)).all():
        raise ValueError("there are fewer predictions than reported ones")
    rows = [_increasing(*stratum) for stratum in zip(predictions, reported, strict=True)]
    return np.array(rows).reshape(predictions.shape)


def _increasing(predictions: Counts, reported: Counts) -> Values:
    known = np.flatnonzero(predictions)
    if not len(known):
        return np.full(len(predictions), math.nan)
    weights = predictions[known].astype(np.float64)
    fitted = optimize.isotonic_regression(reported[known] / weights, weights=weights).x
    nearest = np.searchsorted(known, np.arange(len(predictions)), side="right") - 1
    filled: Values = fitted[np.maximum(nearest, 0)]
    return filled


def weights(predictions: Counts, reported: Counts, floor: float = 0.05) -> Values:
    """The weight of a label of each stratum and age, (strata, ages): 1 / its probability, or 0 where it is left out.

    Where the probability is below `floor` the few labels would have too much weight, and are left out. The other ages
    of the stratum then represent these predictions too, and their weights grow accordingly; else strata with long
    delays would be underrepresented. So the reported rows of a stratum weigh as much as all its predictions. A stratum
    that is left out at every age is missing; `represented` measures that.

    Args:
        predictions: all predictions, (strata, ages).
        reported: the reported ones, (strata, ages).
        floor: the least probability that is used, above 0 and at most 1.

    Raises:
        ValueError: when the shapes differ, more are reported than were predicted, or the floor is out of its range.
    """
    if not 0 < floor <= 1:
        raise ValueError(f"the floor must be above 0 and at most 1, not {floor}")
    probability = probabilities(predictions, reported)
    kept = probability >= floor
    inverse = np.divide(1.0, probability, out=np.zeros_like(probability), where=kept)
    made, used = predictions.sum(axis=1, keepdims=True), (predictions * kept).sum(axis=1, keepdims=True)
    weight: Values = inverse * (made / np.maximum(used, 1))
    return weight


def represented(predictions: Counts, weighted: Values) -> float:
    """The share of predictions in strata with at least one weighted label; 0 to 1, NaN without predictions.

    Args:
        predictions: all predictions, (strata, ages).
        weighted: the `weights` of their labels, (strata, ages).
    """
    by_stratum = predictions.sum(axis=1)
    total = int(by_stratum.sum())
    return float(by_stratum[(weighted > 0).any(axis=1)].sum() / total) if total else math.nan
