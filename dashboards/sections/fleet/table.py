"""The table of models: one row for each, the worst first. Each cell links to the dashboard of its model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from grafanalib.core import Table

from dashboards.panels import links, queries
from dashboards.panels.builders import PanelInfo
from dashboards.panels.queries import ALERTNAME, by_model, latest, over_threshold
from dashboards.panels.scopes import Scope
from dashboards.panels.style import GOOD, LOWEST, SEVERITY_COLOURS, SEVERITY_TEXTS, TRANSPARENT, UNITS, State, Steps
from dashboards.panels.tables import Column, table
from dashboards.sections.tiles import ALERT_STATES
from exporter import catalogue
from exporter.catalogue import INFERENCE, MODEL, SLO, STREAM, TEAM, WINDOW, Metric, Severity, Unit

TIMES_THRESHOLD: Final = "suffix:x threshold"
STATES: Final = {0: State("ok", GOOD)} | {
    rank: State(SEVERITY_TEXTS[severity], SEVERITY_COLOURS[severity])
    for severity, rank in queries.SEVERITY_RANK.items()
}
"""The states of a model by the rank of its most severe alert."""

_OVER: Final[Steps] = ((None, TRANSPARENT), (1, SEVERITY_COLOURS[Severity.CRITICAL]))
_UNMET: Final[Steps] = ((None, TRANSPARENT), (0, SEVERITY_COLOURS[Severity.WARNING]), (1, TRANSPARENT))
_NUMBER: Final = 112
"""The width of a column of numbers, in pixels: all columns are visible on a screen of 1440 pixels."""
_WINDOW: Final = "the newest window of each selected length, at each refresh; the worst of them."


def models(names: Iterable[str], scope: Scope) -> Table:
    """Return the table of the models in the chosen state; `names` are those that are known, as in `fleet.dashboard`."""
    info = PanelInfo(
        key="models",
        title="Models, worst first",
        meaning="One row for each model in the chosen state, sorted by its most severe alert, then by its drift share "
        "relative to its threshold. With several windows, versions or objectives, a cell shows the worst of them.",
        window=_WINDOW,
        action="Click a cell: it opens the panel on the model's dashboard that shows these values over time.",
        no_data="No model in this state: choose all models above, or see whether the exporter is scraped",
        size=(24, 16),
        data_links=(links.to_model("Dashboard of this model"),),
    )
    keys = {MODEL: "Model", TEAM: "Team", ALERTNAME: "Most severe alert", links.DASHBOARD: links.DASHBOARD}
    columns = [
        replace(column, expression=queries.in_state(column.expression, scope)) for column in _columns(names, scope)
    ]
    return table(info, keys, columns, sort=["State", "Drift"], hidden=[links.DASHBOARD])


def _columns(names: Iterable[str], scope: Scope) -> list[Column]:
    inference = scope.with_value(STREAM, INFERENCE)
    end, good = catalogue.WINDOW_END_TIMESTAMP_SECONDS, catalogue.SLO_GOOD
    budget, burn_rate = catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, catalogue.SLO_BURN_RATE
    coverage = catalogue.LABEL_COVERAGE_RATIO
    red, orange = SEVERITY_COLOURS[Severity.CRITICAL], SEVERITY_COLOURS[Severity.WARNING]
    left: Steps = ((LOWEST, red), (0, orange), (0.25, TRANSPARENT))
    met = by_model("avg", queries.across("min", (MODEL, SLO), latest(good, scope)))
    # The burn rate is over the windows of each objective's own tiers, not over the selected windows.
    spent = by_model("max", latest(burn_rate, scope.with_any_value(WINDOW)))
    state = queries.worst_alert(scope)
    return [
        Column("State", state, "none", states=STATES, links=(_link(ALERT_STATES),), width=_NUMBER),
        Column("Known", _dashboard_ids(names, scope), "none", hidden=True),
        _column("Budget left", budget, by_model("min", latest(budget, scope)), left),
        _column("Burn rate", burn_rate, spent, ((1, orange),)),
        _times_threshold("Drift", catalogue.DATA_DRIFT_SHARE, scope),
        _drift_over_time(scope),
        _times_threshold("Score shift", catalogue.PREDICTION_MEAN_SHIFT, scope),
        Column("Objectives met", met, UNITS[Unit.RATIO], steps=_UNMET, links=(_link(good.key),), width=_NUMBER),
        _column("Label coverage", coverage, by_model("min", latest(coverage, scope))),
        _column("Age", end, by_model("min", queries.plotted(end, inference))),
    ]


def _column(title: str, metric: Metric, expression: str, steps: Steps = ()) -> Column:
    coloured: Steps = ((None, TRANSPARENT), *steps) if steps else ()
    return Column(title, expression, UNITS[metric.unit], steps=coloured, links=(_link(metric.key),), width=_NUMBER)


def _times_threshold(title: str, metric: Metric, scope: Scope) -> Column:
    value = by_model("max", over_threshold(metric, scope))
    return Column(title, value, TIMES_THRESHOLD, steps=_OVER, links=(_link(metric.key),), width=_NUMBER)


def _drift_over_time(scope: Scope) -> Column:
    past = by_model("max", queries.select(catalogue.RECORDED_DRIFT, scope))
    shown = queries.still_present(past, (MODEL,), catalogue.MODEL_INFO, scope)
    link = _link(catalogue.DATA_DRIFT_SHARE.key)
    return Column("Drift over time", shown, TIMES_THRESHOLD, links=(link,), trend=True)


def _link(key: str) -> dict[str, Any]:
    return links.to_model("Over time, on the model's dashboard", key)


def _dashboard_ids(names: Iterable[str], scope: Scope) -> str:
    """A series with the value 1 for each model, with its team and the id of its dashboard as labels."""
    known = queries.across("max", (MODEL, TEAM), latest(catalogue.MODEL_INFO, scope))
    for pattern, uid in links.uid_patterns(names):
        known = f'label_replace({known}, "{links.DASHBOARD}", "{uid}", "{MODEL}", "{pattern}")'
    return known
