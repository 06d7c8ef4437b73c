"""Samples of objectives: slices, each evaluated like the metrics of performance, and the error budget.

All slices are recomputed from outcomes at each refresh, so a label that arrives late corrects the past. A slice is
evaluated for the version that made most of its predictions, without challengers, which serve nobody. The period
continues from one version to the next.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.outcomes import Outcome, total
from exporter.labels.sums.labelled import Labelled
from exporter.profiles.group import serving_groups
from exporter.profiles.profile import most_frequent
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise
from exporter.samples.labels.outcome_sums import Outcomes, OutcomeSums
from exporter.samples.labels.performance_values import performance_values
from exporter.samples.windows import Sample
from exporter.spec.model import Body, ModelSpec
from exporter.spec.sections.slo import Slo
from exporter.spec.windows import Window, newest_end
from exporter.statistics.labels import calibration
from exporter.statistics.labels.performance import Estimate
from exporter.statistics.objectives.slo import Tally, Verdict, budget_remaining, burn_rate, slice_tally, verdict

Served = Mapping[str, Outcome]
"""The outcomes of the predictions that served somebody, by model version."""

_BY_KEY: Final = {metric.key: metric for metric in catalogue.METRICS}
_CHANCE: Final = 0.025
"""The probability outside a 95 % interval at each end."""


@dataclass(frozen=True, slots=True)
class EvaluatedSlice:
    """A slice: the version that made most of its predictions, and each version's result; empty without predictions."""

    end: datetime
    version: str
    values: Mapping[str, tuple[float, Tally]]

    @property
    def tally(self) -> Tally | None:
        """Its contribution to the budget; None without predictions."""
        return self.values[self.version][1] if self.version else None


def look_back(body: Body) -> timedelta:
    """The time from the oldest prediction that an objective needs to the newest mature one; 0 without objectives."""
    return max((slo.period + slo.slice + slo.judged_over for slo in body.slos_of_labels), default=timedelta())


def tolerances(body: Body) -> tuple[float, ...]:
    """The tolerances of the objectives that count predictions."""
    return tuple(sorted({slo.tolerance for slo in body.slos_of_labels if slo.tolerance is not None}))


def slo_samples(
    spec: ModelSpec, outcomes: OutcomeSums, end: datetime, noise: LabelNoise = INDEPENDENT
) -> Iterator[Sample]:
    """Every sample of the objectives that need labels; unknown values are left out.

    Args:
        spec: the model.
        outcomes: those of each partition's predictions.
        end: the time up to which predictions are mature.
        noise: how much performance varies between days.
    """
    for slo in spec.spec.slos_of_labels:
        yield from objective_samples(spec, slo, evaluated_slices(spec, slo, outcomes, end, noise))


def objective_samples(spec: ModelSpec, slo: Slo, slices: Sequence[EvaluatedSlice]) -> Iterator[Sample]:
    """Every sample of one objective, from all slices of its period, the oldest first."""
    labels = (spec.name, slo.name)
    yield Sample(catalogue.SLO_TARGET, labels, slo.target)
    yield Sample(catalogue.SLO_OBJECTIVE_RATIO, labels, slo.objective)
    yield from _newest(spec, slo, slices[-1])
    yield from _budget(spec, slo, [_tally(slo, each) for each in slices])
    if not slo.counts_events:
        yield from _by_version(spec, slo, slices)


def evaluated_slices(
    spec: ModelSpec, slo: Slo, outcomes: OutcomeSums, end: datetime, noise: LabelNoise = INDEPENDENT
) -> list[EvaluatedSlice]:
    """Every slice of the period that ends with the newest whole slice before `end`, the oldest first."""
    last = newest_end(end, timedelta(), slo.slice)

    def evaluated(moment: datetime) -> EvaluatedSlice:
        own, over = (outcomes.total(Window(moment - length, moment)) for length in (slo.slice, slo.judged_over))
        return outcomes.derived(
            (slo.name, moment),
            (own, over, noise, spec, slo),
            lambda: _evaluated(spec, slo, moment, _served(own), _served(over), noise=noise),
        )

    return [evaluated(last - index * slo.slice) for index in range(slo.slices)][::-1]


def _served(outcomes: Outcomes) -> Served:
    """The outcomes by version, over all its roles but challenger, which does not count for objectives."""
    return total({group.version: outcomes[group]} for group in serving_groups(outcomes))


def _evaluated(
    spec: ModelSpec, slo: Slo, end: datetime, own: Served, over: Served, *, noise: LabelNoise
) -> EvaluatedSlice:
    """A slice from its own predictions, and from the predictions of its verdict's window (`over`)."""
    rows = {version: outcome.rows for version, outcome in own.items()}
    shown = most_frequent(rows, spec.spec.limits.versions)
    values = {version: _value(spec, slo, noise, over[version], end) for version in shown}
    return EvaluatedSlice(end, next(iter(shown), ""), values)


