"""Estimates before the labels come, and how wrong they were once they had, as gauges."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.estimates import Expectations, Learned
from exporter.evaluation import Sample, WindowProfile, labels_of, samples_of
from exporter.label_samples import JudgedWindow, classification, regression, shown
from exporter.profiles.binning import Binning
from exporter.profiles.by_score import ByScore
from exporter.profiles.group import largest
from exporter.profiles.labelled import Labelled, Measured
from exporter.profiles.outcomes import Outcome
from exporter.profiles.profile import numeric_column
from exporter.spec.model import Body, ModelSpec
from exporter.statistics import thresholds
from exporter.statistics.performance import Estimate


def estimate_samples(
    spec: ModelSpec, learned: Learned, binning: Binning, windows: Iterable[WindowProfile]
) -> Iterator[Sample]:
    """What is to be expected of each window's predictions, at the moment of serving.

    Args:
        spec: the model.
        learned: from the labelled reference.
        binning: the cells that the windows are counted in, the score's among them.
        windows: such as the newest of the inference log.
    """
    score = spec.spec.inference.columns.score or ""
    for window in windows:
        rows = {group: profile.rows for group, profile in window.groups.items()}
        for group in largest(rows, spec.spec.limits.versions):
            column = numeric_column(window.groups[group], binning, score)
            if column.finite >= spec.spec.thresholds.min_rows:
                expected = learned.expected(column.bins, column.sums)
                values = {metric.estimated(): each.value for metric, each in expected.items()}
                yield from samples_of(values, labels_of(spec, window.name, group))


def gap_samples(spec: ModelSpec, learned: Learned, windows: Iterable[JudgedWindow]) -> Iterator[Sample]:
    """How wrong the estimate of mature predictions was, each gap with its threshold.

    The estimate is of the very rows that have a label, so that labels which are missing are no gap.
    """
    for window in windows:
        for group in shown(spec, window):
            outcome = window.groups[group]
            if outcome.by_score is not None and outcome.known >= spec.spec.thresholds.min_rows:
                values = _gaps(spec.spec, learned, outcome, outcome.by_score)
                yield from samples_of(values, labels_of(spec, window.name, group))


def _gaps(spec: Body, learned: Learned, outcome: Outcome, rows: ByScore) -> dict[Metric, float]:
    expected, realised = learned.expected(rows.known, rows.scores), _realised(outcome)
    values: dict[Metric, float] = {}
    for metric in (metric for metric in expected if metric in realised):
        gap, level = expected[metric].value - realised[metric].value, _level(spec, metric, expected)
        if math.isfinite(gap) and math.isfinite(level):
            values |= {metric.estimated_gap(): gap, metric.estimated_gap().threshold(): level}
    return values


def _realised(outcome: Outcome) -> Mapping[Metric, Estimate]:
    if isinstance(outcome.performance, Labelled):
        return classification(outcome.performance)
    return regression(outcome.performance) if isinstance(outcome.performance, Measured) else {}


def _level(spec: Body, metric: Metric, expected: Expectations) -> float:
    """The floor, of errors as a share of what was expected, or the noise where that is more."""
    value, error = expected[metric]
    floor = spec.thresholds.estimated_gap * (value if metric in (catalogue.RMSE, catalogue.MAE) else 1.0)
    return thresholds.threshold(floor, thresholds.normal_noise(error, spec.thresholds.false_positive_rate))
