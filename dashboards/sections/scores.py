"""What the model answers: its score over time, how it is distributed, which classes, and how sure it is of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from grafanalib.core import TimeSeries

from dashboards.panels.builders import Bars, bars, timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.plots import heatmap
from dashboards.panels.queries import Query, Scope, buckets, drawn, legend
from dashboards.panels.style import Limits
from exporter import catalogue
from exporter.catalogue import LE, Metric
from exporter.spec.model import ModelSpec

_FROM_ZERO: Final[Limits] = (0, None)


def section(spec: ModelSpec, scope: Scope) -> Section:
    """One folded section."""
    parts = (_score, _distribution, _classes, _confidence, _versions)
    return Section("scores", "Scores", [panel for part in parts for panel in part(spec, scope)])


def _score(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope, empty=_empty(spec), rows=catalogue.VERSION_ROWS)
    return [
        draw(
            catalogue.PREDICTION_MEAN,
            "Mean score, $window",
            "Away from its reference (dotted): see whether features drifted before, or a version was released. The "
            "whole grey line is last week.",
            last_week=True,
        ),
        draw(
            catalogue.PREDICTION_MEAN_SHIFT,
            "Score shift over time, $window",
            "Above the dashed line it pages: decisions change. With drifted features: start there. Without: suspect "
            "the model's own release, and roll it back.",
            limits=_FROM_ZERO,
        ),
    ]


def _distribution(spec: ModelSpec, scope: Scope) -> list[Any]:
    over_time = panel_info(
        spec,
        catalogue.PREDICTION_SCORE,
        "Score distribution over time, $window",
        "A band that ends or begins: a default or a release. Bands that bend each day are a season: see the reference.",
        key="scores/over_time",
        size=(24, 8),
        empty=_empty(spec),
    )
    return [
        heatmap(over_time, Query(buckets(catalogue.PREDICTION_SCORE, scope), f"{{{{{LE}}}}}")),
        chart(
            spec,
            scope,
            catalogue.PREDICTION_PSI,
            "Score PSI over time, $window",
            "Above its dashed threshold while the mean has not moved: scores went to both ends or to the middle. "
            "Compare the two distributions beside.",
            limits=_FROM_ZERO,
            size=(8, 9),
            empty=_empty(spec),
        ),
        _bars(
            spec,
            scope,
            catalogue.PREDICTION_SCORE,
            "Score distribution, $window",
            "Compare with the reference beside it. One bar that grew alone: a default or a failing feature. All moved "
            "to one side: see the mean.",
        ),
        _bars(
            spec,
            scope,
            catalogue.PREDICTION_SCORE_REFERENCE,
            "Score distribution of the reference, $window",
            "This is what the same hours of the week usually look like; read the window's bars against these.",
        ),
    ]


def _bars(spec: ModelSpec, scope: Scope, metric: Metric, title: str, action: str) -> Bars:
    """The rows between the ends of a histogram's buckets, each named after its upper end."""
    words = panel_info(spec, metric, title, action, size=(8, 9), empty=_empty(spec))
    return bars(words, Query(buckets(metric, scope), f"{{{{{LE}}}}}"), metric.unit)


def _classes(spec: ModelSpec, scope: Scope) -> list[Any]:
    told: dict[str, Any] = {
        "size": (8, 9),
        "empty": "No data yet" if spec.spec.class_column else "The spec names no classes",
    }
    return [
        chart(
            spec,
            scope,
            catalogue.PREDICTION_CLASS_PSI,
            "Class PSI over time, $window",
            "Above its dashed threshold: the model decides otherwise. See beside which class grew; if the scores have "
            "not moved, look for a changed cut-off.",
            limits=_FROM_ZERO,
            **told,
        ),
        *_shares(spec, scope, catalogue.PREDICTION_CLASS_RATIO, "Class balance", **told),
    ]


def _confidence(spec: ModelSpec, scope: Scope) -> list[Any]:
    told: dict[str, Any] = {"size": (8, 9), "empty": _empty(spec) if spec.spec.confidence_edges else "No classifier"}
    return [
        chart(
            spec,
            scope,
            catalogue.PREDICTION_CONFIDENCE_PSI,
            "Confidence PSI over time, $window",
            "Above its dashed threshold: see beside whether low or high confidence grew. Low: look for inputs that the "
            "model does not know. High: look for a changed calibration.",
            limits=_FROM_ZERO,
            **told,
        ),
        *_shares(spec, scope, catalogue.PREDICTION_CONFIDENCE_RATIO, "Confidence", **told),
    ]


def _shares(spec: ModelSpec, scope: Scope, metric: Metric, title: str, **more: Any) -> Iterator[TimeSeries]:
    """Parts of a whole over time, one upon the other, and the reference's beside them; `more` as in `Card`."""
    now = "Find what grew against the reference beside, and when. Choose one version: those of several are stacked."
    usual = "This is what the same hours of the week usually are; what stands only in the window is new."
    for one, name, action in (
        (metric, f"{title}, $window", now),
        (metric.reference(), f"{title} of the reference, $window", usual),
    ):
        words = panel_info(spec, one, name, action, **more)
        yield timeseries(
            words, [Query(drawn(one, scope), legend(one, scope))], one.unit, limits=_FROM_ZERO, style="area"
        )


def _versions(spec: ModelSpec, scope: Scope) -> list[Any]:
    action = "A version that appears or takes over is a release: compare its moment with the shift's."
    return [chart(spec, scope, catalogue.VERSION_ROWS, "Rows by version, $window", action, size=(24, 8))]


def _empty(spec: ModelSpec) -> str:
    return "No data yet" if spec.spec.inference.columns.score else "The spec names no score"
