"""Samples of windows of the inference log, from the spec, the reference and the windows' profiles.

A sample is left out rather than guessed: a missing column, a window with too few rows or a statistic that does not
exist for the data gives no sample, and neither does a score without its threshold.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from exporter import catalogue
from exporter.catalogue import Broken, Metric
from exporter.comparison.accepted import NOTHING_ACCEPTED, AcceptedFeatures
from exporter.comparison.broken import broken
from exporter.comparison.classes import class_series, hidden_classes
from exporter.comparison.confidence import confidence_series
from exporter.comparison.distributions import distribution, most_drifted
from exporter.comparison.features import (
    LabelledValues,
    Pair,
    ThresholdSettings,
    Values,
    dataset_values,
    feature_values,
)
from exporter.comparison.readability import lost_features, readability
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
    """One value of one series; `labels` are in the order of the metric's labels."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class WindowProfile:
    """A window of the inference log, as profiles.

    `name` is the name of its length (`1h`) and `window` its time. `groups` has a profile per group; those of segments
    are in the binning's `coarse` cells. `hours` has the rows of each group by hour of the local week, (168,).
    """

    name: str
    window: Window
    groups: Mapping[Group, Profile]
    hours: Mapping[Group, Floats]


def evaluate(
    spec: ModelSpec,
    reference: Reference,
    windows: Sequence[WindowProfile],
    accepted: AcceptedFeatures = NOTHING_ACCEPTED,
) -> list[Sample]:
    """Every sample of a model's windows, in a stable order.

    Args:
        spec: the model.
        reference: the reference of the windows.
        windows: the windows' profiles, counted with the reference's binning.
        accepted: the changes that the spec accepts.

    Returns:
        Samples with finite values only. Segments have samples only of metrics with the label `segment`.
    """
    samples = [
        *_freshness(spec, windows),
        *_limited_classes(spec, reference, windows),
        *_limited_segments(spec, reference, windows),
    ]
    with np.errstate(over="ignore", invalid="ignore"):  # values too large for a float are left out
        for window in windows:
            comparison = _Comparison(
                spec, reference, window, _threshold_settings(spec.spec, reference, window, accepted)
            )
            for group in shown_groups(spec, window):
                whole = comparison.samples(group)
                samples += [*whole, *comparison.segments(group, whole)]
    return samples


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A window, its reference and the settings of its thresholds."""

    spec: ModelSpec
    reference: Reference
    window: WindowProfile
    settings: ThresholdSettings

    def samples(self, group: Group) -> list[Sample]:
        """The samples of a group's rows."""
        profile, segment, labels = self.window.groups[group], group.segment, self._labels(group)
        samples = list(samples_of({catalogue.VERSION_ROWS: profile.rows}, labels))
        known = self.reference.binning.by_name if segment == WHOLE else {}
        for own, values in readability(self.spec.spec, profile, known) if known else ():
            samples += samples_of(values, {**labels, **own})
        seasons = self.reference.seasons if segment == WHOLE else self.reference.segment_seasons[segment]
        before = mixture(seasons, self.window.hours[group])
        if before is not None:
            pair = Pair(group_binning(self.reference.binning, group), before, profile)
            features = [feature for feature in self.spec.spec.features if feature.name != segment.column]
            samples += _compared(self.spec.spec, features, self.settings, pair, labels)
        return samples

    def segments(self, group: Group, whole: Sequence[Sample]) -> Iterator[Sample]:
        """The samples of a group's segments; all of them together have the false alarm rate of the whole."""
        if not self.reference.segments:
            return
        rate = thresholds.per_comparison(self.settings.rate, len(self.reference.segments))
        comparison = replace(self, settings=replace(self.settings, rate=rate, own_weeks=False))
        for part in map(group.within, self.reference.segments):
            if part in self.window.groups:
                samples = comparison.samples(part)
                yield from samples
                yield from samples_of(segment_values(_by_metric(samples), _by_metric(whole)), self._labels(part))

    def _labels(self, group: Group) -> Labels:
        return labels_of(self.spec, self.window.name, group)


def _by_metric(samples: Sequence[Sample]) -> dict[Metric, float]:
    return {sample.metric: sample.value for sample in samples}


def _threshold_settings(
    spec: Body, reference: Reference, window: WindowProfile, accepted: AcceptedFeatures
) -> ThresholdSettings:
    weekday = Calendar.of(spec.seasonality).end_weekday(window.window.end)
    return ThresholdSettings(
        spec.thresholds,
        comparison_rate(spec),
        weekday,
        reference.stretches.get(window.name, {}),
        accepted={name: feature.level(window.name) for name, feature in accepted.items()},
    )


def comparison_rate(spec: Body) -> float:
    """The probability of a false alarm per comparison, of which all together have the spec's rate."""
    return thresholds.per_comparison(spec.thresholds.false_positive_rate, _comparisons(spec))


def _comparisons(spec: Body) -> int:
    """The number of comparisons that may alert: each feature, and the score's mean, PSI, confidence and classes."""
    score = spec.inference.columns.score
    of_predictions = (score, score, score and spec.confidence_edges, spec.class_column)
    return len(spec.features) + sum(map(bool, of_predictions))


