"""The decisions of the retraining hook; Prometheus scrapes `leeway retrain-hook` beside the exporters."""

from __future__ import annotations

from grafanalib.core import TimeSeries

from dashboards.panels import scopes
from dashboards.panels.builders import timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import history
from dashboards.panels.scopes import Scope
from exporter import catalogue
from exporter.spec.model import ModelSpec


def sections(spec: ModelSpec) -> list[Section]:
    """One collapsed section; none if the model is retrained without the hook, or not at all."""
    retrain = spec.spec.alerting.retrain
    if retrain is None or retrain.hook is None:
        return []
    return [Section("retraining", "Retraining hook", panels(spec, scopes.hook_scope(spec)))]


def panels(spec: ModelSpec | None, scope: Scope) -> list[TimeSeries]:
    """The hook's panels, for one model or, without a spec, for all models.

    The scope must have no constant labels, because the hook's own series do not have them.
    """
    decisions, last = catalogue.HOOK_METRICS
    failing = (
        "If the decision is failed or no_answer: a retraining cannot start. Read the log of the hook for the reason. "
        "Alertmanager repeats the request."
    )
    info = panel_info(
        spec,
        last,
        "Time since the last retraining",
        "If it is shorter than the duration of the training pipeline: wait for the pipeline.",
        no_data="Never started",
    )
    name = "" if scope.multiple_models else "since the last start"
    return [
        chart(
            spec, scope, decisions, "Decisions of the retraining hook", failing, no_data="No retraining hook scraped"
        ),
        timeseries(info, history(last, scope, name=name), last.unit),
    ]
