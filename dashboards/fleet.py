"""The dashboard of all models: which have firing alerts, the worst first. Each cell links to a model's dashboard.

It contains no model names. It also shows models that are generated elsewhere, as soon as their exporter is scraped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from grafanalib.core import Stat, StateTimeline, Table

from dashboards import graph_annotations, variables
from dashboards.board import TAG, board
from dashboards.panels import links, queries, scopes
from dashboards.panels.builders import PanelInfo, stat, state_timeline, timeseries
from dashboards.panels.charts import panel_info
from dashboards.panels.layout import Section, stack
from dashboards.panels.queries import ALERTNAME, Query, by_model, latest, over_threshold
from dashboards.panels.scopes import Scope
from dashboards.panels.style import (
    FROM_ZERO,
    GOOD,
    LOWEST,
    SEVERITY_COLOURS,
    TRANSPARENT,
    UNITS,
    UNKNOWN,
    State,
    Steps,
    alert_colour,
)
from dashboards.panels.tables import Column, table
from dashboards.sections.tiles import ALERT_STATES
from exporter import catalogue
from exporter.catalogue import INFERENCE, MODEL, SEVERITY, SLO, STREAM, TEAM, WINDOW, Metric, Severity, Unit

_TIMES_THRESHOLD: Final = "suffix:x threshold"
_OVER: Final[Steps] = ((None, TRANSPARENT), (1, SEVERITY_COLOURS[Severity.CRITICAL]))
_STATES: Final = {0: State("ok", GOOD)} | {
    rank: State(severity.value, SEVERITY_COLOURS[severity]) for severity, rank in queries.SEVERITY_RANK.items()
}
_UNMET: Final[Steps] = ((None, TRANSPARENT), (0, SEVERITY_COLOURS[Severity.WARNING]), (1, TRANSPARENT))
_NUMBER: Final = 112
"""The width of a column of numbers, in pixels: all columns are visible on a screen of 1440 pixels."""
_TIERS: Final = "the windows of each objective's own tiers, not the selected windows; the worst of them."
_WORST: Final = "the newest window of each selected length, at each refresh; the worst of them."


def dashboard(models: Iterable[str] = ()) -> dict[str, Any]:
    """The dashboard as plain JSON data.

    Args:
        models: known names. A query cannot compute the dashboard id of a long name, so these ids are written into the
            dashboard. Short names change nothing.
    """
    scope = scopes.fleet_scope()
    return board(
        uid=links.FLEET,
        title="Leeway: all models",
        description="Which models have firing alerts? Click a cell to open the dashboard of its model.",
        tags=[TAG, "fleet"],
        templating=[variables.datasource(), variables.model(), variables.windows()],
        annotations=[
            graph_annotations.alerts(scope, scopes.equal(SEVERITY, Severity.CRITICAL.value)),
            graph_annotations.retrainings(scope),
        ],
        panels=stack(
            [
                Section("state", "", [*_tiles(scope), _models(models, scope)]),
                Section("time", "Over time", [_timeline(scope), *_history(scope)], collapsed=False),
            ]
        ),
    )


# ------------------------------------------------------------------------------------------------ now


def _tiles(scope: Scope) -> list[Stat]:
    by_severity = {severity: queries.firing(scope, scopes.equal(SEVERITY, severity.value)) for severity in Severity}
    known = by_model("max", latest(catalogue.MODEL_INFO, scope))
    pages, tickets = (
        _firing(key, title, by_severity[severity], known, severity)
        for key, title, severity in (
            ("now/pages", "Models that page", Severity.CRITICAL),
            ("now/tickets", "Models with a ticket", Severity.WARNING),
        )
    )
    models = PanelInfo(
        key="now/models",
        title="Models",
        meaning="Models that the exporters expose now.",
        window="none; the state now.",
        action="If models are missing: an exporter is down, or its specs do not have them. Open the dashboard of the "
        "exporters.",
        no_data="No model exposed",
        size=(8, 4),
    )
    return [pages, tickets, stat(models, Query(f"count({known})"), Unit.NUMBER, steps=((None, UNKNOWN), (1, GOOD)))]


def _firing(key: str, title: str, alerts: str, known: str, severity: Severity) -> Stat:
    info = PanelInfo(
        key=key,
        title=title,
        meaning=f"Models with a firing alert of severity {severity.value}.",
        window="none; each alert has its own.",
        action="If it is above 0: open the first model of the table below. Its first cell names the alert.",
        no_data="No model exposed",
        size=(8, 4),
    )
    counted = f"count({by_model('max', alerts)}) or on () 0 * count({known})"
    return stat(info, Query(counted), Unit.NUMBER, steps=((None, UNKNOWN), (0, GOOD), (1, SEVERITY_COLOURS[severity])))


def _models(models: Iterable[str], scope: Scope) -> Table:
    info = PanelInfo(
        key="models",
        title="Models, worst first",
        meaning="One row for each model, sorted by its most severe alert, then by its drift share relative to its "
        "threshold. With several windows, versions or objectives, a cell shows the worst of them.",
        window=_WORST,
        action="Click a cell: it opens the panel on the model's dashboard that shows these values over time.",
        no_data="No model exposed yet: is the exporter scraped?",
        size=(24, 16),
        data_links=(links.to_model("Dashboard of this model"),),
    )
    keys = {MODEL: "Model", TEAM: "Team", ALERTNAME: "Most severe alert", links.DASHBOARD: links.DASHBOARD}
    return table(info, keys, _columns(models, scope), sort=["State", "Drift"], hidden=[links.DASHBOARD])


def _columns(models: Iterable[str], scope: Scope) -> list[Column]:
    inference = scope.with_value(STREAM, INFERENCE)
    end, good = catalogue.WINDOW_END_TIMESTAMP_SECONDS, catalogue.SLO_GOOD
    budget, burn_rate = catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, catalogue.SLO_BURN_RATE
    red, orange = SEVERITY_COLOURS[Severity.CRITICAL], SEVERITY_COLOURS[Severity.WARNING]
    met = by_model("avg", queries.across("min", (MODEL, SLO), latest(good, scope)))
    return [
        Column(
            "State", queries.worst_alert(scope), "none", states=_STATES, links=(_link(ALERT_STATES),), width=_NUMBER
        ),
        Column("Known", _dashboard_ids(models, scope), "none", hidden=True),
        _column(
            "Budget left",
            budget,
            by_model("min", latest(budget, scope)),
            ((LOWEST, red), (0, orange), (0.25, TRANSPARENT)),
        ),
        _column("Burn rate", burn_rate, by_model("max", _burn_rate(scope)), ((1, orange),)),
        _times_threshold("Drift", catalogue.DATA_DRIFT_SHARE, scope),
        _drift_over_time(scope),
        _times_threshold("Score shift", catalogue.PREDICTION_MEAN_SHIFT, scope),
        Column("Objectives met", met, UNITS[Unit.RATIO], steps=_UNMET, links=(_link(good.key),), width=_NUMBER),
        _column(
            "Label coverage",
            catalogue.LABEL_COVERAGE_RATIO,
            by_model("min", latest(catalogue.LABEL_COVERAGE_RATIO, scope)),
        ),
        _column("Age", end, by_model("min", queries.plotted(end, inference))),
    ]


def _column(title: str, metric: Metric, expression: str, steps: Steps = ()) -> Column:
    coloured: Steps = ((None, TRANSPARENT), *steps) if steps else ()
    return Column(title, expression, UNITS[metric.unit], steps=coloured, links=(_link(metric.key),), width=_NUMBER)


def _burn_rate(scope: Scope) -> str:
    """The burn rate over the windows of each objective's own tiers, not over the selected windows."""
    return latest(catalogue.SLO_BURN_RATE, scope.with_any_value(WINDOW))


