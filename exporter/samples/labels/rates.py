"""Samples of the levels of labels: rates observed and predicted, mean errors, and whether they have moved."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.classes import class_keys
from exporter.labels.outcomes import Outcome
from exporter.labels.sums.classified import Classified
from exporter.labels.sums.labelled import Labelled
from exporter.profiles.group import segments_of
from exporter.samples.labels.estimators import Classifier, Estimator, MulticlassClassifier, Regression
from exporter.samples.labels.history import level_key
from exporter.samples.labels.labels import MatureWindow, shown
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise
from exporter.samples.labels.performance_values import judged, with_intervals
from exporter.samples.windows import Sample, labels_of, samples_of
from exporter.spec.model import Body, ModelSpec
from exporter.statistics import thresholds
from exporter.statistics.labels import levels as label_levels
from exporter.statistics.labels.levels import Level, Noise, Shift

_COMPARED: Final = 2
"""The comparisons of a rate: with the predictions of the same rows, and with the labels of the reference."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """Floor and noise of the differences in windows of one length."""

    spec: Body
    noise: LabelNoise
    hours: float

    def of(self, metric: Metric, of_class: float | None = None) -> Noise:
        """The noise of a level, by how much it varied between the days of the past."""
        return partial(self._level, level_key(metric, of_class))

    def _level(self, key: str, error: float, q: float) -> float:
        return self.noise.difference_noise(key, error, self.hours, q)


def rate_samples(
    spec: ModelSpec, estimator: Estimator | None, windows: Iterable[MatureWindow], noise: LabelNoise = INDEPENDENT
) -> Iterator[Sample]:
    """The levels of mature predictions that have a label, and how far they are from where they should be.

    Args:
        spec: the model.
        estimator: fitted to the labelled reference, whose levels it holds; None without one.
        windows: the windows to evaluate.
        noise: how much levels vary between days.
    """
    for window in windows:
        limits = _Limits(spec.spec, noise, window.hours)
        for group in shown(spec, window):
            for part in (group, *segments_of(group, window.groups)):
                if judged(spec, window.groups[part]):
                    yield from samples_of(_rates(window.groups[part]), labels_of(spec, window.name, part))
            if judged(spec, window.groups[group]):
                values = _shifts(limits, window.groups[group], estimator)
                yield from samples_of(values, labels_of(spec, window.name, group))


def _rates(outcome: Outcome) -> dict[Metric, float]:
    """The rates of a binary classifier; the predicted one where scores are probabilities."""
    if not isinstance(outcome.performance, Labelled):
        return {}
    level = level_of(outcome.performance)
    predicted = {} if outcome.improper else {catalogue.LABEL_RATE_PREDICTED: level.predicted}
    return {catalogue.LABEL_RATE_OBSERVED: level.observed, **predicted}


def _shifts(limits: _Limits, outcome: Outcome, estimator: Estimator | None) -> dict[Metric, float]:
    if isinstance(outcome.performance, Labelled):
        reference = estimator.level if isinstance(estimator, Classifier) else None
        return _of_rates(limits, outcome, level_of(outcome.performance), reference)
    if isinstance(outcome.performance, Classified):
        return _of_classes(limits, outcome, outcome.performance, estimator)
    if limits.spec.task == "regression":
        return _of_errors(limits, outcome, estimator.level if isinstance(estimator, Regression) else None)
    return {}


def _of_rates(limits: _Limits, outcome: Outcome, level: Level, reference: Level | None) -> dict[Metric, float]:
    gap, change = _compared(limits, (level, reference), _COMPARED, proper=not outcome.improper)
    values: dict[Metric, float] = {}
    if reference is not None:
        values[catalogue.LABEL_RATE_OBSERVED_REFERENCE] = reference.observed
    if gap is not None:
        values |= {catalogue.LABEL_RATE_GAP: gap.value, catalogue.LABEL_RATE_GAP_THRESHOLD: gap.threshold}
    if change is not None:
        values |= {catalogue.LABEL_RATE_CHANGE: change.value, catalogue.LABEL_RATE_CHANGE_THRESHOLD: change.threshold}
    return values | _shift([gap, change])


def _of_classes(
    limits: _Limits, outcome: Outcome, classified: Classified, estimator: Estimator | None
) -> dict[Metric, float]:
    """The worst class; each is compared with its own predictions and with its rate in the reference."""
    keys = class_keys(limits.spec.inference.columns.scores).tolist()
    known = estimator.classes if isinstance(estimator, MulticlassClassifier) else ()
    references = [each.level for each in known] if len(known) == len(keys) else [None] * len(keys)
    levels = {
        key: (level_of(classified.against_rest[key]), reference)
        for key, reference in zip(keys, references, strict=True)
        if key in classified.against_rest and classified.against_rest[key].rows.any()
    }
    number = _COMPARED * len(levels)
    found = [_compared(limits, both, number, proper=not outcome.improper, of_class=key) for key, both in levels.items()]
    return _shift([each for both in found for each in both])


def _of_errors(limits: _Limits, outcome: Outcome, reference: Level | None) -> dict[Metric, float]:
    """The mean error and the mean label of a regression; of these only whole groups have the sums."""
    counts = outcome.by_score
    if counts is None:
        return {}
    level = Level(
        rows=float(counts.known.sum()),
        labels=float(counts.labels.sum()),
        predictions=float(counts.scores.sum()),
        squares=float(counts.squared_errors.sum()),
        absolute=float(counts.losses.sum()),
    )
    noise, floor = limits.of(catalogue.MEAN_ERROR), limits.spec.thresholds.base_rate_shift
    q = limits.spec.thresholds.false_positive_rate
    change = label_levels.error_change(level, reference, floor, q, noise)
    estimate = label_levels.mean_error(level)
    widening = limits.noise.widening(catalogue.MEAN_ERROR, estimate, limits.hours)
    values = with_intervals({catalogue.MEAN_ERROR: label_levels.mean_error(level, widening)})
    values |= {catalogue.MEAN_ERROR_THRESHOLD: change.threshold, catalogue.LABEL_MEAN: level.observed}
    if reference is not None:
        values[catalogue.MEAN_ERROR_REFERENCE] = -reference.gap
        values[catalogue.LABEL_MEAN_REFERENCE] = reference.observed
    return values | _shift([change])


def level_of(labelled: Labelled) -> Level:
    """The level of labelled predictions of a classifier."""
    return Level(
        rows=float(labelled.positives.sum() + labelled.negatives.sum()),
        labels=float(labelled.positives.sum()),
        predictions=float(labelled.score_sums.sum()),
        squares=labelled.squared_errors.values,
    )


def _compared(
    limits: _Limits,
    levels: tuple[Level, Level | None],
    comparisons: int,
    *,
    proper: bool,
    of_class: float | None = None,
) -> tuple[Shift | None, Shift | None]:
    """The gap to predictions, where scores are probabilities, and the change from the reference, where it is known."""
    (level, reference), floor = levels, limits.spec.thresholds.base_rate_shift
    q = thresholds.per_comparison(limits.spec.thresholds.false_positive_rate, comparisons)
    gap, change = None, None
    if proper:
        gap = label_levels.rate_gap(level, reference, floor, q, limits.of(catalogue.LABEL_RATE_GAP, of_class))
    if reference is not None:
        noise = limits.of(catalogue.LABEL_RATE_OBSERVED, of_class)
        change = label_levels.rate_change(level, reference, floor, q, noise)
    return gap, change


def _shift(shifts: Sequence[Shift | None]) -> dict[Metric, float]:
    """The greatest difference in units of its threshold; nothing where none is known."""
    multiples = [each.multiple for each in shifts if each is not None and math.isfinite(each.threshold)]
    if not multiples:
        return {}
    return {catalogue.BASE_RATE_SHIFT: max(multiples), catalogue.BASE_RATE_SHIFT_THRESHOLD: 1.0}
