"""Samples of estimated performance before labels arrive, and of the estimates' errors afterwards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.classes import class_keys
from exporter.labels.outcomes import Outcome
from exporter.labels.sums.classified import Classified
from exporter.labels.sums.labelled import Labelled, RegressionErrors
from exporter.labels.validity import FEW
from exporter.profiles.binning import Binning, Floats, Rows, edges_above
from exporter.profiles.group import largest_groups
from exporter.profiles.profile import NumericColumn, Profile, numeric_column
from exporter.samples.labels.class_performance import multiclass
from exporter.samples.labels.estimators import Estimator, Expectations, MulticlassClassifier
from exporter.samples.labels.labels import MatureWindow, shown
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise
from exporter.samples.labels.performance_values import classification, regression
from exporter.samples.windows import Sample, WindowProfile, labels_of, samples_of
from exporter.spec.model import Body, ModelSpec
from exporter.statistics import thresholds
from exporter.statistics.labels.performance import Estimate

_WORSE: Final[Mapping[Metric, int]] = {catalogue.AUROC: 1, catalogue.RMSE: -1, catalogue.MAE: -1}
"""The metrics that show concept drift, and the sign of their gap when the measured value is worse than expected."""


def estimate_samples(
    spec: ModelSpec, estimator: Estimator, binning: Binning, windows: Iterable[WindowProfile]
) -> Iterator[Sample]:
    """The expected performance of each window's predictions, without any labels.

    Args:
        spec: the model.
        estimator: fitted to the labelled reference.
        binning: the cells in which the windows are counted, with those of the score.
        windows: the newest windows of the inference log.
    """
    for window in windows:
        rows = {group: profile.rows for group, profile in window.groups.items()}
        for group in largest_groups(rows, spec.spec.limits.versions):
            expected = _expected(spec.spec, estimator, window.groups[group], binning)
            values = {metric.estimated(): each.value for metric, each in expected.items()}
            yield from samples_of(values, labels_of(spec, window.name, group))


def _expected(spec: Body, estimator: Estimator, profile: Profile, binning: Binning) -> Expectations:
    """The expected performance of a window's predictions; nothing for too few, or where scores are no probabilities."""
    columns = spec.inference.columns
    multiclass_scores = isinstance(estimator, MulticlassClassifier)
    names = columns.scores.values() if multiclass_scores else [columns.score or ""]
    scores = [numeric_column(profile, binning, name) for name in names]
    if min(score.finite for score in scores) < spec.thresholds.min_rows:
        return {}
    if isinstance(estimator, MulticlassClassifier):
        return estimator.expected([(score.bins, score.sums) for score in scores], _confidence(spec, profile, binning))
    if spec.probability_scores and _above_one(scores[0]) > FEW:
        return {}
    return estimator.expected(scores[0].bins, scores[0].sums)


def _above_one(scores: NumericColumn) -> float:
    """The share of scores above 1, which is an edge where the reference's scores are probabilities."""
    return 1 - float(scores.up_to(edges_above(np.ones(1)))[0]) / scores.comparable


def _confidence(spec: Body, profile: Profile, binning: Binning) -> tuple[Rows, Floats] | None:
    """The scores of the returned classes; None unless every prediction has one."""
    name = spec.inference.columns.score
    if name is None or name not in binning.numeric:
        return None
    column = numeric_column(profile, binning, name)
    return (column.bins, column.sums) if column.finite == profile.rows else None


def gap_samples(
    spec: ModelSpec, estimator: Estimator, windows: Iterable[MatureWindow], noise: LabelNoise = INDEPENDENT
) -> Iterator[Sample]:
    """The gap between estimated and measured performance of mature predictions, with its threshold.

    The estimate is computed for exactly the rows that have a label, so missing labels do not make a gap.

    Args:
        spec: the model.
        estimator: fitted to the labelled reference.
        windows: the windows to evaluate.
        noise: how much performance varies between days.
    """
    for window in windows:
        for group in shown(spec, window):
            outcome = window.groups[group]
            if outcome.known >= spec.spec.thresholds.min_rows and not outcome.withheld:
                values = _gaps(spec.spec, estimator, outcome, _Noise(noise, window.hours, spec.spec))
                yield from samples_of(values, labels_of(spec, window.name, group))


