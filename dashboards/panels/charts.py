"""A metric's own panel: its key is the metric's key, and the metric's alerts link to it.

Its help text, unit, colours, threshold and reference come from the catalogue. A dashboard adds a title and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from grafanalib.core import TimeSeries

from dashboards.panels import links
from dashboards.panels.builders import PanelInfo, timeseries
from dashboards.panels.queries import Query, history, legend
from dashboards.panels.scopes import Scope
from dashboards.panels.style import ANY, Limits, Steps, alert_colour
from exporter.catalogue import FEATURE, MODEL, WINDOW, Metric
from exporter.spec.model import ModelSpec

_WORST: Final = "Shows the ten worst of the selected features."


def panel_info(spec: ModelSpec | None, metric: Metric, title: str, action: str, **more: Any) -> PanelInfo:
    """The texts of a metric's panel: its help, its window and the runbooks of its alerts; `more` as in `PanelInfo`.

    `spec` is the model's, None on a dashboard of all models.
    """
    texts = {"meaning": metric.help, "window": window_text(metric), "links": links.to_runbooks(spec, metric)}
    return PanelInfo(**{"key": metric.key, "title": title, "action": action, **texts, **more})


def window_text(metric: Metric) -> str:
    """The text about the window of a metric's values."""
    if metric.kind == "counter":
        return "none; the increase in each step of the graph."
    if WINDOW in metric.labels:
        return "the newest `$window`."
    return "none; the state at each refresh." if MODEL in metric.labels else "none; the state of the whole exporter."


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
    shaded: bool = False,
    last_week: bool = False,
    beside: Sequence[Query] = (),
    **more: Any,
) -> TimeSeries:
    """A metric over time with its threshold and reference, and the queries `beside` them.

    `more` is as in `PanelInfo`, the others as in `history` and `timeseries`.
    """
    name = name or legend(metric, scope) or title
    meaning = f"{metric.help} {_WORST}" if FEATURE in metric.labels else metric.help
    return timeseries(
        panel_info(spec, metric, title, action, **{"meaning": meaning, **more}),
        (*history(metric, scope, rank=rank, name=name, last_week=last_week), *beside),
        metric.unit,
        colour=alert_colour(metric),
        limits=limits or (ANY if metric.alerts_below else None),  # a fall below a threshold near 1 must be visible
        steps=steps,
        shaded=shaded,
        many=FEATURE in metric.labels,
        style="bars" if metric.kind == "counter" else "line",
    )
