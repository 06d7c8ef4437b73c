"""The usual coverage of labels, and the share of labelled predictions below which it is too low."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import numpy as np

from exporter.labels.outcomes import Outcome
from exporter.profiles.group import Group, serving_groups
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import Calendar
from exporter.statistics import thresholds
from exporter.statistics.labels import linearisation
from exporter.statistics.labels.design_effect import FEWEST_DAYS, Excess, fit

_LEAST: Final = 0.75
"""The least threshold, as a part of the floor: however much days differ, a quarter less than wanted is too few."""


@dataclass(frozen=True, slots=True)
class UsualCoverage:
    """The coverage of past days: their median, and how much they vary beyond independent rows; None where unknown."""

    median: float | None = None
    excess: Excess | None = None

    @classmethod
    def of(cls, spec: ModelSpec, hours: Mapping[datetime, Mapping[Group, Outcome]]) -> Self:
        """Fit to the mature predictions of past partitions, by start; nothing is known from too few days.

        Challengers do not count.
        """
        starts = sorted(hours)
        served = [[hours[start][group] for group in serving_groups(hours[start])] for start in starts]
        rows, labelled = (
            np.array([sum(getattr(each, name) for each in part) for part in served], np.float64)
            for name in ("rows", "labelled")
        )
        days = Calendar.of(spec.spec.seasonality).days(starts)
        by_day = np.bincount(days - days[0], rows) if len(days) else np.zeros(0)
        if np.count_nonzero(by_day) < FEWEST_DAYS:
            return cls()
        known = by_day > 0
        median = float(np.median(np.bincount(days - days[0], labelled)[known] / by_day[known]))
        history = linearisation.of_share(labelled, rows)
        grain = spec.spec.inference.grain.total_seconds() / 3600
        return cls(median, fit(history, days, grain) if history is not None else None)

    def threshold(self, floor: float, rows: int, hours: float, q: float) -> float:
        """The share of labelled predictions below which coverage is too low.

        What the spec wants, less what chance takes from it among rows of real days. Where coverage is usually higher,
        chance takes it from there, and what remains above the floor is no reason to allow less than that.

        Args:
            floor: the share that the spec wants.
            rows: predictions of the window.
            hours: its length.
            q: the probability of a false alarm.
        """
        wanted = max(self._shortfall(floor, rows, hours, q), _LEAST * floor)
        if self.median is None:
            return wanted
        return max(wanted, min(floor, self._shortfall(self.median, rows, hours, q)))

    def _shortfall(self, rate: float, rows: int, hours: float, q: float) -> float:
        """`thresholds.ratio_shortfall` for as many fewer rows as their days have in common."""
        widening = self.excess.widening(rate * (1 - rate) / rows, hours, q) if self.excess is not None else 1.0
        return thresholds.ratio_shortfall(rate, max(round(rows / widening**2), 1), q)


UNKNOWN: Final = UsualCoverage()
"""Nothing is known of past days: rows are independent."""
