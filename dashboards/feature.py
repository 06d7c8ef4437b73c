"""The dashboard of one feature of one model: what it is like now, what it was like, and since when it differs."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from grafanalib.core import Stat

from dashboards import annotations as marks
from dashboards import variables
from dashboards.board import TAG, board
from dashboards.panels import links, plots, queries
from dashboards.panels.builders import stat
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section, stack
from dashboards.panels.queries import Query, Scope
from dashboards.panels.style import GOOD, SEVERITY_COLOURS, UNKNOWN, Limits, alarm
from exporter import catalogue
from exporter.catalogue import BIN, FEATURE, Metric, Severity

_FROM_ZERO: Final[Limits] = (0, None)
_SIZE: Final = (6, 4)
_OF_THE_FEATURE: Final = f'{FEATURE}=~"|${FEATURE}"'
"""What matches the feature's own alerts and those of the whole model, but no other feature's."""


def dashboard() -> dict[str, Any]:
    """The dashboard as plain JSON data, for any feature of any model."""
    scope = queries.feature_scope()
    return board(
        uid=links.FEATURE_BOARD,
        title="Leeway: one feature",
        description="Has this feature drifted, how, and since when? Choose a model and a feature above.",
        tags=[TAG, "feature"],
        templating=[
            variables.datasource(),
            variables.model(multi=False),
            variables.version(scope),
            variables.window_of_model(scope),
            variables.feature(scope, multi=False),
        ],
        marks=[marks.alerts(scope, _OF_THE_FEATURE), marks.promotions(scope), marks.retrainings(scope)],
        panels=stack(
            [
                Section("state", "", [*_tiles(scope), *_now(scope)]),
                Section("quality", "Nulls and new values", _quality(scope), collapsed=False),
                Section("shift", "What kind of shift", _shift(scope)),
            ]
        ),
    )


def _tiles(scope: Scope) -> list[Stat]:
    return [
        _verdict(scope, catalogue.FEATURE_PSI, "Drift (PSI), $window"),
        _verdict(scope, catalogue.FEATURE_NULL_RATIO, "Nulls, $window"),
        _verdict(scope, catalogue.FEATURE_NEW_CATEGORY_RATIO, "New categories, $window"),
        _rows(scope),
    ]


def _verdict(scope: Scope, metric: Metric, title: str) -> Stat:
    words = panel_info(
        None,
        metric,
        title,
        "Above its threshold: see below since when. Grey: not judged, for too few rows or another kind of feature.",
        key=f"now/{metric.key}",
        empty="Not judged",
        size=_SIZE,
    )
    colours = {queries.ABOVE: alarm(metric), queries.WITHIN: GOOD}
    query = Query(queries.verdict(metric, scope.served), f"{{{{{queries.VERDICT}}}}}")
    return stat(words, query, metric.unit, colours=colours)


def _rows(scope: Scope) -> Stat:
    metric = catalogue.FEATURE_ROWS
    words = panel_info(
        None,
        metric,
        "Rows, $window",
        "Few: every value below has a wide margin, and below `thresholds.min_rows` nothing is judged.",
        key=f"now/{metric.key}",
        empty="No row with it",
        size=_SIZE,
    )
    rows = f"sum({queries.latest(metric, scope)})"
    steps = ((None, UNKNOWN), (0, SEVERITY_COLOURS[Severity.WARNING]), (1, GOOD))
    return stat(words, Query(rows), metric.unit, steps=steps)


def _now(scope: Scope) -> list[Any]:
    metric, reference = catalogue.FEATURE_BIN_RATIO, catalogue.FEATURE_BIN_RATIO_REFERENCE
    words = panel_info(
        None,
        metric,
        "Distribution, $window and reference",
        "All moved to one side: a change of unit or of the world. One bin grew alone: a default, or a source that "
        "fails. Choose one version: of several the greater share of each bin is drawn.",
        empty="Only of the features that drifted most: raise `limits.distributions` in the spec to see more",
        size=(12, 12),
    )
    drawn = partial(chart, None, scope)
    psi = "Above the dashed line it has changed for certain. A step: a release or a source. A slope: the world."
    return [
        plots.compared(
            words,
            BIN,
            plots.Field("Now", _by_bin(metric, scope)),
            plots.Field("Reference", _by_bin(reference, scope), UNKNOWN),
            metric.unit,
        ),
        drawn(catalogue.FEATURE_PSI, "PSI over time, $window", psi, limits=_FROM_ZERO, size=(12, 12), last_week=True),
    ]


def _by_bin(metric: Metric, scope: Scope) -> str:
    return queries.across("max", (BIN,), queries.latest(metric, scope))


def _quality(scope: Scope) -> list[Any]:
    draw = partial(chart, None, scope, size=(8, 8))
    return [
        draw(
            catalogue.FEATURE_NULL_RATIO,
            "Nulls over time, $window",
            "Above the dashed line: missing more often than in the reference (dotted). Ask its source.",
            limits=_FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_NEW_CATEGORY_RATIO,
            "New categories over time, $window",
            "Above the dashed line: the model sees values that it never learned. They are named beside.",
            limits=_FROM_ZERO,
            empty="No categorical feature",
        ),
        draw(
            catalogue.FEATURE_NEW_CATEGORY_ROWS,
            "New categories by name, $window",
            "A typing error or a change of case: mend the source. Truly new: retrain.",
            empty="None is new, or no categorical feature",
        ),
    ]


def _shift(scope: Scope) -> list[Any]:
    draw = partial(chart, None, scope, size=(8, 8))
    numeric = "No numeric feature"
    return [
        draw(
            catalogue.FEATURE_MEAN,
            "Mean, $window",
            "Away from its reference (dotted): a change of unit, or of the world.",
            empty=numeric,
        ),
        draw(
            catalogue.FEATURE_STDDEV_RATIO,
            "Spread against the reference, $window",
            "Near 0: it froze at one value. Far above 1: outliers, or several sources with different units.",
            limits=_FROM_ZERO,
            empty=numeric,
        ),
        draw(
            catalogue.FEATURE_OUT_OF_RANGE_RATIO,
            "Out of range, $window",
            "More than in the reference (dotted): look for a change of unit, a default such as -1, or an overflow.",
            limits=_FROM_ZERO,
            empty=numeric,
        ),
        draw(
            catalogue.FEATURE_JS_DISTANCE,
            "Jensen-Shannon distance, $window",
            "A second opinion on PSI, from 0 to 1: where both are high, believe them.",
        ),
        draw(
            catalogue.FEATURE_KS_STATISTIC,
            "Kolmogorov-Smirnov statistic, $window",
            "0.2 says that a fifth of the rows stand elsewhere.",
            empty=numeric,
        ),
        draw(
            catalogue.FEATURE_ROWS,
            "Rows over time, $window",
            "Fewer than the window has: the column is missing from some of the files.",
            last_week=True,
        ),
    ]
