"""Spec, windows and profiles in, samples out: the one place that joins them.

A sample is left out rather than guessed: a column that is missing, a window with too few rows, a statistic that does
not exist for the data give no sample at all, and a score without its threshold is none either.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.profiles.binning import Counts, NumericBins
from exporter.profiles.profile import (
    CategoricalColumn,
    NumericColumn,
    Profile,
    categorical_column,
    most_frequent,
    numeric_column,
)
from exporter.profiles.reference import Reference
from exporter.spec.model import Body, Feature, ModelSpec, Thresholds
from exporter.spec.windows import Window
from exporter.statistics import drift, thresholds

Column = NumericColumn | CategoricalColumn
Values = dict[Metric, float]
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series; `labels` in the order of the metric's."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class WindowProfile:
    """A window of the inference log, summed up: its name (`1h`), its place in time, a profile per model version."""

    name: str
    window: Window
    versions: Mapping[str, Profile]


@dataclass(frozen=True, slots=True)
class _Judge:
    """What a score must exceed; `rate` is how often chance alone may lift one feature above its threshold."""

    spec: Thresholds
    rate: float


def evaluate(spec: ModelSpec, reference: Reference, windows: Sequence[WindowProfile]) -> list[Sample]:
    """Every sample of a model's windows, in a stable order.

    Args:
        spec: the model.
        reference: what the windows are compared with.
        windows: the windows' profiles, counted under the reference's binning.

    Returns:
        Samples with finite values only.
    """
    samples = [*_freshness(spec, windows)]
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large for a float is left out
        for window in windows:
            for version, profile in _shown(spec, window).items():
                labels = {catalogue.MODEL: spec.name, catalogue.VERSION: version, catalogue.WINDOW: window.name}
                samples += _version(spec.spec, reference, profile, labels)
    return samples


def _samples(values: Mapping[Metric, float], labels: Labels) -> Iterator[Sample]:
    """The values that exist, as samples; `labels` are all that a metric may ask for."""
    for metric, value in values.items():
        if math.isfinite(value):
            yield Sample(metric, tuple(labels[name] for name in metric.labels), float(value))


def _shown(spec: ModelSpec, window: WindowProfile) -> dict[str, Profile]:
    rows = {version: profile.rows for version, profile in window.versions.items()}
    return {version: window.versions[version] for version in most_frequent(rows, spec.spec.limits.versions)}


def _freshness(spec: ModelSpec, windows: Sequence[WindowProfile]) -> Iterator[Sample]:
    labels = {catalogue.MODEL: spec.name, catalogue.STREAM: catalogue.INFERENCE, catalogue.LABEL: catalogue.VERSION}
    for window in windows:
        values: Values = {
            catalogue.WINDOW_ROWS: sum(profile.rows for profile in window.versions.values()),
            catalogue.WINDOW_END_TIMESTAMP_SECONDS: window.window.end.timestamp(),
        }
        yield from _samples(values, {**labels, catalogue.WINDOW: window.name})
    hidden = max((len(window.versions) - len(_shown(spec, window)) for window in windows), default=0)
    yield from _samples({catalogue.SERIES_LIMITED: hidden}, labels)


def _version(spec: Body, reference: Reference, profile: Profile, labels: Labels) -> Iterator[Sample]:
    limits = spec.thresholds
    judge = _Judge(limits, thresholds.per_comparison(limits.false_positive_rate, len(spec.features)))
    yield from _samples({catalogue.VERSION_ROWS: profile.rows}, labels)
    drifted: dict[Feature, bool] = {}
    for feature in spec.features:
        values, own = _feature(feature.name, reference, profile, judge), {**labels, catalogue.FEATURE: feature.name}
        yield from _samples(values, own)
        if catalogue.FEATURE_NEW_CATEGORY_RATIO in values:
            yield from _new_categories(spec, reference, profile, own)
        if catalogue.FEATURE_DRIFTED in values:
            drifted[feature] = bool(values[catalogue.FEATURE_DRIFTED])
    yield from _samples(_dataset(drifted, judge) | _score(spec, reference, profile), labels)


# ------------------------------------------------------------------------------------------------ one feature


def _feature(name: str, reference: Reference, profile: Profile, judge: _Judge) -> Values:
    binning, before = reference.binning, reference.profile
    if name not in binning.by_name:
        return {}
    if isinstance(binning.by_name[name], NumericBins):
        return _numeric(numeric_column(before, binning, name), numeric_column(profile, binning, name), judge)
    return _categorical(categorical_column(before, binning, name), categorical_column(profile, binning, name), judge)


def _numeric(before: NumericColumn, now: NumericColumn, judge: _Judge) -> Values:
    return _any(before, now, judge) | _order(before, now, judge) | _moments(before, now, judge)


def _any(before: Column, now: Column, judge: _Judge) -> Values:
    """What every feature has."""
    rows: Values = {catalogue.FEATURE_ROWS: now.rows} if now.rows else {}
    if now.rows < judge.spec.min_rows:
        return rows
    return rows | _nulls(before, now, judge) | _drift(before.cells, now.cells, judge)


def _nulls(before: Column, now: Column, judge: _Judge) -> Values:
    level = _ratio_level(judge.spec.feature_null_ratio.floor, before.missing, before.rows, now.rows, judge.rate)
    ratio, usual = _share(now.missing, now.rows), _share(before.missing, before.rows)
    judged = _judged(catalogue.FEATURE_NULL_RATIO, ratio, catalogue.FEATURE_NULL_RATIO_THRESHOLD, level)
    return judged | {catalogue.FEATURE_NULL_RATIO_REFERENCE: usual}


def _drift(before: Counts, now: Counts, judge: _Judge) -> Values:
    index = drift.population_stability_index(before, now)
    cells = drift.effective_cells(before, now)
    noise = thresholds.psi_noise(cells, int(before.sum()), int(now.sum()), judge.rate)
    level = thresholds.threshold(judge.spec.feature_psi.floor, noise)
    judged = _judged(catalogue.FEATURE_PSI, index, catalogue.FEATURE_PSI_THRESHOLD, level)
    if judged:
        judged[catalogue.FEATURE_DRIFTED] = index > level
    return judged | {catalogue.FEATURE_JS_DISTANCE: drift.jensen_shannon_distance(before, now)}


def _order(before: NumericColumn, now: NumericColumn, judge: _Judge) -> Values:
    """What needs values that can be put in order, infinities among them."""
    if now.comparable < judge.spec.min_rows:
        return {}
    return {
        catalogue.FEATURE_KS_STATISTIC: drift.kolmogorov_smirnov(before.ordered, now.ordered),
        catalogue.FEATURE_OUT_OF_RANGE_RATIO: _share(now.out_of_range, now.comparable),
        catalogue.FEATURE_OUT_OF_RANGE_RATIO_REFERENCE: _share(before.out_of_range, before.comparable),
    }


def _moments(before: NumericColumn, now: NumericColumn, judge: _Judge) -> Values:
    """What needs values that can be added."""
    if now.finite < judge.spec.min_rows:
        return {}
    distance = drift.wasserstein_distance(before.edges, before.bins, before.sums, now.bins, now.sums)
    return {
        catalogue.FEATURE_WASSERSTEIN_DISTANCE: distance / before.stddev if before.stddev else math.nan,
        catalogue.FEATURE_MEAN: now.mean,
        catalogue.FEATURE_MEAN_REFERENCE: before.mean,
        catalogue.FEATURE_MEAN_SHIFT: drift.mean_shift(now.mean, before.mean, before.stddev),
        catalogue.FEATURE_STDDEV_RATIO: drift.stddev_ratio(now.stddev, before.stddev, before.mean),
    }


def _categorical(before: CategoricalColumn, now: CategoricalColumn, judge: _Judge) -> Values:
    values = _any(before, now, judge)
    if now.rows < judge.spec.min_rows:
        return values
    test = drift.chi_squared(before.cells, now.cells)
    values |= {catalogue.FEATURE_CHI2_STATISTIC: test.statistic, catalogue.FEATURE_CHI2_P_VALUE: test.p_value}
    floor = judge.spec.feature_new_category_ratio.floor
    level = _ratio_level(floor, before.new, before.rows, now.rows, judge.rate)
    ratio, threshold = catalogue.FEATURE_NEW_CATEGORY_RATIO, catalogue.FEATURE_NEW_CATEGORY_RATIO_THRESHOLD
    return values | _judged(ratio, _share(now.new, now.rows), threshold, level)


def _new_categories(spec: Body, reference: Reference, profile: Profile, labels: Labels) -> Iterator[Sample]:
    """The new categories by name, without those that the reference has too and that only its limit left out."""
    name = labels[catalogue.FEATURE]
    now, before = (categorical_column(side, reference.binning, name).novel for side in (profile, reference.profile))
    novel = {category: rows for category, rows in now.items() if category not in before}
    for category, rows in most_frequent(novel, spec.limits.new_categories).items():
        yield from _samples({catalogue.FEATURE_NEW_CATEGORY_ROWS: rows}, {**labels, catalogue.CATEGORY: category})


# ------------------------------------------------------------------------------------------------ all features, scores


def _dataset(drifted: Mapping[Feature, bool], judge: _Judge) -> Values:
    if not drifted:
        return {}
    weights = [feature.importance for feature in drifted]
    noise = thresholds.drift_share_noise(weights, judge.spec.false_positive_rate, judge.rate)
    share = drift.drift_share(list(drifted.values()), weights)
    level = thresholds.threshold(judge.spec.drift_share.floor, noise)
    return _judged(catalogue.DATA_DRIFT_SHARE, share, catalogue.DATA_DRIFT_SHARE_THRESHOLD, level)


def _score(spec: Body, reference: Reference, profile: Profile) -> Values:
    name, limits = spec.inference.columns.score or "", spec.thresholds
    if not isinstance(reference.binning.by_name.get(name), NumericBins):
        return {}
    before, now = (numeric_column(side, reference.binning, name) for side in (reference.profile, profile))
    if now.finite < limits.min_rows:
        return {}
    shift = abs(drift.mean_shift(now.mean, before.mean, before.stddev))
    noise = thresholds.mean_shift_noise(before.finite, now.finite, limits.false_positive_rate)
    level = thresholds.threshold(limits.prediction_mean_shift.floor, noise)
    means = {catalogue.PREDICTION_MEAN: now.mean, catalogue.PREDICTION_MEAN_REFERENCE: before.mean}
    return means | _judged(catalogue.PREDICTION_MEAN_SHIFT, shift, catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD, level)


def _ratio_level(floor: float, before: int, before_rows: int, rows: int, rate: float) -> float:
    """The level of a ratio: the reference's own and the floor, or what chance alone may reach if that is more."""
    noise = thresholds.ratio_noise(before, before_rows, rows, rate)
    return thresholds.threshold(min(_share(before, before_rows) + floor, 1.0), noise)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _judged(score: Metric, value: float, threshold: Metric, level: float) -> Values:
    """A score and its threshold, or neither: an alert compares the two."""
    return {score: value, threshold: level} if math.isfinite(value) and math.isfinite(level) else {}