def _times_threshold(title: str, metric: Metric, scope: Scope) -> Column:
    value = by_model("max", over_threshold(metric, scope))
    return Column(title, value, _TIMES_THRESHOLD, steps=_OVER, links=(_link(metric.key),), width=_NUMBER)


def _drift_over_time(scope: Scope) -> Column:
    metric = catalogue.DATA_DRIFT_SHARE
    past = by_model("max", over_threshold(metric, scope))
    shown = queries.still_present(past, (MODEL,), catalogue.MODEL_INFO, scope)
    return Column("Drift over time", shown, _TIMES_THRESHOLD, links=(_link(metric.key),), trend=True)


def _link(key: str) -> dict[str, Any]:
    return links.to_model("Over time, on the model's dashboard", key)


def _dashboard_ids(models: Iterable[str], scope: Scope) -> str:
    """A series with the value 1 for each model, with its team and the id of its dashboard as labels."""
    known = queries.across("max", (MODEL, TEAM), latest(catalogue.MODEL_INFO, scope))
    for pattern, uid in links.uid_patterns(models):
        known = f'label_replace({known}, "{links.DASHBOARD}", "{uid}", "{MODEL}", "{pattern}")'
    return known


# ------------------------------------------------------------------------------------------------ over time


def _timeline(scope: Scope) -> StateTimeline:
    info = PanelInfo(
        key=ALERT_STATES,
        title="Models with alerts over time",
        meaning="The severity of each model's most severe firing alert, or ok while no alert fires. Models without any "
        "alert in the time range are left out.",
        window="each alert's own.",
        action="If several models change at the same time: look for what they share, such as a store, a feature "
        "pipeline or a release.",
        no_data="No alert fired in this time",
        size=(24, 8),
        data_links=(),
    )
    ranks = by_model("max", queries.ranked_alerts((MODEL, ALERTNAME), scope))
    known = by_model("max", latest(catalogue.MODEL_INFO, scope))
    restless = f"max_over_time(({ranks})[$__range:$__interval] @ end())"
    states = f"({ranks} or on ({MODEL}) 0 * {known}) and on ({MODEL}) {restless}"
    return state_timeline(info, [Query(states, f"{{{{{MODEL}}}}}")], _STATES)


def _history(scope: Scope) -> list[Any]:
    drift, burn_rate = catalogue.DATA_DRIFT_SHARE, catalogue.SLO_BURN_RATE
    over = "Above 1 the model pages. If several models rise at the same time: a shared source has changed."
    fast = "Above 1 the error budget is gone before its period ends. See the model's own dashboard, by version."
    charts = (
        (panel_info(None, drift, "Drift share / threshold", over, window=_WORST), over_threshold(drift, scope)),
        (panel_info(None, burn_rate, "Burn rate of the error budget", fast, window=_TIERS), _burn_rate(scope)),
    )
    return [
        timeseries(
            info,
            [Query(by_model("max", value), f"{{{{{MODEL}}}}}")],
            Unit.NUMBER,
            limits=FROM_ZERO,
            steps=((None, GOOD), (1, alert_colour(metric))),
        )
        for (info, value), metric in zip(charts, (drift, burn_rate), strict=True)
    ]
