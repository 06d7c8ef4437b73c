"""Predictions whose label is known, reduced to additive weights, decisions and losses.

The weight of a row is 1, or the inverse of the probability that its label has arrived by now. The sums of squared
weights give an effective number of rows (Kish 1965). With weights of 1 all counts are whole numbers, and exact under
any merging.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from exporter.profiles.binning import Counts, Floats

Flags = npt.NDArray[np.bool_]

CERTAIN: Final = 1e-15
"""The least distance of a score from 0 and 1 in log losses: a certain prediction that was wrong costs 34.5 nats."""


class _Additive:
    """Adds field by field."""

    __slots__ = ()

    def __add__(self, other: Self) -> Self:
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]  # every subclass is a dataclass
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in names))


@dataclass(frozen=True, slots=True)
class Moments(_Additive):
    """The sums for a weighted mean and its standard error.

    They are the sums of w, w^2, w x, w^2 x and w^2 x^2 over rows with the weight w and the value x.
    """

    weights: float = 0.0
    squared_weights: float = 0.0
    values: float = 0.0
    doubly_weighted: float = 0.0
    squares: float = 0.0


@dataclass(frozen=True, slots=True)
class Labelled(_Additive):
    """Labelled predictions of a binary classifier, or of one class against the rest.

    Per fine bin of the score, (k + 1,) for k edges: `rows`; the weights of the `positives` and of the `negatives`, and
    their squares; the weighted sum of the scores. Per label and decision, (2, 2) as [label, decision]: the weights in
    the `confusion` matrix, and their squares. `squared_errors` (Brier) and `log_losses`, in nats, use the score as the
    probability of a positive, and are meaningless where it is not a probability.
    """

    rows: Counts
    positives: Floats
    negatives: Floats
    positive_squares: Floats
    negative_squares: Floats
    score_sums: Floats
    confusion: Floats
    confusion_squares: Floats
    squared_errors: Moments
    log_losses: Moments


@dataclass(frozen=True, slots=True)
class RegressionErrors(_Additive):
    """Labelled predictions of a regression: their number, squared and absolute errors."""

    rows: int = 0
    squared_errors: Moments = Moments()
    absolute_errors: Moments = Moments()


def empty(edges: Floats) -> Labelled:
    """Return no labelled predictions; to add them changes nothing."""
    none = np.zeros(0)
    return labelled(none, none.astype(bool), none.astype(bool), edges)


def moments(values: Floats, weights: Floats | None = None) -> Moments:
    """Return the moments of some rows; weights are 1 if left out.

    Raises:
        ValueError: when the lengths differ, a value is not finite, or a weight is negative or not finite.
    """
    _require_finite("value", values)
    if weights is None:
        rows, total = float(len(values)), float(values.sum())
        return Moments(rows, rows, total, total, _dot(values, values))
    weights = _weights(weights, values)
    squared = np.square(weights)
    return Moments(
        float(weights.sum()),
        float(squared.sum()),
        _dot(weights, values),
        _dot(squared, values),
        _dot(squared, np.square(values)),
    )


def _dot(left: Floats, right: Floats) -> float:
    # Not left @ right: for some ten thousand rows BLAS uses every processor, which costs more than it saves.
    return float(np.einsum("i,i->", left, right))


def labelled(
    scores: Floats, labels: npt.NDArray[Any], decisions: Flags, edges: Floats, weights: Floats | None = None
) -> Labelled:
    """Reduce labelled predictions.

    Args:
        scores: the model's score of the positive class, (n,), finite.
        labels: whether each is positive, (n,): booleans, or 0 and 1.
        decisions: whether each decision is positive, (n,): score >= the operating threshold; of one class against the
            rest, whether that class was returned.
        edges: of the score's fine bins, (k,), increasing; the bins are closed on the right.
        weights: (n,), 0 or more; 1 each if left out. Rows with a weight of 0 are left out.

    Raises:
        ValueError: when the lengths differ, a score is not finite, a label is neither 0 nor 1, or a weight is negative
            or not finite.
    """
    if not len(scores) == len(labels) == len(decisions):
        raise ValueError(f"{len(scores)} scores, {len(labels)} labels and {len(decisions)} decisions")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("a label is neither 0 nor 1")
    _require_finite("score", scores)
    truths, decided = labels.astype(bool), decisions
    if weights is not None:
        weights = _weights(weights, scores)
        used = weights > 0
        scores, truths, decided, weights = scores[used], truths[used], decided[used], weights[used]
    bins, cells = np.searchsorted(edges, scores), 2 * truths + decided
    rows = np.bincount(bins, minlength=len(edges) + 1)
    positives, negatives, confusion = _weighted(bins, cells, truths, weights, len(rows))
    squares = positives, negatives, confusion
    if weights is not None:
        squares = _weighted(bins, cells, truths, np.square(weights), len(rows))
    likelihoods = np.clip(np.where(truths, scores, 1 - scores), CERTAIN, 1 - CERTAIN)
    return Labelled(
        rows=rows,
        positives=positives,
        negatives=negatives,
        positive_squares=squares[0],
        negative_squares=squares[1],
        score_sums=_sums(bins, scores if weights is None else weights * scores, len(rows)),
        confusion=confusion,
        confusion_squares=squares[2],
        squared_errors=moments(np.square(scores - truths), weights),
        log_losses=moments(-np.log(likelihoods), weights),
    )


def confusion(truths: Flags, decisions: Flags) -> Floats:
    """Count the rows of each label and decision, (2, 2) as [label, decision]."""
    return _sums(2 * truths + decisions, None, 4).reshape(2, 2)


def _weighted(
    bins: Counts, cells: Counts, truths: Flags, weights: Floats | None, number: int
) -> tuple[Floats, Floats, Floats]:
    """Return the weights of the positives and of the negatives per bin, and those per label and decision."""
    if weights is None:
        positives, whole = _sums(bins, truths, number), _sums(bins, None, number)
        return positives, whole - positives, _sums(cells, None, 4).reshape(2, 2)
    positives, negatives = _sums(bins, weights * truths, number), _sums(bins, weights * ~truths, number)
    return positives, negatives, _sums(cells, weights, 4).reshape(2, 2)


def regression_errors(predictions: Floats, truths: Floats, weights: Floats | None = None) -> RegressionErrors:
    """Reduce predictions of a number, (n,), with their true values, (n,); rows with a weight of 0 are left out.

    Raises:
        ValueError: when the lengths differ, a number is not finite, or a weight is negative or not finite.
    """
    if len(predictions) != len(truths):
        raise ValueError(f"{len(predictions)} predictions and {len(truths)} true values")
    errors = predictions - truths
    squared, absolute = moments(np.square(errors), weights), moments(np.abs(errors), weights)
    return RegressionErrors(len(errors) if weights is None else int((weights > 0).sum()), squared, absolute)


def _sums(cells: Counts, values: Floats | Flags | None, number: int) -> Floats:
    return np.bincount(cells, values, number).astype(np.float64)


def _weights(weights: Floats, values: Floats) -> Floats:
    if len(weights) != len(values):
        raise ValueError(f"{len(values)} rows but {len(weights)} weights")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError("a weight is negative or not finite")
    return weights


def _require_finite(what: str, values: Floats) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"a {what} is not finite")
