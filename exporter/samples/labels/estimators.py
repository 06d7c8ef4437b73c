"""Estimators of the performance of predictions without labels, fitted to the labelled reference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.sums.by_score import ByScore, predicted_positive
from exporter.profiles.binning import Floats, Rows
from exporter.profiles.columns import Mask
from exporter.statistics.labels import estimation, loss_estimation, performance
from exporter.statistics.labels.estimation import Calibration
from exporter.statistics.labels.levels import Level
from exporter.statistics.labels.loss_estimation import Expected, LossCurve
from exporter.statistics.labels.performance import Z_95, Estimate

Expectations = Mapping[Metric, Expected]
"""The expected value of each metric, and the standard error of the later measured value around it."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """Estimator of a binary classifier (CBPE).

    `calibration` is None where scores are used as probabilities. `decisions` are the bins that are predicted positive,
    (bins,). `errors` are the standard errors of the reference's own performance, and `level` is that of its labels.
    """

    calibration: Calibration | None
    decisions: Mask
    errors: Mapping[Metric, float]
    level: Level | None = None

    @classmethod
    def fit(cls, reference: ByScore, edges: Floats, threshold: float) -> Self:
        """Fit to the labelled rows of the reference; there is at least one.

        Args:
            reference: rows by the bin of their score.
            edges: edges of these bins, (k,).
            threshold: the lowest score that is predicted positive.
        """
        decisions = predicted_positive(edges, threshold)
        own = _performance(reference.labels, reference.known - reference.labels, decisions)
        errors = {metric: _error(each) for metric, each in own.items()}
        return cls(_calibration(reference), decisions, errors, _level(reference))

    def expected(self, rows: Rows, scores: Floats) -> Expectations:
        """The expected performance of predictions without labels.

        Args:
            rows: predictions by the bin of their score, (bins,).
            scores: the sums of their scores, (bins,).

        Returns:
            Nothing where scores are not probabilities and are not calibrated.
        """
        probabilities = _probabilities(self.calibration, rows, scores)
        if probabilities is None:
            return {}
        positives = rows * probabilities
        return {
            metric: Expected(each.value, math.hypot(_error(each), self.errors[metric]))
            for metric, each in _performance(positives, rows * (1 - probabilities), self.decisions).items()
        }


@dataclass(frozen=True, slots=True)
class Regression:
    """Estimator of a regression (direct loss estimation); `level` is that of the reference's labels."""

    squared: LossCurve
    absolute: LossCurve
    level: Level | None = None

    def expected(self, rows: Rows, scores: Floats) -> Expectations:
        """The expected errors of predictions without labels; see `Classifier.expected`."""
        squared = loss_estimation.estimate(self.squared, rows)
        return {
            catalogue.RMSE: loss_estimation.root(squared),
            catalogue.MAE: loss_estimation.estimate(self.absolute, rows),
        }


@dataclass(frozen=True, slots=True)
class Confidence:
    """Estimator of a multiclass classifier's accuracy, from the score of the returned class.

    A correct prediction is a positive, so the share of positives is the accuracy. `error` is the standard error of the
    reference's own accuracy.
    """

    calibration: Calibration | None
    error: float

    @classmethod
    def fit(cls, reference: ByScore) -> Self | None:
        """Fit to the labelled rows of the reference, whose label is whether the prediction is correct; None without."""
        if not reference.known.any():
            return None
        own = performance.share(float(reference.labels.sum()), reference.known.astype(np.float64))
        return cls(_calibration(reference), _error(own))

    def expected(self, rows: Rows, scores: Floats) -> Expectations:
        """The expected accuracy of predictions without labels: the mean probability; see `Classifier.expected`."""
        probabilities, filled = _probabilities(self.calibration, rows, scores), np.flatnonzero(rows)
        if probabilities is None or not len(filled):
            return {}
        estimate = performance.share(float(rows[filled] @ probabilities[filled]), rows[filled].astype(np.float64))
        return {catalogue.ACCURACY: Expected(estimate.value, math.hypot(_error(estimate), self.error))}


