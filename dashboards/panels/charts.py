"""A metric's own panel: the one whose key is the metric's, which its alerts lead to.

Its words, unit, colours, threshold and reference come from the catalogue; a dashboard adds a title and what to do.
"""

from __future__ import annotations

from typing import Any, Final

from grafanalib.core import TimeSeries

from dashboards.panels import links
from dashboards.panels.builders import PanelInfo, timeseries
from dashboards.panels.queries import Scope, history
from dashboards.panels.style import Limits, Steps, alarm
from exporter.catalogue import FEATURE, MODEL, WINDOW, Metric
from exporter.spec.model import ModelSpec

_WORST: Final = "Drawn are the ten worst of the features chosen."


def panel_info(spec: ModelSpec | None, metric: Metric, title: str, action: str, **more: Any) -> PanelInfo:
    """A metric's card: its help, the window it is about and the runbooks of its alerts; `more` as in `PanelInfo`.

    `spec` is the model's, None on a dashboard of all models.
    """
    words = {"meaning": metric.help, "window": window_text(metric), "links": links.to_runbooks(spec, metric)}
    return PanelInfo(**{"key": metric.key, "title": title, "action": action, **words, **more})


def window_text(metric: Metric) -> str:
    """In words, what time a metric's values are about."""
    if metric.kind == "counter":
        return "what came on top in each step of the graph."
    if WINDOW in metric.labels:
        return "the newest `$window` of the log, at each refresh."
    return "no window; the state at each refresh." if MODEL in metric.labels else "no window; the whole exporter."


def chart(
    spec: ModelSpec | None,
    scope: Scope,
    metric: Metric,
    title: str,
    action: str,
    *,
    rank: str = "",
    name: str = "",
    limits: Limits | None = None,
    steps: Steps = (),
    last_week: bool = False,
    rows: Metric | None = None,
    **more: Any,
) -> TimeSeries:
    """A metric over time with its companions; `more` is as in `PanelInfo`, all that is not there as in `history`."""
    meaning = f"{metric.help} {_WORST}" if FEATURE in metric.labels else metric.help
    return timeseries(
        panel_info(spec, metric, title, action, **{"meaning": meaning, **more}),
        history(metric, scope, rank=rank, name=name, last_week=last_week, rows=rows),
        metric.unit,
        colour=alarm(metric),
        limits=limits,
        steps=steps,
        style="bars" if metric.kind == "counter" else "line",
    )
