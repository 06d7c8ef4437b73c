"""The dashboard of all models: which have firing alerts, the worst first. Each cell links to a model's dashboard.

It contains no model names. It also shows models that are generated elsewhere, as soon as their exporter is scraped.
What it shows over time is recorded by `rules/leeway-fleet.yaml`: a month of a hundred models is slow to compute.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from grafanalib.core import Stat

from dashboards import graph_annotations, variables
from dashboards.board import TAG, board
from dashboards.panels import links, queries, scopes
from dashboards.panels.builders import PanelInfo, stat
from dashboards.panels.layout import Section, stack
from dashboards.panels.queries import Query, by_model, latest
from dashboards.panels.scopes import Scope
from dashboards.panels.style import GOOD, SEVERITY_COLOURS, UNKNOWN
from dashboards.sections.fleet import history, table
from exporter import catalogue
from exporter.catalogue import SEVERITY, Severity, Unit


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
        templating=[
            variables.datasource(),
            variables.team(),
            variables.model_of_team(),
            variables.state(),
            variables.windows(),
        ],
        annotations=[
            graph_annotations.alerts(scope, scopes.equal(SEVERITY, Severity.CRITICAL.value)),
            graph_annotations.retrainings(scope),
        ],
        panels=stack(
            [
                Section("state", "", [*_tiles(scope), table.models(models, scope)]),
                Section("time", "Over time", history.panels(scope), collapsed=False),
            ]
        ),
    )


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
