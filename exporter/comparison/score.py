"""What the model answered in one window of one version, beside its reference: its score and how that is distributed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from exporter import catalogue
from exporter.comparison.features import WHOLE, Judge, Labelled, Pair, Values, judged, psi_values
from exporter.profiles.binning import NumericBins, edges_above
from exporter.profiles.profile import NumericColumn
from exporter.statistics import dispersion, drift, thresholds


def score_series(name: str, pair: Pair, judge: Judge) -> Iterator[Labelled]:
    """What can be said of the score, a numeric column; nothing when the reference does not have it."""
    bins = pair.binning.by_name.get(name)
    if not isinstance(bins, NumericBins):
        return
    before, now = pair.numeric(name)
    if now.rows >= judge.spec.min_rows:
        rows = before.cells, now.cells
        yield WHOLE, psi_values(catalogue.PREDICTION_PSI, name, rows, judge, judge.spec.prediction_psi)
    if now.finite >= judge.spec.min_rows:
        yield WHOLE, _mean(name, before, now, judge)
        yield from _distribution(bins, before, now)


def _mean(name: str, before: NumericColumn, now: NumericColumn, judge: Judge) -> Values:
    limits = judge.spec
    shift = abs(drift.mean_shift(now.mean, before.mean, before.stddev))
    noise = thresholds.mean_shift_noise(before.finite, now.finite, judge.rate)
    stretch = math.sqrt(judge.stretch(dispersion.mean_of(name)))
    level = thresholds.threshold(judge.floor(limits.prediction_mean_shift), noise * stretch)
    means = {catalogue.PREDICTION_MEAN: now.mean, catalogue.PREDICTION_MEAN_REFERENCE: before.mean}
    return means | judged(catalogue.PREDICTION_MEAN_SHIFT, shift, catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD, level)


# ------------------------------------------------------------------------------------------------ distribution


def _distribution(bins: NumericBins, before: NumericColumn, now: NumericColumn) -> Iterator[Labelled]:
    yield from _histogram(catalogue.PREDICTION_SCORE, bins.marks, now, 1.0)
    if before.comparable:
        scale = now.comparable / before.comparable
        yield from _histogram(catalogue.PREDICTION_SCORE_REFERENCE, bins.marks, before, scale)


def _histogram(
    metric: catalogue.Metric, marks: tuple[float, ...], column: NumericColumn, scale: float
) -> Iterator[Labelled]:
    """Rows at or below each mark, all of them, and the sum of the finite ones, times `scale`.

    Whole rows, as OpenMetrics wants them: a scaled bucket is half a row off at most.
    """
    buckets, rows, total = metric.series
    below = [*column.up_to(edges_above(np.array(marks))).tolist(), column.comparable]
    for end, count in zip((*map(str, marks), "+Inf"), below, strict=True):
        yield {catalogue.LE: end}, {buckets: round(count * scale)}
    yield WHOLE, {rows: round(column.comparable * scale), total: float(column.sums.sum()) * scale}
