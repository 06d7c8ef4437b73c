"""Spec, windows and profiles in, samples out: the one place that joins them.

A sample is left out rather than guessed: a column that is missing, a window with too few rows, a statistic that does
not exist for the data give no sample at all, and a score without its threshold is none either.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.comparison.classes import class_series, hidden_classes
from exporter.comparison.confidence import confidence_series
from exporter.comparison.distributions import distribution, most_drifted
from exporter.comparison.features import Judge, Labelled, Pair, Values, dataset_values, feature_values
from exporter.comparison.score import score_series
from exporter.comparison.segments import segment_values
from exporter.profiles.binning import Floats
from exporter.profiles.group import WHOLE, Group, largest_groups, unsegmented
from exporter.profiles.kernel import group_binning
from exporter.profiles.profile import Profile, most_frequent
from exporter.reference.reference import Reference
from exporter.reference.seasonal import mixture
from exporter.spec.model import Body, Feature, ModelSpec
from exporter.spec.seasons import Calendar, promql_weekday
from exporter.spec.windows import Window
from exporter.statistics import thresholds

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series; `labels` in the order of the metric's."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class WindowProfile:
    """A window of the inference log, summed up.

    `name` is its length (`1h`), `window` its place in time; `groups` holds a profile per group, those of segments in
    the binning's `coarse` cells, and `hours` how many of the group's rows lie in each hour of the local week, (168,).
    """

    name: str
    window: Window
    groups: Mapping[Group, Profile]
    hours: Mapping[Group, Floats]


def evaluate(spec: ModelSpec, reference: Reference, windows: Sequence[WindowProfile]) -> list[Sample]:
    """Every sample of a model's windows, in a stable order.

    Args:
        spec: the model.
        reference: what the windows are compared with.
        windows: the windows' profiles, counted under the reference's binning.

    Returns:
        Samples with finite values only; those of a segment have the metrics that bear the label.
    """
    samples = [
        *_freshness(spec, windows),
        *_limited_classes(spec, reference, windows),
        *_limited_segments(spec, reference, windows),
    ]
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large for a float is left out
        for window in windows:
            one = _Window(spec, reference, window, _judge(spec.spec, reference, window))
            for group in _shown(spec, window):
                whole = one.samples(group)
                samples += [*whole, *one.segments(group, whole)]
    return samples


@dataclass(frozen=True, slots=True)
class _Window:
    """A window beside what it is compared with and judged by."""

    spec: ModelSpec
    reference: Reference
    window: WindowProfile
    judge: Judge

    def samples(self, group: Group) -> list[Sample]:
        """What is said of a group's rows."""
        profile, segment, labels = self.window.groups[group], group.segment, self._labels(group)
        samples = list(samples_of({catalogue.VERSION_ROWS: profile.rows}, labels))
        seasons = self.reference.seasons if segment == WHOLE else self.reference.segment_seasons[segment]
        before = mixture(seasons, self.window.hours[group])
        if before is not None:
            pair = Pair(group_binning(self.reference.binning, group), before, profile)
            features = [feature for feature in self.spec.spec.features if feature.name != segment.column]
            samples += _compared(self.spec.spec, features, self.judge, pair, labels)
        return samples

    def segments(self, group: Group, whole: Sequence[Sample]) -> Iterator[Sample]:
        """What is said of a group's segments; all of them together alarm by chance as seldom as the whole does."""
        if not self.reference.segments:
            return
        rate = thresholds.per_comparison(self.judge.rate, len(self.reference.segments))
        judged = replace(self, judge=replace(self.judge, rate=rate, own_weeks=False))
        for part in map(group.within, self.reference.segments):
            if part in self.window.groups:
                samples = judged.samples(part)
                yield from samples
                yield from samples_of(segment_values(_by_metric(samples), _by_metric(whole)), self._labels(part))

    def _labels(self, group: Group) -> Labels:
        return labels_of(self.spec, self.window.name, group)


def _by_metric(samples: Sequence[Sample]) -> dict[Metric, float]:
    return {sample.metric: sample.value for sample in samples}


def _judge(spec: Body, reference: Reference, window: WindowProfile) -> Judge:
    rate = thresholds.per_comparison(spec.thresholds.false_positive_rate, _comparisons(spec))
    weekday = Calendar.of(spec.seasonality).end_weekday(window.window.end)
    return Judge(spec.thresholds, rate, weekday, reference.stretches.get(window.name, {}))


def _comparisons(spec: Body) -> int:
    """In how many ways noise may alarm: each feature, and the score's mean, distribution, confidence and classes."""
    score = spec.inference.columns.score
    answers = (score, score, score and spec.confidence_edges, spec.class_column)
    return len(spec.features) + sum(map(bool, answers))


def labels_of(spec: ModelSpec, window: str, group: Group) -> Labels:
    """The labels of what is said of a group's rows in a window, given its length's name."""
    return {catalogue.MODEL: spec.name, catalogue.WINDOW: window, **group.labels}


def samples_of(values: Mapping[Metric, float], labels: Labels) -> Iterator[Sample]:
    """The values that exist, as samples; `labels` are all that a metric may ask for, or are told of no segment."""
    for metric, value in values.items():
        told = catalogue.SEGMENT in metric.labels or not labels.get(catalogue.SEGMENT)
        if told and math.isfinite(value):
            yield Sample(metric, tuple(labels[name] for name in metric.labels), float(value))


