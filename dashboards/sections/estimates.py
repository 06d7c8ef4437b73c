"""How good the newest predictions are: what is expected of them before labels come, and what the first labels say."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from dashboards.panels.charts import chart
from dashboards.panels.layout import Section
from dashboards.panels.queries import Scope
from dashboards.panels.style import Limits
from dashboards.sections.labels import mature
from exporter import catalogue
from exporter.catalogue import Metric, Unit
from exporter.spec.model import ModelSpec
from exporter.spec.sections.task import SINGLE_SCORE_TASKS

_FROM_ZERO: Final[Limits] = (0, None)
_ANY: Final[Limits] = (None, None)

_NAMES: Final = {
    catalogue.AUROC: "AUROC",
    catalogue.F1_SCORE: "F1",
    catalogue.PRECISION: "Precision",
    catalogue.RECALL: "Recall",
    catalogue.ACCURACY: "Accuracy",
    catalogue.LOG_LOSS: "Log loss",
    catalogue.BRIER_SCORE: "Brier score",
    catalogue.RMSE: "Root mean squared error",
    catalogue.MAE: "Mean absolute error",
}
_REGRESSION: Final = (catalogue.RMSE, catalogue.MAE)


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """Two folded sections: of estimates where the reference has labels, of first labels where the log has some."""
    found = []
    if spec.spec.estimated:
        panels = [*_estimated(spec, scope), *(_gaps(spec, scope) if spec.spec.labels_evaluated else [])]
        found.append(Section("estimates", "How good the predictions should be", panels))
    if spec.spec.labels_evaluated and spec.spec.task in SINGLE_SCORE_TASKS:
        found.append(Section("provisional", "How good they are as far as labels have come", _provisional(spec, scope)))
    return found


def _known(spec: ModelSpec) -> tuple[Metric, ...]:
    regression = spec.spec.task == "regression"
    return tuple(metric for metric in _NAMES if (metric in _REGRESSION) == regression)


def _expected(spec: ModelSpec) -> tuple[Metric, ...]:
    """What is expected before labels come: of several classes how they rank, and by their confidence how accurately."""
    if spec.spec.task != "multiclass_classification":
        return _known(spec)
    sure = spec.spec.inference.columns.score is not None and spec.spec.class_column is not None
    return (catalogue.AUROC, catalogue.ACCURACY) if sure else (catalogue.AUROC,)


def _limits(metric: Metric) -> Limits | None:
    return None if metric.unit is Unit.RATIO else _FROM_ZERO


def _estimated(spec: ModelSpec, scope: Scope) -> list[Any]:
    action = (
        "Worse while no label has come: the inputs have moved to where the model is less sure. See the drifted "
        "features; the gap to the truth tells how far to trust it."
    )
    return [
        chart(
            spec,
            scope,
            metric.estimated(),
            f"{_NAMES[metric]} expected, $window",
            action,
            limits=_limits(metric),
            rows=catalogue.VERSION_ROWS,
        )
        for metric in _expected(spec)
        if metric.estimated() in catalogue.METRICS
    ]


def _gaps(spec: ModelSpec, scope: Scope) -> list[Any]:
    action = (
        "Above the dashed line, or as far below 0 for an error: the same inputs come to another end than in the "
        "reference. Look for what changed in the world or in the labels, then retrain."
    )
    drift = chart(
        spec,
        scope,
        catalogue.CONCEPT_DRIFT,
        "Concept drift, $window",
        "Above 1 the same inputs come to another end than in the reference, beyond what chance explains. See which gap "
        "it is, then what changed in the world or in the labels.",
        limits=_ANY,
        window=mature(spec),
        rows=catalogue.LABEL_ROWS,
        size=(24, 8),
    )
    return [
        drift,
        *(
            chart(
                spec,
                scope,
                metric.estimated_gap(),
                f"{_NAMES[metric]}: expected minus seen, $window",
                action,
                limits=_ANY,
                window=mature(spec),
                rows=catalogue.LABEL_ROWS,
            )
            for metric in _expected(spec)
            if metric.estimated_gap() in catalogue.METRICS
        ),
    ]


def _provisional(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope)
    action = "Provisional: it moves as labels come. Act on it where the interval (dotted) leaves no doubt, else wait."
    return [
        draw(
            catalogue.LABEL_REPRESENTED_RATIO,
            "Predictions represented, $window",
            "Below 90 % nothing provisional is told: too many predictions have no label that could stand for them. "
            "Wait, or choose a longer window.",
        ),
        draw(
            catalogue.LABEL_EFFECTIVE_ROWS,
            "Effective labels, $window",
            "Far fewer than labels have come: a few of them stand for many. The intervals know.",
        ),
        *(
            draw(
                metric.provisional(),
                f"{_NAMES[metric]} so far, $window",
                action,
                limits=_limits(metric),
                rows=catalogue.LABEL_EFFECTIVE_ROWS,
            )
            for metric in _known(spec)
        ),
    ]
