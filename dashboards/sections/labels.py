"""What became of the predictions: how many have a label by now, and how good they were."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from dashboards.panels.charts import chart
from dashboards.panels.layout import Section
from dashboards.panels.queries import Scope
from dashboards.panels.style import Limits
from dashboards.sections import calibration
from exporter import catalogue
from exporter.catalogue import WINDOW, Metric
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import format_duration

_FROM_ZERO: Final[Limits] = (0, None)


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """Two folded sections; none when the model's labels are not evaluated."""
    if not spec.spec.labels_evaluated:
        return []
    return [
        Section("performance", "How good the predictions were", _performance(spec, scope)),
        Section("labels", "Labels", _labels(spec, scope)),
    ]


def _performance(spec: ModelSpec, scope: Scope) -> list[Any]:
    if spec.spec.task == "multiclass_classification":
        return [*_classification(spec, scope, several=True), *_by_class(spec, scope)]
    if spec.spec.task == "ranking":
        return _ranking(spec, scope)
    if spec.spec.task == "regression":
        return _regression(spec, scope)
    return _classification(spec, scope, several=False)


def _regression(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope, rows=catalogue.LABEL_ROWS)
    error = "Rising while the inputs have not drifted: the world answers differently. Retrain."
    return [
        draw(catalogue.RMSE, "Root mean squared error, $window", error, limits=_FROM_ZERO),
        draw(catalogue.MAE, "Mean absolute error, $window", error, limits=_FROM_ZERO),
    ]


def _ranking(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope)
    return [
        draw(
            catalogue.NDCG,
            "NDCG, $window",
            "Falling beyond its interval (dotted): what is relevant stands lower. With drifted features: start there.",
            rows=catalogue.NDCG_LISTS,
        ),
        draw(
            catalogue.NDCG_LISTS,
            "Judged lists, $window",
            "Few: the interval is wide, and below `thresholds.min_rows` nothing is said.",
        ),
        draw(
            catalogue.NDCG_LISTS_LEFT_OUT,
            "Lists left out by reason, $window",
            "Partly labelled: `labels.absent` may say what an item without a label is worth. Nothing relevant: nobody "
            "found what they looked for, which NDCG cannot see.",
        ),
    ]


def _classification(spec: ModelSpec, scope: Scope, *, several: bool) -> list[Any]:
    draw = partial(_draw, spec, scope, rows=catalogue.LABEL_ROWS)
    falling = "Falling: see by class which." if several else "Falling while AUROC holds: move the operating threshold."
    return [
        draw(
            catalogue.AUROC,
            "AUROC, $window",
            "Falling beyond its interval (dotted): the model ranks worse. With drifted features: start there. Without: "
            "the world answers differently; retrain.",
        ),
        draw(
            catalogue.CALIBRATION_ERROR,
            "Calibration error, $window",
            "Above the dashed line scores are no probabilities any more: calibrate anew, and look at what follows from "
            "fixed thresholds on the score.",
            limits=_FROM_ZERO,
        ),
        *calibration.panels(spec, scope, mature(spec), draw),
        draw(catalogue.F1_SCORE, "F1, $window", falling),
        draw(catalogue.PRECISION, "Precision, $window", "Falling: more false alarms for each hit. Compare recall."),
        draw(catalogue.RECALL, "Recall, $window", "Falling: more positives are missed. Compare precision."),
        draw(
            catalogue.ACCURACY,
            "Accuracy, $window",
            "Where positives are rare it is high whatever the model does: judge by the others.",
        ),
        draw(
            catalogue.LOG_LOSS,
            "Log loss, $window",
            "Rising while AUROC holds: scores are too sure, or their level is off. See the calibration error.",
            limits=_FROM_ZERO,
        ),
        draw(
            catalogue.BRIER_SCORE,
            "Brier score, $window",
            "As the log loss, less moved by single predictions that were sure and wrong.",
            limits=_FROM_ZERO,
        ),
        draw(
            catalogue.CALIBRATION_ERROR_DEBIASED,
            "Calibration error without noise, $window",
            "Compare versions and weeks by it: few labels do not raise it.",
            limits=_FROM_ZERO,
        ),
    ]


def _by_class(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope)
    return [
        draw(
            catalogue.CLASS_F1_SCORE,
            "F1 by class, $window",
            "One class falls: look at its precision and recall, and at the features that tell it from the rest.",
        ),
        draw(catalogue.CLASS_PRECISION, "Precision by class, $window", "Falling: others are taken for this class."),
        draw(catalogue.CLASS_RECALL, "Recall by class, $window", "Falling: this class is taken for others."),
        draw(catalogue.CLASS_AUROC, "AUROC by class, $window", "Falling: the class's own score ranks worse."),
        draw(
            catalogue.CLASS_CALIBRATION_ERROR_DEBIASED,
            "Calibration error by class, without noise, $window",
            "Rising: the class's score is no probability any more; calibrate anew.",
            limits=_FROM_ZERO,
        ),
        draw(
            catalogue.CLASS_LABEL_ROWS,
            "Labelled predictions by class, $window",
            "Few: what is said of the class is noise.",
        ),
    ]


def _labels(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope)
    return [
        draw(
            catalogue.LABEL_COVERAGE_RATIO,
            "Label coverage, $window",
            "Below the dashed line: labels are late or lost, and what is said of performance is said of fewer. Ask "
            "whoever labels.",
        ),
        draw(
            catalogue.LABEL_SILENCE_SECONDS,
            "Time without a label",
            "Above the dashed line: labels have stopped. Ask whoever labels, and look at what writes the label log.",
        ),
        draw(
            catalogue.LABEL_DELAY_SECONDS,
            "Label delay, $window",
            "Near `labels.maturity`: make that longer, or predictions are judged before their labels come.",
        ),
        draw(
            catalogue.LABEL_ROWS,
            "Labelled predictions, $window",
            "Too few: intervals are wide, and below `thresholds.min_rows` nothing is said.",
        ),
        draw(
            catalogue.LABEL_ODD_ROWS,
            "Odd rows by reason",
            "Rows without a prediction, or before theirs: ids or clocks differ between the two logs. Corrected ones "
            "are usual where labels are revised.",
        ),
    ]


def mature(spec: ModelSpec) -> str:
    """In words, what time a value of mature predictions is about."""
    labels = spec.spec.labels
    maturity = format_duration(labels.maturity) if labels else ""
    return f"the `$window` of predictions that ended {maturity} ago, when they were mature; at each refresh."


def _draw(spec: ModelSpec, scope: Scope, metric: Metric, title: str, action: str, **more: Any) -> Any:
    told = {"window": mature(spec)} if WINDOW in metric.labels else {}
    return chart(spec, scope, metric, title, action, **{**told, **more})
