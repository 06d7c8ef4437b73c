"""Slices, error budget and burn rate of objectives: pure arithmetic, exact where a rule compares the result.

An objective is evaluated in slices of equal length. An unknown slice counts as not bad: neither a model without labels
nor an exporter that was down spends a budget, and missing slices do not shorten a window.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TypeVar

from exporter.spec.sections.slo import Tier
from exporter.statistics.labels.performance import Estimate

T = TypeVar("T")


class Verdict(Enum):
    """The result of a slice."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Tally:
    """The contribution of a slice to a budget: a total, and how much of it is bad.

    Where slices count, `total` is 1 and `bad` is 0 or 1; where predictions count, both are numbers of predictions.
    `known` is whether there was anything to evaluate.
    """

    total: int
    bad: int
    known: bool


def verdict(estimate: Estimate, target: float, *, at_least: bool) -> Verdict:
    """Return whether a value with its interval is good or bad: bad only when even the better end misses the target.

    So a model exactly at its target has a bad slice once in forty, however few labels there are. The verdict is unknown
    where the value or the end is NaN, such as for a single row.
    """
    bound = estimate.upper if at_least else estimate.lower
    if math.isnan(estimate.value) or math.isnan(bound):
        return Verdict.UNKNOWN
    missed = bound < target if at_least else bound > target
    return Verdict.BAD if missed else Verdict.GOOD


def slice_tally(given: Verdict) -> Tally:
    """The tally of a slice that counts as a whole."""
    return Tally(1, int(given is Verdict.BAD), given is not Verdict.UNKNOWN)


def burn_rate(tallies: Sequence[Tally], objective: Fraction) -> Fraction | None:
    """The burn rate: the bad share of the slices over the share that may be bad; 0 to 1 / (1 - objective).

    At 1 the budget is spent in exactly one period. None where nothing is known.

    Source: Beyer et al., The Site Reliability Workbook, 2018, chapter 5.
    """
    total = sum(tally.total for tally in tallies)
    if not total or not any(tally.known for tally in tallies):
        return None
    return Fraction(sum(tally.bad for tally in tallies), total) / (1 - objective)


def budget_remaining(tallies: Sequence[Tally], objective: Fraction) -> Fraction | None:
    """The share of a period's error budget that is left: 1 is all of it, below 0 is overspent.

    Args:
        tallies: all slices of the period.
        objective: the share that must be good.
    """
    burnt = burn_rate(tallies, objective)
    return None if burnt is None else 1 - burnt


def firing(tallies: Sequence[Tally], objective: Fraction, tiers: Sequence[Tier]) -> bool:
    """Whether an alert of these tiers fires after the last slice: in one tier both windows burn too fast."""

    def above(tier: Tier, length: int) -> bool:
        burnt = burn_rate(tallies[-length:], objective)
        return burnt is not None and burnt > tier.factor

    return any(above(tier, tier.long) and above(tier, tier.short) for tier in tiers)


def slices_to_fire(tier: Tier, objective: Fraction, rate: Fraction | None = None) -> int | None:
    """The number of slices until a tier fires, counted from the start of a fault; None if it never fires.

    Args:
        tier: the burn rate and its windows.
        objective: the share that must be good.
        rate: the burn rate during the fault, with evenly spaced bad slices, the first as late as possible; None where
            every slice is bad.
    """
    needed = tier.bad_slices(objective)
    if rate is None:
        return needed if tier.reachable(objective) else None
    slices = math.ceil(needed / (rate * (1 - objective)))
    return slices if rate > tier.factor and slices <= tier.long else None
