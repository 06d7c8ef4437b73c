"""What to expect of an objective: how often chance alone spends its budget, and how soon a drop of the value fires.

Measured values are assumed to be normal around the true value, with the interval that the gauges have; the true value
is constant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np
from scipy import special, stats

from exporter.profiles.binning import Floats
from exporter.spec.sections.slo import Tier
from exporter.statistics.performance import Z_95

_PERIODS: Final = 20_000
"""Simulated periods where slices share predictions: a chance of 5 % is known to 0.3 points."""

_DROPS: Final = 4000
"""Simulated models whose value drops."""
_SURE: Final = 0.95


def share_half_width(share: float, rows: float) -> float:
    """Half the width of the 95 % interval of a share, by the normal law."""
    return Z_95 * math.sqrt(share * (1 - share) / rows)


def auroc_half_width(area: float, positives: float) -> float:
    """Half the width of the 95 % interval of an AUROC, with many more negatives than positives.

    The scores of both classes are assumed to be normal with equal spread. The variance is that of a positive's
    placement among the negatives, divided by the positives. The mean square of the placement is a bivariate normal
    probability, computed by Owen's T.

    Source: DeLong et al. 1988 (placements); Owen 1956.
    """
    normal = float(special.ndtri(area))
    squares = area - 2 * float(special.owens_t(normal, 1 / math.sqrt(3)))
    return Z_95 * math.sqrt(max(squares - area**2, 0.0) / positives)


def bad_slice_chance(margin: float, half: float) -> float:
    """The probability that a slice is bad although its true value is better than the target by `margin`.

    The measured value is normal, with an interval of `half` to either side.
    """
    if half == 0:
        return float(margin < 0)
    return float(special.ndtr(-Z_95 * (1 + margin / half)))


def exhaustion_chance(margin: float, half: float, slices: int, budget: Fraction, overlap: int = 1) -> float:
    """The probability that a period's budget is spent by a model that is truly better than its target by `margin`.

    The budget is spent when at least that many slices are bad. Slices with predictions of their own are independent, so
    the probability is binomial. Slices that share predictions with the `overlap` - 1 slices before them are simulated,
    always with the same random numbers.

    Args:
        margin: distance of the true value from the target, on the good side.
        half: half the width of the 95 % interval of a verdict's value.
        slices: slices of a period.
        budget: the number of slices that may be bad.
        overlap: the number of slices in the window of a verdict.
    """
    most = math.ceil(budget)
    if overlap == 1 or half == 0:
        return float(stats.binom.sf(most - 1, slices, bad_slice_chance(margin, half)))
    random = np.random.default_rng(0)
    own = random.standard_normal((_PERIODS, slices + overlap - 1))
    shared = _runs(own, overlap) / math.sqrt(overlap)
    bad = (shared < -Z_95 * (1 + margin / half)).sum(axis=1)
    return float((bad >= most).mean())


def slices_until_fired(
    above: float,
    below: float,
    half: float,
    *,
    overlap: int,
    objective: Fraction,
    tiers: Sequence[Tier],
    horizon: int,
) -> int | None:
    """The number of slices after a drop of the value until the alert has fired for 19 of 20 models.

    The window of a verdict may contain slices from before and after the drop; its value is the mean of both. Simulated,
    always with the same random numbers.

    Args:
        above: distance of the true value from the target before the drop, on the good side.
        below: its distance after the drop, on the bad side.
        half: half the width of the 95 % interval of a verdict's value.
        overlap: the number of slices in the window of a verdict.
        objective: the share of slices that must be good; before the drop all were.
        tiers: the tiers of the alert.
        horizon: the number of simulated slices.

    Returns:
        None when that takes more slices than the horizon.
    """
    random = np.random.default_rng(0)
    own = random.standard_normal((_DROPS, horizon + overlap - 1)) * (half / Z_95 * math.sqrt(overlap))
    own += np.where(np.arange(horizon + overlap - 1) < overlap - 1, above, -below)
    bad = _runs(own, overlap) / overlap < -half
    past = np.pad(bad.astype(np.float64), ((0, 0), (max((tier.long for tier in tiers), default=1), 0)))
    fired = np.zeros(bad.shape, bool)
    for tier in tiers:
        long, short = (_runs(past, length)[:, -horizon:] for length in (tier.long, tier.short))
        allowed = tier.factor * (1 - objective)
        fired |= (long > math.floor(allowed * tier.long)) & (short > math.floor(allowed * tier.short))
    by_then = np.logical_or.accumulate(fired, axis=1).mean(axis=0) >= _SURE
    return int(by_then.argmax()) + 1 if by_then.any() else None


def _runs(values: Floats, length: int) -> Floats:
    """The sum of each run of `length` values in each row."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    return np.asarray(sums[:, length:] - sums[:, :-length])
