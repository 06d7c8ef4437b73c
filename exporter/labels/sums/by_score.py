"""Predictions and their labels by fine bin of the score: late labels are weighted by it, estimators are fitted on it.

All fields are (k + 1,) for the k edges of the score's bins, and merge by addition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import reduce
from operator import add
from typing import Self

import numpy as np

from exporter.labels.sums.labelled import CERTAIN, Labelled, Moments, RegressionErrors
from exporter.profiles.binning import Counts, Floats
from exporter.profiles.columns import Mask


@dataclass(frozen=True, slots=True)
class ByScore:
    """Predictions by the bin of their score.

    `made` are all predictions and `known` those with a label; the other fields are about these. `scores` are the sums
    of their scores. `labels` are the sums of their labels: of a binary classifier, the positives. Squared errors and
    losses have sums and sums of squares. Losses are the log losses of a classifier, in nats, or the absolute errors of
    a regression.
    """

    made: Counts
    known: Counts
    scores: Floats
    labels: Floats
    squared_errors: Floats
    squared_error_squares: Floats
    losses: Floats
    loss_squares: Floats

    def __add__(self, other: Self) -> Self:
        """Add two with the same bins."""
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in _names()))


def _names() -> tuple[str, ...]:
    return tuple(field.name for field in fields(ByScore))


def by_score(scores: Floats, labels: Floats, edges: Floats, *, binary: bool) -> ByScore:
    """Count predictions by the bin of their score.

    Args:
        scores: finite, (rows,).
        labels: (rows,); NaN where a label is not known. Of a binary classifier, 0 and 1.
        edges: of the score's fine bins, (k,), increasing; the bins are closed on the right.
        binary: whether a score is the probability of a positive; else it is a predicted number.
    """
    known = np.flatnonzero(np.isfinite(labels))
    bins = np.searchsorted(edges, scores)
    own, truths, own_bins = scores[known], labels[known], bins[known]
    squared, losses = losses_of(own, truths, binary=binary)

    def total(values: Floats) -> Floats:
        return np.bincount(own_bins, values, len(edges) + 1).astype(np.float64)

    return ByScore(
        made=_rows(bins, edges),
        known=_rows(own_bins, edges),
        scores=total(own),
        labels=total(truths),
        squared_errors=total(squared),
        squared_error_squares=total(np.square(squared)),
        losses=total(losses),
        loss_squares=total(np.square(losses)),
    )


def losses_of(scores: Floats, truths: Floats, *, binary: bool) -> tuple[Floats, Floats]:
    """Return the squared errors of labelled predictions, and their log losses or absolute errors, (rows,)."""
    return np.square(scores - truths), _log_losses(scores, truths) if binary else np.abs(scores - truths)


def merged(parts: Iterable[ByScore]) -> ByScore:
    """Add up several, at least one."""
    return reduce(add, parts)


def against_rest(part: Labelled) -> ByScore:
    """Convert labelled predictions of one class against the rest; their errors and losses are not known, and 0."""
    nothing = np.zeros(len(part.rows))
    return ByScore(part.rows, part.rows, part.score_sums, part.positives, nothing, nothing, nothing, nothing)


def rebinned(part: ByScore, edges: Floats) -> ByScore:
    """Move labelled predictions to other bins: those of a bin to the one that contains their mean score.

    Predictions without a label are left out. No row crosses an edge that both have.
    """
    filled = np.flatnonzero(part.known)
    bins = np.searchsorted(edges, part.scores[filled] / part.known[filled])
    known = np.bincount(bins, part.known[filled], len(edges) + 1).astype(np.int64)
    sums = (getattr(part, name)[filled] for name in _names()[2:])
    return ByScore(known, known, *(np.bincount(bins, each, len(edges) + 1).astype(np.float64) for each in sums))


def _rows(bins: Counts, edges: Floats) -> Counts:
    return np.bincount(bins, minlength=len(edges) + 1)


def _log_losses(scores: Floats, truths: Floats) -> Floats:
    losses: Floats = -np.log(np.clip(np.where(truths > 0, scores, 1 - scores), CERTAIN, 1 - CERTAIN))
    return losses


def predicted_positive(edges: Floats, threshold: float) -> Mask:
    """Return the bins of scores at or above a threshold, (k + 1,); exact where an edge lies just below it."""
    chosen: Mask = np.arange(len(edges) + 1) >= np.searchsorted(edges, threshold)
    return chosen


def weighted_labelled(parts: Sequence[ByScore], weights: Floats, decisions: Mask) -> Labelled:
    """Return the labelled predictions of a binary classifier, weighted by part and bin.

    Args:
        parts: for example the predictions of each hour.
        weights: (parts, bins), 0 or more.
        decisions: the bins of positive decisions, (bins,).
    """
    squared = np.square(weights)
    known, positives = _stacked(parts, "known"), _stacked(parts, "labels")
    negatives = known - positives
    sides = np.array(
        [[side.sum(axis=0) for side in (negatives * each, positives * each)] for each in (weights, squared)]
    )
    confusion, squares = (
        np.array([[side[~decisions].sum(), side[decisions].sum()] for side in both]) for both in sides
    )
    return Labelled(
        rows=(known * (weights > 0)).sum(axis=0).astype(np.int64),
        positives=sides[0, 1],
        negatives=sides[0, 0],
        positive_squares=sides[1, 1],
        negative_squares=sides[1, 0],
        score_sums=(weights * _stacked(parts, "scores")).sum(axis=0),
        confusion=confusion,
        confusion_squares=squares,
        squared_errors=_moments(parts, weights, "squared_errors", "squared_error_squares"),
        log_losses=_moments(parts, weights, "losses", "loss_squares"),
    )


def unweighted(part: ByScore, confusion: Floats) -> Labelled:
    """Return the labelled predictions of a binary classifier with weights of 1; `confusion` is as in `Labelled`."""
    known, rows = part.known.astype(np.float64), float(part.known.sum())
    moments = (
        Moments(rows, rows, float(sums.sum()), float(sums.sum()), float(squares.sum()))
        for sums, squares in ((part.squared_errors, part.squared_error_squares), (part.losses, part.loss_squares))
    )
    sides = part.labels, known - part.labels
    return Labelled(part.known, *sides, *sides, part.scores, confusion, confusion, *moments)


def weighted_errors(parts: Sequence[ByScore], weights: Floats) -> RegressionErrors:
    """Return the errors of a regression, weighted as in `weighted_labelled`."""
    return RegressionErrors(
        rows=int((_stacked(parts, "known") * (weights > 0)).sum()),
        squared_errors=_moments(parts, weights, "squared_errors", "squared_error_squares"),
        absolute_errors=_moments(parts, weights, "losses", "loss_squares"),
    )


def _moments(parts: Sequence[ByScore], weights: Floats, values: str, squares: str) -> Moments:
    known, sums, powers, squared = (
        _stacked(parts, "known"),
        _stacked(parts, values),
        _stacked(parts, squares),
        np.square(weights),
    )
    return Moments(
        float((weights * known).sum()),
        float((squared * known).sum()),
        float((weights * sums).sum()),
        float((squared * sums).sum()),
        float((squared * powers).sum()),
    )


def _stacked(parts: Sequence[ByScore], name: str) -> Floats:
    return np.array([getattr(part, name) for part in parts], dtype=np.float64)
