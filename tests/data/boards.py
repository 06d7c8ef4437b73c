"""Every generated dashboard of one spec, and helpers to read their panels and queries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser

from dashboards import exporter, feature, fleet, model
from exporter.catalogue import HOOK_METRICS, METRICS, PROCESS_METRICS, RECORDED
from exporter.spec.model import ModelSpec

# From @grafana/schema 13.2.3: the panels that Grafana brings along.
PANEL_TYPES = {"stat", "table", "timeseries", "state-timeline", "status-history", "bargauge", "row"}
PANEL_TYPES |= {"barchart", "xychart", "heatmap"}

BY_NAME = {
    part.name: part for metric in (*METRICS, *HOOK_METRICS, *PROCESS_METRICS, *RECORDED) for part in metric.series
}


def boards(spec: ModelSpec) -> dict[str, dict[str, Any]]:
    """Return the dashboards by name: the model's own, and those of all models."""
    return {
        "model": model.dashboard(spec),
        "fleet": fleet.dashboard([spec.name]),
        "feature": feature.dashboard(),
        "exporter": exporter.dashboard(),
    }


def panels_of(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all panels that are not rows, also those in folded rows, and a repeated panel for each of its values."""

    def walk(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for panel in panels:
            if panel["type"] == "row":
                yield from walk(panel["panels"])
            elif "repeat" in panel:
                yield from _repeated(panel, dashboard)
            else:
                yield panel

    return list(walk(dashboard["panels"]))


def _repeated(panel: dict[str, Any], dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    name = panel["repeat"]
    [variable] = [each for each in dashboard["templating"]["list"] if each["name"] == name]
    assert variable["current"]["value"] == ["$__all"]
    for place, pair in enumerate(variable["query"].split(", ")):
        text, value = pair.split(" : ")
        written = json.dumps(panel).replace(f"${{{name}:text}}", text).replace(f"${{{name}}}", value)
        assert f"${{{name}" not in written
        width = {"w": panel["gridPos"]["w"] // panel["maxPerRow"]}
        yield {**json.loads(written), "id": panel["id"] + place, "gridPos": panel["gridPos"] | width}


def soft_ends(panel: Any) -> tuple[float | None, float | None]:
    """Return the ends that the axis of a panel of grafanalib reaches at least."""
    custom = panel.extraJson["fieldConfig"]["defaults"]["custom"]
    return custom["axisSoftMin"], custom["axisSoftMax"]


def selectors(expression: promql_parser.Expr) -> Iterator[promql_parser.VectorSelector]:
    """Return every selector in an expression."""
    found: list[promql_parser.VectorSelector] = []

    def visit(part: Any) -> None:
        if isinstance(part, promql_parser.MatrixSelector):
            found.append(part.vector_selector)
        if isinstance(part, promql_parser.VectorSelector):
            found.append(part)

    promql_parser.walk(expression, visit)
    return iter(found)
