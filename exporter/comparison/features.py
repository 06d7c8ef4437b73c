"""One window of one version beside its reference: every value that can be had, each score with its threshold.

A statistic that does not exist for the data is NaN or left out, and a score without its threshold is none either.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.profiles.binning import Binning, NumericBins, Rows
from exporter.profiles.profile import (
    CategoricalColumn,
    NumericColumn,
    Profile,
    categorical_column,
    numeric_column,
)
from exporter.spec.model import Feature
from exporter.spec.seasons import WEEKDAYS
from exporter.spec.sections.thresholds import Threshold, Thresholds
from exporter.statistics import drift, thresholds

Column = NumericColumn | CategoricalColumn
Values = dict[Metric, float]
Labelled = tuple[Mapping[str, str], Values]
"""Values, and the labels that they have beside those of every series of the window."""
WHOLE: Final[Mapping[str, str]] = {}
"""The labels of what is said of the window as a whole."""

KNOWN_WEEKS_PSI: Final = 0.05
"""The floor of a PSI that a spec leaves out, where the reference's own weeks tell what is usual."""
UNKNOWN_WEEKS_PSI: Final = 0.2
"""The same where they do not, and a season may look like drift: the usual convention for a significant shift."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A window and what it is compared with, counted in the same cells."""

    binning: Binning
    before: Profile
    now: Profile

    def numeric(self, name: str) -> tuple[NumericColumn, NumericColumn]:
        """A numeric column of both."""
        return numeric_column(self.before, self.binning, name), numeric_column(self.now, self.binning, name)

    def categorical(self, name: str) -> tuple[CategoricalColumn, CategoricalColumn]:
        """A categorical column of both."""
        return categorical_column(self.before, self.binning, name), categorical_column(self.now, self.binning, name)


@dataclass(frozen=True, slots=True)
class Judge:
    """What a score must exceed.

    `rate` is how often chance alone may lift one feature, or the score, above its threshold; `weekday` is that of the
    window's end, in the model's own calendar; `stretches` say by column how much more the reference's own weeks differ
    than chance. `own_weeks` is False of a segment, whose weeks are judged by those of the whole.
    """

    spec: Thresholds
    rate: float
    weekday: int
    stretches: Mapping[str, Sequence[float]]
    own_weeks: bool = True

    def stretch(self, column: str) -> float:
        """By what to multiply the noise of a squared deviation."""
        return self.stretches[column][self.weekday] if column in self.stretches else 1.0

    def floor(self, threshold: Threshold) -> float:
        """The least effect worth an alert, on this weekday."""
        return threshold.on(WEEKDAYS[self.weekday])

    def psi_floor(self, column: str, given: Threshold | None) -> float:
        """The same of a PSI: a small effect is worth an alert where the reference's own weeks are known."""
        usual = KNOWN_WEEKS_PSI if self.own_weeks and column in self.stretches else UNKNOWN_WEEKS_PSI
        return self.floor(given or Threshold(floor=usual))


# ------------------------------------------------------------------------------------------------ one feature


def feature_values(name: str, pair: Pair, judge: Judge) -> Values:
    """What can be said of a feature; nothing when the reference does not have it."""
    bins = pair.binning.by_name.get(name)
    if bins is None:
        return {}
    if isinstance(bins, NumericBins):
        return _numeric(name, *pair.numeric(name), judge)
    return _categorical(name, *pair.categorical(name), judge)


def _numeric(name: str, before: NumericColumn, now: NumericColumn, judge: Judge) -> Values:
    return _any(name, before, now, judge) | _order(before, now, judge) | _moments(before, now, judge)


def _any(name: str, before: Column, now: Column, judge: Judge) -> Values:
    """What every feature has."""
    rows: Values = {catalogue.FEATURE_ROWS: now.rows} if now.rows else {}
    if now.rows < judge.spec.min_rows:
        return rows
    return rows | _nulls(before, now, judge) | _drift(name, before.cells, now.cells, judge)


def _nulls(before: Column, now: Column, judge: Judge) -> Values:
    level = _ratio_level(judge.floor(judge.spec.feature_null_ratio), before.missing, before.rows, now.rows, judge.rate)
    ratio, usual = _share(now.missing, now.rows), _share(before.missing, before.rows)
    told = judged(catalogue.FEATURE_NULL_RATIO, ratio, catalogue.FEATURE_NULL_RATIO_THRESHOLD, level)
    return told | {catalogue.FEATURE_NULL_RATIO_REFERENCE: usual}


