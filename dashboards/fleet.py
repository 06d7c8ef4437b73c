"""The dashboard of all models: who is on fire, the worst first, and from each cell to that model's own dashboard.

It names no model: it is right for those that are generated elsewhere, as soon as their exporter is scraped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from grafanalib.core import Stat, StateTimeline, Table

from dashboards import annotations as marks
from dashboards import variables
from dashboards.board import TAG, board
from dashboards.panels import links, queries
from dashboards.panels.builders import Column, PanelInfo, stat, state_timeline, table, timeseries
from dashboards.panels.charts import panel_info
from dashboards.panels.layout import Section, stack
from dashboards.panels.queries import ALERTNAME, Query, Scope, by_model, latest, over_threshold
from dashboards.panels.style import CLEAR, GOOD, SEVERITY_COLOURS, UNITS, UNKNOWN, State, Steps, alarm
from dashboards.sections.tiles import ALERT_STATES
from exporter import catalogue
from exporter.catalogue import INFERENCE, MODEL, SEVERITY, SLO, STREAM, TEAM, WINDOW, Metric, Severity, Unit

_TIMES: Final = "suffix:x threshold"
_OVER: Final[Steps] = ((None, CLEAR), (1, SEVERITY_COLOURS[Severity.CRITICAL]))
_LOW: Final = -1e9
"""Below every value, and yet a value: an empty cell keeps the colour of the first step, which is none."""
_STATES: Final = {0: State("calm", GOOD)} | {
    rank: State(severity.value, SEVERITY_COLOURS[severity]) for severity, rank in queries.SEVERITY_RANK.items()
}
_UNMET: Final[Steps] = ((None, CLEAR), (0, SEVERITY_COLOURS[Severity.WARNING]), (1, CLEAR))
_TIERS: Final = "those of each objective's own tiers, whatever is chosen above; the worst of them."
_ANY: Final = "the newest of each window chosen, at each refresh; the worst of them."


def dashboard(models: Iterable[str] = ()) -> dict[str, Any]:
    """The dashboard as plain JSON data.

    Args:
        models: names that are known. Those that are long have dashboards whose ids no query can make of the names, so
            they are written down; short ones change nothing.
    """
    scope = queries.fleet_scope()
    return board(
        uid=links.FLEET,
        title="Leeway: all models",
        description="Which model is on fire? Every cell leads to its own dashboard.",
        tags=[TAG, "fleet"],
        templating=[variables.datasource(), variables.model(), variables.windows()],
        marks=[marks.alerts(scope, queries.equal(SEVERITY, Severity.CRITICAL.value)), marks.retrainings(scope)],
        panels=stack(
            [
                Section("state", "", [*_tiles(scope), _models(models, scope)]),
                Section("time", "Over time", [_timeline(scope), *_history(scope)], collapsed=False),
            ]
        ),
    )


# ------------------------------------------------------------------------------------------------ now


def _tiles(scope: Scope) -> list[Stat]:
    by_severity = {severity: queries.firing(scope, queries.equal(SEVERITY, severity.value)) for severity in Severity}
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
        meaning="Models that the exporters report now.",
        window="none; the state now.",
        action="Fewer than you have: an exporter is down, or its specs lack one. See the dashboard of the exporters.",
        empty="No model reported",
        size=(8, 4),
    )
    return [pages, tickets, stat(models, Query(f"count({known})"), Unit.NUMBER, steps=((None, UNKNOWN), (1, GOOD)))]


def _firing(key: str, title: str, alerts: str, known: str, severity: Severity) -> Stat:
    words = PanelInfo(
        key=key,
        title=title,
        meaning=f"Models of which an alert fires now that is {severity.value}.",
        window="none; each alert has its own.",
        action="More than none: open the first of the table below, whose first cell names what to look at.",
        empty="No model reported",
        size=(8, 4),
    )
    counted = f"count({by_model('max', alerts)}) or on () 0 * count({known})"
    return stat(words, Query(counted), Unit.NUMBER, steps=((None, UNKNOWN), (0, GOOD), (1, SEVERITY_COLOURS[severity])))


def _models(models: Iterable[str], scope: Scope) -> Table:
    words = PanelInfo(
        key="models",
        title="Models, the one in most trouble first",
        meaning="A row for each model, sorted by its loudest alert, then by how far its drift share is over its "
        "threshold. Where several windows, versions or objectives are chosen it is the worst of them.",
        window=_ANY,
        action="Click a cell: it leads to that model's dashboard, to the panel that draws the cell's values over time.",
        empty="No model reported yet: is the exporter scraped?",
        size=(24, 9),
        data_links=(links.to_model("This model"),),
    )
    keys = {MODEL: "Model", TEAM: "Team", ALERTNAME: "Loudest alert", links.DASHBOARD: links.DASHBOARD}
    return table(words, keys, _columns(models, scope), sort=["State", "Drift"], hidden=[links.DASHBOARD])


def _columns(models: Iterable[str], scope: Scope) -> list[Column]:
    inference = scope.with_value(STREAM, INFERENCE)
    end, good = catalogue.WINDOW_END_TIMESTAMP_SECONDS, catalogue.SLO_GOOD
    budget, burn = catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, catalogue.SLO_BURN_RATE
    red, orange = SEVERITY_COLOURS[Severity.CRITICAL], SEVERITY_COLOURS[Severity.WARNING]
    met = by_model("avg", queries.across("min", (MODEL, SLO), latest(good, scope)))
    return [
        Column("State", queries.worst_alert(scope), "none", states=_STATES, links=(_link(ALERT_STATES),)),
        Column("Known", _addresses(models, scope), "none", hidden=True),
        _column(
            "Budget left", budget, by_model("min", latest(budget, scope)), ((_LOW, red), (0, orange), (0.25, CLEAR))
        ),
        _column("Burn", burn, by_model("max", _burn(scope)), ((1, orange),)),
        _column("Drift share", catalogue.DATA_DRIFT_SHARE, by_model("max", latest(catalogue.DATA_DRIFT_SHARE, scope))),
        _times("Drift", catalogue.DATA_DRIFT_SHARE, scope),
        _drift_over_time(scope),
        _times("Score shift", catalogue.PREDICTION_MEAN_SHIFT, scope),
        Column("Objectives met", met, UNITS[Unit.RATIO], steps=_UNMET, links=(_link(good.key),)),
        _column(
            "Label coverage",
            catalogue.LABEL_COVERAGE_RATIO,
            by_model("min", latest(catalogue.LABEL_COVERAGE_RATIO, scope)),
        ),
        _column("Rows", catalogue.WINDOW_ROWS, by_model("max", latest(catalogue.WINDOW_ROWS, inference))),
        _column("Age", end, by_model("min", queries.drawn(end, inference))),
    ]


def _column(title: str, metric: Metric, expression: str, steps: Steps = ()) -> Column:
    coloured: Steps = ((None, CLEAR), *steps) if steps else ()
    return Column(title, expression, UNITS[metric.unit], steps=coloured, links=(_link(metric.key),))


def _burn(scope: Scope) -> str:
    """Over the windows of an objective's own tiers, whichever of the log's are chosen."""
    return latest(catalogue.SLO_BURN_RATE, scope.with_any_value(WINDOW))


def _times(title: str, metric: Metric, scope: Scope) -> Column:
    value = by_model("max", over_threshold(metric, scope))
    return Column(title, value, _TIMES, steps=_OVER, links=(_link(metric.key),))


def _drift_over_time(scope: Scope) -> Column:
    metric = catalogue.DATA_DRIFT_SHARE
    past = by_model("max", over_threshold(metric, scope))
    shown = queries.still(past, (MODEL,), catalogue.MODEL_INFO, scope)
    return Column("Drift over time", shown, _TIMES, links=(_link(metric.key),), trend=True)


def _link(key: str) -> dict[str, Any]:
    return links.to_model("Over time, on the model's dashboard", key)


def _addresses(models: Iterable[str], scope: Scope) -> str:
    """Each model with its team and the id of its dashboard: 1."""
    known = queries.across("max", (MODEL, TEAM), latest(catalogue.MODEL_INFO, scope))
    for pattern, uid in links.uids(models):
        known = f'label_replace({known}, "{links.DASHBOARD}", "{uid}", "{MODEL}", "{pattern}")'
    return known


# ------------------------------------------------------------------------------------------------ over time


def _timeline(scope: Scope) -> StateTimeline:
    words = PanelInfo(
        key=ALERT_STATES,
        title="State of each model over time",
        meaning="The severity of each model's loudest alert while one fired, and calm while none did.",
        window="each alert's own.",
        action="Several models from one moment: look for what they share, a store, a feature pipeline, a release.",
        empty="No model reported in this time",
        size=(24, 8),
        data_links=(),
    )
    states = f"{by_model('max', queries.ranked_alerts((MODEL, ALERTNAME), scope))} or on ({MODEL}) 0 * "
    known = by_model("max", latest(catalogue.MODEL_INFO, scope))
    return state_timeline(words, [Query(states + known, f"{{{{{MODEL}}}}}")], _STATES)


def _history(scope: Scope) -> list[Any]:
    drift, burn = catalogue.DATA_DRIFT_SHARE, catalogue.SLO_BURN_RATE
    over = "Above 1 the model pages. A step of several models at once: a shared source changed."
    fast = "Above 1 the error budget will not last its period. See the model's own dashboard, by version."
    cards = (
        (panel_info(None, drift, "Drift share over its threshold", over, window=_ANY), over_threshold(drift, scope)),
        (panel_info(None, burn, "Burn of the error budget", fast, window=_TIERS), _burn(scope)),
    )
    return [
        timeseries(
            words,
            [Query(by_model("max", value), f"{{{{{MODEL}}}}}")],
            Unit.NUMBER,
            limits=(0, None),
            steps=((None, GOOD), (1, alarm(metric))),
        )
        for (words, value), metric in zip(cards, (drift, burn), strict=True)
    ]
