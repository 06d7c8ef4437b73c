"""The score of a model in a window, compared with its reference: PSI, mean and distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from exporter import catalogue
from exporter.comparison.features import (
    NO_LABELS,
    LabelledValues,
    Pair,
    ThresholdSettings,
    Values,
    psi_values,
    with_threshold,
)
from exporter.profiles.binning import NumericBins, edges_above
from exporter.profiles.profile import NumericColumn
from exporter.statistics import dispersion, drift, thresholds


def score_series(name: str, pair: Pair, settings: ThresholdSettings) -> Iterator[LabelledValues]:
    """The values of the score, a numeric column; nothing when the reference lacks the column."""
    bins = pair.binning.by_name.get(name)
    if not isinstance(bins, NumericBins):
        return
    before, now = pair.numeric(name)
    if now.rows >= settings.spec.min_rows:
        rows = before.cells, now.cells
        yield NO_LABELS, psi_values(catalogue.PREDICTION_PSI, name, rows, settings, settings.spec.prediction_psi)
    if now.finite >= settings.spec.min_rows:
        yield NO_LABELS, _mean(name, before, now, settings)
        yield from _distribution(bins, before, now)


def _mean(name: str, before: NumericColumn, now: NumericColumn, settings: ThresholdSettings) -> Values:
    shift = abs(drift.mean_shift(now.mean, before.mean, before.stddev))
    noise = thresholds.mean_shift_noise(before.finite, now.finite, settings.rate)
    stretch = math.sqrt(settings.stretch(dispersion.mean_of(name)))
    level = thresholds.threshold(settings.floor(settings.spec.prediction_mean_shift), noise * stretch)
    means = {catalogue.PREDICTION_MEAN: now.mean, catalogue.PREDICTION_MEAN_REFERENCE: before.mean}
    return means | with_threshold(catalogue.PREDICTION_MEAN_SHIFT, shift, level)


# ------------------------------------------------------------------------------------------------ distribution


def _distribution(bins: NumericBins, before: NumericColumn, now: NumericColumn) -> Iterator[LabelledValues]:
    yield from _histogram(catalogue.PREDICTION_SCORE, bins.histogram_bounds, now, 1.0)
    if before.comparable:
        scale = now.comparable / before.comparable
        yield from _histogram(catalogue.PREDICTION_SCORE_REFERENCE, bins.histogram_bounds, before, scale)


def _histogram(
    metric: catalogue.Metric, marks: tuple[float, ...], column: NumericColumn, scale: float
) -> Iterator[LabelledValues]:
    """The rows at or below each mark, all rows, and the sum of the finite values, times `scale`.

    Scaled rows are rounded, since OpenMetrics requires whole numbers.
    """
    buckets, rows, total = metric.series
    below = [*column.up_to(edges_above(np.array(marks))).tolist(), column.comparable]
    for end, count in zip((*map(str, marks), "+Inf"), below, strict=True):
        yield {catalogue.LE: end}, {buckets: round(count * scale)}
    yield NO_LABELS, {rows: round(column.comparable * scale), total: float(column.sums.sum()) * scale}
