"""The dashboard of one feature of one model: its present distribution, its past, and since when it has drifted."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from grafanalib.core import DashboardLink, Stat

from dashboards import graph_annotations, variables
from dashboards.board import TAG, board
from dashboards.panels import links, plots, queries, scopes
from dashboards.panels.builders import stat
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section, stack
from dashboards.panels.queries import Query
from dashboards.panels.scopes import Scope
from dashboards.panels.style import FROM_ZERO, GOOD, SEVERITY_COLOURS, UNKNOWN, alert_colour
from exporter import catalogue
from exporter.catalogue import BIN, FEATURE, MODEL, WINDOW, Metric, Severity

_SIZE: Final = (6, 4)
_FEATURE_OR_MODEL_ALERTS: Final = f'{FEATURE}=~"|${FEATURE}"'
"""Matches alerts of the selected feature and of the whole model, but of no other feature."""

_PSI: Final = f'{catalogue.FEATURE_PSI.name}{{{MODEL}="${{{MODEL}}}"}}'
"""All features of the model: to start from for a query of one's own."""


def dashboard() -> dict[str, Any]:
    """The dashboard as plain JSON data, for any feature of any model."""
    scope = scopes.feature_scope()
    return board(
        uid=links.FEATURE_BOARD,
        title="Leeway: one feature",
        description="Has this feature drifted, how, and since when? Select a model and a feature above.",
        tags=[TAG, "feature"],
        templating=[
            variables.datasource(),
            variables.model(multi=False),
            variables.version(scope),
            variables.window_of_model(scope),
            variables.feature(scope, multi=False),
        ],
        annotations=[
            graph_annotations.alerts(scope, _FEATURE_OR_MODEL_ALERTS),
            graph_annotations.promotions(scope),
            graph_annotations.retrainings(scope),
        ],
        panels=stack(
            [
                Section("state", "", [*_tiles(scope), *_distribution(scope)]),
                Section("quality", "Nulls and new categories", _quality(scope), collapsed=False),
                Section("shift", "Drift details", _shift(scope)),
            ]
        ),
        more_links=[
            DashboardLink(
                title="This model",
                type="link",
                uri=f"/d/{links.uid_of(f'${{{MODEL}}}')}?${{datasource:queryparam}}",
                icon="dashboard",
            ),
            DashboardLink(
                title="PSI in Explore", type="link", uri=links.to_explore(_PSI), icon="external link", keepTime=False
            ),
        ],
    )


def _tiles(scope: Scope) -> list[Stat]:
    return [
        _verdict(scope, catalogue.FEATURE_PSI, "Drift (PSI)"),
        _verdict(scope, catalogue.FEATURE_NULL_RATIO, "Nulls"),
        _verdict(scope, catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO, "New categories, last week"),
        _rows(scope),
    ]


def _verdict(scope: Scope, metric: Metric, title: str) -> Stat:
    info = panel_info(
        None,
        metric,
        title,
        "If it is above its threshold: see below since when. Grey means not evaluated: too few rows, or another kind "
        "of feature.",
        key=f"now/{metric.key}",
        no_data="Not evaluated",
        size=_SIZE,
    )
    colours = {queries.ABOVE: alert_colour(metric), queries.WITHIN: GOOD}
    query = Query(queries.verdict(metric, scope.without_challengers), f"{{{{{queries.VERDICT}}}}}")
    return stat(info, query, metric.unit, colours=colours)


def _rows(scope: Scope) -> Stat:
    metric = catalogue.FEATURE_ROWS
    info = panel_info(
        None,
        metric,
        "Rows by window",
        "If there are few rows: all values below are uncertain. Below `thresholds.min_rows` nothing is evaluated.",
        key=f"now/{metric.key}",
        no_data="No rows with this feature",
        size=_SIZE,
    )
    every_window = scope.with_any_value(WINDOW)
    rows = queries.across("sum", (WINDOW,), queries.latest(metric, every_window))
    steps = ((None, UNKNOWN), (0, SEVERITY_COLOURS[Severity.WARNING]), (1, GOOD))
    return stat(info, Query(rows, f"{{{{{WINDOW}}}}}"), metric.unit, steps=steps, named=True)


