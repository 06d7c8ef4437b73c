"""Accepted changes of features: how far from its reference a feature was in the first days of the change.

A change that the spec accepts stays visible and no longer alerts. Its thresholds are raised by the accepted level, so a
later change must go beyond it by as much as a first change must go beyond the reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from exporter.catalogue import Metric
from exporter.profiles.profile import CategoricalColumn, NumericColumn
from exporter.statistics.drift import population_stability_index

Column = NumericColumn | CategoricalColumn


@dataclass(frozen=True, slots=True)
class AcceptedLevel:
    """The greatest PSI and share of nulls that are accepted, infinite while not known; new categories by name."""

    psi: float = 0.0
    nulls: float = 0.0
    categories: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        """Whether the level is known: thresholds follow from it."""
        return math.isfinite(self.psi)


UNKNOWN: Final = AcceptedLevel(math.inf, math.inf)
NOTHING: Final = AcceptedLevel()


@dataclass(frozen=True, slots=True)
class AcceptedFeature:
    """What is accepted of a feature: some new categories, and the level of each window.

    `levels` is None if only categories are accepted; a window that it does not have is not known.
    """

    categories: frozenset[str] = frozenset()
    levels: Mapping[str, AcceptedLevel] | None = None

    def level(self, window: str) -> AcceptedLevel:
        """The accepted level of a window."""
        level = NOTHING if self.levels is None else self.levels.get(window, UNKNOWN)
        return replace(level, categories=self.categories)

    @property
    def muted(self) -> bool:
        """Whether nothing is known yet, so that nothing of the feature alerts."""
        return self.levels is not None and not self.levels

    def with_categories(self, categories: Iterable[str]) -> AcceptedFeature:
        """The same with more categories."""
        return AcceptedFeature(self.categories | frozenset(categories), self.levels)


AcceptedFeatures = Mapping[str, AcceptedFeature]
"""What is accepted, by feature."""
NOTHING_ACCEPTED: Final[AcceptedFeatures] = MappingProxyType({})


def accepted_level(sides: Iterable[tuple[Column, Column]], min_rows: int) -> AcceptedLevel | None:
    """The greatest PSI and share of nulls of a feature in some windows; None when none of them has enough rows.

    Args:
        sides: the feature in the reference and in each window of one length in the first days of the change.
        min_rows: the fewest rows of a window.
    """
    levels = []
    for before, now in sides:
        if now.rows >= min_rows:
            index = population_stability_index(before.psi_cells, now.psi_cells)
            levels.append((index if math.isfinite(index) else 0.0, now.missing / now.rows))
    return AcceptedLevel(max(psi for psi, _ in levels), max(nulls for _, nulls in levels)) if levels else None


def raised_psi(accepted: float, usual: float) -> float:
    """The threshold of a PSI beyond an accepted one: `(sqrt(accepted) + sqrt(usual))^2`, the usual one without any.

    A PSI is about the square of a shift, so a second shift in the same direction adds to the roots: it is seen when it
    is as large as a first one must be. In another direction it adds to the squares, and is seen when it is larger.
    """
    # Not as the square of a sum: without an accepted level the usual threshold stays exact, and never below its floor.
    return usual + accepted + 2 * math.sqrt(accepted * usual)


def raised_ratio(accepted: float, floor: float, usual: float) -> float:
    """The threshold of a ratio beyond an accepted one: the floor above it, at most 1, and never below the usual one."""
    return max(usual, min(accepted + floor, 1.0)) if accepted else usual


def beyond_accepted(
    values: dict[Metric, float], score: Metric, raised: Callable[[float], float]
) -> dict[Metric, float]:
    """A score with its threshold raised; without a threshold while the accepted level is not known."""
    if score not in values:
        return values
    level = raised(values[score.threshold()])
    return {score: values[score], score.threshold(): level} if math.isfinite(level) else {score: values[score]}
