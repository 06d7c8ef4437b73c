"""The decisions of the retraining hook; Prometheus scrapes `leeway retrain-hook` beside the exporters."""

from __future__ import annotations

from grafanalib.core import TimeSeries

from dashboards.panels.builders import timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.queries import history
from dashboards.panels.scopes import Scope
from exporter import catalogue


def panels(scope: Scope) -> list[TimeSeries]:
    """The hook's panels; the scope must have no constant labels, because the hook's own series do not have them."""
    decisions, last = catalogue.HOOK_METRICS
    failing = (
        "If the decision is failed or no_answer: a retraining cannot start. Read the log of the hook for the reason. "
        "Alertmanager repeats the request."
    )
    info = panel_info(
        None,
        last,
        "Time since the last retraining",
        "If it is shorter than the duration of the training pipeline: wait for the pipeline.",
        no_data="Never started",
    )
    return [
        chart(
            None, scope, decisions, "Decisions of the retraining hook", failing, no_data="No retraining hook scraped"
        ),
        timeseries(info, history(last, scope), last.unit),
    ]
