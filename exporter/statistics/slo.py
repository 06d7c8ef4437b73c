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
from typing import TypeVar

from exporter.spec.sections.slo import Tier
from exporter.statistics.performance import Estimate

T = TypeVar("T")


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
