"""Calibration of scores for confidence-based performance estimation (CBPE), as in NannyML.

If seven in ten rows with a calibrated score of 0.7 are positive, a row with that score counts as 0.7 of a positive and
0.3 of a negative, and the performance of rows without labels follows. CBPE reacts to a shift of the inputs. It cannot
see a change of the relation between inputs and labels (concept drift), since it assumes that the reference's
calibration still holds: only the gap between the estimate and the later measured value shows that.

Rows are in groups of equal score, in increasing order: distinct scores, or fine bins with their mean scores.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize

from exporter.profiles.binning import Counts
from exporter.statistics.labels.calibration import equal_mass
from exporter.statistics.labels.performance import auroc

Values = npt.NDArray[np.float64]

_SPLITS: Final = 10
_HELD_OUT: Final = 0.1
_BINS: Final = 10
_SEPARATED: Final = 0.999
_SEED: Final = 42


class Calibration(NamedTuple):
    """An increasing function from scores to probabilities: linear between its points, constant outside them."""

    scores: Values
    probabilities: Values


def isotonic(scores: Values, positives: Values, rows: Values) -> Calibration:
    """The increasing function with the least squared error to the shares of positives.

    Source: Zadrozny and Elkan 2002; the pool-adjacent-violators algorithm, Ayer et al. 1955.
    """
    return Calibration(scores, optimize.isotonic_regression(positives / rows, weights=rows).x)


def calibrate(calibration: Calibration | None, scores: Values) -> Values:
    """The probabilities of scores; the scores themselves without a calibration."""
    return scores if calibration is None else np.interp(scores, *calibration)


def fit(scores: Values, positives: Counts, rows: Counts) -> Calibration | None:
    """Fit a calibration to labelled rows.

    Args:
        scores: score of each group, (groups,), strictly increasing.
        positives: positives of each group, (groups,), whole numbers.
        rows: rows of each group, (groups,), whole numbers, 1 or more.

    Returns:
        None when the scores are no worse without calibration; see `needs_calibration`.
    """
    if not needs_calibration(scores, positives, rows):
        return None
    return isotonic(scores, positives.astype(np.float64), rows.astype(np.float64))


def needs_calibration(scores: Values, positives: Counts, rows: Counts) -> bool:
    """Whether calibration reduces the expected calibration error of held-out rows.

    NannyML's rule: in each of ten splits a tenth of the rows, stratified by label, is held out. The error of all
    held-out rows together, in ten bins of equal mass, must be smaller after calibration on the other rows than before.
    False where the classes are almost separated (AUROC above 0.999) or one class has fewer than two rows. The splits
    use a fixed seed, so equal counts give equal results; NannyML's own splits may differ where the two errors are
    close.
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
    """The error of the held-out rows of all splits together, each row with the probability from its own split."""
    probabilities, positives, rows = (np.concatenate(column) for column in zip(*splits, strict=True))
    order = np.argsort(probabilities, kind="stable")
    order = order[rows[order] > 0]
    group = equal_mass(rows[order].astype(np.float64), _BINS)
    gaps = np.bincount(group, (probabilities * rows - positives)[order])
    return float(np.abs(gaps).sum() / rows.sum())
