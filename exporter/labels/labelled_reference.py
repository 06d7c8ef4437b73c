"""A reference whose rows have labels, reduced to what estimators of performance are fitted on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from exporter.labels.by_score import ByScore, by_score, merged
from exporter.labels.classes import class_keys, classes
from exporter.labels.truths import INVALID, LabelRule
from exporter.labels.validity import Invalid, invalid_scores, judged
from exporter.profiles.binning import Floats
from exporter.profiles.columns import ColumnMismatch, numeric_values, required_column
from exporter.sources.source import Batch, Selection


def selection(scores: Sequence[str], label: str, returned: str | None = None) -> Selection:
    """Return the columns that are needed, as keys: a batch has all of them for a stretch of rows.

    Args:
        scores: the columns of scores.
        label: the column of the label.
        returned: the column of the returned class, if it is needed.
    """
    keys = (*scores, label, *([returned] if returned else []))
    return Selection(keys, (), (), numeric_keys=tuple(scores))


def reduced(
    batches: Iterable[Batch], score: str, label: str, edges: Floats, rule: LabelRule, *, probabilities: bool
) -> ByScore:
    """Count a reference's rows; those without a finite score, and a few with an invalid label or score, are left out.

    Args:
        batches: the rows, with the columns of `selection`.
        score: the column of the model's score.
        label: the column of the label.
        edges: of the score's fine bins, (k,).
        rule: what a label is.
        probabilities: whether scores are probabilities.

    Raises:
        ColumnMismatch: when a file lacks a column, it is of a type that cannot be used, too many labels or scores are
            invalid, or no label is one of the positive ones that the rule names.
    """
    binary, invalid = rule.task == "binary_classification", Invalid()
    parts = [by_score(np.zeros(0), np.zeros(0), edges, binary=binary)]
    for batch in batches:
        scores, labels = _scored(batch.table, score, label, rule)
        truths = judged(labels, scores, probabilities=probabilities)
        left_out = np.isfinite(labels) & np.isnan(truths)
        invalid += Invalid(labels=int((labels == INVALID).sum())) + invalid_scores(scores[left_out])
        parts.append(by_score(scores, truths, edges, binary=binary))
    counted = merged(parts)
    known = int(counted.known.sum())
    if invalid.too_many(known):
        raise ColumnMismatch(invalid.reason(known, rule.mismatch))
    if rule.positive and known and not counted.labels.any():
        raise ColumnMismatch(f"none of {known} labels is in labels.positive: {', '.join(rule.positive)}")
    return counted


def _scored(table: pa.Table, score: str, label: str, rule: LabelRule) -> tuple[Floats, Floats]:
    """Return the scores and the labels of the rows with a finite score."""
    scores, _ = numeric_values(required_column(table, score))
    labels, _ = rule.read(required_column(table, label))
    finite = np.isfinite(scores)
    return scores[finite], labels[finite]


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
) -> list[ByScore]:
    """Count a reference's rows once for each class, against the rest; those without a finite score of it are left out.

    With `returned` they are counted once more, by the returned class's score; the label is whether it was right.

    Args:
        batches: the rows, with the columns of `selection`.
        scores: the column of each class's score, by the name of the class in labels.
        label: the column of the true class.
        edges: of each class's fine bins, in the order of the classes.
        returned: the columns of the returned class.

    Raises:
        ColumnMismatch: when a file lacks a column, or it is of a type that cannot be used.
    """
    every = [*edges, *([returned.edges] if returned else [])]
    parts = [[by_score(np.zeros(0), np.zeros(0), own, binary=True) for own in every]]
    parts += [
        [*_by_class(batch.table, scores, label, edges), *_by_confidence(batch.table, label, returned)]
        for batch in batches
    ]
    return [merged(each) for each in zip(*parts, strict=True)]


def _by_class(table: pa.Table, scores: Mapping[str, str], label: str, edges: Sequence[Floats]) -> list[ByScore]:
    truths, _ = classes(required_column(table, label))
    counted = []
    for key, column, own in zip(class_keys(scores).tolist(), scores.values(), edges, strict=True):
        values, _ = numeric_values(required_column(table, column))
        scored, labels = np.isfinite(values), np.where(np.isnan(truths), np.nan, truths == key)
        counted.append(by_score(values[scored], labels[scored], own, binary=True))
    return counted


def _by_confidence(table: pa.Table, label: str, returned: Returned | None) -> list[ByScore]:
    if returned is None:
        return []
    truths, _ = classes(required_column(table, label))
    predicted, _ = classes(required_column(table, returned.prediction))
    scores, _ = numeric_values(required_column(table, returned.score))
    scored = np.isfinite(scores) & ~np.isnan(predicted)
    right = np.where(np.isnan(truths), np.nan, predicted == truths)
    return [by_score(scores[scored], right[scored], returned.edges, binary=True)]
