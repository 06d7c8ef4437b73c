"""Performance in the first view of a model: is it as good as promised, and how much of the error budget is left?

A second line of tiles, for what the model has: the observed and the estimated value of its main metric, the error
budget with its burn rate, and the share of predictions that have a label.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, Literal

from grafanalib.core import Stat

from dashboards.panels import links, queries
from dashboards.panels.builders import stat
from dashboards.panels.charts import panel_info
from dashboards.panels.layout import WIDTH
from dashboards.panels.queries import Query
from dashboards.panels.scopes import Scope
from dashboards.panels.style import GOOD, LOWEST, SEVERITY_COLOURS, UNKNOWN, Steps
from dashboards.sections.labels import mature_window_text
from exporter import catalogue
from exporter.catalogue import WINDOW, Metric, Severity
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import Slo
from exporter.spec.sections.task import Task

MAIN_METRICS: Final[Mapping[Task, tuple[Metric, str, Literal["min", "max"]]]] = {
    "binary_classification": (catalogue.AUROC, "AUROC", "min"),
    "multiclass_classification": (catalogue.F1_SCORE, "F1", "min"),
    "regression": (catalogue.RMSE, "RMSE", "max"),
    "ranking": (catalogue.NDCG, "NDCG", "min"),
}
"""The metric that shows the performance of each task, its short name, and which of two values is the worse one."""

_RED: Final = SEVERITY_COLOURS[Severity.CRITICAL]
_ORANGE: Final = SEVERITY_COLOURS[Severity.WARNING]
_BLUE: Final = SEVERITY_COLOURS[Severity.INFO]
_HEIGHT: Final = 4


def tiles(spec: ModelSpec, scope: Scope) -> list[Stat]:
    """One line of tiles; none if the model has neither labels nor estimates nor objectives."""
    found = [
        *(_performance(spec, scope) if spec.spec.labels_evaluated or spec.spec.estimated else ()),
        *(_objectives(spec, scope) if spec.spec.slos_evaluated else ()),
        *(_coverage(spec, scope) if spec.spec.labels_evaluated else ()),
    ]
    ends = [round(WIDTH * place / len(found)) for place in range(len(found) + 1)] if found else []
    for tile, (start, end) in zip(found, pairwise(ends), strict=True):
        tile.gridPos.w = end - start
    return found


def _performance(spec: ModelSpec, scope: Scope) -> Iterator[Stat]:
    metric, name, worse = MAIN_METRICS[spec.spec.task]
    steps = _target_steps(spec.spec.slos_of_labels, metric)
    if spec.spec.labels_evaluated:
        action = "If it misses its target: see which features drifted before it fell, and which segment is worst."
        window = mature_window_text(spec)
        yield _tile(spec, scope, metric, f"{name} observed", action, worse=worse, steps=steps, window=window)
    if spec.spec.estimated and metric.estimated() in catalogue.METRICS:
        action = "It is known before labels arrive. If it falls: inputs have moved to where the model is less sure."
        yield _tile(spec, scope, metric.estimated(), f"{name} estimated", action, worse=worse, steps=steps)


def _target_steps(objectives: tuple[Slo, ...], metric: Metric) -> Steps:
    """Green where an objective of the metric is met, red where it is missed; blue if it has none."""
    own = [slo for slo in objectives if slo.metric == metric.key and not slo.counts_events]
    if not own:
        return ((LOWEST, _BLUE),)
    target = own[0].target
    return ((LOWEST, _RED), (target, GOOD)) if own[0].at_least is not None else ((LOWEST, GOOD), (target, _RED))


def _objectives(spec: ModelSpec, scope: Scope) -> Iterator[Stat]:
    every_window = scope.without(WINDOW)
    budget, burn_rate = catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, catalogue.SLO_BURN_RATE
    left: Steps = ((LOWEST, _RED), (0, _ORANGE), (0.25, GOOD))
    window = "each objective's own, not the selected window; the worst of them."
    spent = "Below 0 the budget of the period is overspent: release only what makes the model better."
    yield _tile(spec, every_window, budget, "Budget left", spent, worse="min", steps=left, window=window)
    pages = min((float(tier.factor) for slo in spec.spec.slos_evaluated for tier in slo.fast()), default=None)
    rates: Steps = ((LOWEST, GOOD), (1, _ORANGE), *(((pages, _RED),) if pages is not None else ()))
    fast = "Above 1 the budget is gone before its period ends. Red is a rate that pages if it holds."
    yield _tile(spec, every_window, burn_rate, "Burn rate now", fast, worse="max", steps=rates, window=window)


def _coverage(spec: ModelSpec, scope: Scope) -> Iterator[Stat]:
    coverage = catalogue.LABEL_COVERAGE_RATIO
    action = "If it is low: performance is measured on few predictions. Ask the labelling team."
    steps: Steps = ((LOWEST, _ORANGE), (spec.spec.thresholds.label_coverage, GOOD))
    window = mature_window_text(spec)
    yield _tile(spec, scope, coverage, "Predictions with labels", action, worse="min", steps=steps, window=window)


def _tile(
    spec: ModelSpec,
    scope: Scope,
    metric: Metric,
    title: str,
    action: str,
    *,
    worse: Literal["min", "max"],
    steps: Steps,
    **more: Any,
) -> Stat:
    """The worst value of the selected versions and objectives, without challengers."""
    info = panel_info(
        spec,
        metric,
        title,
        action,
        key=f"now/{metric.key}",
        no_data="Not known yet",
        size=(4, _HEIGHT),
        data_links=(links.to_panel(spec, "Over time", metric.key),),
        **more,
    )
    worst = f"{worse}({queries.latest(metric, scope.without_challengers)})"
    return stat(info, Query(worst), metric.unit, steps=((None, UNKNOWN), *steps))