def labels_of(spec: ModelSpec, window: str, group: Group) -> Labels:
    """The series labels of a group's rows in a window, which is given by its name."""
    return {catalogue.MODEL: spec.name, catalogue.WINDOW: window, **group.labels}


def samples_of(values: Mapping[Metric, float], labels: Labels) -> Iterator[Sample]:
    """The samples of finite values. `labels` has every label of the metrics; segments need the label `segment`."""
    for metric, value in values.items():
        allowed = catalogue.SEGMENT in metric.labels or not labels.get(catalogue.SEGMENT)
        if allowed and math.isfinite(value):
            yield Sample(metric, tuple(labels[name] for name in metric.labels), float(value))


def shown_groups(spec: ModelSpec, window: WindowProfile) -> list[Group]:
    """The groups of the exposed versions, without their segments."""
    return largest_groups({group: profile.rows for group, profile in window.groups.items()}, spec.spec.limits.versions)


def _versions(window: WindowProfile) -> Counter[str]:
    """The rows of each version, over all its roles."""
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
        profiles = (window.groups[group] for window in windows for group in shown_groups(spec, window))
        hidden = max((hidden_classes(column, reference.binning, each, limit) for each in profiles), default=0)
        labels = {catalogue.MODEL: spec.name, catalogue.LABEL: catalogue.CLASS}
        yield from samples_of({catalogue.SERIES_LIMITED: hidden}, labels)


def _limited_segments(spec: ModelSpec, reference: Reference, windows: Sequence[WindowProfile]) -> Iterator[Sample]:
    """The number of values without a segment in the segments' columns, beyond the most frequent ones."""
    limit, binning = spec.spec.limits.segments, reference.binning
    columns = [column for column in spec.spec.segments if column in binning.by_name]
    if columns:
        profiles = [window.groups[group] for window in windows for group in shown_groups(spec, window)]
        hidden = [max((hidden_classes(each, binning, p, limit) for p in profiles), default=0) for each in columns]
        labels = {catalogue.MODEL: spec.name, catalogue.LABEL: catalogue.SEGMENT}
        yield from samples_of({catalogue.SERIES_LIMITED: sum(hidden)}, labels)


def _compared(
    spec: Body, features: Sequence[Feature], settings: ThresholdSettings, pair: Pair, labels: Labels
) -> Iterator[Sample]:
    compared: dict[Feature, Values] = {}
    counted: dict[Feature, bool] = {}
    page_psi = spec.thresholds.page_psi
    for feature in features:
        values, own = feature_values(feature.name, pair, settings), {**labels, catalogue.FEATURE: feature.name}
        yield from samples_of(values, own)
        if catalogue.FEATURE_NEW_CATEGORY_RATIO in values:
            yield from _new_categories(spec, pair, own)
        if catalogue.FEATURE_DRIFTED in values:
            compared[feature] = values
            counted[feature] = bool(values[catalogue.FEATURE_DRIFTED]) and values[catalogue.FEATURE_PSI] > page_psi
        reason = broken(feature, pair, values, settings)
        if reason is not None:
            yield from samples_of({catalogue.FEATURE_BROKEN: reason != Broken.NONE}, {**own, catalogue.REASON: reason})
            counted[feature] = counted.get(feature, False) or reason != Broken.NONE
    if not labels.get(catalogue.SEGMENT):
        yield from _distributions(most_drifted(compared, spec.limits.distributions), pair, labels)
    lost = {feature: True for feature in lost_features(spec, features, pair) if feature not in compared}
    yield from samples_of(dataset_values(counted | lost, settings), labels)
    for own_labels, values in _of_predictions(spec, settings, pair):
        yield from samples_of(values, {**labels, **own_labels})


def _distributions(features: Sequence[Feature], pair: Pair, labels: Labels) -> Iterator[Sample]:
    for feature in features:
        for own_labels, values in distribution(feature.name, pair):
            yield from samples_of(values, {**labels, catalogue.FEATURE: feature.name, **own_labels})


def _of_predictions(spec: Body, settings: ThresholdSettings, pair: Pair) -> Iterator[LabelledValues]:
    score = spec.inference.columns.score or ""
    yield from score_series(score, pair, settings)
    yield from confidence_series(score, spec.confidence_edges, pair, settings)
    yield from class_series(spec.class_column or "", pair, settings, spec.limits.classes)


def _new_categories(spec: Body, pair: Pair, labels: Labels) -> Iterator[Sample]:
    """The new categories by name, without those of the reference that only its limit of categories left out."""
    name = labels[catalogue.FEATURE]
    before, now = (side.novel for side in pair.categorical(name))
    novel = {category: rows for category, rows in now.items() if category not in before}
    for category, rows in most_frequent(novel, spec.limits.new_categories).items():
        yield from samples_of({catalogue.FEATURE_NEW_CATEGORY_ROWS: rows}, {**labels, catalogue.CATEGORY: category})
