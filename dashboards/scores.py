"""What the model answers: its score over time, and how it is distributed beside the reference."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from dashboards.charts import card, chart
from dashboards.layout import Section
from dashboards.panels import Bars, bars
from dashboards.queries import Query, Scope, buckets
from dashboards.style import Limits
from exporter import catalogue
from exporter.catalogue import LE, Metric
from exporter.spec.model import ModelSpec

_FROM_ZERO: Final[Limits] = (0, None)


def section(spec: ModelSpec, scope: Scope) -> Section:
    """One folded section."""
    return Section("scores", "Scores", [*_score(spec, scope), *_distribution(spec, scope), _versions(spec, scope)])


def _score(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope, empty=_empty(spec))
    return [
        draw(
            catalogue.PREDICTION_MEAN,
            "Mean score, $window",
            "Away from its reference (dotted): see whether features drifted before, or a version was released.",
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
    return [
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
    words = card(spec, metric, title, action, size=(8, 9), empty=_empty(spec))
    return bars(words, Query(buckets(metric, scope), f"{{{{{LE}}}}}"), metric.unit)


def _versions(spec: ModelSpec, scope: Scope) -> Any:
    action = "A version that appears or takes over is a release: compare its moment with the shift's."
    return chart(spec, scope, catalogue.VERSION_ROWS, "Rows by version, $window", action, size=(24, 8))


def _empty(spec: ModelSpec) -> str:
    return "No data yet" if spec.spec.inference.columns.score else "The spec names no score"
