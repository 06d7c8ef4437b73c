"""What to expect of an objective: how often chance alone spends its budget, and how soon a drop of the value fires.

Labels are not independent: outcomes come in storms, and all predictions of a day share its luck. So each day has a true
value of its own around the model's, and each slice has the labels of its day. The slices and verdicts of a period are
simulated, always with the same random numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from exporter.profiles.binning import Floats
from exporter.profiles.columns import Mask
from exporter.spec.sections.slo import Tier
from exporter.statistics.objectives.laws import Law
from exporter.statistics.runs import run_sums

_BATCH: Final = 1000
_PERIODS: Final = 10_000
_ENOUGH: Final = 500
"""Simulated periods: in batches until so many have spent their budget, which is within 9 % of the chance."""
_FIRST: Final = 5000
"""Simulated periods after which a chance is called 0 when none has spent its budget."""

_DROPS: Final = 2000
"""Simulated models whose value drops."""
_SURE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Slices:
    """The slices of a period, how they are judged, and how their labels depend on each other.

    `target` is the least good value. `number` are those of a period, `overlap` those in the window of a verdict and
    `daily` those of a day, which is below 1 for slices longer than a day. `effect` is the design effect: how many times
    the variance of a day's value is that of independent labels. Windows of several days have the same; shorter slices
    have less, but share their day's luck. `judged` is the design effect by which the intervals of verdicts are widened.
    """

    target: float
    number: int
    overlap: int
    daily: float
    effect: float = 1.0
    judged: float = 1.0

    @property
    def judged_window(self) -> float:
        """The design effect by which the interval over the window of a verdict is widened."""
        return 1 + (self.judged - 1) * min(1.0, self.overlap / max(self.daily, 1.0))

    def day(self, position: int) -> int:
        """The day of a slice, counted from the first verdict's own slice; slices longer than a day have one each."""
        return math.floor(position / max(self.daily, 1.0))


def exhaustion_chance(law: Law, truth: float, slices: Slices, budget: Fraction) -> float:
    """The probability that the budget of a period is spent by a model whose value is truly `truth`; 0 below 0.05 %.

    The budget is spent when at least that many slices are bad.

    Args:
        law: of the value of one slice.
        truth: the model's true value, above the target for a healthy model.
        slices: those of a period.
        budget: the number of slices that may be bad.
    """
    random, most = np.random.default_rng(0), math.ceil(budget)
    spent = periods = 0
    while periods < _PERIODS and spent < _ENOUGH and (spent or periods < _FIRST):
        truths = np.full(slices.number + slices.overlap - 1, truth)
        spent += int((_bad(law, truths, slices, _BATCH, random).sum(axis=1) >= most).sum())
        periods += _BATCH
    return spent / periods


def slices_until_fired(
    law: Law, truths: tuple[float, float], slices: Slices, objective: Fraction, tiers: Sequence[Tier]
) -> int | None:
    """The number of slices after a drop of the value until the alert has fired for 19 of 20 models.

    The window of a verdict may contain slices from before and after the drop; its value is the mean of both.

    Args:
        law: of the value of one slice.
        truths: the true values before and after the drop.
        slices: as many as are simulated.
        objective: the share of slices that must be good; before the drop all were.
        tiers: the tiers of the alert.

    Returns:
        None when that takes more slices than a period has.
    """
    random, horizon = np.random.default_rng(0), slices.number
    values = np.where(np.arange(horizon + slices.overlap - 1) < slices.overlap - 1, *truths)
    bad = _bad(law, values, slices, _DROPS, random)
    past = np.pad(bad.astype(np.float64), ((0, 0), (max((tier.long for tier in tiers), default=1), 0)))
    fired = np.zeros(bad.shape, bool)
    for tier in tiers:
        long, short = (run_sums(past, length, axis=1)[:, -horizon:] for length in (tier.long, tier.short))
        allowed = tier.factor * (1 - objective)
        fired |= (long > math.floor(allowed * tier.long)) & (short > math.floor(allowed * tier.short))
    by_then = np.logical_or.accumulate(fired, axis=1).mean(axis=0) >= _SURE
    return int(by_then.argmax()) + 1 if by_then.any() else None


def _bad(law: Law, truths: Floats, slices: Slices, periods: int, random: np.random.Generator) -> Mask:
    """Whether each slice of simulated periods is bad, (periods, slices); `truths` begin with the first window."""
    positions = range(1 - slices.overlap, slices.number)
    days, day = np.unique([slices.day(position) for position in positions], return_inverse=True)
    own = truths[np.searchsorted(day, np.arange(len(days)))]
    variance = (slices.effect - 1) * law.variance(float(own[0])) / max(slices.daily, 1.0)
    sums, weights = law.sums(law.days(own, variance, periods, random), day, random)
    limit = law.limit(slices.target, slices.overlap, slices.judged_window)
    bad: Mask = run_sums(sums, slices.overlap, axis=1) < limit * run_sums(weights, slices.overlap)
    return bad