@dataclass(frozen=True, slots=True)
class MulticlassClassifier:
    """Estimator of a multiclass classifier: one estimator per class against the rest, in the order of the classes.

    `confidence` is None without the score of the returned class. F1, precision and recall are not estimated: they need
    to know which class is returned at which score, and the scores counted one by one do not contain that.
    """

    classes: tuple[Classifier, ...]
    confidence: Confidence | None = None

    @classmethod
    def fit(
        cls, reference: Sequence[ByScore], edges: Sequence[Floats], confidence: ByScore | None = None
    ) -> Self | None:
        """Fit to the labelled rows of the reference, by class and by confidence; None where a class has no label."""
        if not all(rows.known.any() for rows in reference):
            return None
        # There is no threshold: the likeliest class is returned.
        each = (Classifier.fit(rows, own, math.inf) for rows, own in zip(reference, edges, strict=True))
        return cls(tuple(each), Confidence.fit(confidence) if confidence is not None else None)

    def expected(
        self, scores: Sequence[tuple[Rows, Floats]], confidence: tuple[Rows, Floats] | None = None
    ) -> Expectations:
        """The expected AUROC and accuracy of predictions without labels; unknown ones are left out.

        Args:
            scores: rows and sums of scores of each class, as in `Classifier.expected`.
            confidence: the same for the score of the returned class; None where it is unknown.
        """
        accuracy = self.confidence.expected(*confidence) if self.confidence and confidence else {}
        return {**self._mean_auroc(scores), **accuracy}

    def _mean_auroc(self, scores: Sequence[tuple[Rows, Floats]]) -> Expectations:
        """The mean of the classes' AUROC; nothing where one of them is unknown.

        The error is the mean of the classes' errors, which assumes that they err together, since they share their rows.
        """
        areas = [each.expected(*own).get(catalogue.AUROC) for each, own in zip(self.classes, scores, strict=True)]
        known = [each for each in areas if each is not None]
        if len(known) < len(areas):
            return {}
        value, error = np.mean(np.array(known), axis=0).tolist()
        return {catalogue.AUROC: Expected(value, error)}


Estimator = Classifier | Regression | MulticlassClassifier


def fit_single_score(reference: ByScore, edges: Floats, threshold: float, *, binary: bool) -> Estimator | None:
    """Fit the estimator of a model with a single score to its labelled reference; None without labels.

    Args:
        reference: rows of the reference by the bin of their score.
        edges: edges of these bins, (k,).
        threshold: the lowest score that a classifier predicts positive.
        binary: whether the model is a binary classifier rather than a regression.
    """
    if not reference.known.any():
        return None
    if binary:
        return Classifier.fit(reference, edges, threshold)
    squared = loss_estimation.fit(reference.known, reference.squared_errors, reference.squared_error_squares)
    absolute = loss_estimation.fit(reference.known, reference.losses, reference.loss_squares)
    return Regression(squared, absolute, _level(reference)) if squared and absolute else None


def _level(reference: ByScore) -> Level:
    """The level of the reference's labels; the squared errors of one class against the rest are not known."""
    sums = (reference.known, reference.labels, reference.scores, reference.squared_errors, reference.losses)
    return Level(*(float(each.sum()) for each in sums))


def _calibration(reference: ByScore) -> Calibration | None:
    """The calibration of a score, fitted to the labelled rows of the reference."""
    known = reference.known > 0
    rows, positives = reference.known[known], np.rint(reference.labels[known]).astype(np.int64)
    return estimation.fit(reference.scores[known] / rows, positives, rows)


def _probabilities(calibration: Calibration | None, rows: Rows, scores: Floats) -> Floats | None:
    """The probability of a positive in each bin, 0 without rows; None where a result is not a probability."""
    filled = np.flatnonzero(rows)
    probabilities = np.zeros(len(rows))
    probabilities[filled] = estimation.calibrate(calibration, scores[filled] / rows[filled])
    return None if ((probabilities < 0) | (probabilities > 1)).any() else probabilities


def _performance(positives: Floats, negatives: Floats, decisions: Mask) -> dict[Metric, Estimate]:
    """The performance from expected or counted positives and negatives by bin."""
    confusion = np.array([[side[~decisions].sum(), side[decisions].sum()] for side in (negatives, positives)])
    return {
        catalogue.AUROC: performance.auroc(positives, negatives),
        catalogue.F1_SCORE: performance.f1_score(confusion),
        catalogue.PRECISION: performance.precision(confusion),
        catalogue.RECALL: performance.recall(confusion),
        catalogue.ACCURACY: performance.accuracy(confusion),
    }


def _error(estimate: Estimate) -> float:
    """The standard error from the wider side of the interval, so that it is not 0 for values of 0 and 1."""
    return max(estimate.upper - estimate.value, estimate.value - estimate.lower) / Z_95
