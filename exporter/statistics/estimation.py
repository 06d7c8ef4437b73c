"""How good the predictions should turn out to be, before their labels come: confidence-based performance estimation.

If a calibrated score of 0.7 comes true seven times in ten, a row that bears it is 0.7 of a positive and 0.3 of a
negative, and the performance of rows without labels follows. The method is NannyML's CBPE. It sees a shift of the
inputs; it is blind to a change of what they mean (concept drift), since it takes the reference's calibration for
today's: only the gap between estimate and truth, once there is one, tells that.

Rows stand in groups of equal score, in increasing order: distinct scores, or fine bins with their mean scores.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize

from exporter.profiles.binning import Counts
from exporter.statistics.calibration import equal_mass
from exporter.statistics.performance import accuracy, auroc, f1_score, precision, recall

Values = npt.NDArray[np.float64]

_SPLITS: Final = 10
_HELD_OUT: Final = 0.1
_BINS: Final = 10
_SEPARATED: Final = 0.999
_SEED: Final = 42


class Calibration(NamedTuple):
    """An increasing function from scores to probabilities: linear between its points, constant outside of them."""

    scores: Values
    probabilities: Values


class Performance(NamedTuple):
    """What is estimated of a binary classifier, or the standard errors of it."""

    auroc: float
    accuracy: float
    precision: float
    recall: float
    f1_score: float


def isotonic(scores: Values, positives: Values, rows: Values) -> Calibration:
    """The increasing function that fits the shares of positives best, in least squares.

    Source: Zadrozny and Elkan 2002; the pool-adjacent-violators algorithm, Ayer et al. 1955.
    """
    return Calibration(scores, optimize.isotonic_regression(positives / rows, weights=rows).x)


def calibrate(calibration: Calibration | None, scores: Values) -> Values:
    """The probabilities of scores; the scores themselves when they need no calibration."""
    return scores if calibration is None else np.interp(scores, *calibration)


def fit(scores: Values, positives: Counts, rows: Counts) -> Calibration | None:
    """The calibration of a labelled reference, or None when its scores are better left as they are.

    Args:
        scores: of the groups, (groups,), strictly increasing.
        positives: of each group, (groups,), whole numbers.
        rows: of each group, (groups,), whole numbers, 1 or more.
    """
    if not needs_calibration(scores, positives, rows):
        return None
    return isotonic(scores, positives.astype(np.float64), rows.astype(np.float64))


def needs_calibration(scores: Values, positives: Counts, rows: Counts) -> bool:
    """Whether calibration lessens the expected calibration error of rows that it has not seen.

    NannyML's rule: in ten splits a tenth of the rows, stratified by label, is held out; the error of all of them
    together, in ten bins of equal mass, must be less after calibration on the rest than before. No where the classes
    are all but separated (AUROC above 0.999), or one has fewer than two rows. The splits are drawn with a fixed seed,
    so the same counts give the same answer; NannyML's own splits may give another where the two errors are close.
    """
    negatives = rows - positives
    if min(positives.sum(), negatives.sum()) < 2 or _separation(positives, negatives) > _SEPARATED:
        return False
    random = np.random.default_rng(_SEED)
    raw, fitted = [], []
    for _ in range(_SPLITS):
        held_positives, held_negatives = (_hold_out(counts, random) for counts in (positives, negatives))
        held = held_positives + held_negatives
        rest = rows - held
        calibration = isotonic(scores[rest > 0], *_training(positives - held_positives, rest))
        raw.append((scores, held_positives, held))
        fitted.append((calibrate(calibration, scores), held_positives, held))
    return _expected_error(raw) > _expected_error(fitted)


def _separation(positives: Counts, negatives: Counts) -> float:
    return auroc(positives.astype(np.float64), negatives.astype(np.float64)).value


def _hold_out(counts: Counts, random: np.random.Generator) -> Counts:
    return random.multivariate_hypergeometric(counts, max(1, round(_HELD_OUT * int(counts.sum()))), method="marginals")


def _training(positives: Counts, rows: Counts) -> tuple[Values, Values]:
    kept = rows > 0
    return positives[kept].astype(np.float64), rows[kept].astype(np.float64)


def _expected_error(splits: list[tuple[Values, Counts, Counts]]) -> float:
    """Of the held-out rows of all splits together, each under the probability that its own split gave it."""
    probabilities, positives, rows = (np.concatenate(column) for column in zip(*splits, strict=True))
    order = np.argsort(probabilities, kind="stable")
    order = order[rows[order] > 0]
    group = equal_mass(rows[order].astype(np.float64), _BINS)
    gaps = np.bincount(group, (probabilities * rows - positives)[order])
    return float(np.abs(gaps).sum() / rows.sum())


def estimate(probabilities: Values, rejected: Counts, accepted: Counts) -> Performance:
    """The performance that rows without labels should have.

    The statistics are those of labelled rows, of the expected positives and negatives: NaN where these are.

    Args:
        probabilities: calibrated, of the groups, in the order of the scores, (groups,).
        rejected: rows of each group that were taken for negative, (groups,).
        accepted: rows that were taken for positive, (groups,).
    """
    rows = rejected + accepted
    confusion = np.array([[(1 - probabilities) @ side, probabilities @ side] for side in (rejected, accepted)]).T
    return Performance(
        auroc(probabilities * rows, (1 - probabilities) * rows).value,
        accuracy(confusion).value,
        precision(confusion).value,
        recall(confusion).value,
        f1_score(confusion).value,
    )


def standard_errors(positives: Values, negatives: Values, confusion: Values, rows: float) -> Performance:
    """By how much the performance of so many rows differs by chance, if they are like the reference.

    NannyML's: each statistic is a mean over the rows that it concerns, so its error is the deviation of one such row in
    the reference over the root of their expected number. For the AUROC these are the rows of the rarer class, whose
    placements among the others are averaged; ties count half. NaN where the reference has no such rows.

    Args:
        positives: of the reference per group, in the order of the scores, (groups,).
        negatives: likewise.
        confusion: of the reference, (2, 2) as [label, decision].
        rows: of the window.
    """
    total = float(confusion.sum())
    if not (total > 0 and rows > 0):
        return Performance(*[math.nan] * 5)

    def error(share: float, concerned: float, unit: float = 1.0) -> float:
        return unit * math.sqrt(share * (1 - share) / (concerned / total * rows)) if concerned > 0 else math.nan

    hits, wrong = float(confusion[1, 1]), float(confusion[0, 1] + confusion[1, 0])
    relevant = hits + wrong
    return Performance(
        _auroc_error(positives, negatives) * math.sqrt(total / rows),
        error(accuracy(confusion).value, total),
        error(precision(confusion).value, float(confusion[:, 1].sum())),
        error(recall(confusion).value, float(confusion[1].sum())),
        error(hits / relevant if relevant else math.nan, relevant, relevant / (hits + wrong / 2) if relevant else 1.0),
    )


def _auroc_error(positives: Values, negatives: Values) -> float:
    """The deviation of the rarer class's placements over the root of its rows."""
    rarer, others = (positives, negatives) if positives.sum() <= negatives.sum() else (negatives, positives)
    number = float(rarer.sum())
    if not number:
        return math.nan
    placements = (np.cumsum(others) - others / 2) / others.sum()
    average = float(placements @ rarer) / number
    return math.sqrt(float(np.square(placements - average) @ rarer)) / number
