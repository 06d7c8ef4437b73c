"""The six tiles at the top of a model's dashboard: is anything wrong?

Each tile shows its state in words or a number and in colour, and links to the panel that explains it. A tile is grey
while nothing is known, so a new model does not look bad, and a model without data does not look good.
"""

from __future__ import annotations

from typing import Any, Final

from grafanalib.core import Stat

from dashboards.panels import links, queries
from dashboards.panels.builders import PanelInfo, stat
from dashboards.panels.charts import panel_info
from dashboards.panels.queries import Query
from dashboards.panels.scopes import Scope
from dashboards.panels.style import GOOD, SEVERITY_COLOURS, UNKNOWN, alert_colour
from dashboards.sections.freshness import age_steps
from exporter import catalogue
from exporter.catalogue import FEATURE, INFERENCE, SEVERITY, STREAM, Metric, Severity, Unit
from exporter.spec.model import ModelSpec

ALERT_STATES: Final = "alert_states"
"""The key of the panel that the tile of alerts links to."""

_SIZE: Final = (4, 4)


def tiles(spec: ModelSpec, scope: Scope) -> list[Stat]:
    """Alerts, drift share, drifted features, score shift, rows and age."""
    return [
        _alerts(spec, scope),
        _verdict(spec, scope, catalogue.DATA_DRIFT_SHARE, "Drift share"),
        _drifted(spec, scope),
        _verdict(spec, scope, catalogue.PREDICTION_MEAN_SHIFT, "Score shift"),
        _rows(spec, scope),
        _age(spec, scope),
    ]


def _alerts(spec: ModelSpec, scope: Scope) -> Stat:
    info = PanelInfo(
        key="now/alerts",
        title="Alerts firing",
        meaning="Alerts of this model that fire now. critical is a page, warning is a ticket, info is only for "
        "dashboards.",
        window="now; each alert has its own window, not the selected one.",
        action="See below which alerts fire. Handle a cause before its consequences, in this order: exporter, "
        "freshness, traffic, labels, quality, dataset, feature, score, performance, objective.",
        no_data="Model not exposed",
        size=_SIZE,
        data_links=(links.to_panel(spec, "Which alerts, and since when", ALERT_STATES),),
    )
    colours = {severity.value: colour for severity, colour in SEVERITY_COLOURS.items()} | {queries.NO_ALERT: GOOD}
    return stat(info, Query(queries.alerts_by_severity(scope), f"{{{{{SEVERITY}}}}}"), Unit.NUMBER, colours=colours)


def _verdict(spec: ModelSpec, scope: Scope, metric: Metric, title: str) -> Stat:
    """The worst version's value, and whether it is above its threshold."""
    action = "If it is above its threshold: click this tile, then see the worst features in the table below."
    query = Query(queries.verdict(metric, scope.without_challengers), f"{{{{{queries.VERDICT}}}}}")
    colours = {queries.ABOVE: alert_colour(metric), queries.WITHIN: GOOD}
    return stat(_info(spec, metric, title, action, "Not evaluated yet"), query, metric.unit, colours=colours)


def _drifted(spec: ModelSpec, scope: Scope) -> Stat:
    metric = catalogue.FEATURE_DRIFTED
    action = "If it is above 0: the table below names the features, worst first."
    info = _info(spec, metric, "Features drifted", action, "Not evaluated yet")
    drifted = queries.across("max", (FEATURE,), queries.select(metric, scope.without_challengers))
    steps = ((None, UNKNOWN), (0, GOOD), (1, SEVERITY_COLOURS[Severity.WARNING]))
    return stat(info, Query(f"sum({drifted})"), Unit.NUMBER, steps=steps)


def _rows(spec: ModelSpec, scope: Scope) -> Stat:
    metric = catalogue.WINDOW_ROWS
    action = (
        "If it is 0: the log is empty or not found. If there are few rows: drift cannot be evaluated, so select a "
        "longer window."
    )
    info = _info(spec, metric, "Rows", action, "No window yet")
    rows = f"max({queries.latest(metric, scope.with_value(STREAM, INFERENCE))})"
    return stat(info, Query(rows), metric.unit, steps=((None, UNKNOWN), (0, alert_colour(metric)), (1, GOOD)))


def _age(spec: ModelSpec, scope: Scope) -> Stat:
    metric = catalogue.WINDOW_END_TIMESTAMP_SECONDS
    action = "Orange: the next window is overdue. Red: this dashboard is out of date; see the section Freshness below."
    info = _info(spec, metric, "Age", action, "No window yet")
    age = f"min({queries.plotted(metric, scope.with_value(STREAM, INFERENCE))})"
    return stat(info, Query(age), metric.unit, steps=((None, UNKNOWN), (0, GOOD), *age_steps(spec)))


def _info(spec: ModelSpec, metric: Metric, title: str, action: str, no_data: str) -> PanelInfo:
    data_links: tuple[dict[str, Any], ...] = (links.to_panel(spec, "Over time", metric.key),)
    return panel_info(
        spec, metric, title, action, key=f"now/{metric.key}", no_data=no_data, size=_SIZE, data_links=data_links
    )
