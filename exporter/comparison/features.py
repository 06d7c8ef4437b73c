"""The features of a window, compared with their reference: every statistic, and the thresholds of scores.

A statistic that does not exist for the data is NaN or left out. A score without a threshold is left out too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.comparison.accepted import NOTHING, AcceptedLevel, beyond_accepted, raised_psi, raised_ratio
from exporter.comparison.sensitivity import sensitivity_values
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
from exporter.statistics.scale import scale_ratio
from exporter.statistics.wasserstein import wasserstein_distance

Column = NumericColumn | CategoricalColumn
Values = dict[Metric, float]
LabelledValues = tuple[Mapping[str, str], Values]
"""Values, and the series labels that they have besides those of every series of the window."""
NO_LABELS: Final[Mapping[str, str]] = {}
"""The series labels of values of the window as a whole."""

KNOWN_WEEKS_PSI: Final = 0.05
"""The default floor of a PSI where stretches are known from the reference's own weeks."""
UNKNOWN_WEEKS_PSI: Final = 0.2
"""The default floor elsewhere, where a season may look like drift: the usual convention for a significant shift."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A window and its reference, counted in the same cells."""

    binning: Binning
    before: Profile
    now: Profile

    def column(self, name: str) -> tuple[Column, Column]:
        """A column of the reference and of the window."""
        return self.numeric(name) if isinstance(self.binning.by_name[name], NumericBins) else self.categorical(name)

    def numeric(self, name: str) -> tuple[NumericColumn, NumericColumn]:
        """A numeric column of the reference and of the window."""
        return numeric_column(self.before, self.binning, name), numeric_column(self.now, self.binning, name)

    def categorical(self, name: str) -> tuple[CategoricalColumn, CategoricalColumn]:
        """A categorical column of the reference and of the window."""
        return categorical_column(self.before, self.binning, name), categorical_column(self.now, self.binning, name)


@dataclass(frozen=True, slots=True)
class ThresholdSettings:
    """The settings from which the thresholds of a window are computed.

    `rate` is the probability of a false alarm per comparison. `weekday` is that of the window's end, in the model's
    calendar. `stretches` are the factors of each column's noise; see `exporter.statistics.dispersion`. `own_weeks` is
    False for a segment, whose stretches are those of all rows. `accepted` are the levels of features with an accepted
    change.
    """

    spec: Thresholds
    rate: float
    weekday: int
    stretches: Mapping[str, Sequence[float]]
    own_weeks: bool = True
    accepted: Mapping[str, AcceptedLevel] = field(default_factory=dict)

    def stretch(self, column: str) -> float:
        """The factor for the noise of a squared deviation of a column."""
        return self.stretches[column][self.weekday] if column in self.stretches else 1.0

    def floor(self, threshold: Threshold) -> float:
        """The smallest effect that may alert on this weekday."""
        return threshold.on(WEEKDAYS[self.weekday])

    def psi_floor(self, column: str, given: Threshold | None) -> float:
        """The floor of a PSI: the given one, or a default that is small where the reference's own weeks are known."""
        default = KNOWN_WEEKS_PSI if self.own_weeks and column in self.stretches else UNKNOWN_WEEKS_PSI
        return self.floor(given or Threshold(floor=default))


# ------------------------------------------------------------------------------------------------ one feature


def feature_values(name: str, pair: Pair, settings: ThresholdSettings) -> Values:
    """The values of a feature; empty when the reference lacks the column."""
    bins = pair.binning.by_name.get(name)
    if bins is None:
        return {}
    if isinstance(bins, NumericBins):
        return _numeric(name, *pair.numeric(name), settings)
    return _categorical(name, *pair.categorical(name), settings)


def _numeric(name: str, before: NumericColumn, now: NumericColumn, settings: ThresholdSettings) -> Values:
    return _any(name, before, now, settings) | _order(before, now, settings) | _moments(before, now, settings)


def _any(name: str, before: Column, now: Column, settings: ThresholdSettings) -> Values:
    """The values that every feature has."""
    rows: Values = {catalogue.FEATURE_ROWS: now.rows} if now.rows else {}
    if now.rows < settings.spec.min_rows:
        return rows
    values = rows | _nulls(name, before, now, settings) | _drift(name, before, now, settings)
    if settings.own_weeks and catalogue.FEATURE_PSI_THRESHOLD in values:
        values |= sensitivity_values(before, now.rows, values[catalogue.FEATURE_PSI_THRESHOLD])
    return values


def _nulls(name: str, before: Column, now: Column, settings: ThresholdSettings) -> Values:
    floor, accepted = settings.floor(settings.spec.feature_null_ratio), settings.accepted.get(name, NOTHING)
    level = _ratio_level(floor, before.missing, before.rows, now.rows, settings.rate)
    ratio, usual = _share(now.missing, now.rows), _share(before.missing, before.rows)
    values = with_threshold(catalogue.FEATURE_NULL_RATIO, ratio, level)
    values = beyond_accepted(
        values, catalogue.FEATURE_NULL_RATIO, lambda usual: raised_ratio(accepted.nulls, floor, usual)
    )
    return values | {catalogue.FEATURE_NULL_RATIO_REFERENCE: usual}


