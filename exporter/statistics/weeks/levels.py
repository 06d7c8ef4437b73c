"""The level that the highest window of a day rarely exceeds: of all days alike, and of each weekday.

Days of a weekday are few, so what they show is shrunk towards what all weekdays show, as far as the weekdays differ by
no more than so few days explain: empirical Bayes for the means (Morris 1983) and for the variances (Smyth 2004).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

Values = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

FEWEST_DAYS: Final = 3
"""The fewest days of which any level is known."""
FEWEST_OF_WEEKDAY: Final = 8
"""The fewest days of which a weekday has a level of its own."""
_LEAST_VARIANCE: Final = 1e-5
"""The least variance of a weekday, as a part of that of all: equal days by chance are no certainty."""


def highest_day(highest: Values, q: float, independent: float = 1.0) -> float:
    """The level that the highest window of another day exceeds with probability `q`, from `highest` of a few days.

    The maximum of many windows follows Gumbel's law (1958), whatever the law of a single window. Gumbel's law is fitted
    to the square roots, which are shifts, by their mean and standard deviation. It is widened by the factor by which
    Student's t widens the prediction limit of a normal law whose mean and deviation come from equally few days. With
    fewer than `FEWEST_DAYS` days the level is 0.

    Args:
        highest: the highest squared deviation of each day, 0 or more.
        q: the probability, between 0 and 1.
        independent: the share of the days that say something new, above 0: a seventh where windows of a week end daily.
    """
    if len(highest) < FEWEST_DAYS:
        return 0.0
    roots = np.sqrt(highest)
    k = max(len(highest) * independent, FEWEST_DAYS)
    return _level(float(roots.mean()), float(roots.std(ddof=1)), 1 / k, k - 1, q)


def weekday_levels(highest: Values, weekday: Indices, q: float) -> Values:
    """The level of each weekday, (7,): its own, shrunk towards that of all as far as the weekdays are alike.

    A weekday's variance s^2 of `v` degrees becomes `(v0 s0^2 + v s^2) / (v0 + v)` of `v0 + v` degrees, where `s0^2` and
    `v0` are those of the scaled inverse chi-squared law that the weekdays' variances follow: Smyth 2004, by the mean
    and variance of their logarithms. Its mean becomes `M + t^2 / (t^2 + s^2 / k) (mean - M)` with the variance `t^2`
    between weekdays beyond that of means of `k` days, and `M` the mean of all, weighted by precision: Morris 1983. So
    weekdays that differ only by chance have the level of all days, and one that differs much has that of its own days.

    Args:
        highest: the highest squared deviation of each day, (days,).
        weekday: the weekday of each, 0 to 6, (days,).
        q: the probability with which another such day exceeds the level.

    Returns:
        NaN for a weekday with fewer than `FEWEST_OF_WEEKDAY` days, and for all where fewer than three have as many.
    """
    levels = np.full(7, math.nan)
    days = np.bincount(weekday, minlength=7)
    known = np.flatnonzero(days >= FEWEST_OF_WEEKDAY)
    if len(known) < FEWEST_DAYS:
        return levels
    parts = [np.sqrt(highest[weekday == day]) for day in known]
    k = days[known].astype(np.float64)
    means = np.array([part.mean() for part in parts])
    variances, freedom = _shrunk_variances(np.array([part.var(ddof=1) for part in parts]), k - 1)
    means, uncertainty = _shrunk_means(means, variances / k)
    for place, day in enumerate(known):
        deviation = math.sqrt(variances[place])
        more = uncertainty[place] / variances[place] if variances[place] else 0.0
        levels[day] = _level(means[place], deviation, more, freedom[place], q)
    return levels


def _level(mean: float, deviation: float, uncertainty: float, freedom: float, q: float) -> float:
    """The upper limit for another root, squared; `uncertainty` is the variance of the mean in that of a day."""
    gumbel = (-math.log(-math.log1p(-q)) - np.euler_gamma) * math.sqrt(6) / math.pi
    wider = special.stdtrit(freedom, 1 - q) / special.ndtri(1 - q) * math.sqrt(1 + uncertainty)
    return float(mean + deviation * gumbel * wider) ** 2


def _shrunk_variances(variances: Values, freedom: Values) -> tuple[Values, Values]:
    """The variances, shrunk towards their common law, and the degrees of freedom of each (Smyth 2004, 6.2)."""
    pooled = float(freedom @ variances / freedom.sum())
    if not pooled:
        return variances, freedom
    logs = np.log(np.maximum(variances, _LEAST_VARIANCE * pooled))
    logs = logs - special.digamma(freedom / 2) + np.log(freedom / 2)
    excess = float(logs.var(ddof=1) - special.polygamma(1, freedom / 2).mean())
    if excess <= 0:
        return np.full(len(freedom), pooled), np.full(len(freedom), freedom.sum())
    prior = 2 * _inverse_trigamma(excess)
    centre = math.exp(float(logs.mean()) + float(special.digamma(prior / 2)) - math.log(prior / 2))
    total = np.minimum(prior + freedom, freedom.sum())
    return (prior * centre + freedom * variances) / (prior + freedom), total


def _shrunk_means(means: Values, errors: Values) -> tuple[Values, Values]:
    """The means, shrunk towards their common mean, and the variance of each; `errors` are the variances of the means.

    The variance between is found by moments (DerSimonian and Laird 1986, for equal weights).
    """
    between = max(0.0, float(means.var(ddof=1) - errors.mean()))
    if not (between or errors.any()):
        return means, errors
    precision = 1 / (between + errors)
    centre = float(precision @ means / precision.sum())
    own = between * precision
    return centre + own * (means - centre), own * errors + np.square(1 - own) / precision.sum()


def _inverse_trigamma(value: float) -> float:
    """The argument at which the trigamma function has a value above 0: Newton's method, Smyth 2004, appendix."""
    y = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(special.polygamma(2, y))
        y += step
        if -step / y < 1e-8:
            break
    return y