def _shown(spec: ModelSpec, window: WindowProfile) -> list[Group]:
    """The groups of the versions that are shown, without their segments."""
    return largest_groups({group: profile.rows for group, profile in window.groups.items()}, spec.spec.limits.versions)


def _versions(window: WindowProfile) -> Counter[str]:
    """The rows of each version, in all its roles."""
    rows = Counter[str]()
    for group in unsegmented(window.groups):
        rows[group.version] += window.groups[group].rows
    return rows


def _freshness(spec: ModelSpec, windows: Sequence[WindowProfile]) -> Iterator[Sample]:
    labels = {catalogue.MODEL: spec.name, catalogue.STREAM: catalogue.INFERENCE, catalogue.LABEL: catalogue.VERSION}
    calendar = Calendar.of(spec.spec.seasonality)
    for window in windows:
        values: Values = {
            catalogue.WINDOW_ROWS: _versions(window).total(),
            catalogue.WINDOW_END_TIMESTAMP_SECONDS: window.window.end.timestamp(),
            catalogue.WINDOW_DAY_OF_WEEK: promql_weekday(calendar.end_weekday(window.window.end)),
        }
        yield from samples_of(values, {**labels, catalogue.WINDOW: window.name})
    limit = spec.spec.limits.versions
    hidden = max((max(len(_versions(window)) - limit, 0) for window in windows), default=0)
    yield from samples_of({catalogue.SERIES_LIMITED: hidden}, labels)


def _limited_classes(spec: ModelSpec, reference: Reference, windows: Sequence[WindowProfile]) -> Iterator[Sample]:
    column, limit = spec.spec.class_column, spec.spec.limits.classes
    if column is not None and column in reference.binning.by_name:
        profiles = (window.groups[group] for window in windows for group in _shown(spec, window))
        hidden = max((hidden_classes(column, reference.binning, each, limit) for each in profiles), default=0)
        labels = {catalogue.MODEL: spec.name, catalogue.LABEL: catalogue.CLASS}
        yield from samples_of({catalogue.SERIES_LIMITED: hidden}, labels)


def _limited_segments(spec: ModelSpec, reference: Reference, windows: Sequence[WindowProfile]) -> Iterator[Sample]:
    """How many values of the segments' columns have no segment, since they are not among the most frequent."""
    limit, binning = spec.spec.limits.segments, reference.binning
    columns = [column for column in spec.spec.segments if column in binning.by_name]
    if columns:
        profiles = [window.groups[group] for window in windows for group in _shown(spec, window)]
        hidden = [max((hidden_classes(each, binning, p, limit) for p in profiles), default=0) for each in columns]
        labels = {catalogue.MODEL: spec.name, catalogue.LABEL: catalogue.SEGMENT}
        yield from samples_of({catalogue.SERIES_LIMITED: sum(hidden)}, labels)


def _compared(spec: Body, features: Sequence[Feature], judge: Judge, pair: Pair, labels: Labels) -> Iterator[Sample]:
    drifted: dict[Feature, bool] = {}
    found: dict[Feature, Values] = {}
    for feature in features:
        values, own = feature_values(feature.name, pair, judge), {**labels, catalogue.FEATURE: feature.name}
        yield from samples_of(values, own)
        if catalogue.FEATURE_NEW_CATEGORY_RATIO in values:
            yield from _new_categories(spec, pair, own)
        if catalogue.FEATURE_DRIFTED in values:
            drifted[feature], found[feature] = bool(values[catalogue.FEATURE_DRIFTED]), values
    if not labels.get(catalogue.SEGMENT):
        yield from _distributions(most_drifted(found, spec.limits.distributions), pair, labels)
    yield from samples_of(dataset_values(drifted, judge), labels)
    for more, values in _answers(spec, judge, pair):
        yield from samples_of(values, {**labels, **more})


def _distributions(features: Sequence[Feature], pair: Pair, labels: Labels) -> Iterator[Sample]:
    for feature in features:
        for more, values in distribution(feature.name, pair):
            yield from samples_of(values, {**labels, catalogue.FEATURE: feature.name, **more})


def _answers(spec: Body, judge: Judge, pair: Pair) -> Iterator[Labelled]:
    score = spec.inference.columns.score or ""
    yield from score_series(score, pair, judge)
    yield from confidence_series(score, spec.confidence_edges, pair, judge)
    yield from class_series(spec.class_column or "", pair, judge, spec.limits.classes)


def _new_categories(spec: Body, pair: Pair, labels: Labels) -> Iterator[Sample]:
    """The new categories by name, without those that the reference has too and that only its limit left out."""
    name = labels[catalogue.FEATURE]
    before, now = (side.novel for side in pair.categorical(name))
    novel = {category: rows for category, rows in now.items() if category not in before}
    for category, rows in most_frequent(novel, spec.limits.new_categories).items():
        yield from samples_of({catalogue.FEATURE_NEW_CATEGORY_ROWS: rows}, {**labels, catalogue.CATEGORY: category})
