"""Periods of an objective whose outcomes come in storms: all labels of a day share a value of that day.

Each slice has labels of its own, and each verdict is that of the exporter. `leeway explain` takes the days' values for
probit-normal; here they also follow other laws with the same mean and variance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from exporter.spec.sections.slo import Slo
from exporter.statistics.labels.performance import Z_95, auroc, stretched

Values = npt.NDArray[np.float64]
Link = Callable[[Values], Values]

_BATCH = 500
_BINS = 64
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(80)


@dataclass(frozen=True, slots=True)
class Storms:
    """Labels in a week (of an AUROC, the positive ones), the design effect of a day, and the law of its values.

    `judged` is the design effect of the window of a verdict by which its interval is widened.
    """

    weekly: float
    effect: float
    link: Link = special.ndtr
    judged: float = 1.0


def day_values(
    truth: float, variance: float, shape: tuple[int, int], random: np.random.Generator, link: Link = special.ndtr
) -> Values:
    """Draw the true value of each day, with this mean and variance: a link function of normal values."""
    if not variance:
        return np.full(shape, truth)

    def moments(place: float, scale: float) -> tuple[float, float]:
        values, weights = link(place + scale * _NODES), _WEIGHTS / _WEIGHTS.sum()
        mean = float(weights @ values)
        return mean, float(weights @ np.square(values - mean))

    def place(scale: float) -> float:
        return float(optimize.brentq(lambda x: moments(x, scale)[0] - truth, -30, 60))

    scale = float(optimize.brentq(lambda x: moments(place(x), x)[1] - variance, 1e-4, 8))
    return np.asarray(link(place(scale) + scale * random.standard_normal(shape)))


def bad_shares(slo: Slo, truth: float, storms: Storms, periods: int, seed: int = 1) -> Iterator[Values]:
    """Yield the number of bad slices of simulated periods of an objective of the accuracy."""
    random, rows = np.random.default_rng(seed), round(storms.weekly * (slo.slice / timedelta(days=7)))
    overlap, days = _layout(slo)
    daily = max(timedelta(days=1) / slo.slice, 1.0)
    variance = (storms.effect - 1) * truth * (1 - truth) / (rows * daily)
    for _ in range(0, periods, _BATCH):
        truths = day_values(truth, variance, (_BATCH, int(days[-1]) + 1), random, storms.link)[:, days]
        right = _runs(random.binomial(rows, truths).astype(np.float64), overlap)
        yield (
            (_upper(right / (rows * overlap), rows * overlap / storms.judged) < slo.target)
            .sum(axis=1)
            .astype(np.float64)
        )


def bad_areas(slo: Slo, truth: float, storms: Storms, periods: int, seed: int = 2) -> Iterator[Values]:
    """Yield the number of bad slices of simulated periods of an objective of the AUROC; 100 negatives a positive."""
    random = np.random.default_rng(seed)
    overlap, days = _layout(slo)
    positives = storms.weekly * (slo.slice / timedelta(days=7))
    variance = (storms.effect - 1) * placement_variance(truth) / positives
    quantiles = special.ndtri(np.arange(1, _BINS) / _BINS)
    edges = np.sort(np.concatenate(([-np.inf], quantiles, quantiles + math.sqrt(2) * special.ndtri(truth), [np.inf])))
    chances = np.diff(special.ndtr(edges))
    for _ in range(periods // 10):
        areas = day_values(truth, variance, (10, int(days[-1]) + 1), random, storms.link)[:, days]
        shifts = math.sqrt(2) * special.ndtri(areas)
        means = positives * np.diff(special.ndtr(edges - shifts[..., None]), axis=-1)
        sides = random.poisson(means), random.poisson(100 * positives * chances, means.shape)
        summed = [np.asarray(_runs(side.swapaxes(1, 2), overlap)).swapaxes(1, 2) for side in sides]
        factor = math.sqrt(storms.judged)
        uppers = [
            [stretched(auroc(*both), factor, ratio=True).upper for both in zip(*period, strict=True)]
            for period in zip(*summed, strict=True)
        ]
        yield (np.array(uppers) < slo.target).sum(axis=1).astype(np.float64)


def placement_variance(area: float) -> float:
    """The variance of a positive's placement among normal negatives, by numerical integration."""
    values = np.linspace(-8, 8, 20_001) + math.sqrt(2) * special.ndtri(area)
    density = np.exp(-np.square(values - math.sqrt(2) * special.ndtri(area)) / 2) / math.sqrt(2 * math.pi)
    placements = special.ndtr(values)
    step = values[1] - values[0]
    return float((density @ np.square(placements) - density @ placements * area) * step)


def _layout(slo: Slo) -> tuple[int, npt.NDArray[np.int64]]:
    """The slices of a verdict, and the day of each slice, with those before the first verdict's."""
    overlap = slo.judged_over // slo.slice
    slices = np.arange(slo.slices + overlap - 1)
    return overlap, np.floor(slices * max(slo.slice / timedelta(days=1), 0.0)).astype(np.int64)


def _upper(share: Values, rows: float) -> Values:
    """The upper end of Wilson's interval, as `performance.share` has it."""
    stretch = 1 + Z_95**2 / rows
    half = Z_95 * np.sqrt(share * (1 - share) / rows + (Z_95 / (2 * rows)) ** 2)
    return np.asarray((share + Z_95**2 / (2 * rows) + half) / stretch)


def _runs(values: Values, length: int) -> Values:
    sums = np.cumsum(np.concatenate([np.zeros((*values.shape[:-1], 1)), values], axis=-1), axis=-1)
    return np.asarray(sums[..., length:] - sums[..., :-length])
