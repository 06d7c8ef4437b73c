"""The spec's `slos`: objectives over slices of time, their error budgets and the burn rates that alert.

All arithmetic is exact: a ratio of the spec is the decimal number as written, not its binary approximation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from exporter.spec.sections.section import SpecSection, alternatives
from exporter.spec.value_types import Duration, Name, NonNegative, Number, OpenRatio, Positive, format_duration

WITHIN_TOLERANCE: Final = "within_tolerance"
"""The metric of an objective that counts good predictions instead of good slices."""
FRESHNESS: Final = "freshness"
DRIFT_SHARE: Final = "drift_share"
LOG_METRICS: Final = (FRESHNESS, DRIFT_SHARE)
"""The metrics that need only the inference log; all others need labels."""

_SHORT: Final = 12
"""The short window is a twelfth of the long one, so that an alert ends soon after its cause."""
_SECOND: Final = timedelta(seconds=1)
_STANDARD_PERIOD: Final = timedelta(days=30)
_FAST: Final = ((Fraction("14.4"), timedelta(hours=1)), (Fraction(6), timedelta(hours=6)))
_SLOW: Final = ((Fraction(3), timedelta(days=1)), (Fraction(1), timedelta(days=3)))
"""Burn rates and long windows for a period of 30 days (Beyer et al., The Site Reliability Workbook, 2018, ch. 5)."""


def exact(number: float) -> Fraction:
    """Return the number as written in decimals: 0.95 is 19/20."""
    return Fraction(repr(float(number)))


class BurnTier(SpecSection):
    """A burn rate of the error budget that alerts."""

    factor: Positive
    """The burn rate: 1 spends the budget in exactly one period."""
    window: Duration
    """The long window; the short window, a twelfth of it but at least one slice, must burn as fast too."""


class Burn(SpecSection):
    """The burn rates that alert; a list that is left out has the usual tiers, scaled to the period and the slice."""

    fast: Annotated[tuple[BurnTier, ...], Field(min_length=1, max_length=5)] | None = None
    """The tiers that page."""
    slow: Annotated[tuple[BurnTier, ...], Field(min_length=1, max_length=5)] | None = None
    """The tiers that make a ticket."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A burn rate, and the long and the short window that must both exceed it, in whole slices."""

    factor: Fraction
    long: int
    short: int

    def reachable(self, objective: Fraction) -> bool:
        """Whether the tier can fire: the highest burn rate, when everything is bad, is 1 / (1 - objective)."""
        return self.factor < 1 / (1 - objective)

    def bad_slices(self, objective: Fraction) -> int:
        """The minimum number of bad slices in the long window that exceeds the burn rate."""
        return floor(self.factor * self.long * (1 - objective)) + 1


class Slo(SpecSection):
    """An objective: a metric, its target, and the share of slices or predictions that must meet it."""

    model_config = alternatives("oneOf", "at_least", "at_most", "tolerance")

    name: Name
    """The objective's name: the label `slo`."""
    metric: Annotated[Name, Field(examples=["auroc", "rmse", WITHIN_TOLERANCE])]
    """A performance or calibration metric, `label_coverage` or `within_tolerance`; or, without labels, `drift_share` or
    `freshness`, the seconds until a slice was evaluated.
    """
    at_least: Number | None = None
    """The lower limit of a good value; exactly one of `at_least`, `at_most` and `tolerance`."""
    at_most: Number | None = None
    """The upper limit of a good value."""
    tolerance: NonNegative | None = None
    """The largest error of a good prediction: then predictions are counted, not slices."""
    over: Literal["cohort", "rolling"] = "cohort"
    """The predictions that a slice is evaluated on: its own (`cohort`), or the `rolling` window that ends with it."""
    window: Duration | None = None
    """The length of the rolling window."""
    objective: OpenRatio
    """The share of slices, or of predictions, that must be good."""
    period: Duration = timedelta(days=30)
    """The period of the error budget."""
    slice: Duration = timedelta(days=1)
    """The length of one slice; each slice is good or bad."""
    burn: Burn = Burn()
    """The burn rates that alert."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self.exactly_one("at_least", "at_most", "tolerance")
        if (self.over == "rolling") != (self.window is not None):
            raise ValueError("must have a window when over is rolling, and only then")
        if self.slice >= self.period:
            raise ValueError("must have a slice shorter than its period")
        return self

    @property
    def counts_events(self) -> bool:
        """Whether predictions are counted instead of slices."""
        return self.tolerance is not None

    @property
    def target(self) -> float:
        """The limit of a good slice or prediction: the target or the tolerance."""
        return float(getattr(self, self.exactly_one("at_least", "at_most", "tolerance")))

    @property
    def ratio(self) -> Fraction:
        """The objective as an exact fraction."""
        return exact(self.objective)

    @property
    def slices(self) -> int:
        """The number of slices in a period."""
        return self.period // self.slice

    @property
    def budget(self) -> Fraction:
        """The number of slices of a period that may be bad."""
        return (1 - self.ratio) * self.slices

    @property
    def judged_over(self) -> timedelta:
        """The length of time whose predictions a slice is evaluated on: the slice, or the rolling window."""
        return self.window or self.slice

    def fast(self) -> tuple[Tier, ...]:
        """Return the tiers that page; none where the usual ones cannot fire at this objective."""
        return self._tiers(self.burn.fast, _FAST)

    def slow(self) -> tuple[Tier, ...]:
        """Return the tiers that make a ticket."""
        return self._tiers(self.burn.slow, _SLOW)

    def unreachable(self) -> tuple[Tier, ...]:
        """Return the usual tiers that cannot fire at this objective and are left out."""
        standard = (_FAST if self.burn.fast is None else ()) + (_SLOW if self.burn.slow is None else ())
        return tuple(tier for tier in map(self._scaled, standard) if not tier.reachable(self.ratio))

    def _tiers(
        self, given: tuple[BurnTier, ...] | None, standard: tuple[tuple[Fraction, timedelta], ...]
    ) -> tuple[Tier, ...]:
        tiers = map(self._scaled, standard) if given is None else map(self.tier, given)
        strictest = {tier.long: tier for tier in sorted(tiers, key=lambda tier: -tier.factor)}
        reachable = (tier for tier in strictest.values() if tier.reachable(self.ratio))
        return tuple(sorted(reachable, key=lambda tier: tier.long))

    def tier(self, given: BurnTier) -> Tier:
        """Return a tier of the spec, its window rounded up to whole slices."""
        return self._tier_of(exact(given.factor), ceil(given.window / self.slice))

    def _scaled(self, standard: tuple[Fraction, timedelta]) -> Tier:
        """Scale a usual tier from 30 days to this period, and lengthen it until one bad slice alone cannot fire it."""
        factor, window = standard
        length = ceil(Fraction(window // _SECOND, _STANDARD_PERIOD // _SECOND) * self.slices)
        shortest = 1 if self.counts_events else ceil(1 / (factor * (1 - self.ratio)))
        return self._tier_of(factor, min(max(length, shortest), self.slices))

    def _tier_of(self, factor: Fraction, length: int) -> Tier:
        return Tier(factor, length, ceil(Fraction(length, _SHORT)))

    def windows(self) -> tuple[int, ...]:
        """Return the window lengths of all tiers, in slices, the shortest first: burn rates are exposed over these."""
        tiers = (*self.fast(), *self.slow())
        return tuple(sorted({length for tier in tiers for length in (tier.long, tier.short)}))

    def window_name(self, slices: int) -> str:
        """Return the value of the label `window` for a number of slices."""
        return format_duration(slices * self.slice)
