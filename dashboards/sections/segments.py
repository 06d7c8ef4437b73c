"""Segments of the model's traffic: which segment has drifted while the whole traffic has not?"""

from __future__ import annotations

from typing import Any

from grafanalib.core import Table

from dashboards.panels import links, queries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.scopes import Scope
from dashboards.panels.style import FROM_ZERO, SEVERITY_COLOURS, TRANSPARENT, UNITS, Steps
from dashboards.panels.tables import Column, table
from dashboards.sections.labels import mature_window_text
from dashboards.sections.performance import MAIN_METRICS
from exporter import catalogue
from exporter.catalogue import SEGMENT, VERSION, Metric, Severity
from exporter.spec.model import ModelSpec


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """One collapsed section; none if the spec names no segments."""
    if not spec.spec.segments:
        return []
    every_segment = scope.with_any_value(SEGMENT)
    drift = chart(
        spec,
        every_segment,
        catalogue.SEGMENT_DRIFT,
        "Segment drift over time",
        "If it is above its dashed threshold, one segment alone has drifted: select it above, and see its features and "
        "its score. If there is no threshold, the whole traffic is above its own threshold: start there.",
        meaning=f"{catalogue.SEGMENT_DRIFT.help} Shows the ten worst segments.",
        limits=FROM_ZERO,
        size=(24, 8),
    )
    panels = [_worst_segments(spec, every_segment), drift, *_performance(spec, every_segment)]
    return [Section("segments", "Segments", panels)]


def _performance(spec: ModelSpec, scope: Scope) -> list[Any]:
    """The performance of each segment; nothing if labels are not evaluated."""
    if not spec.spec.labels_evaluated:
        return []
    metric, title, _ = MAIN_METRICS[spec.spec.task]
    performance = chart(
        spec,
        scope,
        metric,
        f"{title} by segment",
        "If one segment is worse than the others by more than its interval (dotted): select it above and find out why.",
        key=f"segments/{metric.key}",
        window=mature_window_text(spec),
        limits=FROM_ZERO if metric is catalogue.RMSE else None,
    )
    return [performance]


def _worst_segments(spec: ModelSpec, scope: Scope) -> Table:
    info = panel_info(
        spec,
        catalogue.SEGMENT_DRIFT,
        "Segments, worst first",
        "Click the first segment: all panels of this dashboard then show only this segment.",
        key="segments/table",
        meaning="Every segment, the worst first. *Worst statistic* is the greater of its drift share and its score "
        "shift, each divided by its own threshold. The thresholds allow for the number of segments.",
        no_data="No segment evaluated yet: too few rows, or too few in the reference",
        size=(24, 8),
        data_links=(links.to_segment(spec, "Only this segment"),),
    )
    return table(info, {SEGMENT: "Segment", VERSION: "Version"}, _columns(spec, scope), sort=["Worst statistic"])


def _columns(spec: ModelSpec, scope: Scope) -> list[Column]:
    def column(title: str, metric: Metric) -> Column:
        return Column(title, _by_segment(metric, scope), UNITS[metric.unit])

    over: Steps = ((None, TRANSPARENT), (1, SEVERITY_COLOURS[Severity.WARNING]))
    return [
        Column("Worst statistic", _by_segment(catalogue.SEGMENT_DRIFT, scope), "suffix:x threshold", steps=over),
        column("Drift share", catalogue.DATA_DRIFT_SHARE),
        column("Score shift", catalogue.PREDICTION_MEAN_SHIFT),
        column("Rows", catalogue.VERSION_ROWS),
        *([column("Label coverage", catalogue.LABEL_COVERAGE_RATIO)] if spec.spec.labels_evaluated else []),
    ]


def _by_segment(metric: Metric, scope: Scope) -> str:
    return queries.across("max", (SEGMENT, VERSION), queries.select(metric, scope))
