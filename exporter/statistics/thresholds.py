"""Thresholds: the greater of the spec's floor and the noise level of a small sample.

A noise function returns the level that a score exceeds with probability `q` when nothing has drifted, for independent
rows. The comparison is `score > level`. Levels are NaN where a side has no rows: there is no score either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

Values = npt.NDArray[np.float64]

_EXACT: Final = 1000.0
"""The standard deviation of a count, in rows, up to which its law is summed; above it a continuous law is as good."""

_LEAST_FLOOR: Final = 0.25
"""The least part of a day's floor: that of 16 days and more."""

_STEPS: Final = 1000
"""Steps of the grid on which shares of importance are added."""


def threshold(floor: float, *noises: float) -> float:
    """The greatest of the spec's floor and the noise levels; NaN when one of them is, since all must be exceeded."""
    levels = (floor, *noises)
    return math.nan if any(map(math.isnan, levels)) else max(levels)


def lasting_floor(floor: float, hours: float) -> float:
    """The floor of an effect in a window, from that of a day: divided by the root of the days, at least a quarter.

    An effect that lasts is worth an alert at a smaller size, since its cost is its size times its duration. What is
    known of it grows likewise: the noise of a mean falls with the root of the days. Shorter windows have a day's floor.

    Args:
        floor: of a window of a day.
        hours: the length of the window.
    """
    return floor * min(max(math.sqrt(24 / hours), _LEAST_FLOOR), 1.0)


def per_comparison(q: float, comparisons: int) -> float:
    """The false alarm probability per comparison that keeps that of all comparisons together at `q` (Sidak 1967).

    Exact for independent comparisons; with positively dependent ones, such as features, the total is at most `q`.

    Raises:
        ValueError: when there is no comparison.
    """
    if comparisons < 1:
        raise ValueError("there must be a comparison to share the probability")
    return -math.expm1(math.log1p(-q) / comparisons)


def psi_noise(cells: float, n: float, m: float, q: float) -> float:
    """Noise level of a population stability index, in nats.

    (1/n + 1/m) times the upper `q` quantile of chi-squared with `cells` - 1 degrees of freedom, at least one (Yurdakul
    2018).

    Args:
        cells: `exporter.statistics.drift.effective_cells` of the counts.
        n: rows of the reference.
        m: rows of the window.
        q: probability of a false alarm, between 0 and 1.
    """
    if not (n > 0 and m > 0):
        return math.nan
    freedom = max(cells - 1, 1.0)
    return float(2 * special.gammainccinv(freedom / 2, q)) * (1 / n + 1 / m)


def mean_shift_noise(n: float, m: float, q: float) -> float:
    """Noise level of the absolute shift of a mean, in standard deviations: two-sided, by the central limit theorem.

    Values with heavy tails need more rows than this law accounts for; a model's bounded scores do not.
    """
    if not (n > 0 and m > 0):
        return math.nan
    return float(-special.ndtri(q / 2)) * math.sqrt(1 / n + 1 / m)


def ks_noise(n: float, m: float, q: float) -> float:
    """Noise level of a Kolmogorov-Smirnov statistic: two-sided, by the limit law of its tail (Smirnov 1939).

    sqrt(ln(2 / q) / 2 * (1/n + 1/m)): the first term of the law, which exceeds the whole. 0.02 at a million rows of
    reference, 20,000 of window and q = 1e-6. NaN where a side has no rows.
    """
    if not (n > 0 and m > 0):
        return math.nan
    return math.sqrt(math.log(2 / q) / 2 * (1 / n + 1 / m))


def normal_noise(error: float, q: float) -> float:
    """Noise level of a difference with this standard error: one-sided, by the normal law."""
    return float(-special.ndtri(q)) * error


def shortfall(value: float, level: float) -> float:
    """The noise level of how far a ratio falls below its usual value: as a step of its log odds, 0 to `value`.

    Storms move log odds by about the same step up and down, so a ratio above one half falls farther than it rises:
    v - 1 / (1 + (1 - v) / v e^(level / (v (1 - v)))). It is the level itself for small levels, and for values of 0 and
    1.

    Args:
        value: the usual ratio, 0 to 1.
        level: the noise level of small differences, 0 or more.
    """
    if not 0 < value < 1:
        return level
    return value - float(special.expit(special.logit(value) - level / (value * (1 - value))))


def ratio_shortfall(rate: float, rows: int, q: float) -> float:
    """The share that a sample falls below with probability at most `q`, when each row succeeds with probability `rate`.

    The largest k / rows such that fewer than k successes have probability at most `q`; exact, by the binomial law. NaN
    without rows.

    Args:
        rate: probability of a success, 0 to 1.
        rows: rows of the sample.
        q: probability of a false alarm, between 0 and 1.
    """
    if rows < 1:
        return math.nan
    if not 0 < rate < 1:
        return float(rate)
    return math.ceil(special.bdtrik(q, rows, rate)) / rows