def _drift(name: str, before: Rows, now: Rows, judge: Judge) -> Values:
    told = psi_values(catalogue.FEATURE_PSI, name, (before, now), judge, judge.spec.feature_psi)
    if told:
        told[catalogue.FEATURE_DRIFTED] = told[catalogue.FEATURE_PSI] > told[catalogue.FEATURE_PSI_THRESHOLD]
    return told | {catalogue.FEATURE_JS_DISTANCE: drift.jensen_shannon_distance(before, now)}


def psi_values(score: Metric, column: str, rows: tuple[Rows, Rows], judge: Judge, floor: Threshold | None) -> Values:
    """A population stability index with its threshold; `rows` are those of both sides, in the same cells.

    The cells are the column's own, or others of the same values: its stretch holds for both.
    """
    before, now = rows
    index = drift.population_stability_index(before, now)
    cells = drift.effective_cells(before, now)
    noise = thresholds.psi_noise(cells, float(before.sum()), float(now.sum()), judge.rate)
    level = thresholds.threshold(judge.psi_floor(column, floor), noise * judge.stretch(column))
    return judged(score, index, score.threshold(), level)


def _order(before: NumericColumn, now: NumericColumn, judge: Judge) -> Values:
    """What needs values that can be put in order, infinities among them."""
    if now.comparable < judge.spec.min_rows:
        return {}
    return {
        catalogue.FEATURE_KS_STATISTIC: drift.kolmogorov_smirnov(before.ordered, now.ordered),
        catalogue.FEATURE_OUT_OF_RANGE_RATIO: _share(now.out_of_range, now.comparable),
        catalogue.FEATURE_OUT_OF_RANGE_RATIO_REFERENCE: _share(before.out_of_range, before.comparable),
    }


def _moments(before: NumericColumn, now: NumericColumn, judge: Judge) -> Values:
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


def _categorical(name: str, before: CategoricalColumn, now: CategoricalColumn, judge: Judge) -> Values:
    values = _any(name, before, now, judge)
    if now.rows < judge.spec.min_rows:
        return values
    test = drift.chi_squared(before.cells, now.cells)
    values |= {catalogue.FEATURE_CHI2_STATISTIC: test.statistic, catalogue.FEATURE_CHI2_P_VALUE: test.p_value}
    floor = judge.floor(judge.spec.feature_new_category_ratio)
    level = _ratio_level(floor, before.new, before.rows, now.rows, judge.rate)
    ratio, threshold = catalogue.FEATURE_NEW_CATEGORY_RATIO, catalogue.FEATURE_NEW_CATEGORY_RATIO_THRESHOLD
    return values | judged(ratio, _share(now.new, now.rows), threshold, level)


# ------------------------------------------------------------------------------------------------ all features


def dataset_values(drifted: Mapping[Feature, bool], judge: Judge) -> Values:
    """What can be said of all features that were judged together; nothing when none was."""
    if not drifted:
        return {}
    weights = [feature.importance for feature in drifted]
    noise = thresholds.drift_share_noise(weights, judge.spec.false_positive_rate, judge.rate)
    share = drift.drift_share(list(drifted.values()), weights)
    level = thresholds.threshold(judge.floor(judge.spec.drift_share), noise)
    return judged(catalogue.DATA_DRIFT_SHARE, share, catalogue.DATA_DRIFT_SHARE_THRESHOLD, level)


def _ratio_level(floor: float, before: float, before_rows: float, rows: float, rate: float) -> float:
    """The level of a ratio: the reference's own and the floor, or what chance alone may reach if that is more."""
    noise = thresholds.ratio_noise(before, before_rows, int(rows), rate)
    return thresholds.threshold(min(_share(before, before_rows) + floor, 1.0), noise)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def judged(score: Metric, value: float, threshold: Metric, level: float) -> Values:
    """A score and its threshold, or neither: an alert compares the two."""
    return {score: value, threshold: level} if math.isfinite(value) and math.isfinite(level) else {}