@dataclass(frozen=True, slots=True)
class _Noise:
    """The noise of gaps in windows of one length."""

    labels: LabelNoise
    hours: float
    spec: Body

    def level(self, metric: Metric, expected: Expectations) -> float:
        """The level that a gap exceeds by chance once in as many windows as the spec allows."""
        q = self.spec.thresholds.false_positive_rate
        return self.labels.difference_noise(metric.key, expected[metric].error, self.hours, q)


def _gaps(spec: Body, estimator: Estimator, outcome: Outcome, noise: _Noise) -> dict[Metric, float]:
    expected, measured = _expected_of_labelled(spec, estimator, outcome), _measured(spec, outcome)
    values: dict[Metric, float] = {}
    for metric in (metric for metric in expected if metric in measured):
        gap, level = expected[metric].value - measured[metric].value, _level(noise, metric, expected)
        if math.isfinite(gap) and math.isfinite(level):
            values |= {metric.estimated_gap(): gap, metric.estimated_gap().threshold(): level}
    left_out = () if _larger_errors(noise, expected, values) else (catalogue.RMSE,)
    return values | _concept_drift(values, {each: sign for each, sign in _WORSE.items() if each not in left_out})


def _larger_errors(noise: _Noise, expected: Expectations, gaps: Mapping[Metric, float]) -> bool:
    """Whether the MAE is above its estimate by more than chance.

    The RMSE of errors with heavy tails depends on a few rows, and the reference may have no such rows. Its noise law
    does not hold then; that of the MAE does.
    """
    if catalogue.MAE not in expected:
        return False
    return -gaps.get(catalogue.MAE_ESTIMATED_GAP, 0.0) > noise.level(catalogue.MAE, expected)


def _concept_drift(gaps: Mapping[Metric, float], worse: Mapping[Metric, int]) -> dict[Metric, float]:
    """The worst gap of the metrics in `worse`, divided by its threshold; nothing where no threshold is above 0."""
    multiples = [
        sign * gaps[metric.estimated_gap()] / level
        for metric, sign in worse.items()
        if (level := gaps.get(metric.estimated_gap().threshold(), 0.0)) > 0
    ]
    return {catalogue.CONCEPT_DRIFT: max(multiples), catalogue.CONCEPT_DRIFT_THRESHOLD: 1.0} if multiples else {}


def _expected_of_labelled(spec: Body, estimator: Estimator, outcome: Outcome) -> Expectations:
    """The expected performance of the mature predictions that have a label."""
    if not isinstance(estimator, MulticlassClassifier):
        counts = outcome.by_score
        return estimator.expected(counts.known, counts.scores) if counts is not None else {}
    if not isinstance(outcome.performance, Classified):
        return {}
    by_class, returned = outcome.performance.against_rest, outcome.performance.confident
    classes = [by_class[key] for key in class_keys(spec.inference.columns.scores).tolist() if key in by_class]
    if len(classes) < len(estimator.classes):
        return {}
    confidence = (returned.rows, returned.score_sums) if returned.rows.sum() == outcome.known else None
    return estimator.expected([(each.rows, each.score_sums) for each in classes], confidence)


def _measured(spec: Body, outcome: Outcome) -> Mapping[Metric, Estimate]:
    if isinstance(outcome.performance, Labelled):
        return classification(outcome.performance)
    if isinstance(outcome.performance, Classified):
        return multiclass(outcome.performance, len(spec.inference.columns.scores), proper=False)
    return regression(outcome.performance) if isinstance(outcome.performance, RegressionErrors) else {}


def _level(noise: _Noise, metric: Metric, expected: Expectations) -> float:
    """The floor (for errors relative to the expected value), or the noise level if that is greater."""
    scale = expected[metric].value if metric in (catalogue.RMSE, catalogue.MAE) else 1.0
    floor = thresholds.lasting_floor(noise.spec.thresholds.estimated_gap, noise.hours)
    level = noise.level(metric, expected)
    if metric not in (catalogue.RMSE, catalogue.MAE):
        level = thresholds.shortfall(expected[metric].value, level)
    return thresholds.threshold(floor * scale, level)
