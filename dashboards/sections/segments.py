"""The model's segments: which of them is not as it was, while the whole may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from grafanalib.core import Table

from dashboards.panels import links, queries
from dashboards.panels.builders import Column, table
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Scope
from dashboards.panels.style import CLEAR, SEVERITY_COLOURS, UNITS, Steps
from dashboards.sections.labels import mature
from exporter import catalogue
from exporter.catalogue import SEGMENT, VERSION, Metric, Severity, Unit
from exporter.spec.model import ModelSpec
from exporter.spec.sections.task import Task

_JUDGED_BY: Final[Mapping[Task, tuple[Metric, str]]] = {
    "binary_classification": (catalogue.AUROC, "AUROC"),
    "multiclass_classification": (catalogue.F1_SCORE, "F1"),
    "regression": (catalogue.RMSE, "Root mean squared error"),
    "ranking": (catalogue.NDCG, "NDCG"),
}
"""What a segment's performance is drawn by."""


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """One folded section; none when the spec names no segments."""
    if not spec.spec.segments:
        return []
    every = scope.with_any_value(SEGMENT)
    drift = chart(
        spec,
        every,
        catalogue.SEGMENT_DRIFT,
        "Segment drift over time, $window",
        "Above its dashed threshold one segment has drifted alone: choose it above, and see its features and its score."
        " Where no threshold is drawn the whole is above its own: begin there.",
        meaning=f"{catalogue.SEGMENT_DRIFT.help} Drawn are the ten worst.",
        limits=(0, None),
        size=(24, 8),
    )
    return [Section("segments", "Segments", [_worst(spec, every), drift, *_performance(spec, every)])]


def _performance(spec: ModelSpec, scope: Scope) -> list[Any]:
    """How good the predictions of each segment were; nothing when labels are not evaluated."""
    if not spec.spec.labels_evaluated:
        return []
    metric, title = _JUDGED_BY[spec.spec.task]
    quality = chart(
        spec,
        scope,
        metric,
        f"{title} by segment, $window",
        "One segment is worse than the rest beyond its interval (dotted): choose it above and see why.",
        key=f"segments/{metric.key}",
        window=mature(spec),
        limits=None if metric.unit is Unit.RATIO else (0, None),
        rows=catalogue.NDCG_LISTS if metric is catalogue.NDCG else catalogue.LABEL_ROWS,
    )
    coverage = chart(
        spec,
        scope,
        catalogue.LABEL_COVERAGE_RATIO,
        "Label coverage by segment, $window",
        "One segment has fewer labels than the rest: its performance is that of few. Ask whoever labels.",
        key="segments/label_coverage_ratio",
        window=mature(spec),
    )
    return [quality, coverage]


def _worst(spec: ModelSpec, scope: Scope) -> Table:
    words = panel_info(
        spec,
        catalogue.SEGMENT_DRIFT,
        "Segments in trouble, $window",
        "Click the first segment to see it alone: every panel above and below then speaks of it.",
        key="segments/table",
        meaning="Every segment, the one in most trouble first. Trouble is how many times over its own threshold its "
        "drift share or its score shift is; thresholds allow for how many segments there are.",
        empty="No segment evaluated yet: too few rows, or too few in the reference",
        size=(24, 8),
        data_links=(links.to_segment(spec, "This segment"),),
    )
    return table(words, {SEGMENT: "Segment", VERSION: "Version"}, _columns(scope), sort=["Trouble"])


def _columns(scope: Scope) -> list[Column]:
    def column(title: str, metric: Metric) -> Column:
        return Column(title, _by_segment(metric, scope), UNITS[metric.unit])

    over: Steps = ((None, CLEAR), (1, SEVERITY_COLOURS[Severity.WARNING]))
    return [
        Column("Trouble", _by_segment(catalogue.SEGMENT_DRIFT, scope), "suffix:x threshold", steps=over),
        column("Drift share", catalogue.DATA_DRIFT_SHARE),
        column("Drift share threshold", catalogue.DATA_DRIFT_SHARE_THRESHOLD),
        column("Score shift", catalogue.PREDICTION_MEAN_SHIFT),
        column("Score shift threshold", catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD),
        column("Rows", catalogue.VERSION_ROWS),
    ]


def _by_segment(metric: Metric, scope: Scope) -> str:
    return queries.across("max", (SEGMENT, VERSION), queries.select(metric, scope))
