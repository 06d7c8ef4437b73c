"""Levels of labels: the rate of positives or the mean label, beside the mean prediction for the same rows.

A level can be wrong while the order of scores is right: calibration in the large (Cox 1958). Labels are compared with
the predictions of the same rows, and with the labels of a reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from exporter.statistics import thresholds
from exporter.statistics.labels.performance import Z_95, Estimate

Noise = Callable[[float, float], float]
"""The level that a difference with a standard error exceeds with a probability: `thresholds.normal_noise` where labels
are independent, a wider law where days have something in common."""


@dataclass(frozen=True, slots=True)
class Level:
    """Labelled rows: their number, the sums of their labels and of their predictions, and of the squared differences.

    `absolute` is the sum of the absolute differences. Of a classifier a label is 0 or 1 and a prediction a score.
    """

    rows: float
    labels: float
    predictions: float
    squares: float
    absolute: float = math.nan

    @property
    def observed(self) -> float:
        """The mean label; of a classifier the rate of positives, 0 to 1. There is at least one row."""
        return self.labels / self.rows

    @property
    def predicted(self) -> float:
        """The mean prediction."""
        return self.predictions / self.rows

    @property
    def gap(self) -> float:
        """The mean label minus the mean prediction."""
        return self.observed - self.predicted

    @property
    def error_variance(self) -> float:
        """The sampling variance of the mean difference; NaN with one row."""
        if self.rows <= 1:
            return math.nan
        return max(self.squares / self.rows - self.gap**2, 0.0) / (self.rows - 1)


def mean_error(level: Level, widening: float = 1.0) -> Estimate:
    """The mean of prediction minus label with its 95 % interval by the normal law, in the data's units.

    Above 0 predictions are too high. The interval is wider than that of independent labels by the factor `widening`.
    The ends are NaN with one row. Heavy tails need more rows than the law says.
    """
    half = widening * Z_95 * math.sqrt(level.error_variance)
    return Estimate(-level.gap, -level.gap - half, -level.gap + half)


@dataclass(frozen=True, slots=True)
class Shift:
    """A signed difference of levels and the size above which it is neither small nor chance."""

    value: float
    threshold: float

    @property
    def multiple(self) -> float:
        """How many times its threshold the difference is, in either direction; 0 or more."""
        return abs(self.value) / self.threshold if self.threshold > 0 else 0.0


def rate_gap(level: Level, reference: Level | None, floor: float, q: float, noise: Noise) -> Shift:
    """The observed rate minus the predicted one, less that difference in the reference, where it is known.

    So a model whose scores always were too high by as much has no gap.

    Args:
        level: of the window.
        reference: of labelled rows that the model is compared with.
        floor: the smallest difference, as a part of the expected rate or of what it lacks to 1, whichever is smaller.
        q: the probability that chance exceeds the threshold, in either direction.
        noise: of the difference.
    """
    usual = reference.gap if reference is not None else 0.0
    expected = min(max(level.predicted + usual, 0.0), 1.0)
    # Of both rates the one with more variance: a window without positives knows nothing of their variance.
    rate = min((level.observed, expected), key=lambda each: abs(each - 0.5))
    chance = min(_rate_noise(rate, level, reference, q, noise), 2.0)  # two gaps, each of -1 to 1, differ by no more
    return _shift(level.gap - usual, expected, chance, floor)


def rate_change(level: Level, reference: Level, floor: float, q: float, noise: Noise) -> Shift:
    """The observed rate minus that of the reference; arguments as in `rate_gap`."""
    usual = reference.observed
    chance = min(_rate_noise(usual, level, reference, q, noise), 1.0)  # two rates differ by no more
    return _shift(level.observed - usual, usual, chance, floor)


def error_change(level: Level, reference: Level | None, floor: float, q: float, noise: Noise) -> Shift:
    """The mean error minus that of the reference, where it is known; in the data's units.

    `floor` is a part of the mean absolute error: a model that is always wrong in one direction has a bias of all of it.
    """
    usual, variance = 0.0, level.error_variance
    if reference is not None and reference.rows > 1:
        usual, variance = -reference.gap, variance + reference.error_variance
    level_of_noise = noise(math.sqrt(variance), q / 2)
    return Shift(-level.gap - usual, thresholds.threshold(floor * level.absolute / level.rows, level_of_noise))


def _shift(value: float, expected: float, noise: float, floor: float) -> Shift:
    return Shift(value, thresholds.threshold(floor * min(expected, 1 - expected), noise))


def _rate_noise(rate: float, level: Level, reference: Level | None, q: float, noise: Noise) -> float:
    """Noise of a difference of rates, with the skewness of rare positives (Cornish and Fisher 1938, first term)."""
    parts = 1 / level.rows + (1 / reference.rows if reference is not None else 0.0)
    normal = thresholds.normal_noise(1.0, q / 2)
    skewness = max(normal**2 - 1, 0.0) / 6 * abs(1 - 2 * rate) / level.rows
    return noise(math.sqrt(rate * (1 - rate) * parts), q / 2) + skewness
