"""Objectives: what is judged, in slices of time, and how fast an error budget may be spent before somebody hears of it.

All arithmetic is exact: a ratio of the spec is the decimal that it was written as, never the binary number beside it.
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
"""The metric of an objective that counts predictions instead of judging slices."""
FRESHNESS: Final = "freshness"
DRIFT_SHARE: Final = "drift_share"
LOG_METRICS: Final = (FRESHNESS, DRIFT_SHARE)
"""The metrics that the inference log tells by itself; all others are known from labels."""

_SHORT: Final = 12
"""The short window is a twelfth of the long one, so that an alert ends soon after what it is about."""
_TEXTBOOK_PERIOD: Final = timedelta(days=30)
_FAST: Final = ((Fraction("14.4"), timedelta(hours=1)), (Fraction(6), timedelta(hours=6)))
_SLOW: Final = ((Fraction(3), timedelta(days=1)), (Fraction(1), timedelta(days=3)))
"""Burn rates and long windows for a period of 30 days (Beyer et al., The Site Reliability Workbook, 2018, ch. 5)."""


def exact(number: float) -> Fraction:
    """The number as it was written in decimals: 0.95 is 19/20."""
    return Fraction(repr(float(number)))


class BurnTier(SpecSection):
    """One rate at which the error budget must not be spent."""

    factor: Positive
    """How many times faster than would spend the budget in exactly one period."""
    window: Duration
    """Over how long; a twelfth of it, at least one slice, must burn as fast too."""


class Burn(SpecSection):
    """The tiers of an objective's alerts; a list that is left out is the textbook's, scaled to period and slice."""

    fast: Annotated[tuple[BurnTier, ...], Field(min_length=1, max_length=5)] | None = None
    """These page."""
    slow: Annotated[tuple[BurnTier, ...], Field(min_length=1, max_length=5)] | None = None
    """These make a ticket."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A burn rate, and the windows that must both be above it, in whole slices."""

    factor: Fraction
    long: int
    short: int

    def reachable(self, objective: Fraction) -> bool:
        """Whether the tier can fire at all: nothing burns faster than 1 / (1 - objective), when all is bad."""
        return self.factor < 1 / (1 - objective)

    def bad_slices(self, objective: Fraction) -> int:
        """The fewest bad slices in the long window that are above the rate."""
        return floor(self.factor * self.long * (1 - objective)) + 1


class Slo(SpecSection):
    """An objective: what is judged, its target, and the share of it that must be good."""

    model_config = alternatives("oneOf", "at_least", "at_most", "tolerance")

    name: Name
    """Its name: the label `slo`."""
    metric: Annotated[Name, Field(examples=["auroc", "rmse", WITHIN_TOLERANCE])]
    """What is judged: a performance or calibration value, `label_coverage`, `within_tolerance`; or, without labels,
    `drift_share`, or `freshness`: the seconds until a slice was evaluated.
    """
    at_least: Number | None = None
    """The target from below; exactly one of the three."""
    at_most: Number | None = None
    """The target from above."""
    tolerance: NonNegative | None = None
    """How far a prediction may be from what came true and be good: predictions are counted, not slices."""
    over: Literal["cohort", "rolling"] = "cohort"
    """Judge each slice's own predictions, or the rolling window that ends with it."""
    window: Duration | None = None
    """The rolling window's length."""
    objective: OpenRatio
    """The share of slices, or of predictions, that must be good."""
    period: Duration = timedelta(days=30)
    """What the error budget is for."""
    slice: Duration = timedelta(days=1)
    """What is judged good or bad at a time."""
    burn: Burn = Burn()
    """How fast the budget may be spent before it alerts."""

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
        """Whether predictions are counted rather than slices."""
        return self.tolerance is not None

    @property
    def target(self) -> float:
        """What a good slice, or prediction, keeps: the target or the tolerance."""
        return float(getattr(self, self.exactly_one("at_least", "at_most", "tolerance")))

    @property
    def ratio(self) -> Fraction:
        """The objective, exactly."""
        return exact(self.objective)

    @property
    def slices(self) -> int:
        """How many slices a period has."""
        return self.period // self.slice

    @property
    def budget(self) -> Fraction:
        """How many slices of a period may be bad."""
        return (1 - self.ratio) * self.slices

    @property
    def judged_over(self) -> timedelta:
        """The predictions that the verdict on a slice is about: its own, or those of the window that ends with it."""
        return self.window or self.slice

    def fast(self) -> tuple[Tier, ...]:
        """The tiers that page; none where the textbook's cannot fire at this objective."""
        return self._tiers(self.burn.fast, _FAST)

    def slow(self) -> tuple[Tier, ...]:
        """The tiers that make a ticket."""
        return self._tiers(self.burn.slow, _SLOW)

    def unreachable(self) -> tuple[Tier, ...]:
        """The textbook's tiers that cannot fire at this objective, and are left out."""
        given = (_FAST if self.burn.fast is None else ()) + (_SLOW if self.burn.slow is None else ())
        return tuple(tier for tier in map(self._scaled, given) if not tier.reachable(self.ratio))

    def _tiers(
        self, given: tuple[BurnTier, ...] | None, textbook: tuple[tuple[Fraction, timedelta], ...]
    ) -> tuple[Tier, ...]:
        found = [self._scaled(one) for one in textbook] if given is None else [self.tier(one) for one in given]
        strictest = {tier.long: tier for tier in sorted(found, key=lambda tier: -tier.factor)}
        reachable = (tier for tier in strictest.values() if tier.reachable(self.ratio))
        return tuple(sorted(reachable, key=lambda tier: tier.long))

    def tier(self, given: BurnTier) -> Tier:
        """A tier of the spec, its window rounded up to whole slices."""
        return self._of(exact(given.factor), ceil(given.window / self.slice))

    def _scaled(self, textbook: tuple[Fraction, timedelta]) -> Tier:
        """A tier of the textbook, as long for this period as it is for 30 days, and so long that no slice trips it."""
        factor, window = textbook
        length = ceil(Fraction(window // _SECOND, _TEXTBOOK_PERIOD // _SECOND) * self.slices)
        alone = 1 if self.counts_events else ceil(1 / (factor * (1 - self.ratio)))
        return self._of(factor, min(max(length, alone), self.slices))

    def _of(self, factor: Fraction, length: int) -> Tier:
        return Tier(factor, length, ceil(Fraction(length, _SHORT)))

    def windows(self) -> tuple[int, ...]:
        """The lengths, in slices, over which burn is told: those of all tiers, the shortest first."""
        tiers = (*self.fast(), *self.slow())
        return tuple(sorted({length for tier in tiers for length in (tier.long, tier.short)}))

    def window_name(self, slices: int) -> str:
        """What the label `window` calls so many slices."""
        return format_duration(slices * self.slice)


_SECOND: Final = timedelta(seconds=1)
