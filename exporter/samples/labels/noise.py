"""How much performance varies between a model's own days beyond sampling, fitted to its labelled history."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from exporter.catalogue import Metric, Unit
from exporter.labels.outcomes import Outcome, total
from exporter.labels.sums.blocks import LabelledBlocks
from exporter.profiles.binning import Counts
from exporter.profiles.group import Group, serving_groups
from exporter.samples.labels.history import COMMON, OWN, histories, histories_of_reference
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import Calendar
from exporter.statistics import thresholds
from exporter.statistics.labels import calibration
from exporter.statistics.labels.calibration import Reliability
from exporter.statistics.labels.design_effect import Excess, Linearised, fit
from exporter.statistics.labels.performance import Z_95, Estimate, stretched

_TAIL: Final = 0.025
"""The probability beyond each end of an interval."""
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LabelNoise:
    """The variance beyond sampling of each metric, by its key; of metrics that are not here it is not known, and 0.

    `hours` is the length of the history that it is fitted to.
    """

    hours: float = 0.0
    excess: Mapping[str, Excess] = field(default_factory=dict)

    def before(self, other: LabelNoise) -> LabelNoise:
        """Return this, with the metrics of another history that are not known here."""
        return LabelNoise(self.hours or other.hours, {**other.excess, **self.excess})

    def design_effect(self, metric: Metric, estimate: Estimate, hours: float) -> float | None:
        """The design effect of a value in a window; None where it is not known."""
        excess, sampling = self.excess.get(metric.key), _sampling(estimate)
        return excess.design_effect(sampling, hours) if excess is not None and sampling > 0 else None

    def widening(self, metric: Metric, estimate: Estimate, hours: float) -> float:
        """The factor of the half-width of a value's interval; 1 where the design effect is not known."""
        excess = self.excess.get(metric.key)
        return excess.widening(_sampling(estimate), hours, _TAIL) if excess is not None else 1.0

    def widened(self, estimates: Mapping[Metric, Estimate], hours: float) -> dict[Metric, Estimate]:
        """Values with intervals that hold for windows of real days."""
        return {
            metric: stretch(metric, estimate, self.widening(metric, estimate, hours))
            for metric, estimate in estimates.items()
        }

    def difference_noise(self, key: str, error: float, hours: float, q: float) -> float:
        """The noise level of a difference between a window and what the same history gave.

        Args:
            key: of what is fitted, such as the metric's.
            error: the standard error of the difference for independent labels.
            hours: the length of the window.
            q: the probability of a false alarm.
        """
        excess = self.excess.get(key)
        if excess is None or not error > 0:
            return thresholds.normal_noise(error, q)
        both = error**2 + excess.variance(max(self.hours, hours))
        return thresholds.normal_noise(math.sqrt(both), q) * excess.widening(both, hours, q)

    def calibration_effect(self, diagram: Reliability, hours: float) -> float | None:
        """The design effect of the gaps of all bins, together and besides; None where it is not known."""
        whole, besides = calibration.labels_variance(diagram)
        common, own = self.excess.get(COMMON), self.excess.get(OWN)
        if common is None or own is None or not whole > 0:
            return None
        parts = whole * common.design_effect(whole, hours)
        parts += besides * own.design_effect(besides, hours) if besides > 0 else 0.0
        return parts / (whole + besides)

    def calibration_noise(self, diagram: Reliability, hours: float, q: float) -> float:
        """`calibration.expected_error_noise` for a window of real days."""
        whole, besides = calibration.labels_variance(diagram)
        common, own = self.excess.get(COMMON), self.excess.get(OWN)
        if common is None or own is None or not whole > 0:
            return calibration.expected_error_noise(diagram, q)
        step = whole * (common.widening(whole, hours, q) ** 2 - 1)
        factor = own.design_effect(besides, hours) if besides > 0 else 1.0
        return calibration.expected_error_noise(diagram, q, step, factor)


INDEPENDENT: Final = LabelNoise()
"""Without a history labels are taken as independent."""


def _sampling(estimate: Estimate) -> float:
    """The sampling variance that an interval shows."""
    return ((estimate.upper - estimate.lower) / (2 * Z_95)) ** 2


def stretch(metric: Metric, estimate: Estimate, factor: float) -> Estimate:
    """A value whose interval is wider by a factor."""
    return stretched(estimate, factor, ratio=metric.unit in (Unit.RATIO, Unit.SCORE))


# ------------------------------------------------------------------------------------------------ fits


def fit_log(spec: ModelSpec, hours: Mapping[datetime, Mapping[Group, Outcome]]) -> LabelNoise:
    """Fit to the outcomes of a log, partition by partition.

    All versions count together but challengers, which serve nobody. Partitions in which too many predictions cannot be
    judged are left out.

    Args:
        spec: the model.
        hours: the outcomes of each partition's predictions, by its start.
    """
    grain = spec.spec.inference.grain
    if not hours:
        return INDEPENDENT
    first = min(hours)
    starts = [first + place * grain for place in range((max(hours) - first) // grain + 1)]
    parts = [_whole(hours.get(start, {})) for start in starts]
    return _fitted(histories(parts), spec, starts, grain)


def fit_reference(spec: ModelSpec, blocks: LabelledBlocks, hours: Counts) -> LabelNoise:
    """Fit to the labelled rows of a reference, hour by hour.

    Args:
        spec: the model.
        blocks: the rows of each hour; see `histories_of_reference`.
        hours: since the Unix epoch, one after the other, (blocks,).
    """
    starts = [datetime.fromtimestamp(hour * _HOUR.total_seconds(), UTC) for hour in hours.tolist()]
    history = histories_of_reference(blocks, spec.spec.task, proper=spec.spec.probability_scores)
    return _fitted(history, spec, starts, _HOUR)


def _whole(groups: Mapping[Group, Outcome]) -> Outcome | None:
    """The outcome of all predictions that served somebody."""
    outcome = total([{"": groups[group]} for group in serving_groups(groups)]).get("")
    usable = outcome is not None and outcome.known and outcome.performance is not None and not outcome.withheld
    return outcome if usable else None


def _fitted(
    history: Mapping[str, Linearised], spec: ModelSpec, starts: Sequence[datetime], grain: timedelta
) -> LabelNoise:
    if not history:
        return INDEPENDENT
    days = Calendar.of(spec.spec.seasonality).days(starts)
    fits = {key: fit(each, days, grain / _HOUR) for key, each in history.items()}
    known = {key: each for key, each in fits.items() if each is not None}
    return LabelNoise(len(starts) * (grain / _HOUR) if known else 0.0, known)
