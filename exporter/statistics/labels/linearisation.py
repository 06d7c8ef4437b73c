"""Performance of a labelled history as sums over its blocks, from which `design_effect` fits its variance.

A smooth statistic of sums changes with each block by about its derivative times the block's sums. That is the block's
influence; no block needs a value of its own, so hours without a positive count as well. Source: Hampel 1974 (the
influence function); Deville 1999 (linearisation of statistics of sums). Arrays are (blocks,), or (blocks, bins) by fine
bin of the score, and of unweighted rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from exporter.statistics.labels.calibration import equal_mass
from exporter.statistics.labels.design_effect import Linearised

Values = npt.NDArray[np.float64]

_CELLS = 10
"""The cells of equal mass in which calibration is compared: as many as a reliability diagram has bins."""


def of_share(parts: Values, wholes: Values) -> Linearised | None:
    """The share of the parts in the wholes, such as an accuracy; None where no whole has rows."""
    total = float(wholes.sum())
    if not total > 0:
        return None
    value = float(parts.sum()) / total
    return Linearised(value * (1 - value) / total, wholes / total, (parts - value * wholes) / total)


def of_f1_score(true_positives: Values, relevant: Values) -> Linearised | None:
    """The F1 score, 2 J / (1 + J) for Jaccard's index J: true positives among the positive or predicted positive."""
    index = of_share(true_positives, relevant)
    return None if index is None else _scaled(index, 2 / (1 + float(true_positives.sum() / relevant.sum())) ** 2)


def of_mean(rows: Values, sums: Values, squares: Values) -> Linearised | None:
    """The mean of values, from each block's rows, sum and sum of squares; None where there are no rows."""
    total = float(rows.sum())
    if not total > 0:
        return None
    value = float(sums.sum()) / total
    variance = max(float(squares.sum()) - value**2 * total, 0.0) / total**2
    return Linearised(variance, rows / total, (sums - value * rows) / total)


def of_root_mean(rows: Values, sums: Values, squares: Values) -> Linearised | None:
    """The root of the mean of values that are 0 or more; None where that is 0."""
    mean = of_mean(rows, sums, squares)
    return _scaled(mean, 0.5 / math.sqrt(float(sums.sum() / rows.sum()))) if mean and sums.sum() > 0 else None


def of_auroc(positives: Values, negatives: Values) -> Linearised | None:
    """The area under the ROC curve, by DeLong's placements; None without a positive or a negative.

    A block's share of the information is that of its positives and of its negatives, each weighted with the part of the
    variance that comes from it.

    Args:
        positives: by fine bin of the score, (blocks, bins).
        negatives: likewise.
    """
    up, down = positives.sum(axis=0), negatives.sum(axis=0)
    n, m = float(up.sum()), float(down.sum())
    if not (n > 0 and m > 0):
        return None
    below = (np.cumsum(down) - down / 2) / m
    value = float(below @ up) / n
    placements, above = below - value, (n - np.cumsum(up) + up / 2) / n - value
    by_positives, by_negatives = float(up @ np.square(placements)) / n**2, float(down @ np.square(above)) / m**2
    variance = by_positives + by_negatives
    if not variance > 0:
        return None
    shares = (by_positives * positives.sum(axis=1) / n + by_negatives * negatives.sum(axis=1) / m) / variance
    return Linearised(variance, shares, positives @ placements / n + negatives @ above / m)


def average(parts: Sequence[Linearised | None]) -> Linearised | None:
    """The mean of several statistics of the same blocks, such as each class's; None where one is not known.

    Its variance is that of parts that err together, as in `exporter.statistics.labels.performance.macro_average`.
    """
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    error = float(np.mean([math.sqrt(part.variance) for part in known]))
    shares, influences = (np.mean([getattr(part, name) for part in known], axis=0) for name in ("shares", "influences"))
    return Linearised(error**2, shares, influences)


def of_calibration(labels: Values, scores: Values, rows: Values) -> tuple[Linearised, Linearised] | None:
    """The calibration gap of all rows together, and what the gaps of ten cells of the score have besides.

    A day on which everything comes true more often moves all cells of the score at once: on the scale of log odds by
    the same step, so each cell in proportion to the variance of its labels. The first result is that common gap, the
    sum of (label - score) / rows. The second has one column for each cell: its own part of that sum without its share
    of the common gap. Both are measured from their own level, so a model that is always a little off is not restless.

    Args:
        labels: sums of the labels by fine bin of the score, (blocks, bins): positives.
        scores: sums of the scores, likewise.
        rows: likewise.

    Returns:
        None where there are no rows, or all scores are 0 or 1.
    """
    whole, total = rows.sum(axis=0), float(rows.sum())
    known = whole > 0
    if not known.any():
        return None
    means = np.where(known, scores.sum(axis=0) / np.where(known, whole, 1), 0.0)
    noise = whole * np.clip(means * (1 - means), 0, None) / total**2
    variance = float(noise.sum())
    if not variance > 0:
        return None
    cell = np.zeros(len(whole), np.int64)
    cell[known] = equal_mass(whole[known], _CELLS)
    members = np.equal.outer(cell, np.arange(cell.max() + 1)) & known[:, None]
    gaps, part = (labels - scores) @ members / total, noise @ members / variance
    shares, common = rows.sum(axis=1) / total, gaps.sum(axis=1)
    own = float((part * (1 - part)).sum()) * variance
    centred = common - shares * common.sum()
    return Linearised(variance, shares, centred), Linearised(own, shares, gaps - np.outer(common, part))


def _scaled(history: Linearised, factor: float) -> Linearised:
    """A multiple of a statistic, or a function of it with this derivative."""
    return replace(history, variance=history.variance * factor**2, influences=history.influences * factor)
