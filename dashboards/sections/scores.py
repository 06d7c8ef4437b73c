"""The model's predictions: scores over time, their distribution, the returned classes, and confidence."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from grafanalib.core import TimeSeries

from dashboards.panels.builders import Bars, bars, timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.plots import heatmap
from dashboards.panels.queries import Query, across, buckets, latest
from dashboards.panels.scopes import Scope
from dashboards.panels.style import FROM_ZERO, TO_ONE
from exporter import catalogue
from exporter.catalogue import BUCKET, CLASS, LE, ROLE, SEGMENT, VERSION, Metric
from exporter.spec.model import ModelSpec


def section(spec: ModelSpec, scope: Scope) -> Section:
    """One collapsed section."""
    parts = (_score, _distribution, _classes, _confidence, _versions)
    return Section("scores", "Scores and classes", [panel for part in parts for panel in part(spec, scope)])


def _score(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope, no_data=_no_score(spec))
    return [
        draw(
            catalogue.PREDICTION_MEAN,
            "Mean score",
            "If it is away from its reference (dotted): see whether features drifted before, or a version was "
            "released. The solid grey line is last week.",
            last_week=True,
        ),
        draw(
            catalogue.PREDICTION_MEAN_SHIFT,
            "Score shift over time",
            "Above the dashed line it pages, because decisions change. If features have drifted, start there. If not, "
            "a release of the model is the likely cause: roll it back.",
            limits=FROM_ZERO,
        ),
    ]


def _distribution(spec: ModelSpec, scope: Scope) -> list[Any]:
    over_time = panel_info(
        spec,
        catalogue.PREDICTION_SCORE,
        "Score distribution over time",
        "A band that starts or ends: look for a default value or a release. Bands that bend every day are a season: "
        "compare with the reference.",
        key="scores/over_time",
        size=(24, 8),
        no_data=_no_score(spec),
    )
    return [
        heatmap(over_time, Query(buckets(catalogue.PREDICTION_SCORE, scope), f"{{{{{LE}}}}}")),
        chart(
            spec,
            scope,
            catalogue.PREDICTION_PSI,
            "Score PSI over time",
            "If it is above its dashed threshold and the mean has not moved: scores moved to both ends or to the "
            "middle. Compare the two distributions in the next panels.",
            limits=FROM_ZERO,
            size=(8, 9),
            no_data=_no_score(spec),
        ),
        _bars(
            spec,
            scope,
            catalogue.PREDICTION_SCORE,
            "Score distribution",
            "Compare with the reference in the next panel. If one bar alone has grown: look for a default value or a "
            "failing feature. If all bars have moved to one side: see the mean.",
        ),
        _bars(
            spec,
            scope,
            catalogue.PREDICTION_SCORE_REFERENCE,
            "Score distribution of the reference",
            "This is the usual distribution in the same hours of the week: compare the window with it.",
        ),
    ]


def _bars(spec: ModelSpec, scope: Scope, metric: Metric, title: str, action: str) -> Bars:
    """The rows in each bucket of a histogram; a bar is named after the upper bound of its bucket."""
    info = panel_info(spec, metric, title, action, size=(8, 9), no_data=_no_score(spec))
    return bars(info, Query(buckets(metric, scope), f"{{{{{LE}}}}}"), metric.unit)


def _classes(spec: ModelSpec, scope: Scope) -> list[Any]:
    options: dict[str, Any] = {
        "size": (8, 9),
        "no_data": "No data" if spec.spec.class_column else "The spec names no column of classes",
    }
    return [
        chart(
            spec,
            scope,
            catalogue.PREDICTION_CLASS_PSI,
            "Class PSI over time",
            "If it is above its dashed threshold: the model decides differently. See in the next panels which class "
            "has grown. If the scores have not moved, look for a changed cut-off.",
            limits=FROM_ZERO,
            **options,
        ),
        *_shares(spec, scope, catalogue.PREDICTION_CLASS_RATIO, "Class balance", **options),
    ]


def _confidence(spec: ModelSpec, scope: Scope) -> list[Any]:
    options: dict[str, Any] = {
        "size": (8, 9),
        "no_data": _no_score(spec) if spec.spec.confidence_edges else "Only for classifiers",
    }
    return [
        chart(
            spec,
            scope,
            catalogue.PREDICTION_CONFIDENCE_PSI,
            "Confidence PSI over time",
            "If it is above its dashed threshold: see in the next panels whether low or high confidence has grown. "
            "Low: look for inputs that the model was not trained on. High: look for a changed calibration.",
            limits=FROM_ZERO,
            **options,
        ),
        *_shares(spec, scope, catalogue.PREDICTION_CONFIDENCE_RATIO, "Confidence", **options),
    ]


def _shares(spec: ModelSpec, scope: Scope, metric: Metric, title: str, **more: Any) -> Iterator[TimeSeries]:
    """Parts of a whole over time as stacked areas, and the same of the reference; `more` as in `PanelInfo`."""
    now = (
        "Compare with the reference in the next panel: what has grown, and when? Of several versions these are the "
        "shares of all their rows together, without challengers."
    )
    usual = "These are the usual shares in the same hours of the week. What is only in the window is new."
    for part, name, action in (
        (metric, f"{title}", now),
        (metric.reference(), f"{title} of the reference", usual),
    ):
        info = panel_info(spec, part, name, action, **more)
        yield timeseries(info, [_whole(part, scope)], part.unit, limits=TO_ONE, style="area")


def _whole(part: Metric, scope: Scope) -> Query:
    """The shares of the rows of all selected versions, so that they add up to 1: each version's, by its rows."""
    scope, version = scope.without_challengers, (VERSION, ROLE)
    [of] = (label for label in part.labels if label in {CLASS, BUCKET})
    shares = across("max", (of, *version), latest(part, scope))
    rows = across("max", version, latest(catalogue.VERSION_ROWS, scope.with_value(SEGMENT, "")))
    weighted = f"{shares} * on ({', '.join(version)}) group_left () {rows}"
    known = f"{rows} and on ({', '.join(version)}) {shares}"
    return Query(f"{across('sum', (of,), weighted)} / on () group_left () sum({known})", f"{{{{{of}}}}}")


def _versions(spec: ModelSpec, scope: Scope) -> list[Any]:
    action = "A version that appears or grows is a release: compare its time with the time of a shift."
    return [chart(spec, scope, catalogue.VERSION_ROWS, "Rows by version", action, size=(24, 8))]


def _no_score(spec: ModelSpec) -> str:
    return "No data" if spec.spec.inference.columns.score else "The spec names no column of scores"
