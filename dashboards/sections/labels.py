"""Labels: how many predictions have one, and the performance that they show."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from dashboards.panels import measures
from dashboards.panels.charts import chart
from dashboards.panels.layout import Section
from dashboards.panels.queries import Query, Role, plotted
from dashboards.panels.scopes import Scope
from dashboards.panels.style import ANY, FROM_ZERO
from dashboards.sections import calibration, rates
from exporter import catalogue
from exporter.catalogue import SLO, WINDOW, Metric
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import format_duration


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """Two collapsed sections; none if the model's labels are not evaluated."""
    if not spec.spec.labels_evaluated:
        return []
    return [
        Section("performance", "Performance (mature labels)", _performance(spec, scope)),
        Section("labels", "Labels", _labels(spec, scope)),
    ]


def _performance(spec: ModelSpec, scope: Scope) -> list[Any]:
    if spec.spec.task == "multiclass_classification":
        return [*_classification(spec, scope, multiclass=True), *_by_class(spec, scope)]
    if spec.spec.task == "ranking":
        return _ranking(spec, scope)
    if spec.spec.task == "regression":
        return _regression(spec, scope)
    return _classification(spec, scope, multiclass=False)


def _regression(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope)
    error = "If it rises while the inputs have not drifted: the outcomes have changed, so retrain."
    return [
        draw(catalogue.RMSE, "Root mean squared error", error, limits=FROM_ZERO),
        draw(catalogue.MAE, "Mean absolute error", error, limits=FROM_ZERO),
        draw(
            catalogue.MEAN_ERROR,
            "Mean error",
            "Above 0 predictions are too high. If it is farther from its reference than the dashed line: labels mean "
            "something else, or the model must be calibrated.",
            limits=ANY,
        ),
        draw(
            catalogue.LABEL_MEAN,
            "Mean label",
            "If it moves while the mean error does not: predictions move with it, and the model is not at fault.",
            limits=ANY,
        ),
        rates.shift(draw),
    ]


def _ranking(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope)
    return [
        draw(
            catalogue.NDCG,
            "NDCG",
            "If it falls by more than its interval (dotted): relevant items are ranked lower. If features have "
            "drifted, start there.",
        ),
        draw(
            catalogue.NDCG_LISTS,
            "Evaluated lists",
            "If there are few: the interval is wide. Below `thresholds.min_rows` nothing is evaluated.",
        ),
        draw(
            catalogue.NDCG_LISTS_LEFT_OUT,
            "Lists not evaluated, by reason",
            "Partly labelled: `labels.absent` can give the value of an item without a label. Nothing relevant: nobody "
            "found what they were looking for; NDCG cannot measure this.",
        ),
    ]


_MEASURES: Final = {
    catalogue.F1_SCORE: "F1",
    catalogue.PRECISION: "Precision",
    catalogue.RECALL: "Recall",
    catalogue.ACCURACY: "Accuracy",
    catalogue.LOG_LOSS: "Log loss",
    catalogue.BRIER_SCORE: "Brier score",
}
_ACTIONS: Final = {
    "F1": "If it falls while AUROC is stable, move the decision threshold.",
    "Precision": "If it falls, there are more false positives: compare with recall.",
    "Recall": "If it falls, more positives are missed: compare with precision.",
    "Accuracy": "If positives are rare, it is always high.",
    "Log loss": "If it rises while AUROC is stable, scores are too extreme, too high or too low: see calibration.",
    "Brier score": "Like the log loss; confident and wrong predictions change it less.",
}


def measures_of(spec: ModelSpec) -> dict[Metric, str]:
    """The observed measures that share a panel: of a classifier, those without an objective and panel of their own."""
    if not spec.spec.labels_evaluated or not spec.spec.task.endswith("_classification"):
        return {}
    own = {slo.metric for slo in spec.spec.slos_of_labels}
    own |= {catalogue.F1_SCORE.key} if spec.spec.task == "multiclass_classification" else set()
    return {metric: title for metric, title in _MEASURES.items() if metric.key not in own}


def _classification(spec: ModelSpec, scope: Scope, *, multiclass: bool) -> list[Any]:
    draw = partial(_draw, spec, scope)
    return [
        draw(
            catalogue.AUROC,
            "AUROC",
            "If it falls by more than its interval (dotted), the model ranks worse. If features have drifted, start "
            "there. If not, the outcomes have changed: retrain.",
        ),
        *(
            [draw(catalogue.F1_SCORE, "F1", "If it falls: find the class in the panels by class.")]
            if multiclass
            else []
        ),
        *calibration.panels(spec, scope, mature_window_text(spec), draw),
        *([] if multiclass else rates.panels(spec, scope, mature_window_text(spec), draw)),
        *([] if multiclass and not spec.spec.inference.columns.scores else [rates.shift(draw)]),
        *(
            draw(metric, title, _ACTIONS[title])
            for metric, title in _MEASURES.items()
            if metric not in measures_of(spec) and not (multiclass and metric is catalogue.F1_SCORE)
        ),
        *measures.panels(
            draw,
            measures_of(spec),
            measures.OBSERVED,
            " ".join(f"{title}: {_ACTIONS[title]}" for title in measures_of(spec).values()),
            meaning="${measure:text} of mature predictions, with its 95 % confidence interval (dotted).",
        ),
    ]


