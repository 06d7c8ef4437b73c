"""Estimates before the labels come, and how wrong they were once they had, as gauges."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.classes import class_keys
from exporter.labels.classified import Classified
from exporter.labels.labelled import Labelled, RegressionErrors
from exporter.labels.outcomes import Outcome
from exporter.profiles.binning import Binning, Floats, Rows
from exporter.profiles.group import largest_groups
from exporter.profiles.profile import Profile, numeric_column
from exporter.samples.class_performance import multiclass
from exporter.samples.estimators import Estimator, Expectations, MulticlassClassifier
from exporter.samples.labels import MatureWindow, classification, regression, shown
from exporter.samples.windows import Sample, WindowProfile, labels_of, samples_of
from exporter.spec.model import Body, ModelSpec
from exporter.statistics import thresholds
from exporter.statistics.performance import Estimate

_WORSE: Final[Mapping[Metric, int]] = {catalogue.AUROC: 1, catalogue.RMSE: -1, catalogue.MAE: -1}
"""What tells concept drift, with the sign that its gap has where what was seen is worse than expected."""


def estimate_samples(
    spec: ModelSpec, learned: Estimator, binning: Binning, windows: Iterable[WindowProfile]
) -> Iterator[Sample]:
    """What is to be expected of each window's predictions, at the moment of serving.

    Args:
        spec: the model.
        learned: from the labelled reference.
        binning: the cells that the windows are counted in, the score's among them.
        windows: such as the newest of the inference log.
    """
    for window in windows:
        rows = {group: profile.rows for group, profile in window.groups.items()}
        for group in largest_groups(rows, spec.spec.limits.versions):
            expected = _expected(spec.spec, learned, window.groups[group], binning)
            values = {metric.estimated(): each.value for metric, each in expected.items()}
            yield from samples_of(values, labels_of(spec, window.name, group))


def _expected(spec: Body, learned: Estimator, profile: Profile, binning: Binning) -> Expectations:
    """Of a window's predictions; nothing of too few."""
    columns = spec.inference.columns
    several = isinstance(learned, MulticlassClassifier)
    scores = [
        numeric_column(profile, binning, name)
        for name in (columns.scores.values() if several else [columns.score or ""])
    ]
    if min(score.finite for score in scores) < spec.thresholds.min_rows:
        return {}
    if isinstance(learned, MulticlassClassifier):
        return learned.expected([(score.bins, score.sums) for score in scores], _confidence(spec, profile, binning))
    return learned.expected(scores[0].bins, scores[0].sums)


def _confidence(spec: Body, profile: Profile, binning: Binning) -> tuple[Rows, Floats] | None:
    """The scores of the returned classes, where every prediction has one: of the others nothing is known."""
    name = spec.inference.columns.score
    if name is None or name not in binning.numeric:
        return None
    column = numeric_column(profile, binning, name)
    return (column.bins, column.sums) if column.finite == profile.rows else None


def gap_samples(spec: ModelSpec, learned: Estimator, windows: Iterable[MatureWindow]) -> Iterator[Sample]:
    """How wrong the estimate of mature predictions was, each gap with its threshold.

    The estimate is of the very rows that have a label, so that labels which are missing are no gap.
    """
    for window in windows:
        for group in shown(spec, window):
            outcome = window.groups[group]
            if outcome.known >= spec.spec.thresholds.min_rows:
                values = _gaps(spec.spec, learned, outcome)
                yield from samples_of(values, labels_of(spec, window.name, group))


def _gaps(spec: Body, learned: Estimator, outcome: Outcome) -> dict[Metric, float]:
    expected, realised = _expected_of_labelled(spec, learned, outcome), _realised(spec, outcome)
    values: dict[Metric, float] = {}
    for metric in (metric for metric in expected if metric in realised):
        gap, level = expected[metric].value - realised[metric].value, _level(spec, metric, expected)
        if math.isfinite(gap) and math.isfinite(level):
            values |= {metric.estimated_gap(): gap, metric.estimated_gap().threshold(): level}
    left_out = () if _larger_errors(spec, expected, values) else (catalogue.RMSE,)
    return values | _concept_drift(values, {each: sign for each, sign in _WORSE.items() if each not in left_out})


def _larger_errors(spec: Body, expected: Expectations, gaps: Mapping[Metric, float]) -> bool:
    """Whether the MAE is above what was expected by more than chance.

    The RMSE of errors with heavy tails hangs on a few rows, whose like the reference may not have seen; the law of its
    noise does not hold then, that of the MAE does.
    """
    if catalogue.MAE not in expected:
        return False
    noise = thresholds.normal_noise(expected[catalogue.MAE].error, spec.thresholds.false_positive_rate)
    return -gaps.get(catalogue.MAE_ESTIMATED_GAP, 0.0) > noise


def _concept_drift(gaps: Mapping[Metric, float], worse: Mapping[Metric, int]) -> dict[Metric, float]:
    """The worst gap of those that tell, `worse`, in its threshold; nothing where none has one above 0."""
    found = [
        sign * gaps[metric.estimated_gap()] / level
        for metric, sign in worse.items()
        if (level := gaps.get(metric.estimated_gap().threshold(), 0.0)) > 0
    ]
    return {catalogue.CONCEPT_DRIFT: max(found), catalogue.CONCEPT_DRIFT_THRESHOLD: 1.0} if found else {}


def _expected_of_labelled(spec: Body, learned: Estimator, outcome: Outcome) -> Expectations:
    """Of the mature predictions that have a label."""
    if isinstance(learned, MulticlassClassifier):
        found = outcome.performance.against_rest if isinstance(outcome.performance, Classified) else {}
        classes = [found[key] for key in class_keys(spec.inference.columns.scores).tolist() if key in found]
        if len(classes) < len(learned.classes):
            return {}
        own = outcome.performance.confident if isinstance(outcome.performance, Classified) else None
        told = own is not None and own.rows.sum() == outcome.known
        confidence = (own.rows, own.score_sums) if own is not None and told else None
        return learned.expected([(each.rows, each.score_sums) for each in classes], confidence)
    return learned.expected(outcome.by_score.known, outcome.by_score.scores) if outcome.by_score is not None else {}


def _realised(spec: Body, outcome: Outcome) -> Mapping[Metric, Estimate]:
    if isinstance(outcome.performance, Labelled):
        return classification(outcome.performance)
    if isinstance(outcome.performance, Classified):
        return multiclass(outcome.performance, len(spec.inference.columns.scores), proper=False)
    return regression(outcome.performance) if isinstance(outcome.performance, RegressionErrors) else {}


def _level(spec: Body, metric: Metric, expected: Expectations) -> float:
    """The floor, of errors as a share of what was expected, or the noise where that is more."""
    value, error = expected[metric]
    floor = spec.thresholds.estimated_gap * (value if metric in (catalogue.RMSE, catalogue.MAE) else 1.0)
    return thresholds.threshold(floor, thresholds.normal_noise(error, spec.thresholds.false_positive_rate))
