"""The laws of a slice's measured value: of a share, of an AUROC, and of any other number.

A slice has labels of its own, which are independent once the true value of their day is given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import special

from exporter.profiles.binning import Floats
from exporter.statistics.labels.performance import Z_95

Indices = npt.NDArray[np.int64]


class Law(Protocol):
    """The law of a slice's measured value, when its labels are independent."""

    def limit(self, target: float, slices: int, effect: float) -> float:
        """The measured value below which a verdict over some slices is bad: even the upper end misses the target.

        Args:
            target: the least good value.
            slices: the number of slices in the verdict's window.
            effect: how many times the variance of the interval is that of independent labels.
        """
        ...

    def variance(self, truth: float) -> float:
        """The variance of the value of one slice around its true value."""
        ...

    def days(self, truths: Floats, variance: float, periods: int, random: np.random.Generator) -> Floats:
        """Draw the true value of each day around the model's own, (days,), with this variance: (periods, days)."""
        ...

    def sums(self, days: Floats, day: Indices, random: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw the measured value of each slice times its weight, (periods, slices), and the weights, (slices,).

        `days` are the true values of days, (periods, days), and `day` is the position of each slice's day, (slices,).
        """
        ...


@dataclass(frozen=True, slots=True)
class Share(Law):
    """A share of `rows` predictions in a slice, on average: a binomial law, and Wilson's interval (1927)."""

    rows: float

    def limit(self, target: float, slices: int, effect: float) -> float:
        """See `Law.limit`."""
        return target - Z_95 * math.sqrt(target * (1 - target) * effect / (self.rows * slices))

    def variance(self, truth: float) -> float:
        """See `Law.variance`."""
        return truth * (1 - truth) / self.rows

    def days(self, truths: Floats, variance: float, periods: int, random: np.random.Generator) -> Floats:
        """See `Law.days`."""
        return _shares_of_days(truths, variance, periods, random)

    def sums(self, days: Floats, day: Indices, random: np.random.Generator) -> tuple[Floats, Floats]:
        """See `Law.sums`."""
        rows = np.diff(np.floor(self.rows * np.arange(len(day) + 1) + 0.5))
        return random.binomial(rows.astype(np.int64), days[:, day]).astype(np.float64), rows


@dataclass(frozen=True, slots=True)
class Area(Law):
    """An AUROC with `positives` in a slice and many more negatives, and the interval of `performance.auroc`.

    The scores of both classes are assumed to be normal with equal spread. The variance is that of a positive's
    placement among the negatives, divided by the positives. The mean square of the placement is a bivariate normal
    probability, computed by Owen's T. The value has the skewness of a beta law (Cornish and Fisher 1938, first term).

    Source: DeLong et al. 1988 (placements); Owen 1956.
    """

    positives: float

    def limit(self, target: float, slices: int, effect: float) -> float:
        """See `Law.limit`."""
        low, high = 0.0, target
        while high - low > 1e-9:  # the interval's width depends on the measured value
            middle = (low + high) / 2
            tosses = self._tosses(middle) * slices / effect
            bad = middle < target - Z_95 * math.sqrt(target * (1 - target) / tosses)
            low, high = (middle, high) if bad else (low, middle)
        return low

    def _tosses(self, area: float) -> float:
        """The coin tosses with the variance of the interval: the fewer of the two in `performance.auroc`."""
        exponential = 2 * self.positives / ((1 - area) / (2 - area) + area / (1 + area))
        return min(area * (1 - area) / self.variance(area), exponential)

    def variance(self, truth: float) -> float:
        """See `Law.variance`."""
        return float(_placement_variance(np.array(truth))) / self.positives

    def days(self, truths: Floats, variance: float, periods: int, random: np.random.Generator) -> Floats:
        """See `Law.days`."""
        return _shares_of_days(truths, variance, periods, random)

    def sums(self, days: Floats, day: Indices, random: np.random.Generator) -> tuple[Floats, Floats]:
        """See `Law.sums`."""
        spread, variance = days * (1 - days), _placement_variance(days) / self.positives
        strength = spread / np.maximum(variance, 1e-12)
        skew = 2 * (1 - 2 * days) * np.sqrt(strength) / (strength + 1) / np.sqrt(np.maximum(spread, 1e-12))
        normal = random.standard_normal((len(days), len(day)))
        deviations = normal + skew[:, day] / 6 * (np.square(normal) - 1)
        return days[:, day] + np.sqrt(variance)[:, day] * deviations, np.ones(len(day))


@dataclass(frozen=True, slots=True)
class Number(Law):
    """Any other value: a normal law with the standard deviation `deviation` of a slice, and the normal interval."""

    deviation: float

    def limit(self, target: float, slices: int, effect: float) -> float:
        """See `Law.limit`."""
        return target - Z_95 * self.deviation * math.sqrt(effect / slices)

    def variance(self, truth: float) -> float:
        """See `Law.variance`."""
        return self.deviation**2

    def days(self, truths: Floats, variance: float, periods: int, random: np.random.Generator) -> Floats:
        """See `Law.days`."""
        return truths + math.sqrt(variance) * random.standard_normal((periods, len(truths)))

    def sums(self, days: Floats, day: Indices, random: np.random.Generator) -> tuple[Floats, Floats]:
        """See `Law.sums`."""
        own = self.deviation * random.standard_normal((len(days), len(day)))
        return days[:, day] + own, np.ones(len(day))


def _placement_variance(area: Floats) -> Floats:
    """The variance of a positive's placement among the negatives, whose scores are normal with equal spread."""
    normal = special.ndtri(area)
    squares = area - 2 * special.owens_t(normal, 1 / math.sqrt(3))
    return np.asarray(np.maximum(squares - np.square(area), 0.0))


def _shares_of_days(truths: Floats, variance: float, periods: int, random: np.random.Generator) -> Floats:
    """Draw values of days between 0 and 1 around their means, (days,): (periods, days).

    What the days have in common shifts a normal score whose excess over a limit counts, by a normal amount (Vasicek
    1987). Its correlation follows from the variance of the first mean.
    """
    places, correlation = special.ndtri(truths), _correlation(float(truths[0]), variance)
    shifts = random.standard_normal((periods, len(truths)))
    return np.asarray(special.ndtr((places - math.sqrt(correlation) * shifts) / math.sqrt(1 - correlation)))


def _correlation(mean: float, variance: float) -> float:
    """The correlation of two rows' normal scores at which the share of those above a limit has this variance."""
    place, low, high = float(special.ndtri(mean)), 0.0, 0.999
    while high - low > 1e-9:
        middle = (low + high) / 2
        both = mean - 2 * float(special.owens_t(place, math.sqrt((1 - middle) / (1 + middle))))
        low, high = (middle, high) if both - mean**2 < variance else (low, middle)
    return low