def _drift(name: str, before: Column, now: Column, settings: ThresholdSettings) -> Values:
    rows, accepted = (before.psi_cells, now.psi_cells), settings.accepted.get(name, NOTHING)
    values = psi_values(catalogue.FEATURE_PSI, name, rows, settings, settings.spec.feature_psi)
    values = beyond_accepted(values, catalogue.FEATURE_PSI, lambda usual: raised_psi(accepted.psi, usual))
    if catalogue.FEATURE_PSI_THRESHOLD in values:
        values[catalogue.FEATURE_DRIFTED] = values[catalogue.FEATURE_PSI] > values[catalogue.FEATURE_PSI_THRESHOLD]
    return values | {catalogue.FEATURE_JS_DISTANCE: drift.jensen_shannon_distance(before.cells, now.cells)}


def psi_values(
    score: Metric, column: str, rows: tuple[Rows, Rows], settings: ThresholdSettings, floor: Threshold | None
) -> Values:
    """A population stability index with its threshold; `rows` are the rows of both sides in the same cells.

    The cells are those of the column, or other cells of the same values: the column's stretch holds for both. A feature
    leaves its new categories out: the others' shares are then those among known categories and nulls, and a category
    that is new does not count twice.
    """
    before, now = rows
    index = drift.population_stability_index(before, now)
    cells = drift.effective_cells(before, now)
    noise = thresholds.psi_noise(cells, float(before.sum()), float(now.sum()), settings.rate)
    level = thresholds.threshold(settings.psi_floor(column, floor), noise * settings.stretch(column))
    return with_threshold(score, index, level)


def _order(before: NumericColumn, now: NumericColumn, settings: ThresholdSettings) -> Values:
    """The values that need comparable values, infinities included."""
    if now.comparable < settings.spec.min_rows:
        return {}
    return {
        catalogue.FEATURE_KS_STATISTIC: drift.kolmogorov_smirnov(before.ordered, now.ordered),
        catalogue.FEATURE_OUT_OF_RANGE_RATIO: _share(now.out_of_range, now.comparable),
        catalogue.FEATURE_OUT_OF_RANGE_RATIO_REFERENCE: _share(before.out_of_range, before.comparable),
    }


def _moments(before: NumericColumn, now: NumericColumn, settings: ThresholdSettings) -> Values:
    """The values that need finite values."""
    if now.finite < settings.spec.min_rows:
        return {}
    distance = wasserstein_distance(before.edges, before.bins, before.sums, now.bins, now.sums)
    return {
        catalogue.FEATURE_WASSERSTEIN_DISTANCE: distance / before.stddev if before.stddev else math.nan,
        catalogue.FEATURE_SCALE_FACTOR: scale_ratio(before.bins, before.sums, now.bins, now.sums),
        catalogue.FEATURE_MEAN: now.mean,
        catalogue.FEATURE_MEAN_REFERENCE: before.mean,
        catalogue.FEATURE_MEAN_SHIFT: drift.mean_shift(now.mean, before.mean, before.stddev),
        catalogue.FEATURE_STDDEV_RATIO: drift.stddev_ratio(now.stddev, before.stddev, before.mean),
    }


def _categorical(name: str, before: CategoricalColumn, now: CategoricalColumn, settings: ThresholdSettings) -> Values:
    values = _any(name, before, now, settings)
    if now.rows < settings.spec.min_rows:
        return values
    test = drift.chi_squared(before.cells, now.cells)
    values |= {catalogue.FEATURE_CHI2_STATISTIC: test.statistic, catalogue.FEATURE_CHI2_P_VALUE: test.p_value}
    return values | {catalogue.FEATURE_NEW_CATEGORY_RATIO: _share(now.new, now.rows)}


# ------------------------------------------------------------------------------------------------ all features


def dataset_values(drifted: Mapping[Feature, bool], settings: ThresholdSettings) -> Values:
    """The drift share of the features that could be compared or that the window lacks; empty without any."""
    if not drifted:
        return {}
    weights = [feature.importance for feature in drifted]
    noise = thresholds.drift_share_noise(weights, settings.spec.false_positive_rate, settings.rate)
    share = drift.drift_share(list(drifted.values()), weights)
    level = thresholds.threshold(settings.floor(settings.spec.drift_share), noise)
    return with_threshold(catalogue.DATA_DRIFT_SHARE, share, level)


def _ratio_level(floor: float, before: float, before_rows: float, rows: float, rate: float) -> float:
    """The threshold of a ratio: the reference's ratio plus the floor, or the noise level if that is greater."""
    noise = thresholds.ratio_noise(before, before_rows, int(rows), rate)
    return thresholds.threshold(min(_share(before, before_rows) + floor, 1.0), noise)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def with_threshold(score: Metric, value: float, level: float) -> Values:
    """A score and its threshold, or nothing when one of them is not finite: an alert compares the two."""
    return {score: value, score.threshold(): level} if math.isfinite(value) and math.isfinite(level) else {}
