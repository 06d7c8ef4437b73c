"""What a score must exceed before it means anything: the spec's floor, or the noise of a small sample if that is more.

A noise function gives the level that sampling alone exceeds with probability `q` when nothing has drifted, for rows
that are independent. Levels are compared with `score > level`. NaN where a side has no rows: there is no score either.
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
"""Rows of standard deviation up to which a ratio's law is summed; above it a continuous law is as good."""

_STEPS: Final = 1000
"""The grid on which shares of importance are added."""


def threshold(floor: float, *noises: float) -> float:
    """The greatest of the spec's floor and the noise levels; NaN when any of them is, since all must be exceeded."""
    levels = (floor, *noises)
    return math.nan if any(map(math.isnan, levels)) else max(levels)


def per_comparison(q: float, comparisons: int) -> float:
    """The probability for each of several comparisons that keeps the chance of any false alarm at `q` (Sidak 1967).

    Exact for independent comparisons, and an upper bound for those that are positively dependent, as features are.

    Raises:
        ValueError: when there is no comparison.
    """
    if comparisons < 1:
        raise ValueError("there must be a comparison to share the probability")
    return -math.expm1(math.log1p(-q) / comparisons)


def psi_noise(cells: float, n: float, m: float, q: float) -> float:
    """Noise level of a population stability index, in nats.

    (1/n + 1/m) times the upper `q` quantile of chi-squared with `cells` - 1 degrees of freedom, one at the least
    (Yurdakul 2018).

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

    Values with heavy tails need more rows than this law knows of; a model's scores, which are bounded, do not.
    """
    if not (n > 0 and m > 0):
        return math.nan
    return float(-special.ndtri(q / 2)) * math.sqrt(1 / n + 1 / m)


def normal_noise(error: float, q: float) -> float:
    """What a difference with this standard error exceeds by chance, upwards, with probability `q`: the normal law's."""
    return float(-special.ndtri(q)) * error


def ratio_shortfall(rate: float, rows: int, q: float) -> float:
    """The share below which at most `q` of samples of so many rows fall, when each row counts with probability `rate`.

    The largest k / rows such that fewer than k of the rows count with probability `q` at most; exact, by the binomial
    law. NaN without rows.

    Args:
        rate: 0 to 1.
        rows: of the sample.
        q: between 0 and 1.
    """
    if rows < 1:
        return math.nan
    if not 0 < rate < 1:
        return float(rate)
    return math.ceil(special.bdtrik(q, rows, rate)) / rows


def ratio_noise(reference_successes: float, reference_rows: float, rows: int, q: float) -> float:
    """Noise level of a ratio (of nulls, of new categories), 0 to 1: one-sided, under the reference's rate.

    The smallest x / rows such that a window with the reference's rate has more than x successes with probability `q` at
    most. The rate itself is known only as well as the reference's rows tell: the count follows the beta-binomial
    law that they and Jeffreys' prior predict. So a null where a million rows had none, in a window of 50, has a chance
    of 1 in 40,000, and may or may not be told by whether `q` is larger. Exact while the count's standard deviation is
    below 1000 rows, within one part in a thousand or two rows above.

    Source: Brown, Cai and DasGupta 2001, "Interval estimation for a binomial proportion" (the prior).

    Args:
        reference_successes: rows of the reference that are null, new, ...
        reference_rows: all rows of the reference; with none the rate is unknown, and no ratio is unlike it.
        rows: all rows of the window.
        q: probability of a false alarm, between 0 and 1.

    Raises:
        ValueError: when the reference has more successes than rows, or fewer than none.
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
    first = max(0, math.floor(rows * rate - stddev * math.sqrt(q / (1 - q))))  # Cantelli: the level is not below
    last = rows
    if rows > 1000:  # counts that are too rare to matter are not worth their time
        last = min(rows, 20 + math.ceil(rows * special.betainccinv(rate * strength, (1 - rate) * strength, q * 1e-9)))
    exceedance = _beta_binomial_exceedance(first, last, rows, a, b)
    return (first + int(np.argmax(exceedance <= q))) / rows


def _beta_binomial_exceedance(first: int, last: int, rows: int, a: float, b: float) -> Values:
    """The probability of a count above x, for x from `first` to `last`, as if none were above `last`."""
    x = np.arange(first, last, dtype=np.float64)
    growth = (rows - x) * (a + x) / ((x + 1) * (b + rows - x - 1))  # of the probability from x to x + 1
    combinations = -math.log1p(rows) - special.betaln(rows - first + 1, first + 1)
    at_first = math.exp(combinations + special.betaln(first + a, rows - first + b) - special.betaln(a, b))
    law: Values = at_first * growth.cumprod()
    return _tail_sums(law)


def _tail_sums(probabilities: Values) -> Values:
    """What lies after each place, beginning before the first: summed from the small end, where the precision is."""
    return np.append(np.cumsum(probabilities[::-1])[::-1], 0.0)


def drift_share_noise(importances: Sequence[float], q: float, feature_q: float) -> float:
    """Noise level of the weighted share of drifted features, 0 to 1, when each drifts by chance with `feature_q`.

    The upper `q` quantile of a weighted Poisson-binomial law, on a grid of thousandths, rounded up. With
    `feature_q = per_comparison(q, len(importances))` it is 0: thresholds of features leave nothing to chance, and a
    share of drifted features needs only its floor. NaN without features, or with none that has importance.

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
    exceeded = _tail_sums(law[1:]) <= q * (1 + 1e-9)  # Sidak's q is met exactly, up to rounding
    level = int(np.argmax(exceeded)) / _STEPS
    return min(level, 1.0)