def _distribution(scope: Scope) -> list[Any]:
    metric, reference = catalogue.FEATURE_BIN_RATIO, catalogue.FEATURE_BIN_RATIO_REFERENCE
    info = panel_info(
        None,
        metric,
        "Distribution: now and reference",
        "If all bars have moved to one side: look for a change of unit, or a real change in the data. If one bar alone "
        "has grown: look for a default value, or a failing source. Select one version: with several, the greatest "
        "share of each bin is shown.",
        no_data="Only for the features with the most drift: raise `limits.distributions` in the spec to see more",
        size=(12, 12),
    )
    draw = partial(chart, None, scope)
    psi = (
        "If it is above the dashed line, the feature has drifted: a step is a release or a source, a slow rise is a "
        "real change in the data."
    )
    return [
        plots.bar_comparison(
            info,
            BIN,
            plots.Field("Now", _by_bin(metric, scope)),
            plots.Field("Reference", _by_bin(reference, scope), UNKNOWN),
            metric.unit,
        ),
        draw(catalogue.FEATURE_PSI, "PSI over time", psi, limits=FROM_ZERO, size=(12, 12), last_week=True),
    ]


def _by_bin(metric: Metric, scope: Scope) -> str:
    return queries.across("max", (BIN,), queries.latest(metric, scope))


def _quality(scope: Scope) -> list[Any]:
    draw = partial(chart, None, scope, size=(8, 8))
    return [
        draw(
            catalogue.FEATURE_NULL_RATIO,
            "Nulls over time",
            "If it is above the dashed line: more values are missing than in the reference (dotted). Ask the owner of "
            "the source.",
            limits=FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_NEW_CATEGORY_RATIO,
            "New categories over time",
            "If it is above 0: the model gets categories that it was not trained on. The next panel names them.",
            limits=FROM_ZERO,
            no_data="No categorical feature",
        ),
        draw(
            catalogue.FEATURE_NEW_CATEGORY_ROWS,
            "New categories by name",
            "A typing error or a change of case: fix the source. A really new category: retrain.",
            no_data="No new category, or no categorical feature",
        ),
    ]


def _shift(scope: Scope) -> list[Any]:
    draw = partial(chart, None, scope, size=(8, 8))
    numeric = "No numeric feature"
    return [
        draw(
            catalogue.FEATURE_MEAN,
            "Mean",
            "If it is away from its reference (dotted): look for a change of unit, or a real change in the data.",
            no_data=numeric,
        ),
        draw(
            catalogue.FEATURE_SCALE_FACTOR,
            "Scale / reference",
            "100 or 0.01: the values have another unit. Outliers do not move it.",
            limits=FROM_ZERO,
            no_data=numeric,
        ),
        draw(
            catalogue.FEATURE_STDDEV_RATIO,
            "Standard deviation / reference",
            "Near 0: the feature is constant. Far above 1: outliers, or several sources with different units.",
            limits=FROM_ZERO,
            no_data=numeric,
        ),
        draw(
            catalogue.FEATURE_OUT_OF_RANGE_RATIO,
            "Out of range",
            "If it is above the reference (dotted): look for a change of unit, a default such as -1, or an overflow.",
            limits=FROM_ZERO,
            no_data=numeric,
        ),
        draw(
            catalogue.FEATURE_DETECTABLE_SHIFT,
            "What would be seen",
            "0.3 means that a shift by 0.3 standard deviations would alarm. If it is above 1, the feature is hardly "
            "watched: its reference varies from week to week, or there are few rows.",
            limits=FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_JS_DISTANCE,
            "Jensen-Shannon distance",
            "A second measure beside PSI, from 0 to 1. If both are high, the drift is real.",
            limits=FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_KS_STATISTIC,
            "Kolmogorov-Smirnov statistic",
            "0.2 means that a fifth of the rows have moved.",
            no_data=numeric,
            limits=FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_WASSERSTEIN_DISTANCE,
            "Wasserstein distance",
            "If it is high while Kolmogorov-Smirnov is low: a few rows have moved far. Look for outliers or a change "
            "of unit.",
            no_data=numeric,
            limits=FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_MEAN_SHIFT,
            "Mean shift",
            "Above 0 the values have risen, below 0 they have fallen. Beyond 1 or -1: look at the source of the "
            "feature.",
            no_data=numeric,
        ),
        draw(
            catalogue.FEATURE_CHI2_STATISTIC,
            "Chi-squared statistic",
            "It grows with the number of rows: compare the feature only with its own past. Use PSI to decide about "
            "drift.",
            no_data="No categorical feature",
            limits=FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_CHI2_P_VALUE,
            "Chi-squared p-value",
            "For information only: in any large window it is near 0. Use PSI to decide about drift.",
            no_data="No categorical feature",
            limits=FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_ROWS,
            "Rows over time",
            "If there are fewer rows than in the window: the column is missing in some files.",
            last_week=True,
        ),
    ]