def _value(spec: ModelSpec, slo: Slo, noise: LabelNoise, outcome: Outcome, end: datetime) -> tuple[float, Tally]:
    if slo.tolerance is not None and outcome.withheld:
        return math.nan, Tally(0, 0, known=False)
    if slo.tolerance is not None:
        good = int(outcome.near[tolerances(spec.spec).index(slo.tolerance)])
        return _share(good, outcome.known), Tally(outcome.known, outcome.known - good, outcome.known > 0)
    estimate = _estimate(spec, slo, noise, outcome, end)
    return estimate.value, slice_tally(verdict(estimate, slo.target, at_least=slo.at_least is not None))


def _estimate(spec: ModelSpec, slo: Slo, noise: LabelNoise, outcome: Outcome, end: datetime) -> Estimate:
    """The value of an objective with its interval. Label coverage is known exactly, so its interval has no width."""
    labels, limits = spec.spec.labels, spec.spec.thresholds
    if slo.metric == "label_coverage" and labels is not None:
        enough = outcome.rows >= limits.min_rows
        in_time = outcome.labelled_within(labels.maturity.total_seconds())
        return Estimate(*[_share(in_time, outcome.rows) if enough else math.nan] * 3)
    hours, own = slo.judged_over / timedelta(hours=1), _BY_KEY[slo.metric]
    values = performance_values(spec, outcome, end)
    if own is catalogue.CALIBRATION_ERROR:
        return _calibration(values.get(own, math.nan), outcome, noise, hours)
    estimate = Estimate(*(values.get(each, math.nan) for each in (own, *own.interval())))
    return noise.widened({own: estimate}, hours)[own]


def _calibration(error: float, outcome: Outcome, noise: LabelNoise, hours: float) -> Estimate:
    """The calibration error; its interval goes from the error minus the noise of perfect calibration to the error."""
    if math.isnan(error) or not isinstance(outcome.performance, Labelled):
        return Estimate(math.nan, math.nan, math.nan)
    band = noise.calibration_noise(calibration.reliability(outcome.performance), hours, _CHANCE)
    return Estimate(error, max(error - band, 0.0), error)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _tally(slo: Slo, evaluated: EvaluatedSlice) -> Tally:
    unknown = Tally(0, 0, known=False) if slo.counts_events else slice_tally(Verdict.UNKNOWN)
    return evaluated.tally or unknown


def _newest(spec: ModelSpec, slo: Slo, newest: EvaluatedSlice) -> Iterator[Sample]:
    for version, (value, tally) in newest.values.items():
        labels = (spec.name, version, slo.name)
        if math.isfinite(value):
            yield Sample(catalogue.SLO_SLI, labels, value)
        if tally.known and not slo.counts_events:
            yield Sample(catalogue.SLO_GOOD, labels, 1 - tally.bad)


def _budget(spec: ModelSpec, slo: Slo, tallies: Sequence[Tally]) -> Iterator[Sample]:
    remaining = budget_remaining(tallies, slo.ratio)
    if remaining is None:
        return
    labels = (spec.name, slo.name)
    left = remaining * (1 - slo.ratio) * int(slo.period.total_seconds())
    yield Sample(catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, labels, float(remaining))
    yield Sample(catalogue.SLO_ERROR_BUDGET_REMAINING_SECONDS, labels, float(left))
    for length in slo.windows():
        burnt = burn_rate(tallies[-length:], slo.ratio)
        if burnt is not None and _enough(spec, slo, tallies[-length:]):
            yield Sample(catalogue.SLO_BURN_RATE, (*labels, slo.window_name(length)), float(burnt))


def _enough(spec: ModelSpec, slo: Slo, tallies: Sequence[Tally]) -> bool:
    """Whether there are enough predictions for a burn rate; a known slice already has enough."""
    return not slo.counts_events or sum(tally.total for tally in tallies) >= spec.spec.thresholds.min_rows


def _by_version(spec: ModelSpec, slo: Slo, slices: Sequence[EvaluatedSlice]) -> Iterator[Sample]:
    for length in (*slo.windows(), slo.slices):
        known: Counter[str] = Counter()
        bad: Counter[str] = Counter()
        for each in slices[-length:]:
            if each.tally is not None and each.tally.known:
                known[each.version] += 1
                bad[each.version] += each.tally.bad
        counted: dict[Metric, Counter[str]] = {catalogue.SLO_SLICES: known, catalogue.SLO_BAD_SLICES: bad}
        for version in most_frequent(known, spec.spec.limits.versions):
            for metric, count in counted.items():
                yield Sample(metric, (spec.name, version, slo.name, slo.window_name(length)), count[version])
