"""The six tiles at the top of a model's dashboard: is it on fire?

Each says its state in words or a number and in colour, and opens the panel that explains it. A tile is grey while
nothing is known: a model that was just added does not look ill, and one that fell silent does not look well.
"""

from __future__ import annotations

from typing import Any, Final

from grafanalib.core import Stat

from dashboards.panels import links, queries
from dashboards.panels.builders import PanelInfo, stat
from dashboards.panels.charts import panel_info
from dashboards.panels.queries import Query, Scope
from dashboards.panels.style import GOOD, SEVERITY_COLOURS, UNKNOWN, alarm
from dashboards.sections.freshness import age_steps
from exporter import catalogue
from exporter.catalogue import FEATURE, INFERENCE, SEVERITY, STREAM, Metric, Severity, Unit
from exporter.spec.model import ModelSpec

ALERT_STATES: Final = "alert_states"
"""The key of the panel that the alerts' tile opens."""

_SIZE: Final = (4, 4)


def tiles(spec: ModelSpec, scope: Scope) -> list[Stat]:
    """Alerts, drift, drifted features, scores, rows and age."""
    return [
        _alerts(spec, scope),
        _verdict(spec, scope, catalogue.DATA_DRIFT_SHARE, "Drift share, $window"),
        _drifted(spec, scope),
        _verdict(spec, scope, catalogue.PREDICTION_MEAN_SHIFT, "Score shift, $window"),
        _rows(spec, scope),
        _age(spec, scope),
    ]


def _alerts(spec: ModelSpec, scope: Scope) -> Stat:
    words = PanelInfo(
        key="now/alerts",
        title="Alerts firing",
        meaning="Alerts of this model that fire now: critical pages, warning is a ticket, info is for reading.",
        window="now; each alert has its own window, whatever is chosen above.",
        action="See which below, and take a cause before its consequences: exporter, freshness, traffic, labels, "
        "quality, data, feature, score, performance.",
        empty="Model not reported",
        size=_SIZE,
        data_links=(links.to_panel(spec, "Which alerts, and since when", ALERT_STATES),),
    )
    colours = {severity.value: colour for severity, colour in SEVERITY_COLOURS.items()} | {queries.NO_ALERT: GOOD}
    return stat(words, Query(queries.alerts_by_severity(scope), f"{{{{{SEVERITY}}}}}"), Unit.NUMBER, colours=colours)


def _verdict(spec: ModelSpec, scope: Scope, metric: Metric, title: str) -> Stat:
    """The worst version's value, and whether it is above its threshold."""
    action = "Above its threshold: open this tile's panel, then see the features in trouble below."
    query = Query(queries.verdict(metric, scope.served), f"{{{{{queries.VERDICT}}}}}")
    colours = {queries.ABOVE: alarm(metric), queries.WITHIN: GOOD}
    return stat(_card(spec, metric, title, action, "No verdict yet"), query, metric.unit, colours=colours)


def _drifted(spec: ModelSpec, scope: Scope) -> Stat:
    metric = catalogue.FEATURE_DRIFTED
    action = "More than none: the table below names them, the worst first."
    words = _card(spec, metric, "Features drifted, $window", action, "No verdict yet")
    drifted = queries.across("max", (FEATURE,), queries.select(metric, scope.served))
    steps = ((None, UNKNOWN), (0, GOOD), (1, SEVERITY_COLOURS[Severity.WARNING]))
    return stat(words, Query(f"sum({drifted})"), Unit.NUMBER, steps=steps)


def _rows(spec: ModelSpec, scope: Scope) -> Stat:
    metric = catalogue.WINDOW_ROWS
    action = "None: the log is empty or is not found. Few: no verdict is possible; choose a longer window."
    words = _card(spec, metric, "Rows, $window", action, "No window yet")
    rows = f"max({queries.latest(metric, scope.with_value(STREAM, INFERENCE))})"
    return stat(words, Query(rows), metric.unit, steps=((None, UNKNOWN), (0, alarm(metric)), (1, GOOD)))


def _age(spec: ModelSpec, scope: Scope) -> Stat:
    metric = catalogue.WINDOW_END_TIMESTAMP_SECONDS
    action = "Orange: a newer window is overdue. Red: what stands here is out of date; see freshness below."
    words = _card(spec, metric, "Age, $window", action, "No window yet")
    age = f"min({queries.drawn(metric, scope.with_value(STREAM, INFERENCE))})"
    return stat(words, Query(age), metric.unit, steps=((None, UNKNOWN), (0, GOOD), *age_steps(spec)))


def _card(spec: ModelSpec, metric: Metric, title: str, action: str, empty: str) -> PanelInfo:
    data_links: tuple[dict[str, Any], ...] = (links.to_panel(spec, "Over time", metric.key),)
    return panel_info(spec, metric, title, action, key=f"now/{metric.key}", empty=empty, size=_SIZE, data_links=data_links)
