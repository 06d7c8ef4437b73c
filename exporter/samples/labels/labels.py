"""Samples of labels and performance: coverage, delays, and how well predictions match their labels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from typing import Final

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels import outcomes, predictions
from exporter.labels import rows as label_rows
from exporter.labels.outcomes import Outcome, delay_quantile
from exporter.labels.sums.classified import Classified
from exporter.labels.sums.ranked import Ranked
from exporter.labels.validity import FEW
from exporter.profiles.group import Group, largest_groups, segments_of, unsegmented
from exporter.samples.labels.class_performance import by_key, class_values, hidden_classes
from exporter.samples.labels.coverage import UNKNOWN, UsualCoverage
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise
from exporter.samples.labels.performance_values import (
    confident,
    estimates_of,
    performance_values,
    widenings,
)
from exporter.samples.windows import Sample, labels_of, samples_of
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import parse_duration
from exporter.statistics.labels import calibration

REJECTED_ROWS: Final = (
    label_rows.NO_ID,
    label_rows.NO_VALUE,
    label_rows.BAD_TIME,
    label_rows.LATER,
    label_rows.OLD,
    label_rows.INVALID_VALUE,
    outcomes.UNKNOWN,
    outcomes.EARLY,
    outcomes.DUPLICATE,
    outcomes.CORRECTED,
    predictions.NO_ID,
    predictions.NO_SCORE,
    predictions.NO_CLASS,
    predictions.NO_QUERY,
    predictions.BAD_TIME,
    predictions.OUTSIDE,
    predictions.REPEATED,
    outcomes.IMPROPER_SCORE,
)
"""The reasons of `catalogue.LABEL_ODD_ROWS`; each has a sample, also when it is 0."""

PERCENTILES: Final = (50, 90, 99)
"""The percentiles of label delays. The label is not `quantile`, which promtool accepts only on summaries."""


@dataclass(frozen=True, slots=True)
class MatureWindow:
    """A window of mature predictions: the name of its length, its end, and the outcomes of each group."""

    name: str
    end: datetime
    groups: Mapping[Group, Outcome]

    @property
    def hours(self) -> float:
        """Its length in hours."""
        return parse_duration(self.name) / timedelta(hours=1)


def label_samples(
    spec: ModelSpec,
    windows: Iterable[MatureWindow],
    rejected: Mapping[str, int],
    class_names: Iterable[str] = (),
    *,
    delays: bool = True,
    noise: LabelNoise = INDEPENDENT,
    usual: UsualCoverage = UNKNOWN,
) -> Iterator[Sample]:
    """Every sample of labels and performance; values that are unknown or rest on too few labels are left out.

    Args:
        spec: the model.
        windows: the windows to evaluate.
        rejected: rows by the reasons of `REJECTED_ROWS`.
        class_names: the classes in the logs.
        delays: whether it is known when labels came.
        noise: how much performance varies between days. A segment has the design effects of its whole, since it has too
            few labels to have its own.
        usual: the coverage of past days, for all rows together.
    """
    names = by_key({*class_names, *spec.spec.inference.columns.scores})
    hidden = 0
    for reason in REJECTED_ROWS:
        yield Sample(catalogue.LABEL_ODD_ROWS, (spec.name, reason), rejected.get(reason, 0))
    for window in windows:
        yield from _delays(spec, window) if delays else ()
        for group in shown(spec, window):
            factors = widenings(spec, window.groups[group], noise, window.hours)
            for part in (group, *segments_of(group, window.groups)):
                values = performance_values(spec, window.groups[part], window.end, factors)
                values |= _coverage_threshold(spec, window, group, usual) if part is group else {}
                yield from samples_of(values, labels_of(spec, window.name, part))
            yield from _design_effects(spec, window, group, noise)
            unjudged = _unjudged(window.groups[group], spec.spec.thresholds.min_rows)
            yield from samples_of(unjudged, labels_of(spec, window.name, group))
            yield from _by_class_or_reason(spec, window, group, names)
            yield from _diagram(spec, window, group)
            hidden = max(hidden, hidden_classes(window.groups[group].performance, spec.spec.limits.classes))
    if spec.spec.task == "multiclass_classification":
        yield Sample(catalogue.SERIES_LIMITED, (spec.name, catalogue.LABELLED_CLASS), hidden)


def shown(spec: ModelSpec, window: MatureWindow) -> list[Group]:
    """The groups of the exposed versions, without their segments."""
    return largest_groups({group: outcome.rows for group, outcome in window.groups.items()}, spec.spec.limits.versions)


def _by_class_or_reason(
    spec: ModelSpec, window: MatureWindow, group: Group, names: Mapping[float, str]
) -> Iterator[Sample]:
    """The samples of each class, or of each reason why a list is not evaluated."""
    outcome = window.groups[group]
    found: dict[str, dict[Metric, float]] = {}
    if outcome.withheld:
        return
    if isinstance(outcome.performance, Ranked):
        found = {reason: {catalogue.NDCG_LISTS_LEFT_OUT: n} for reason, n in outcome.performance.left_out.items()}
    elif isinstance(outcome.performance, Classified) and outcome.known >= spec.spec.thresholds.min_rows:
        proper, limit = not outcome.improper, spec.spec.limits.classes
        found = class_values(outcome.performance, names, limit, proper=proper)
    labels = labels_of(spec, window.name, group)
    for key, values in found.items():
        yield from samples_of(values, {**labels, catalogue.CLASS: key, catalogue.REASON: key})


def _diagram(spec: ModelSpec, window: MatureWindow, group: Group) -> Iterator[Sample]:
    """The bins of the reliability diagram behind the calibration error, numbered from 01."""
    outcome = window.groups[group]
    labelled = confident(outcome)
    if labelled is None or outcome.withheld or outcome.known < spec.spec.thresholds.min_rows:
        return
    diagram = calibration.reliability(labelled)
    columns = {
        catalogue.CALIBRATION_BIN_PREDICTED_RATIO: diagram.predicted,
        catalogue.CALIBRATION_BIN_OBSERVED_RATIO: diagram.observed,
        catalogue.CALIBRATION_BIN_ROWS: diagram.rows,
    }
    labels = labels_of(spec, window.name, group)
    for metric, values in columns.items():
        for place, value in enumerate(values.tolist(), 1):
            yield from samples_of({metric: value}, {**labels, catalogue.BIN: f"{place:02}"})


def _delays(spec: ModelSpec, window: MatureWindow) -> Iterator[Sample]:
    whole = [window.groups[group] for group in unsegmented(window.groups)]
    if whole and sum(each.known for each in whole) >= spec.spec.thresholds.min_rows:
        delays = reduce(add, (outcome.delays for outcome in whole))
        for percentile in PERCENTILES:
            delay = delay_quantile(delays, percentile / 100)
            if math.isfinite(delay):
                yield Sample(catalogue.LABEL_DELAY_SECONDS, (spec.name, window.name, str(percentile)), delay)


def _coverage_threshold(
    spec: ModelSpec, window: MatureWindow, group: Group, usual: UsualCoverage
) -> dict[Metric, float]:
    rows, limits = window.groups[group].rows, spec.spec.thresholds
    if not rows:
        return {}
    level = usual.threshold(limits.label_coverage, rows, window.hours, limits.false_positive_rate)
    return {catalogue.LABEL_COVERAGE_RATIO_THRESHOLD: level}


def _design_effects(spec: ModelSpec, window: MatureWindow, group: Group, noise: LabelNoise) -> Iterator[Sample]:
    """The design effect of each metric that has one; of calibration, that of the gaps of its bins."""
    outcome, hours = window.groups[group], window.hours
    estimates = estimates_of(spec, outcome) if noise.excess else {}
    effects = {metric: noise.design_effect(metric, each, hours) for metric, each in estimates.items()}
    if estimates and (labelled := confident(outcome)) is not None:
        effects[catalogue.CALIBRATION_ERROR] = noise.calibration_effect(calibration.reliability(labelled), hours)
    for metric, effect in effects.items():
        if effect is not None:
            labels = {**labels_of(spec, window.name, group), catalogue.METRIC: metric.key}
            yield from samples_of({catalogue.LABEL_DESIGN_EFFECT: effect}, labels)


def _unjudged(outcome: Outcome, least: int) -> dict[Metric, float]:
    """The share of labelled predictions that cannot be judged, and the share above which performance is withheld."""
    total = outcome.known + outcome.invalid.rows
    if not total:
        return {}
    ratio = 1.0 if outcome.foreign else outcome.invalid.ratio(outcome.known)
    level = {catalogue.LABEL_INVALID_RATIO_THRESHOLD: FEW} if total >= least else {}
    return {catalogue.LABEL_INVALID_RATIO: ratio, **level}
