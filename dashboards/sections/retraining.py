"""What the retraining hook decides; Prometheus scrapes `leeway retrain-hook` beside the exporters."""

from __future__ import annotations

from grafanalib.core import TimeSeries

from dashboards.panels import queries
from dashboards.panels.builders import timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Scope, history
from exporter import catalogue
from exporter.spec.model import ModelSpec


def sections(spec: ModelSpec) -> list[Section]:
    """One folded section; none when the model is retrained without the hook, or not at all."""
    retrain = spec.spec.alerting.retrain
    if retrain is None or retrain.hook is None:
        return []
    return [Section("retraining", "Retraining hook", panels(spec, queries.hook_scope(spec)))]


def panels(spec: ModelSpec | None, scope: Scope) -> list[TimeSeries]:
    """The hook's panels, for one model or, without a spec, for all of them.

    The scope must hold no constant label: the hook has its own series, without them.
    """
    decisions, last = catalogue.HOOK_METRICS
    refused = "failed, no_answer: what should start does not; the hook's log says why, and Alertmanager goes on asking."
    words = panel_info(
        spec, last, "Since the last retraining", "Younger than the pipeline takes: wait for it.", empty="Never started"
    )
    name = "" if scope.several else "since the last start"
    return [
        chart(spec, scope, decisions, "Decisions on notifications", refused, empty="No retraining hook scraped"),
        timeseries(words, history(last, scope, name=name), last.unit),
    ]
