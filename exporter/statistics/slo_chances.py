"""What to expect of an objective: how often chance alone spends its budget, and how soon a fall is seen through it.

Values are taken for normal around the truth, with the interval that the gauges tell; the true value does not move.
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

_Z: Final = 1.959963984540054
"""The two-sided 95 % quantile of the normal law."""
_PERIODS: Final = 20_000
"""Periods that are simulated where slices share predictions: a chance of 5 % is known to 0.3 points."""

_FALLS: Final = 4000
_SURE: Final = 0.95


def share_half_width(share: float, rows: float) -> float:
    """Half of the interval at 95 % of a share of so many rows; the normal law's."""
    return _Z * math.sqrt(share * (1 - share) / rows)


def auroc_half_width(area: float, positives: float) -> float:
    """Half of the interval at 95 % of an AUROC of so many positives among many more negatives.

    The scores of both classes are taken for normal with equal spread: the variance is that of a positive's placement
    among the negatives, over the positives. Its square's mean is a bivariate normal probability, which Owen's T tells.

    Source: DeLong et al. 1988 (placements); Owen 1956.
    """
    normal = float(special.ndtri(area))
    squares = area - 2 * float(special.owens_t(normal, 1 / math.sqrt(3)))
    return _Z * math.sqrt(max(squares - area**2, 0.0) / positives)


def bad_slice_chance(margin: float, half: float) -> float:
    """How often a slice is bad whose true value is better than the target by `margin`.

    The value is taken for normal, with an interval that reaches `half` to either side.
    """
    if half == 0:
        return float(margin < 0)
    return float(special.ndtr(-_Z * (1 + margin / half)))


def exhaustion_chance(margin: float, half: float, slices: int, budget: Fraction, overlap: int = 1) -> float:
    """The chance that a period's budget is spent by a model that is truly better than its target, by `margin`.

    It is spent when as many slices are bad as it has, or more. Slices of their own predictions are independent, and the
    chance is binomial; those that share predictions with `overlap` - 1 before them are simulated, always with the same
    random numbers.

    Args:
        margin: how far the true value is on the good side of the target.
        half: half of the width of the interval at 95 % of one verdict.
        slices: of a period.
        budget: how many of them may be bad.
        overlap: how many slices the window of a verdict spans.
    """
    most = math.ceil(budget)
    if overlap == 1 or half == 0:
        return float(stats.binom.sf(most - 1, slices, bad_slice_chance(margin, half)))
    random = np.random.default_rng(0)
    own = random.standard_normal((_PERIODS, slices + overlap - 1))
    shared = _runs(own, overlap) / math.sqrt(overlap)
    bad = (shared < -_Z * (1 + margin / half)).sum(axis=1)
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
    """After how many slices 19 of 20 models have fired that fell at the beginning of the first; None if later.

    A verdict over several slices is a mixture of what was before and what is now, and taken for their mean. Simulated,
    always with the same random numbers.

    Args:
        above: how far the true value was on the good side of the target.
        below: how far it is now on the bad side.
        half: half of the width of the interval at 95 % of one verdict.
        overlap: how many slices the window of a verdict spans.
        objective: the share of slices that must be good; all before the fall were.
        tiers: of the alert.
        horizon: how many slices are looked at.
    """
    random = np.random.default_rng(0)
    own = random.standard_normal((_FALLS, horizon + overlap - 1)) * (half / _Z * math.sqrt(overlap))
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
    """The sums of each run of `length` values in each row."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    return np.asarray(sums[:, length:] - sums[:, :-length])
