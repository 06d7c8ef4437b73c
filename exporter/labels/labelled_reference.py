"""A reference whose rows have labels, reduced to what estimators of performance are fitted on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from exporter.labels.classes import class_keys, classes
from exporter.labels.labelled_hours import LabelledHours, Times
from exporter.labels.sums.by_score import ByScore, by_score, merged
from exporter.labels.truths import INVALID, LabelRule
from exporter.labels.validity import Invalid, invalid_scores, judged
from exporter.profiles.binning import Floats
from exporter.profiles.columns import ColumnMismatch, Mask, numeric_values, required_column
from exporter.sources.source import Batch, Selection


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Labelled rows of a reference by the bin of each score, and hour by hour where they have times.

    The hours are by the only score; of several classes by that of the returned class, None without it.
    """

    by_score: list[ByScore]
    hours: LabelledHours | None


def selection(
    scores: Sequence[str], label: str, returned: str | None = None, timestamp: str | None = None
) -> Selection:
    """Return the columns that are needed, as keys: a batch has all of them for a stretch of rows.

    Args:
        scores: the columns of scores.
        label: the column of the label.
        returned: the column of the returned class, if it is needed.
        timestamp: the column of the times, if there is one.
    """
    keys = (*scores, label, *([returned] if returned else []), *([timestamp] if timestamp else []))
    keys = tuple(dict.fromkeys(keys))
    return Selection(keys, (), (), numeric_keys=tuple(scores))


def reduced(
    batches: Iterable[Batch],
    scored: ScoredColumns,
    rule: LabelRule,
    *,
    probabilities: bool,
    times: Times | None = None,
) -> LabelledRows:
    """Count a reference's rows; those without a finite score, and a few with an invalid label or score, are left out.

    Args:
        batches: the rows, with the columns of `selection`.
        scored: the columns of the model's score and of the label.
        rule: what a label is.
        probabilities: whether scores are probabilities.
        times: the column of the times, if there is one.

    Raises:
        ColumnMismatch: when a file lacks a column, it is of a type that cannot be used, too many labels or scores are
            invalid, or no label is one of the positive ones that the rule names.
    """
    binary, invalid, edges = rule.task == "binary_classification", Invalid(), scored.edges
    parts = [by_score(np.zeros(0), np.zeros(0), edges, binary=binary)]
    by_hour = LabelledHours.none(len(edges) + 1)
    for batch in batches:
        finite, scores, labels = _scored(batch.table, scored, rule)
        truths = judged(labels, scores, probabilities=probabilities)
        left_out = np.isfinite(labels) & np.isnan(truths)
        invalid += Invalid(labels=int((labels == INVALID).sum())) + invalid_scores(scores[left_out])
        parts.append(by_score(scores, truths, edges, binary=binary))
        if times is not None:
            hours = times.hours_of(required_column(batch.table, times.column))[finite]
            by_hour += LabelledHours.of(hours, scores, truths, edges, binary=binary)
    counted = merged(parts)
    known = int(counted.known.sum())
    if invalid.too_many(known):
        raise ColumnMismatch(invalid.reason(known, rule.mismatch))
    if rule.positive and known and not counted.labels.any():
        raise ColumnMismatch(f"none of {known} labels is in labels.positive: {', '.join(rule.positive)}")
    return LabelledRows([counted], by_hour if times is not None else None)


def _scored(table: pa.Table, columns: ScoredColumns, rule: LabelRule) -> tuple[Mask, Floats, Floats]:
    """Return which rows have a finite score, and the scores and labels of these."""
    scores, _ = numeric_values(required_column(table, columns.score))
    labels, _ = rule.read(required_column(table, columns.label))
    finite = np.isfinite(scores)
    return finite, scores[finite], labels[finite]


@dataclass(frozen=True, slots=True)
class ScoredColumns:
    """The columns of a model's score and of its label, and the fine bins of the score, (k,)."""

    score: str
    label: str
    edges: Floats


@dataclass(frozen=True, slots=True)
class Returned:
    """The columns of the returned class and of its score, and the fine bins of that score."""

    prediction: str
    score: str
    edges: Floats


def reduced_classes(
    batches: Iterable[Batch],
    scores: Mapping[str, str],
    label: str,
    edges: Sequence[Floats],
    returned: Returned | None = None,
    *,
    times: Times | None = None,
) -> LabelledRows:
    """Count a reference's rows once for each class, against the rest; those without a finite score of it are left out.

    With `returned` they are counted once more, by the returned class's score; the label is whether it was right.

    Args:
        batches: the rows, with the columns of `selection`.
        scores: the column of each class's score, by the name of the class in labels.
        label: the column of the true class.
        edges: of each class's fine bins, in the order of the classes.
        returned: the columns of the returned class.
        times: the column of the times, if there is one.

    Raises:
        ColumnMismatch: when a file lacks a column, or it is of a type that cannot be used.
    """
    by_hour = LabelledHours.none(len(returned.edges) + 1) if returned and times else None
    every = [*edges, *([returned.edges] if returned else [])]
    parts = [[by_score(np.zeros(0), np.zeros(0), own, binary=True) for own in every]]
    for batch in batches:
        counted = _by_class(batch.table, scores, label, edges)
        if returned is not None:
            scored, confidences, right = _confidences(batch.table, label, returned)
            counted.append(by_score(confidences, right, returned.edges, binary=True))
            if by_hour is not None and times is not None:
                hours = times.hours_of(required_column(batch.table, times.column))[scored]
                by_hour += LabelledHours.of(hours, confidences, right, returned.edges, binary=True)
        parts.append(counted)
    return LabelledRows([merged(each) for each in zip(*parts, strict=True)], by_hour)


def _by_class(table: pa.Table, scores: Mapping[str, str], label: str, edges: Sequence[Floats]) -> list[ByScore]:
    truths, _ = classes(required_column(table, label))
    counted = []
    for key, column, own in zip(class_keys(scores).tolist(), scores.values(), edges, strict=True):
        values, _ = numeric_values(required_column(table, column))
        scored, labels = np.isfinite(values), np.where(np.isnan(truths), np.nan, truths == key)
        counted.append(by_score(values[scored], labels[scored], own, binary=True))
    return counted


def _confidences(table: pa.Table, label: str, returned: Returned) -> tuple[Mask, Floats, Floats]:
    """Return which rows have a returned class with a score, and of these the scores and whether the class was right."""
    truths, _ = classes(required_column(table, label))
    predicted, _ = classes(required_column(table, returned.prediction))
    scores, _ = numeric_values(required_column(table, returned.score))
    scored = np.isfinite(scores) & ~np.isnan(predicted)
    right = np.where(np.isnan(truths), np.nan, predicted == truths)
    return scored, scores[scored], right[scored]
