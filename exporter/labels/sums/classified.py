"""Multiclass predictions whose true class is known, reduced to additive counts and losses.

Each class is also counted against the rest, and the returned class as right or wrong: both are `Labelled`, like the
predictions of a binary classifier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from exporter.labels.classes import MAX_CLASSES, OTHER
from exporter.labels.sums.labelled import CERTAIN, Labelled, Moments, labelled, moments
from exporter.profiles.binning import Counts, Floats

CONFIDENCE_EDGES: Final = np.unique(np.concatenate([np.arange(1, 100) / 100, 1 - np.geomspace(1e-6, 1e-2, 41)]))
"""The fine bins of the returned class's probability: hundredths, and finer where a model is all but certain."""

SLACK: Final = 0.01
"""The largest difference from 1 that the sum of a row's probabilities may have."""


@dataclass(frozen=True, slots=True)
class ClassScores:
    """The probability of each class: `scores` (rows, classes), of the classes with these `keys`, (classes,).

    `edges` are the fine bins of each class's scores; None where they are not known.
    """

    scores: Floats
    keys: Floats
    edges: Sequence[Floats | None]


@dataclass(frozen=True, slots=True)
class Classified:
    """Labelled predictions of a multiclass classifier.

    `keys` are the classes that were returned or true, increasing, (c,). `counts`, (c, 3), are the rows in which each
    class was both, was returned, was true. In `confident` the score is the probability of the returned class, and the
    label is whether it was right. `against_rest` has each class whose probability and bins are known, by key.
    `squared_errors` (Brier, half of the sum over the classes) and `log_losses`, in nats, need all probabilities.
    """

    rows: int
    keys: Floats
    counts: Counts
    confident: Labelled
    against_rest: Mapping[float, Labelled]
    squared_errors: Moments = field(default_factory=Moments)
    log_losses: Moments = field(default_factory=Moments)

    def __add__(self, other: Classified) -> Classified:
        """Add two; of more than `MAX_CLASSES` classes the rarest become `OTHER`."""
        keys, counts = _limited(np.concatenate([self.keys, other.keys]), np.concatenate([self.counts, other.counts]))
        shared = self.against_rest.keys() & other.against_rest.keys()
        return Classified(
            self.rows + other.rows,
            keys,
            counts,
            self.confident + other.confident,
            {**self.against_rest, **other.against_rest}
            | {key: self.against_rest[key] + other.against_rest[key] for key in sorted(shared)},
            self.squared_errors + other.squared_errors,
            self.log_losses + other.log_losses,
        )

    @property
    def foreign(self) -> bool:
        """Whether several classes were returned, several were true, and none was both."""
        returned, true = self.counts[:, 1] > 0, self.counts[:, 2] > 0
        return bool(returned.sum() > 1 and true.sum() > 1 and not (returned & true).any())

    def confusion(self, place: int) -> Floats:
        """Return the confusion of the class at a place in `keys` with the rest, (2, 2) as [label, decision]."""
        hits, returned, true = self.counts[place].tolist()
        return np.array([[self.rows - returned - true + hits, returned - hits], [true - hits, hits]], np.float64)


def classified(
    returned: Floats, truths: Floats, confidences: Floats, by_class: ClassScores | None = None
) -> Classified:
    """Reduce labelled predictions.

    Args:
        returned: the key of the class that was returned, (n,); see `exporter.labels.classes`.
        truths: that of the true one, (n,).
        confidences: the probability of the returned class, (n,); NaN where it is not known.
        by_class: the probability of each class, finite; None where they are not known. A true class that is not among
            them had the probability 0.

    Raises:
        ValueError: when the probability of a class is not finite.
    """
    right = returned == truths
    own, places = np.unique(np.concatenate([returned, truths]), return_inverse=True)
    of_returned, of_truths = np.split(places, 2)
    counts = [np.bincount(each, minlength=len(own)) for each in (of_returned[right], of_returned, of_truths)]
    keys, table = _limited(own, np.array(counts).reshape(3, -1).T)
    finite = np.isfinite(confidences)
    confident = labelled(confidences[finite], right[finite], right[finite], CONFIDENCE_EDGES)
    if by_class is None:
        return Classified(len(truths), keys, table, confident, {})
    squared_errors, log_losses = _losses(truths, by_class)
    return Classified(
        len(truths), keys, table, confident, _against_rest(returned, truths, by_class), squared_errors, log_losses
    )


def no_probabilities(scores: Floats) -> npt.NDArray[np.bool_]:
    """Return the rows, (n,), whose scores, (n, classes), are not the probabilities of classes of which one is true."""
    outside = ((scores < 0) | (scores > 1)).any(axis=1)
    improper: npt.NDArray[np.bool_] = outside | (np.abs(scores.sum(axis=1) - 1) > SLACK)
    return improper


def _against_rest(returned: Floats, truths: Floats, by_class: ClassScores) -> dict[float, Labelled]:
    columns = zip(by_class.keys.tolist(), by_class.scores.T, by_class.edges, strict=True)
    return {
        key: labelled(np.ascontiguousarray(scores), truths == key, returned == key, edges)
        for key, scores, edges in columns
        if edges is not None
    }


def _losses(truths: Floats, by_class: ClassScores) -> tuple[Moments, Moments]:
    """Return the squared errors and the log losses of the probabilities."""
    is_true = truths[:, None] == by_class.keys
    of_truth = (by_class.scores * is_true).sum(axis=1)
    missing = ~is_true.any(axis=1)
    squares = np.square(by_class.scores - is_true).sum(axis=1) + missing
    return moments(squares / 2), moments(-np.log(np.clip(of_truth, CERTAIN, 1 - CERTAIN)))


def _limited(keys: Floats, counts: Counts) -> tuple[Floats, Counts]:
    """Return each key once, increasing; of too many classes the rarest are counted together. Ties go by key."""
    own, places = np.unique(keys, return_inverse=True)
    summed = np.zeros((len(own), 3), np.int64)
    np.add.at(summed, places, counts)
    named = own != OTHER
    if named.sum() <= MAX_CLASSES:
        return own, summed
    order = np.lexsort((own, -summed[:, 1:].sum(axis=1), ~named))
    frequent, rest = np.sort(order[:MAX_CLASSES]), order[MAX_CLASSES:]
    return np.append(OTHER, own[frequent]), np.concatenate([summed[rest].sum(axis=0, keepdims=True), summed[frequent]])
