"""All models over time: their alerts, how far each drifted on each day, drift and burn rate as lines."""

from __future__ import annotations

from typing import Any

from grafanalib.core import StateTimeline

from dashboards.panels import queries
from dashboards.panels.builders import PanelInfo, StatusHistory, state_timeline, status_history, timeseries
from dashboards.panels.charts import panel_info
from dashboards.panels.queries import Query, by_model
from dashboards.panels.scopes import Scope
from dashboards.panels.style import FROM_ZERO, GOOD, SEVERITY_COLOURS, alert_colour
from dashboards.sections.fleet.table import STATES, TIMES_THRESHOLD
from dashboards.sections.tiles import ALERT_STATES
from exporter import catalogue
from exporter.catalogue import MODEL, Metric, Severity, Unit

_POINTS = 300
"""The points of a line: a hundred models have a hundred lines."""
_UNRECORDED = "Prometheus has not loaded rules/leeway-fleet.yaml"
_NONE = f"No data yet, or {_UNRECORDED}"
_BY_MODEL = f"{{{{{MODEL}}}}}"
_TIERS = "the windows of each objective's own tiers, not the selected windows; the worst of them."
_WORST = "the newest window of each selected length, at each refresh; the worst of them."


def panels(scope: Scope) -> list[Any]:
    """Return the panels, from alerts to their causes."""
    return [_timeline(scope), _drift_by_day(scope), *_lines(scope)]


def _timeline(scope: Scope) -> StateTimeline:
    info = PanelInfo(
        key=ALERT_STATES,
        title="Models with alerts over time",
        meaning="The severity of each model's most severe firing alert, or ok while no alert fires. Models without any "
        "alert in the time range are left out.",
        window="each alert's own.",
        action="If several models change at the same time: look for what they share, such as a store, a feature "
        "pipeline or a release.",
        no_data=f"No alert fired in this time, or {_UNRECORDED}",
        size=(24, 8),
    )
    severity = queries.select(catalogue.RECORDED_SEVERITY, scope)
    states = by_model("max", f"max_over_time({severity}[$__interval])")
    restless = by_model("max", f"max_over_time({severity}[$__range] @ end())")
    return state_timeline(info, [Query(f"{states} and on ({MODEL}) {restless} > 0", _BY_MODEL)], STATES, points=_POINTS)


def _drift_by_day(scope: Scope) -> StatusHistory:
    drift = catalogue.RECORDED_DRIFT
    info = panel_info(
        None,
        drift,
        "Drift by model and day",
        "A column of several models: look for what they share on that day. A row: open the dashboard of its model.",
        key="drift_by_day",
        meaning="The greatest drift share of each model on each day, divided by its threshold: above 1 it pages. Shows "
        "the thirty models that drifted most in the time range.",
        window=_WORST,
        no_data=_NONE,
        size=(24, 12),
    )
    share = queries.select(drift, scope)
    worst = by_model("max", f"max_over_time({share}[$__range] @ end())")
    days = by_model("max", f"max_over_time({share}[1d] offset -1d)")  # a cell begins at its time
    steps = ((None, GOOD), (0.8, SEVERITY_COLOURS[Severity.WARNING]), (1, alert_colour(catalogue.DATA_DRIFT_SHARE)))
    shown = Query(f"{days} and on ({MODEL}) topk(30, {worst})", _BY_MODEL)
    return status_history(info, shown, steps=steps, unit=TIMES_THRESHOLD, every="1d")


def _lines(scope: Scope) -> list[Any]:
    drift, burn_rate = catalogue.DATA_DRIFT_SHARE, catalogue.SLO_BURN_RATE
    over = "Above 1 the model pages. If several models rise at the same time: a shared source has changed."
    fast = "Above 1 the error budget is gone before its period ends. See the model's own dashboard, by version."
    charts: tuple[tuple[Metric, Metric, str, str, str], ...] = (
        (drift, catalogue.RECORDED_DRIFT, "Drift share / threshold", over, _WORST),
        (burn_rate, catalogue.RECORDED_BURN_RATE, "Burn rate of the error budget", fast, _TIERS),
    )
    return [
        timeseries(
            panel_info(None, metric, title, action, window=window, no_data=_NONE),
            [Query(queries.in_state(by_model("max", queries.select(recorded, scope)), scope), _BY_MODEL)],
            Unit.NUMBER,
            limits=FROM_ZERO,
            steps=((None, GOOD), (1, alert_colour(metric))),
            points=_POINTS,
        )
        for metric, recorded, title, action, window in charts
    ]
