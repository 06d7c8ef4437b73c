"""The dashboard of one model: which alerts fire, and which features cause them?

From top to bottom: six tiles with the state in words and colour; the features, worst first, beside the alerts over
time; data drift; then collapsed sections with details, freshness and the exporter itself.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from grafanalib.core import DashboardLink, StateTimeline, Table

from dashboards import graph_annotations, variables
from dashboards.board import TAG, board
from dashboards.panels import links, queries, scopes
from dashboards.panels.builders import PanelInfo, StatusHistory, state_timeline, status_history
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section, stack
from dashboards.panels.queries import Query
from dashboards.panels.scopes import Scope
from dashboards.panels.style import GOOD, SEVERITY_COLOURS, TRANSPARENT, UNITS, State, Steps
from dashboards.panels.tables import Column, table
from dashboards.sections import (
    calendar,
    details,
    estimates,
    freshness,
    labels,
    proxies,
    retraining,
    scores,
    segments,
    slo,
)
from dashboards.sections.tiles import ALERT_STATES, tiles
from exporter import catalogue
from exporter.catalogue import FEATURE, ROLE, SEGMENT, VERSION, WINDOW, Metric, Severity
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import format_duration

_WARNING: Final = SEVERITY_COLOURS[Severity.WARNING]


def dashboard(spec: ModelSpec) -> dict[str, Any]:
    """The dashboard of a model as plain JSON data; the same spec always gives the same data."""
    scope = scopes.model_scope(spec)
    shortest = scope.with_value(WINDOW, format_duration(min(spec.spec.windows)))
    runbooks = spec.metadata.runbooks
    return board(
        uid=links.uid(spec),
        title=f"Leeway: {spec.name}",
        description="Which alerts of this model fire, and which features cause them? The description of each panel "
        "says what to do.",
        tags=[TAG, "model"],
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
        Section("state", "", [*tiles(spec, scope), _features(spec, scope), _alert_timeline(scope)]),
        Section("drift", "Data drift", _drift(spec, scope), collapsed=False),
        *segments.sections(spec, scope),
        *details.sections(spec, scope),
        scores.section(spec, scope),
        *labels.sections(spec, scope),
        *estimates.sections(spec, scope),
        *slo.sections(spec, scope),
        *proxies.sections(spec, scope),
        calendar.section(spec, scope),
        *freshness.sections(spec, scope),
        *retraining.sections(spec),
    ]


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
    ]


# ------------------------------------------------------------------------------------------------ which feature?


def _features(spec: ModelSpec, scope: Scope) -> Table:
    info = PanelInfo(
        key="features",
        title="Features, worst first, $window",
        meaning="Every selected feature, the worst first. *Worst statistic* is the greatest of drift, nulls and new "
        "categories, each divided by its own threshold. Above 1 it alerts.",
        window="the newest `$window` of the log.",
        action="Click the first feature. If it has more nulls or new categories: ask the owner of its source. If only "
        "its mean has shifted: find out whether the data have really changed, and retrain if they have.",
        no_data="No feature evaluated yet: too few rows, or no reference",
        size=(14, 10),
        data_links=(
            links.to_feature_board(spec, "Distribution and statistics of this feature"),
            links.to_feature(spec, "Only this feature, on this dashboard"),
        ),
    )
    return table(info, {FEATURE: "Feature", VERSION: "Version"}, _columns(scope), sort=["Worst statistic"])


def _columns(scope: Scope) -> list[Column]:
    keys = (FEATURE, VERSION)

    def column(title: str, metric: Metric) -> Column:
        return Column(title, queries.across("max", keys, queries.select(metric, scope)), UNITS[metric.unit])

    past = queries.across("max", keys, queries.select(catalogue.FEATURE_PSI, scope))
    over: Steps = ((None, TRANSPARENT), (1, _WARNING))
    return [
        Column("Worst statistic", queries.worst_statistic(scope), "suffix:x threshold", steps=over),
        column("PSI", catalogue.FEATURE_PSI),
        Column("PSI over time", queries.still_present(past, keys, catalogue.FEATURE_PSI, scope), "none", trend=True),
        column("PSI threshold", catalogue.FEATURE_PSI_THRESHOLD),
        column("Nulls", catalogue.FEATURE_NULL_RATIO),
        column("New categories", catalogue.FEATURE_NEW_CATEGORY_RATIO),
        column("Mean shift", catalogue.FEATURE_MEAN_SHIFT),
        column("Rows", catalogue.FEATURE_ROWS),
    ]


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
    states = {rank: State(severity.value, SEVERITY_COLOURS[severity]) for severity, rank in ranks}
    return state_timeline(info, [Query(queries.alert_states(scope), legend)], states)


# ------------------------------------------------------------------------------------------------ data drift


def _drift(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope)
    share = (
        "Above the dashed line it pages. A step: look for a release or a new source. A slow rise: the data have really "
        "changed, so retrain."
    )
    psi = (
        "If a feature is above its dashed threshold, it has drifted. See its nulls and its drift details in the "
        "sections below."
    )
    return [
        draw(catalogue.DATA_DRIFT_SHARE, "Drift share over time, $window", share, size=(8, 8)),
        _drifted_features(spec, scope),
        draw(catalogue.FEATURE_PSI, "PSI by feature, $window", psi, limits=(0, None), size=(24, 9)),
    ]


def _drifted_features(spec: ModelSpec, scope: Scope) -> StatusHistory:
    psi, drifted = catalogue.FEATURE_PSI, catalogue.FEATURE_DRIFTED
    info = panel_info(
        spec,
        drifted,
        "Features drifted over time, $window",
        "One feature: look at its source. Many at the same time: look for a release. The same hours each week: use a "
        "finer season in the spec.",
        meaning=f"{drifted.help} Shows the twenty features with the highest PSI in the time range.",
        size=(16, 8),
    )
    top = f"{queries.range_extreme('max', drifted, scope)} and {queries.top_series(queries.latest(psi, scope), 20)}"
    return status_history(
        info, Query(top, queries.legend(drifted, scope)), {0: State("ok", GOOD), 1: State("drifted", _WARNING)}
    )
