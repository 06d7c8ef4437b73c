"""Slices, error budget and burn: pure arithmetic, exact where a rule compares the result.

An objective is judged in slices of equal length. A slice that is not known counts as one that is not bad: neither a
model without labels nor an exporter that was away spends a budget, and no window is made shorter by what is missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Final, TypeVar

import numpy as np
from scipy import special, stats

from exporter.profiles.binning import Floats
from exporter.spec.slo import Tier
from exporter.statistics.performance import Estimate

T = TypeVar("T")

_Z: Final = 1.959963984540054
"""The two-sided 95 % quantile of the normal law."""
_PERIODS: Final = 20_000
"""Periods that are simulated where slices share predictions: a chance of 5 % is known to 0.3 points."""

_FALLS: Final = 4000
_SURE: Final = 0.95


class Verdict(Enum):
    """What is known of a slice."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Tally:
    """What a slice adds to a budget: how much there was, and how much of it was bad.

    Where slices are judged, `total` is 1, and `bad` 0 or 1; where predictions are counted, they are. `known` says
    whether there was anything to judge.
    """

    total: int
    bad: int
    known: bool


def verdict(estimate: Estimate, target: float, *, at_least: bool) -> Verdict:
    """Good or bad by a value with its interval: bad only when even the better end misses the target.

    So a model that is as good as its target has a bad slice once in forty, however few labels there are. Unknown where
    the value or the end is: a value of a single row says nothing.
    """
    bound = estimate.upper if at_least else estimate.lower
    if math.isnan(estimate.value) or math.isnan(bound):
        return Verdict.UNKNOWN
    missed = bound < target if at_least else bound > target
    return Verdict.BAD if missed else Verdict.GOOD


def slice_tally(given: Verdict) -> Tally:
    """A slice that is judged as a whole."""
    return Tally(1, int(given is Verdict.BAD), given is not Verdict.UNKNOWN)


def burn_rate(tallies: Sequence[Tally], objective: Fraction) -> Fraction | None:
    """How many times faster than would spend the budget in exactly one period; 0 to 1 / (1 - objective).

    It is the bad share of the slices over the share that may be bad. None where nothing is known.

    Source: Beyer et al., The Site Reliability Workbook, 2018, chapter 5.
    """
    total = sum(tally.total for tally in tallies)
    if not total or not any(tally.known for tally in tallies):
        return None
    return Fraction(sum(tally.bad for tally in tallies), total) / (1 - objective)


def budget_remaining(tallies: Sequence[Tally], objective: Fraction) -> Fraction | None:
    """The share of a period's error budget that is left: 1 is all of it, below 0 is overspent.

    Args:
        tallies: of all slices of the period.
        objective: the share that must be good.
    """
    burnt = burn_rate(tallies, objective)
    return None if burnt is None else 1 - burnt


def firing(tallies: Sequence[Tally], objective: Fraction, tiers: Sequence[Tier]) -> bool:
    """Whether an alert of these tiers holds after the last slice: in one of them both windows burn too fast."""

    def above(tier: Tier, length: int) -> bool:
        burnt = burn_rate(tallies[-length:], objective)
        return burnt is not None and burnt > tier.factor

    return any(above(tier, tier.long) and above(tier, tier.short) for tier in tiers)


def slices_to_fire(tier: Tier, objective: Fraction, pace: Fraction | None = None) -> int | None:
    """After how many slices a tier fires, counted from the first that is not as it should be; None if it never does.

    Args:
        tier: the burn rate and its windows.
        objective: the share that must be good.
        pace: how many times faster than would spend the budget in one period; left out, everything is bad. Bad slices
            then come evenly, the first as late as it can.
    """
    needed = tier.bad_slices(objective)
    if pace is None:
        return needed if tier.reachable(objective) else None
    slices = math.ceil(needed / (pace * (1 - objective)))
    return slices if pace > tier.factor and slices <= tier.long else None


def sliding(parts: Sequence[T], length: int, add: Callable[[T, T], T]) -> list[T]:
    """What each run of `length` parts adds up to, the first run first: three additions for each part, at any length.

    `add` must be associative; nothing is ever subtracted. Source: van Herk 1992; Gil and Werman 1993.
    """
    ahead, behind = list(parts), list(parts)
    for index in range(1, len(parts)):
        if index % length:
            behind[index] = add(behind[index - 1], parts[index])
    for index in range(len(parts) - 2, -1, -1):
        if (index + 1) % length:
            ahead[index] = add(parts[index], ahead[index + 1])
    return [
        ahead[end - length + 1] if end % length == length - 1 else add(ahead[end - length + 1], behind[end])
        for end in range(length - 1, len(parts))
    ]


# ------------------------------------------------------------------------------------------------ what to expect


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