def _by_class(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope)
    return [
        draw(
            catalogue.CLASS_RATE_OBSERVED,
            "Observed rate by class",
            "If one rises: cases of this class are more frequent. Compare with its predicted rate.",
        ),
        draw(
            catalogue.CLASS_RATE_PREDICTED,
            "Predicted rate by class",
            "If it is not the observed rate: the scores of this class are too high or too low.",
        ),
        draw(
            catalogue.CLASS_F1_SCORE,
            "F1 by class",
            "If one class falls: see its precision and recall, and the features that separate it from the other "
            "classes.",
        ),
        draw(
            catalogue.CLASS_PRECISION,
            "Precision by class",
            "If it falls: the model returns this class for cases of other classes.",
        ),
        draw(
            catalogue.CLASS_RECALL,
            "Recall by class",
            "If it falls: the model returns other classes for cases of this class.",
        ),
        draw(
            catalogue.CLASS_AUROC,
            "AUROC by class",
            "If it falls: the score of this class ranks worse.",
        ),
        draw(
            catalogue.CLASS_CALIBRATION_ERROR_DEBIASED,
            "Calibration error by class, without noise",
            "If it rises: the score of this class is not reliable as a probability, so calibrate again.",
            limits=FROM_ZERO,
        ),
        draw(
            catalogue.CLASS_LABEL_ROWS,
            "Labelled predictions by class",
            "If there are few: the metrics of this class are noise.",
        ),
    ]


def _labels(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope)
    return [
        draw(
            catalogue.LABEL_COVERAGE_RATIO,
            "Label coverage",
            "Below the dashed line labels are late or lost, and performance is measured on fewer predictions. Ask the "
            "labelling team.",
        ),
        draw(
            catalogue.LOG_USABLE_RATIO,
            "Usable rows of both logs",
            "Below the dashed line ids, scores or labels are missing or have another type, and these rows are not "
            "joined. The log of the exporter has the reason for each file.",
        ),
        draw(
            catalogue.LABEL_INVALID_RATIO,
            "Labelled predictions that cannot be judged",
            "Above the dashed line performance is withheld: labels are none of the model's, or scores are no "
            "probabilities. The log of the exporter says which.",
        ),
        draw(
            catalogue.LABEL_SILENCE_SECONDS,
            "Time without a label",
            "Above the dashed line labels have stopped. Ask the labelling team, and check the label pipeline.",
        ),
        draw(
            catalogue.LABEL_DELAY_SECONDS,
            "Label delay",
            "If it is near `labels.maturity`: make the maturity longer. Otherwise predictions are evaluated before "
            "their labels arrive.",
        ),
        draw(
            catalogue.LABEL_ROWS,
            "Labelled predictions",
            "If there are few: intervals are wide. Below `thresholds.min_rows` nothing is evaluated.",
        ),
        draw(
            catalogue.LABEL_DESIGN_EFFECT,
            "Design effect of labels",
            "Above 1 outcomes come in storms. Without a line fewer than seven days of labels are known, and labels "
            "are taken as independent: name `reference.columns.label` and `timestamp`.",
        ),
        draw(
            catalogue.LABEL_ODD_ROWS,
            "Rejected label rows by reason",
            "Rows without a prediction, or earlier than it: ids or clocks differ between the two logs. Corrected "
            "labels are normal if labels are revised.",
        ),
    ]


def mature_window_text(spec: ModelSpec) -> str:
    """The text about the window of a value that needs mature labels."""
    labels = spec.spec.labels
    maturity = format_duration(labels.maturity) if labels else ""
    return f"the newest `$window` of mature predictions, which ended {maturity} ago."


def _draw(spec: ModelSpec, scope: Scope, metric: Metric, title: str, action: str, **more: Any) -> Any:
    window = {"window": mature_window_text(spec)} if WINDOW in metric.labels else {}
    return chart(spec, scope, metric, title, action, **{"beside": _targets(spec, scope, metric), **window, **more})


def _targets(spec: ModelSpec, scope: Scope, metric: Metric) -> list[Query]:
    """The targets of the objectives of a metric."""
    own = [slo for slo in spec.spec.slos_of_labels if slo.metric == metric.key and not slo.counts_events]
    target = catalogue.SLO_TARGET
    return [
        Query(plotted(target, scope.with_value(SLO, slo.name)), f"target of {slo.name}", Role.THRESHOLD) for slo in own
    ]
