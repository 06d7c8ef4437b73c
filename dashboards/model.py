"""The dashboard of one model: which alerts fire, and which features cause them?

From top to bottom: six tiles with the state in words and colour; tiles of performance and of the error budget; the
features, worst first, beside the alerts over time; data drift; then collapsed sections with details and freshness. The
exporter and the retraining hook are on the dashboard of the exporters.
"""

from __future__ import annotations

from typing import Any

from grafanalib.core import DashboardLink, StateTimeline

from dashboards import graph_annotations, variables
from dashboards.board import MODEL_TAG, TAG, board
from dashboards.panels import links, measures, queries, scopes
from dashboards.panels.builders import PanelInfo, state_timeline
from dashboards.panels.layout import Section, stack
from dashboards.panels.queries import Query
from dashboards.panels.scopes import Scope
from dashboards.panels.style import SEVERITY_COLOURS, SEVERITY_TEXTS, State
from dashboards.sections import (
    calendar,
    details,
    estimates,
    features,
    freshness,
    labels,
    performance,
    proxies,
    scores,
    segments,
    slo,
)
from dashboards.sections.tiles import ALERT_STATES, tiles
from exporter.catalogue import ROLE, SEGMENT, WINDOW
from exporter.spec.model import ModelSpec
from exporter.spec.sections.task import SINGLE_SCORE_TASKS
from exporter.spec.value_types import format_duration


def dashboard(spec: ModelSpec) -> dict[str, Any]:
    """The dashboard of a model as plain JSON data; the same spec always gives the same data."""
    scope = scopes.model_scope(spec)
    shortest = scope.with_value(WINDOW, format_duration(min(spec.spec.windows)))
    runbooks = spec.metadata.runbook_folder
    return board(
        uid=links.uid(spec),
        title=f"Leeway: {spec.name}",
        description="Which alerts of this model fire, and which features cause them? The description of each panel "
        "says what to do.",
        tags=[TAG, MODEL_TAG],
        templating=_variables(spec, scope),
        annotations=[
            graph_annotations.alerts(scope),
            graph_annotations.promotions(shortest),
            graph_annotations.retrainings(scopes.hook_scope(spec)),
        ],
        panels=stack(_sections(spec, scope)),
        more_links=[DashboardLink(title="Runbooks", type="link", uri=runbooks, icon="doc", targetBlank=True)]
        if runbooks
        else [],
    )


def _sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    return [
        Section("state", "", _state(spec, scope)),
        features.section(spec, scope),
        *segments.sections(spec, scope),
        *details.sections(spec, scope),
        scores.section(spec, scope),
        *labels.sections(spec, scope),
        *estimates.sections(spec, scope),
        *slo.sections(spec, scope),
        *proxies.sections(spec, scope),
        calendar.section(spec, scope),
        freshness.section(spec, scope),
    ]


def _state(spec: ModelSpec, scope: Scope) -> list[Any]:
    found = features.feature_table(spec, scope)
    return [*tiles(spec, scope), *performance.tiles(spec, scope), found, _alert_timeline(scope)]


def _variables(spec: ModelSpec, scope: Scope) -> list[Any]:
    """The variables. The default window is the shortest one that alerts, because problems are visible there first."""
    alerting = set(spec.spec.alert_windows) & set(spec.spec.windows)
    return [
        variables.datasource(),
        variables.version(scope),
        *([variables.role(scope)] if ROLE in scope.selected else []),
        *([variables.segment(scope)] if SEGMENT in scope.selected else []),
        variables.window(spec.spec.windows, min(alerting or spec.spec.windows)),
        variables.feature(scope),
        *_measures(spec),
    ]


def _measures(spec: ModelSpec) -> list[Any]:
    """The hidden variables over which panels are repeated."""
    shared = {measures.OBSERVED: labels.measures_of(spec)}
    if spec.spec.estimated:
        shared[measures.ESTIMATED] = estimates.estimates_of(spec)
    if spec.spec.labels_evaluated and spec.spec.task in SINGLE_SCORE_TASKS:
        shared[measures.PROVISIONAL] = estimates.provisional_of(spec)
    return [template for variable, each in shared.items() for template in measures.template(variable, each)]


def _alert_timeline(scope: Scope) -> StateTimeline:
    info = PanelInfo(
        key=ALERT_STATES,
        title="Alerts over time",
        meaning="Each alert of this model while it fires, in the colour of its severity.",
        window="each alert's own, at the end of its name; not the selected window.",
        action="The alert that fired first is nearest to the cause. If many alerts start at the same time: look for a "
        "release, of the model or of its inputs.",
        no_data="No alert fired in this time",
        size=(10, 10),
    )
    legend = " ".join(f"{{{{{label}}}}}" for label in queries.alert_labels(scope))
    ranks = queries.SEVERITY_RANK.items()
    states = {rank: State(SEVERITY_TEXTS[severity], SEVERITY_COLOURS[severity]) for severity, rank in ranks}
    return state_timeline(info, [Query(queries.alert_states(scope), legend)], states)
