"""Performance of the newest predictions: estimates without labels, and provisional values from the first labels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from dashboards.panels import measures
from dashboards.panels.charts import chart
from dashboards.panels.layout import Section
from dashboards.panels.scopes import Scope
from dashboards.panels.style import ANY
from dashboards.sections.labels import mature_window_text
from dashboards.sections.performance import MAIN_METRICS
from exporter import catalogue
from exporter.catalogue import Metric
from exporter.spec.model import ModelSpec
from exporter.spec.sections.task import SINGLE_SCORE_TASKS

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
    """Collapsed sections: estimates if the reference has labels, provisional values if the log has labels."""
    sections = []
    if spec.spec.estimated:
        panels = [*_estimated(spec, scope), *(_gaps(spec, scope) if spec.spec.labels_evaluated else [])]
        sections.append(Section("estimates", "Estimated performance (without labels)", panels))
    if spec.spec.labels_evaluated and spec.spec.task in SINGLE_SCORE_TASKS:
        sections.append(
            Section("provisional", "Provisional performance (first labels only)", _provisional(spec, scope))
        )
    return sections


def _task_metrics(spec: ModelSpec) -> tuple[Metric, ...]:
    regression = spec.spec.task == "regression"
    return tuple(metric for metric in _NAMES if (metric in _REGRESSION) == regression)


def _estimated_metrics(spec: ModelSpec) -> tuple[Metric, ...]:
    """The metrics that are estimated before labels arrive.

    With several classes these are AUROC and, if the confidence of the returned class is known, accuracy.
    """
    if spec.spec.task != "multiclass_classification":
        return _task_metrics(spec)
    has_confidence = spec.spec.inference.columns.score is not None and spec.spec.class_column is not None
    return (catalogue.AUROC, catalogue.ACCURACY) if has_confidence else (catalogue.AUROC,)


def _is_estimated(spec: ModelSpec, metric: Metric) -> bool:
    return metric in _estimated_metrics(spec) and metric.estimated() in catalogue.METRICS


def estimates_of(spec: ModelSpec) -> dict[Metric, str]:
    """The measures that are estimated, besides the task's main metric."""
    main = MAIN_METRICS[spec.spec.task][0]
    return {metric: name for metric, name in _NAMES.items() if metric != main and _is_estimated(spec, metric)}


def provisional_of(spec: ModelSpec) -> dict[Metric, str]:
    """The measures with provisional values."""
    return {metric: _NAMES[metric] for metric in _task_metrics(spec)}


def _estimated(spec: ModelSpec, scope: Scope) -> list[Any]:
    action = (
        "If it gets worse before labels arrive: the inputs have moved to where the model is less certain. See the "
        "drifted features. The gap between estimated and observed shows how far to trust it."
    )
    draw = partial(chart, spec, scope)
    return _panels(
        spec, draw, estimates_of(spec), measures.ESTIMATED, action, of=Metric.estimated, suffix=": estimated"
    )


def _gaps(spec: ModelSpec, scope: Scope) -> list[Any]:
    action = (
        "If it is above the dashed line (for an error: as far below 0), the same inputs have other outcomes than in "
        "the reference. Find out what changed in the outcomes or in the labels, then retrain."
    )
    drift = chart(
        spec,
        scope,
        catalogue.CONCEPT_DRIFT,
        "Concept drift",
        "Above 1 the same inputs have other outcomes than in the reference, by more than chance explains. See which "
        "gap is large, then find out what changed in the outcomes or in the labels.",
        limits=ANY,
        window=mature_window_text(spec),
        size=(24, 8),
    )
    return [
        drift,
        *_panels(
            spec,
            partial(chart, spec, scope, window=mature_window_text(spec), limits=ANY),
            estimates_of(spec),
            measures.ESTIMATED,
            action,
            of=Metric.estimated_gap,
            suffix=": estimated minus observed",
        ),
    ]


def _provisional(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope)
    action = (
        "This value is provisional and changes as labels arrive. Act only if the whole interval (dotted) is bad, else "
        "wait."
    )
    return [
        draw(
            catalogue.LABEL_REPRESENTED_RATIO,
            "Predictions represented by labels",
            "Below 90 % no provisional values are shown: too many predictions have no similar labelled prediction. "
            "Wait, or select a longer window.",
        ),
        draw(
            catalogue.LABEL_EFFECTIVE_ROWS,
            "Effective labels",
            "If it is far below the number of labels: a few labels represent many predictions. The intervals include "
            "this.",
        ),
        *measures.panels(
            draw,
            provisional_of(spec),
            measures.PROVISIONAL,
            action,
            of=Metric.provisional,
            suffix=": provisional",
        ),
    ]


def _panels(
    spec: ModelSpec, draw: Callable[..., Any], shared: dict[Metric, str], variable: str, action: str, **more: Any
) -> list[Any]:
    """The panel of the task's main metric, to which its tile links, and those of the other measures."""
    main = MAIN_METRICS[spec.spec.task][0]
    own = {main: _NAMES[main]} if main in _NAMES and _is_estimated(spec, main) else {}
    return [
        *measures.panels(draw, own, variable, action, **more),
        *measures.panels(draw, shared, variable, action, **more),
    ]
