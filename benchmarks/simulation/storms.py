"""Hours of labelled predictions whose outcomes come in storms, with a design effect that is known.

A day has two shocks in common: a step on the scale of log odds, which moves all outcomes at once, and another slope,
which moves the AUROC. Both follow an autoregression from day to day. Traffic has a day and a weekend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
from scipy import special

from exporter.labels.outcomes import DELAY_EDGES, Outcome
from exporter.labels.sums.by_score import ByScore, predicted_positive, unweighted
from exporter.profiles.group import Group
from exporter.statistics.labels.linearisation import of_auroc

Values = npt.NDArray[np.float64]

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GROUP = Group("v1")
EDGES = np.sort(special.expit(np.random.default_rng(0).normal(-1.5, 1.2, 100)))
SCORES = np.concatenate([[EDGES[0] / 2], (EDGES[1:] + EDGES[:-1]) / 2, [(1 + EDGES[-1]) / 2]])
THRESHOLD = 0.3
CORRELATION = 0.35
"""Of the shocks of two days in a row: that of real late flights, whose weeks have 1.8 times the effect of a day."""
A_DAY = 1200.0
"""Labelled predictions of a mean day."""
_COVERAGE = 0.95
_TRAFFIC = np.where(np.arange(168) % 24 > 6, 1.0, 0.3) * np.where(np.arange(168) // 24 > 4, 0.6, 1.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is truly wrong from a day on: the slope and the step of the log odds."""

    day: int
    slope: float = 1.0
    step: float = 0.0


@dataclass(frozen=True, slots=True)
class Log:
    """Hours by fine bin of the score, (hours, bins), as running sums from the first."""

    rows: Values
    positives: Values
    made: Values

    def outcome(self, start: int, end: int) -> Outcome:
        """The outcome of hours `start` to `end`."""
        rows, positives = self.rows[end] - self.rows[start], self.positives[end] - self.positives[start]
        made = int(self.made[end] - self.made[start])
        squares = positives * np.square(1 - SCORES), (rows - positives) * np.square(SCORES)
        losses = -positives * np.log(SCORES), -(rows - positives) * np.log1p(-SCORES)
        counted = ByScore(
            rows.astype(np.int64),
            rows.astype(np.int64),
            rows * SCORES,
            positives,
            squares[0] + squares[1],
            squares[0] * np.square(1 - SCORES) + squares[1] * np.square(SCORES),
            losses[0] + losses[1],
            positives * np.square(np.log(SCORES)) + (rows - positives) * np.square(np.log1p(-SCORES)),
        )
        chosen = predicted_positive(EDGES, THRESHOLD)
        sides = [[side[~chosen].sum(), side[chosen].sum()] for side in (rows - positives, positives)]
        known = int(rows.sum())
        delays = np.zeros(len(DELAY_EDGES) + 1, np.int64)
        delays[0] = known
        return Outcome(made, known, 0, delays, unweighted(counted, np.array(sides)), counted)

    def hours(self, start: int, end: int) -> dict[datetime, dict[Group, Outcome]]:
        """The outcome of each hour from `start` to `end`."""
        return {START + hour * HOUR: {GROUP: self.outcome(hour, hour + 1)} for hour in range(start, end)}

    def days(self, start: int, end: int) -> dict[datetime, dict[Group, Outcome]]:
        """The outcome of each day from `start` to `end`."""
        return {START + day * DAY: {GROUP: self.outcome(24 * day, 24 * day + 24)} for day in range(start, end)}


def chances(slope: float = 1.0, step: float = 0.0) -> Values:
    """The chance of a positive by bin."""
    return np.asarray(special.expit(slope * (special.logit(SCORES) + 1.5) - 1.5 + step))


def shocks(effect: float) -> tuple[float, float]:
    """The standard deviations of slope and step that give a day this design effect, of its AUROC and of its rate."""
    rows, chance, small = np.full(len(SCORES), A_DAY / len(SCORES)), chances(), 0.05
    linear = of_auroc((rows * chance)[None], (rows * (1 - chance))[None])
    if linear is None:
        raise ValueError("a day needs positives and negatives")
    steeper = chances(slope=1 + small)
    areas = [_area(rows * each, rows * (1 - each)) for each in (chance, steeper)]
    spread = float((chance * (1 - chance)).mean())
    slope = math.sqrt((effect - 1) * linear.variance) / ((areas[1] - areas[0]) / small)
    return slope, math.sqrt((effect - 1) / (A_DAY * spread))


def _area(positives: Values, negatives: Values) -> float:
    below = np.cumsum(negatives) - negatives / 2
    return float(below @ positives / positives.sum() / negatives.sum())


def area(slope: float = 1.0) -> float:
    """The AUROC of all days without shocks."""
    return _area(chances(slope), 1 - chances(slope))


def usual_area(effect: float) -> float:
    """The mean AUROC of days with shocks of this size: below `area`, since it is a concave function of the slope."""
    slope, _ = shocks(effect)
    places, weights = np.polynomial.hermite_e.hermegauss(21)
    return float(weights @ [area(1 + slope * place) for place in places.tolist()] / weights.sum())


def log(random: np.random.Generator, days: int, effect: float, fault: Fault | None = None) -> Log:
    """Draw so many days."""
    slope, step = shocks(effect)
    slopes, steps = 1.0 + slope * _path(random, days), step * _path(random, days)
    if fault is not None:
        slopes[fault.day :] += fault.slope - 1
        steps[fault.day :] += fault.step
    traffic = np.resize(_TRAFFIC, days * 24) * A_DAY / (_TRAFFIC.mean() * 24)
    rows = random.poisson(np.outer(traffic, np.full(len(SCORES), 1 / len(SCORES))))
    chance = np.array([chances(*each) for each in zip(slopes, steps, strict=True)])
    positives = random.binomial(rows, np.repeat(chance, 24, axis=0))
    missing = random.negative_binomial(2, 2 / (2 + traffic * (1 / _COVERAGE - 1)))
    return Log(_running(rows), _running(positives), _running(rows.sum(axis=1) + missing))


def _path(random: np.random.Generator, days: int) -> Values:
    path, noise = np.zeros(days), random.normal(size=days)
    path[0] = noise[0]
    for day in range(1, days):
        path[day] = CORRELATION * path[day - 1] + math.sqrt(1 - CORRELATION**2) * noise[day]
    return path


def _running(values: npt.NDArray[np.int64]) -> Values:
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
