"""The dashboard of one model: is it on fire, and which feature?

From top to bottom: six tiles that say the state in words and colour; the features in trouble, beside the alerts of the
time shown; how the data drift; then, folded until wanted, details, freshness, and the exporter itself.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from grafanalib.core import DashboardLink, StateTimeline, Table

from dashboards import annotations as marks
from dashboards import variables
from dashboards.board import TAG, board
from dashboards.panels import links, queries
from dashboards.panels.builders import Column, PanelInfo, StatusHistory, state_timeline, status_history, table
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section, stack
from dashboards.panels.queries import Query, Scope
from dashboards.panels.style import CLEAR, GOOD, SEVERITY_COLOURS, UNITS, State, Steps
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
    """The dashboard of a model as plain JSON data, the same for the same spec."""
    scope = queries.model_scope(spec)
    shortest = scope.with_value(WINDOW, format_duration(min(spec.spec.windows)))
    runbooks = spec.metadata.runbooks
    return board(
        uid=links.uid(spec),
        title=f"Leeway: {spec.name}",
        description="Is this model on fire, and which feature? Each panel's description says what to do.",
        tags=[TAG, "model"],
        templating=_variables(spec, scope),
        marks=[marks.alerts(scope), marks.promotions(shortest), marks.retrainings(queries.hook_scope(spec))],
        panels=stack(_sections(spec, scope)),
        more_links=[DashboardLink(title="Runbooks", type="link", uri=runbooks, icon="doc", targetBlank=True)]
        if runbooks
        else [],
    )


def _sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    return [
        Section("state", "", [*tiles(spec, scope), _features(spec, scope), _alert_timeline(scope)]),
        Section("drift", "How the data drift", _drift(spec, scope), collapsed=False),
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
    """The shortest window that alerts is shown first, since a fire is seen there first."""
    alerting = set(spec.spec.alert_windows) & set(spec.spec.windows)
    return [
        variables.datasource(),
        variables.version(scope),
        *([variables.role(scope)] if ROLE in scope.chosen else []),
        *([variables.segment(scope)] if SEGMENT in scope.chosen else []),
        variables.window(spec.spec.windows, min(alerting or spec.spec.windows)),
        variables.feature(scope),
    ]


# ------------------------------------------------------------------------------------------------ which feature?


def _features(spec: ModelSpec, scope: Scope) -> Table:
    words = PanelInfo(
        key="features",
        title="Features in trouble, $window",
        meaning="Every chosen feature, the one in most trouble first. Trouble is how many times over its own threshold "
        "the worst of its statistics is: drift, nulls or new categories. Above 1 it alerts.",
        window="the newest `$window` of the log.",
        action="Click the first feature to see it alone. Nulls or new categories up: ask whoever feeds the feature. "
        "Mean shift alone: ask whether the world changed, and retrain if it did.",
        empty="No feature evaluated yet: too few rows, or no reference",
        size=(14, 10),
        data_links=(
            links.to_feature_board(spec, "Distribution and statistics of this feature"),
            links.to_feature(spec, "This feature alone, on this dashboard"),
        ),
    )
    return table(words, {FEATURE: "Feature", VERSION: "Version"}, _columns(scope), sort=["Trouble"])


def _columns(scope: Scope) -> list[Column]:
    keys = (FEATURE, VERSION)

    def column(title: str, metric: Metric) -> Column:
        return Column(title, queries.across("max", keys, queries.select(metric, scope)), UNITS[metric.unit])

    past = queries.across("max", keys, queries.select(catalogue.FEATURE_PSI, scope))
    over: Steps = ((None, CLEAR), (1, _WARNING))
    return [
        Column("Trouble", queries.trouble(scope), "suffix:x threshold", steps=over),
        column("PSI", catalogue.FEATURE_PSI),
        Column("PSI over time", queries.still(past, keys, catalogue.FEATURE_PSI, scope), "none", trend=True),
        column("PSI threshold", catalogue.FEATURE_PSI_THRESHOLD),
        column("Nulls", catalogue.FEATURE_NULL_RATIO),
        column("New categories", catalogue.FEATURE_NEW_CATEGORY_RATIO),
        column("Mean shift", catalogue.FEATURE_MEAN_SHIFT),
        column("Rows", catalogue.FEATURE_ROWS),
    ]


def _alert_timeline(scope: Scope) -> StateTimeline:
    words = PanelInfo(
        key=ALERT_STATES,
        title="Alerts over time",
        meaning="Each alert of this model while it fired, in the colour of its severity.",
        window="each alert's own, named last, whatever is chosen above.",
        action="What fired first is nearest to the cause. Many at once from one moment: look for a release, of the "
        "model or of what feeds it.",
        empty="No alert fired in this time",
        size=(10, 10),
    )
    named = " ".join(f"{{{{{label}}}}}" for label in queries.alert_labels(scope))
    ranks = queries.SEVERITY_RANK.items()
    states = {rank: State(severity.value, SEVERITY_COLOURS[severity]) for severity, rank in ranks}
    return state_timeline(words, [Query(queries.alert_states(scope), named)], states)


# ------------------------------------------------------------------------------------------------ how do they drift?


def _drift(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope)
    share = "Above the dashed line it pages. A step: a release or a new source. A slope: the world changes; retrain."
    psi = "Above its dashed threshold a feature has changed for certain. See its nulls and its kind of shift below."
    return [
        draw(catalogue.DATA_DRIFT_SHARE, "Drift share over time, $window", share, size=(8, 8)),
        _drifted_cells(spec, scope),
        draw(catalogue.FEATURE_PSI, "PSI by feature, $window", psi, limits=(0, None), size=(24, 9)),
    ]


def _drifted_cells(spec: ModelSpec, scope: Scope) -> StatusHistory:
    psi, drifted = catalogue.FEATURE_PSI, catalogue.FEATURE_DRIFTED
    words = panel_info(
        spec,
        drifted,
        "Features drifted over time, $window",
        "One feature: look at what feeds it. Many from one moment: look for a release. The same hours each week: give "
        "the spec a finer season.",
        meaning=f"{drifted.help} Drawn are the twenty features with the highest PSI of the time shown.",
        size=(16, 8),
    )
    kept = f"{queries.range_extreme('max', drifted, scope)} and {queries.worst(queries.latest(psi, scope), 20)}"
    return status_history(
        words, Query(kept, queries.legend(drifted, scope)), {0: State("ok", GOOD), 1: State("drifted", _WARNING)}
    )
