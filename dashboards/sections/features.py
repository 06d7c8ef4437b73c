"""Which features have drifted: the table of all features, worst first, and their drift over time."""

from __future__ import annotations

from functools import partial
from typing import Final

from grafanalib.core import Table, TimeSeries

from dashboards.panels import links, queries
from dashboards.panels.builders import PanelInfo, StatusHistory, status_history, timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Query
from dashboards.panels.scopes import Scope
from dashboards.panels.style import GOOD, SEVERITY_COLOURS, TO_ONE, TRANSPARENT, UNITS, State, Steps
from dashboards.panels.tables import Column, table
from exporter import catalogue
from exporter.catalogue import FEATURE, VERSION, Metric, Severity, Unit
from exporter.spec.model import ModelSpec

_WARNING: Final = SEVERITY_COLOURS[Severity.WARNING]


def feature_table(spec: ModelSpec, scope: Scope) -> Table:
    """Return the table of features, worst first."""
    info = PanelInfo(
        key="features",
        title="Features, worst first",
        meaning="Every selected feature, the worst first. *Worst statistic* is the greatest of drift, nulls and new "
        "categories, each divided by its own threshold. Above 1 it alerts.",
        window="the newest `$window`.",
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


def section(spec: ModelSpec, scope: Scope) -> Section:
    """Return the section of data drift."""
    draw = partial(chart, spec, scope)
    share = (
        "Above the dashed line it pages. A step: look for a release or a new source. A slow rise: the data have really "
        "changed, so retrain."
    )
    panels = [
        draw(catalogue.DATA_DRIFT_SHARE, "Drift share over time", share, size=(8, 8)),
        _drifted_features(spec, scope),
        _psi(spec, scope),
    ]
    return Section("drift", "Data drift", panels, collapsed=False)


def _psi(spec: ModelSpec, scope: Scope) -> TimeSeries:
    """PSI relative to its threshold: of ten features with ten thresholds, one line says which are above."""
    psi = catalogue.FEATURE_PSI
    info = panel_info(
        spec,
        psi,
        "PSI / threshold by feature",
        "If a feature is above 1, it has drifted. See its nulls and its drift details in the sections below, or click "
        "it in the table above for its PSI alone.",
        meaning=f"{psi.help} Divided by the threshold of the feature. Shows the ten worst of the selected features.",
        size=(24, 9),
    )
    relative = queries.over_threshold(psi, scope)
    worst = Query(f"{relative} and {queries.top_series(relative)}", queries.legend(psi, scope))
    return timeseries(info, [worst], Unit.NUMBER, limits=TO_ONE, steps=((None, TRANSPARENT), (1, _WARNING)), many=True)


def _drifted_features(spec: ModelSpec, scope: Scope) -> StatusHistory:
    psi, drifted = catalogue.FEATURE_PSI, catalogue.FEATURE_DRIFTED
    info = panel_info(
        spec,
        drifted,
        "Features drifted over time",
        "One feature: look at its source. Many at the same time: look for a release. The same hours each week: use a "
        "finer season in the spec.",
        meaning=f"{drifted.help} Shows the twenty features with the highest PSI in the time range.",
        size=(16, 8),
    )
    top = f"{queries.range_extreme('max', drifted, scope)} and {queries.top_series(queries.latest(psi, scope), 20)}"
    return status_history(
        info, Query(top, queries.legend(drifted, scope)), {0: State("ok", GOOD), 1: State("drifted", _WARNING)}
    )
