"""Samples of provisional performance: that of the newest predictions, from the labels so far.

Each label represents predictions of its score and age whose labels are still missing. There is no provisional
performance for a window in which too many predictions are not represented by any label.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import add
from typing import Final

import numpy as np

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.outcomes import Outcome
from exporter.labels.sums.by_score import ByScore, predicted_positive, weighted_errors, weighted_labelled
from exporter.labels.sums.labelled import Moments
from exporter.profiles.binning import Floats
from exporter.profiles.columns import Mask
from exporter.profiles.group import Group, largest_groups
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise
from exporter.samples.labels.performance_values import classification, probabilities, regression, with_intervals
from exporter.samples.windows import Sample, labels_of, samples_of
from exporter.spec.model import ModelSpec
from exporter.spec.sections.task import SINGLE_SCORE_TASKS
from exporter.spec.value_types import parse_duration
from exporter.statistics import reporting
from exporter.statistics.labels.performance import Estimate

REPRESENTED: Final = 0.9
"""The least share of predictions that labels must represent."""


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A window of predictions whose labels may still arrive: the name of its length, and the outcomes by partition.

    The outcomes of a partition are by group; the youngest partition is first.
    """

    name: str
    partitions: Sequence[Mapping[Group, Outcome]]


def provisional_samples(
    spec: ModelSpec, windows: Iterable[OpenWindow], edges: Floats | None, noise: LabelNoise = INDEPENDENT
) -> Iterator[Sample]:
    """Every provisional sample; values that rest on too few labels are left out.

    Multiclass models and rankings have none, since their performance depends on more than one score.

    Args:
        spec: the model.
        windows: the newest windows of the inference log.
        edges: the edges of the score's fine bins; None where they are unknown, which gives no samples.
        noise: how much performance varies between days.
    """
    if edges is None or spec.spec.task not in SINGLE_SCORE_TASKS:
        return
    decisions = predicted_positive(edges, spec.spec.decision_threshold)
    for window in windows:
        by_group = _by_group(window)
        rows = {group: sum(each.rows for each in parts) for group, parts in by_group.items()}
        for group in largest_groups(rows, spec.spec.limits.versions):
            values, estimates = _values(spec, by_group[group], decisions)
            widened = noise.widened(estimates, parse_duration(window.name) / timedelta(hours=1))
            values |= with_intervals({metric.provisional(): each for metric, each in widened.items()})
            yield from samples_of(values, labels_of(spec, window.name, group))


def _by_group(window: OpenWindow) -> dict[Group, list[Outcome]]:
    outcomes: dict[Group, list[Outcome]] = {}
    for partition in window.partitions:
        for group, outcome in partition.items():
            if outcome.rows:
                outcomes.setdefault(group, []).append(outcome)
    return outcomes


def _values(
    spec: ModelSpec, outcomes: Sequence[Outcome], decisions: Mask
) -> tuple[dict[Metric, float], dict[Metric, Estimate]]:
    """What the labels so far stand for, and the performance; no performance where they stand for too few."""
    parts = [outcome.by_score for outcome in outcomes if outcome.by_score is not None]
    weights, represented = _weights(parts)
    values: dict[Metric, float] = {catalogue.LABEL_REPRESENTED_RATIO: represented}
    estimates, moments = _estimates(spec, outcomes, parts, weights, decisions)
    effective = moments.weights**2 / moments.squared_weights if moments.squared_weights else 0.0
    values[catalogue.LABEL_EFFECTIVE_ROWS] = effective
    known, invalid = sum(each.known for each in outcomes), reduce(add, (each.invalid for each in outcomes))
    if represented < REPRESENTED or effective < spec.spec.thresholds.min_rows or invalid.too_many(known):
        return values, {}
    return values, estimates


def _weights(parts: Sequence[ByScore]) -> tuple[Floats, float]:
    """The weight of a label by partition and bin, (partitions, bins), and the represented share of predictions."""
    made, known = (np.array([getattr(part, name) for part in parts]).T for name in ("made", "known"))
    strata = reporting.strata(made.sum(axis=1), known.sum(axis=1))
    predicted, reported = (reporting.by_stratum(counts, strata) for counts in (made, known))
    weights = reporting.weights(predicted, reported)
    return weights[strata].T, reporting.represented(predicted, weights)


def _estimates(
    spec: ModelSpec, outcomes: Sequence[Outcome], parts: Sequence[ByScore], weights: Floats, decisions: Mask
) -> tuple[dict[Metric, Estimate], Moments]:
    """The weighted performance, and the moments of the squared errors."""
    if spec.spec.task == "regression":
        errors = weighted_errors(parts, weights)
        return regression(errors), errors.squared_errors
    labelled = weighted_labelled(parts, weights, decisions)
    proper = not any(outcome.improper for outcome in outcomes)
    return classification(labelled) | (probabilities(labelled) if proper else {}), labelled.squared_errors
