"""What the labels that have come say of those that are still coming: inverse reporting probabilities.

Labels come sooner where the score was high and somebody looked. So those of the last days are labels of high scores,
and what they alone tell is not what all would. Each label is therefore weighed by how many predictions of its score and
age it stands for (Horvitz and Thompson 1952). That is right as long as, among predictions of one score stratum and age,
those already reported are like the rest: a delay may depend on the score, but not on the label itself beyond it.

Counts are (strata, ages): strata of the score, ages of a prediction in whole hours, the youngest first.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize

from exporter.statistics.calibration import equal_mass

Counts = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

MOST_STRATA: Final = 20
FEWEST_LABELS: Final = 30
"""Of a stratum, in the mean: with fewer, its probabilities would be chance."""


def strata(predictions: Counts, reported: Counts) -> Counts:
    """Which stratum each bin of the score belongs to, (bins,): increasing, numbered from 0.

    Strata are of about equal mass, half of it what was predicted and half what has been reported. So they are fine both
    where most scores are and where most labels come from, such as the few highest scores of a fraud model.

    Args:
        predictions: all that were made, (bins,) in the order of the scores; one at least.
        reported: those whose label has come, (bins,).
    """
    labels = int(reported.sum())
    number = min(max(labels // FEWEST_LABELS, 1), MOST_STRATA)
    return equal_mass(predictions / predictions.sum() + reported / max(labels, 1), number)


def by_stratum(counts: Counts, strata: Counts) -> Counts:
    """Counts of bins, (bins, ages), as those of the strata to which the bins belong, (strata, ages)."""
    summed: Counts = np.add.reduceat(counts, np.flatnonzero(np.diff(strata, prepend=-1)))
    return summed


def probabilities(predictions: Counts, reported: Counts) -> Values:
    """The probability that a prediction of each stratum and age has been reported by now, (strata, ages); 0 to 1.

    The share that has been, made to increase with age: the maximum likelihood estimate of a delay's distribution from
    rows of which only age and status are known (Ayer et al. 1955). An age without predictions has the probability of
    the next younger one that has some, or of the next older where there is none; a stratum without any has NaN.

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
    """What a label of each stratum and age weighs, (strata, ages): 1 / its probability, or 0 where it is withheld.

    Where fewer than `floor` have been reported, the few labels would weigh too much, and are withheld. The other ages
    of the stratum then stand for these too, and weigh more by as much: else the strata that are slow to report would
    be too few. So the reported rows of a stratum weigh together what its predictions count; a stratum that is withheld
    at every age is missing, which `represented` tells.

    Args:
        predictions: all that were made, (strata, ages).
        reported: those whose label has come, (strata, ages).
        floor: the least probability that is used, above 0, up to 1.

    Raises:
        ValueError: when the shapes differ, more are reported than were predicted, or the floor is out of its range.
    """
    if not 0 < floor <= 1:
        raise ValueError(f"the floor must be above 0 and at most 1, not {floor}")
    probability = probabilities(predictions, reported)
    kept = probability >= floor
    inverse = np.divide(1.0, probability, out=np.zeros_like(probability), where=kept)
    made, standing = predictions.sum(axis=1, keepdims=True), (predictions * kept).sum(axis=1, keepdims=True)
    weight: Values = inverse * (made / np.maximum(standing, 1))
    return weight


def represented(predictions: Counts, weighted: Values) -> float:
    """The share of predictions in strata that some label stands for; 0 to 1, NaN without predictions.

    Args:
        predictions: all that were made, (strata, ages).
        weighted: their `weights`, (strata, ages).
    """
    by_stratum = predictions.sum(axis=1)
    total = int(by_stratum.sum())
    return float(by_stratum[(weighted > 0).any(axis=1)].sum() / total) if total else math.nan
