"""What performance is to be expected of predictions whose labels have not come, as the labelled reference tells it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.by_score import ByScore, predicted_positive
from exporter.profiles.binning import Floats, Rows
from exporter.profiles.columns import Mask
from exporter.statistics import estimation, loss_estimation, performance
from exporter.statistics.estimation import Calibration
from exporter.statistics.loss_estimation import Expected, LossCurve
from exporter.statistics.performance import Estimate

_WIDTH = 1.959963984540054
"""Of an interval at 95 %, half, in standard errors."""

Expectations = Mapping[Metric, Expected]
"""By the metric itself: what is expected, and by how much what is seen will differ from it by chance."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """A binary classifier as its labelled reference shows it, frozen with it.

    `calibration` is None where scores are probabilities as they are; `decisions` are the bins that are taken for
    positive, (bins,); `errors` say how well the reference itself knows its performance.
    """

    calibration: Calibration | None
    decisions: Mask
    errors: Mapping[Metric, float]

    @classmethod
    def learned(cls, reference: ByScore, edges: Floats, threshold: float) -> Self:
        """From the labelled rows of the reference; there is one at least."""
        known = reference.known > 0
        rows, positives = reference.known[known], np.rint(reference.labels[known]).astype(np.int64)
        calibration = estimation.fit(reference.scores[known] / rows, positives, rows)
        decisions = predicted_positive(edges, threshold)
        own = _performance(reference.labels, reference.known - reference.labels, decisions)
        return cls(calibration, decisions, {metric: _error(each) for metric, each in own.items()})

    def expected(self, rows: Rows, scores: Floats) -> Expectations:
        """Of predictions without labels; nothing where scores are no probabilities and could not be made some.

        Args:
            rows: by the bin of their score, (bins,).
            scores: the sums of their scores, (bins,).
        """
        filled = np.flatnonzero(rows)
        means = scores[filled] / rows[filled]
        chances = estimation.calibrate(self.calibration, means)
        if ((chances < 0) | (chances > 1)).any():
            return {}
        positives, negatives = np.zeros(len(rows)), np.zeros(len(rows))
        positives[filled], negatives[filled] = rows[filled] * chances, rows[filled] * (1 - chances)
        return {
            metric: Expected(each.value, math.hypot(_error(each), self.errors[metric]))
            for metric, each in _performance(positives, negatives, self.decisions).items()
        }


@dataclass(frozen=True, slots=True)
class Regression:
    """A regression as its labelled reference shows it, frozen with it."""

    squared: LossCurve
    absolute: LossCurve

    def expected(self, rows: Rows, scores: Floats) -> Expectations:
        """Of predictions without labels; as in `Classifier.expected`."""
        squared = loss_estimation.estimate(self.squared, rows)
        return {
            catalogue.RMSE: loss_estimation.root(squared),
            catalogue.MAE: loss_estimation.estimate(self.absolute, rows),
        }


@dataclass(frozen=True, slots=True)
class Confidence:
    """How often the returned one of several classes was right, by its own score, as the labelled reference shows it.

    A right answer is a positive, so the share of these is the accuracy; `error` says how well the reference knows it.
    """

    calibration: Calibration | None
    error: float

    @classmethod
    def learned(cls, reference: ByScore) -> Self | None:
        """From the labelled rows of the reference, whose labels say whether they were right; None of no rows."""
        known = reference.known > 0
        if not known.any():
            return None
        rows, right = reference.known[known], np.rint(reference.labels[known]).astype(np.int64)
        calibration = estimation.fit(reference.scores[known] / rows, right, rows)
        return cls(calibration, _error(performance.share(float(right.sum()), rows.astype(np.float64))))

    def expected(self, rows: Rows, scores: Floats) -> Expectations:
        """Of predictions without labels, the mean of the calibrated scores; as in `Classifier.expected`."""
        filled = np.flatnonzero(rows)
        chances = estimation.calibrate(self.calibration, scores[filled] / rows[filled])
        if not len(filled) or ((chances < 0) | (chances > 1)).any():
            return {}
        found = performance.share(float(rows[filled] @ chances), rows[filled].astype(np.float64))
        return {catalogue.ACCURACY: Expected(found.value, math.hypot(_error(found), self.error))}


@dataclass(frozen=True, slots=True)
class MulticlassClassifier:
    """A classifier of several classes as its labelled reference shows it: each class against the rest, in their order.

    `confidence` is None where the score of the returned class is not told apart. F1, precision and recall would follow
    from which class was returned at which score, which neither that score nor those of the classes one by one tell.
    """

    classes: tuple[Classifier, ...]
    confidence: Confidence | None = None

    @classmethod
    def learned(
        cls, reference: Sequence[ByScore], edges: Sequence[Floats], confidence: ByScore | None = None
    ) -> Self | None:
        """From the labelled rows of the reference, by class and by confidence; None where none has a label."""
        if not all(rows.known.any() for rows in reference):
            return None
        # No threshold decides: the likeliest class is returned.
        each = (Classifier.learned(rows, own, math.inf) for rows, own in zip(reference, edges, strict=True))
        return cls(tuple(each), Confidence.learned(confidence) if confidence is not None else None)

    def expected(
        self, scores: Sequence[tuple[Rows, Floats]], confidence: tuple[Rows, Floats] | None = None
    ) -> Expectations:
        """Of predictions without labels: how they rank, and how many are right; what is not known is left out.

        Args:
            scores: of each class, its rows and the sums of its scores, as in `Classifier.expected`.
            confidence: the same of the returned class's score; None where that is not known.
        """
        right = self.confidence.expected(*confidence) if self.confidence and confidence else {}
        return {**self._ranked(scores), **right}

    def _ranked(self, scores: Sequence[tuple[Rows, Floats]]) -> Expectations:
        """The mean of the classes' AUROC; nothing where one of these is not known.

        The error is the mean of theirs, as if all classes erred together, since their rows are the same.
        """
        found = [one.expected(*own).get(catalogue.AUROC) for one, own in zip(self.classes, scores, strict=True)]
        known = [each for each in found if each is not None]
        if len(known) < len(found):
            return {}
        value, error = np.mean(np.array(known), axis=0).tolist()
        return {catalogue.AUROC: Expected(value, error)}


Estimator = Classifier | Regression | MulticlassClassifier


def fit_single_score(reference: ByScore, edges: Floats, threshold: float, *, binary: bool) -> Estimator | None:
    """What a labelled reference teaches; None where none of its rows has a label.

    Args:
        reference: its rows.
        edges: of the score's fine bins, (k,).
        threshold: the score from which on a classifier says yes.
        binary: whether it is a binary classifier, rather than a regression.
    """
    if not reference.known.any():
        return None
    if binary:
        return Classifier.learned(reference, edges, threshold)
    squared = loss_estimation.fit(reference.known, reference.squared_errors, reference.squared_error_squares)
    absolute = loss_estimation.fit(reference.known, reference.losses, reference.loss_squares)
    return Regression(squared, absolute) if squared and absolute else None


def _performance(positives: Floats, negatives: Floats, decisions: Mask) -> dict[Metric, Estimate]:
    """Of expected or counted positives and negatives, by bin."""
    confusion = np.array([[side[~decisions].sum(), side[decisions].sum()] for side in (negatives, positives)])
    return {
        catalogue.AUROC: performance.auroc(positives, negatives),
        catalogue.F1_SCORE: performance.f1_score(confusion),
        catalogue.PRECISION: performance.precision(confusion),
        catalogue.RECALL: performance.recall(confusion),
        catalogue.ACCURACY: performance.accuracy(confusion),
    }


def _error(estimate: Estimate) -> float:
    """The standard error by the wider side of the interval, so that values near 0 and 1 are not taken for sure."""
    return max(estimate.upper - estimate.value, estimate.value - estimate.lower) / _WIDTH