def ratio_noise(reference_successes: float, reference_rows: float, rows: int, q: float) -> float:
    """Noise level of a ratio (of nulls, of new categories), 0 to 1: one-sided, under the reference's rate.

    The smallest x / rows such that a window with the reference's rate has more than x successes with probability at
    most `q`. The reference's rows give the rate only with uncertainty, so the count follows the beta-binomial law that
    they and Jeffreys' prior predict. For example a null in a window of 50, where a million rows of reference have none,
    has a probability of 1 in 40,000: it exceeds the level if `q` is larger. Exact while the count's standard deviation
    is below 1000 rows; above that, within one part in a thousand or two rows.

    Source: Brown, Cai and DasGupta 2001, "Interval estimation for a binomial proportion" (the prior).

    Args:
        reference_successes: rows of the reference that are null, new, ...
        reference_rows: all rows of the reference; without rows the rate is unknown, and any ratio is plausible.
        rows: all rows of the window.
        q: probability of a false alarm, between 0 and 1.

    Raises:
        ValueError: when the reference has more successes than rows, or fewer than 0.
    """
    if not 0 <= reference_successes <= reference_rows:
        raise ValueError(f"{reference_successes} successes in {reference_rows} rows of the reference")
    if rows < 1:
        return math.nan
    a, b = reference_successes + 0.5, reference_rows - reference_successes + 0.5
    rate = a / (a + b)
    stddev = math.sqrt(rows * rate * (1 - rate) * (a + b + rows) / (a + b + 1))
    strength = rows * (a + b + 1) / (a + b + rows) - 1  # of the beta law with the ratio's mean and variance
    if stddev > _EXACT:
        return math.ceil(rows * special.betainccinv(rate * strength, (1 - rate) * strength, q)) / rows
    first = max(0, math.floor(rows * rate - stddev * math.sqrt(q / (1 - q))))  # by Cantelli the level is not below this
    last = rows
    if rows > 1000:  # counts that are too rare to matter are left out, to save time
        last = min(rows, 20 + math.ceil(rows * special.betainccinv(rate * strength, (1 - rate) * strength, q * 1e-9)))
    exceedance = _beta_binomial_exceedance(first, last, rows, a, b)
    return (first + int(np.argmax(exceedance <= q))) / rows


def _beta_binomial_exceedance(first: int, last: int, rows: int, a: float, b: float) -> Values:
    """The probability of a count above x, for x from `first` to `last`, without counts above `last`."""
    x = np.arange(first, last, dtype=np.float64)
    growth = (rows - x) * (a + x) / ((x + 1) * (b + rows - x - 1))  # factor of the probability from x to x + 1
    combinations = -math.log1p(rows) - special.betaln(rows - first + 1, first + 1)
    at_first = math.exp(combinations + special.betaln(first + a, rows - first + b) - special.betaln(a, b))
    law: Values = at_first * growth.cumprod()
    return _tail_sums(law)


def _tail_sums(probabilities: Values) -> Values:
    """The sums from each position to the end, and 0: added from the end, where terms are small, to keep precision."""
    return np.append(np.cumsum(probabilities[::-1])[::-1], 0.0)


def drift_share_noise(importances: Sequence[float], q: float, feature_q: float) -> float:
    """Noise level of the weighted share of drifted features, 0 to 1, when each drifts by chance with `feature_q`.

    The upper `q` quantile of a weighted Poisson-binomial law, on a grid of thousandths, rounded up. With
    `feature_q = per_comparison(q, len(importances))` it is 0: the thresholds of the features already limit false alarms
    to `q`, so the share needs only its floor. NaN without features, or without any importance.

    Raises:
        ValueError: when an importance is negative.
    """
    weights = np.asarray(importances, dtype=np.float64)
    if (weights < 0).any():
        raise ValueError("an importance must not be negative")
    if not weights.sum():
        return math.nan
    steps = np.ceil(weights / weights.sum() * _STEPS - 1e-9).astype(np.int64)
    law = np.zeros(int(steps.sum()) + 1)
    law[0] = 1.0
    for step in steps:
        drifted = feature_q * law[: len(law) - step]
        law *= 1 - feature_q
        law[step:] += drifted
    exceeded = _tail_sums(law[1:]) <= q * (1 + 1e-9)  # Sidak's correction meets q exactly, up to rounding
    level = int(np.argmax(exceeded)) / _STEPS
    return min(level, 1.0)
