"""Performance of a window's labelled predictions, with intervals that hold for windows of real days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.labels.outcomes import Outcome
from exporter.labels.sums.classified import Classified
from exporter.labels.sums.labelled import Labelled, RegressionErrors
from exporter.labels.sums.ranked import Ranked
from exporter.samples.labels.class_performance import multiclass
from exporter.samples.labels.noise import LabelNoise, stretch
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import WEEKDAYS, Calendar
from exporter.statistics import thresholds
from exporter.statistics.labels import calibration, performance
from exporter.statistics.labels.calibration import Reliability
from exporter.statistics.labels.performance import Estimate


def performance_values(
    spec: ModelSpec, outcome: Outcome, end: datetime, factors: Mapping[Metric, float] | None = None
) -> dict[Metric, float]:
    """The coverage and performance of a window that ends at `end`; unknown values are NaN or left out.

    Args:
        spec: the model.
        outcome: of the window's predictions.
        end: of the window.
        factors: `widenings` of the whole; labels are independent if left out.
    """
    limits, factors = spec.spec.thresholds, factors or {}
    values: dict[Metric, float] = {catalogue.LABEL_ROWS: outcome.labelled}
    if outcome.rows:
        level = thresholds.ratio_shortfall(limits.label_coverage, outcome.rows, limits.false_positive_rate)
        values[catalogue.LABEL_COVERAGE_RATIO] = outcome.labelled / outcome.rows
        values[catalogue.LABEL_COVERAGE_RATIO_THRESHOLD] = level
    found = estimates_of(spec, outcome)
    if isinstance(outcome.performance, Ranked) and judged(spec, outcome):
        values[catalogue.NDCG_LISTS] = outcome.performance.lists
    values |= with_intervals(
        {metric: stretch(metric, each, factors.get(metric, 1.0)) for metric, each in found.items()}
    )
    labelled = confident(outcome)
    if labelled is not None and judged(spec, outcome):
        values |= _calibration(spec, labelled, end, factors.get(catalogue.CALIBRATION_ERROR, 1.0))
    return values


def judged(spec: ModelSpec, outcome: Outcome) -> bool:
    """Return whether performance is computed: there are enough labels, and few that cannot be judged."""
    return not outcome.withheld and outcome.known >= spec.spec.thresholds.min_rows


def estimates_of(spec: ModelSpec, outcome: Outcome) -> dict[Metric, Estimate]:
    """The performance of a window with intervals for independent labels; nothing where there are too few."""
    if not judged(spec, outcome):
        return {}
    match outcome.performance:
        case RegressionErrors():
            return regression(outcome.performance)
        case Ranked():
            enough = outcome.performance.lists >= spec.spec.thresholds.min_rows
            return {catalogue.NDCG: performance.mean(outcome.performance.gains, highest=1.0)} if enough else {}
        case Classified():
            classes = len(spec.spec.inference.columns.scores)
            return multiclass(outcome.performance, classes, proper=not outcome.improper)
        case Labelled():
            losses = {} if outcome.improper else probabilities(outcome.performance)
            return classification(outcome.performance) | losses
        case None:
            return {}


def widenings(spec: ModelSpec, outcome: Outcome, noise: LabelNoise, hours: float) -> dict[Metric, float]:
    """The factor of each interval's half-width, and of the band of perfect calibration; nothing where they are 1.

    Args:
        spec: the model.
        outcome: of a window's predictions.
        noise: how much performance varies between days.
        hours: the length of the window.
    """
    if not noise.excess:
        return {}
    factors = {metric: noise.widening(metric, each, hours) for metric, each in estimates_of(spec, outcome).items()}
    labelled = confident(outcome)
    if labelled is not None and judged(spec, outcome):
        factors[catalogue.CALIBRATION_ERROR] = _band_factor(spec, calibration.reliability(labelled), noise, hours)
    return factors


def _band_factor(spec: ModelSpec, diagram: Reliability, noise: LabelNoise, hours: float) -> float:
    """The factor of the band of perfect calibration."""
    q = spec.spec.thresholds.false_positive_rate
    independent = calibration.expected_error_noise(diagram, q)
    return noise.calibration_noise(diagram, hours, q) / independent if independent > 0 else 1.0


def confident(outcome: Outcome) -> Labelled | None:
    """The labelled scores that are probabilities, multiclass those of the returned class; None without any."""
    if outcome.improper:
        return None
    if isinstance(outcome.performance, Classified):
        return outcome.performance.confident
    return outcome.performance if isinstance(outcome.performance, Labelled) else None


def with_intervals(estimates: Mapping[Metric, Estimate]) -> dict[Metric, float]:
    """Values with the ends of their intervals; all three are NaN where a value is unknown."""
    return {
        each: value
        for metric, estimate in estimates.items()
        for each, value in zip((metric, *metric.interval()), estimate, strict=True)
    }


def classification(labelled: Labelled) -> dict[Metric, Estimate]:
    """The ranking and the decisions of a binary classifier."""
    confusion, squares = labelled.confusion, labelled.confusion_squares
    sides = labelled.positives, labelled.negatives, labelled.positive_squares, labelled.negative_squares
    return {
        catalogue.AUROC: performance.auroc(*sides),
        catalogue.F1_SCORE: performance.f1_score(confusion, squares),
        catalogue.PRECISION: performance.precision(confusion, squares),
        catalogue.RECALL: performance.recall(confusion, squares),
        catalogue.ACCURACY: performance.accuracy(confusion, squares),
    }


def probabilities(labelled: Labelled) -> dict[Metric, Estimate]:
    """The losses of a binary classifier's scores as probabilities."""
    return {
        catalogue.LOG_LOSS: performance.mean(labelled.log_losses),
        catalogue.BRIER_SCORE: performance.mean(labelled.squared_errors, highest=1.0),
    }


def _calibration(spec: ModelSpec, labelled: Labelled, end: datetime, factor: float) -> dict[Metric, float]:
    limits = spec.spec.thresholds
    weekday = WEEKDAYS[Calendar.of(spec.spec.seasonality).end_weekday(end)]
    diagram = calibration.reliability(labelled)
    noise = factor * calibration.expected_error_noise(diagram, limits.false_positive_rate)
    return {
        catalogue.CALIBRATION_ERROR: calibration.expected_error(diagram),
        catalogue.CALIBRATION_ERROR_THRESHOLD: thresholds.threshold(limits.calibration_error.on(weekday), noise),
        catalogue.CALIBRATION_ERROR_DEBIASED: calibration.debiased_error(diagram),
        catalogue.CALIBRATION_ERROR_MAX: calibration.maximal_error(diagram),
    }


def regression(errors: RegressionErrors) -> dict[Metric, Estimate]:
    """The errors of a regression."""
    return {
        catalogue.RMSE: performance.rmse(errors.squared_errors),
        catalogue.MAE: performance.mean(errors.absolute_errors),
    }
