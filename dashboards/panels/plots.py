"""Panels of distributions that grafanalib does not have, or writes for an older Grafana.

Their options are those of Grafana 11.1 and later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafanalib.core import Panel

from dashboards.panels.builders import PanelInfo, common_options, field_config
from dashboards.panels.queries import Query
from dashboards.panels.style import (
    SEVERITY_COLOURS,
    TRANSPARENT,
    UNITS,
    UNKNOWN,
    fixed_colour,
    override,
    ref_id,
    steps_json,
    target,
)
from exporter.catalogue import Severity, Unit

_NOW: Final = SEVERITY_COLOURS[Severity.INFO]
_LEGEND: Final = {"displayMode": "list", "placement": "bottom"}
_TOOLTIP: Final = {"mode": "multi", "sort": "none"}


class _RawPanel(Panel):  # type: ignore[misc]  # grafanalib has no types
    """A panel whose type, options and field configuration are all in `extraJson`."""

    def to_json_data(self) -> Any:
        """The panel as Grafana's JSON."""
        return self.panel_json({})


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a plot: its title, its colour, and an expression with one value for each value of a label."""

    title: str
    expression: str
    colour: str = _NOW


def bar_comparison(info: PanelInfo, label: str, now: Field, reference: Field, unit: Unit) -> Any:
    """A bar chart with two bars for each value of a label, in their order: the window and its reference."""
    options = {
        "xField": label,
        "orientation": "horizontal",
        "stacking": "none",
        "showValue": "never",
        "barWidth": 0.95,
        "groupWidth": 0.8,
        "barRadius": 0,
        "fullHighlight": False,
        "xTickLabelRotation": 0,
        "xTickLabelSpacing": 0,
        "legend": _LEGEND,
        "tooltip": _TOOLTIP,
    }
    custom = {"lineWidth": 1, "fillOpacity": 70, "gradientMode": "none"}
    return _plot(
        info, label, (now, reference), kind="barchart", options=options, unit=UNITS[unit], min=0, custom=custom
    )


def reliability_diagram(info: PanelInfo, label: str, predicted: str, observed: str, rows: str) -> Any:
    """A reliability diagram: observed over predicted, one point for each value of a label, and the line of equality.

    A point with more rows is larger.
    """
    fields = (
        Field("Predicted", predicted),
        Field("Observed", observed),
        Field("Perfectly calibrated", predicted, UNKNOWN),
        Field("Rows", rows),
    )
    sized = {"size": {"matcher": {"id": "byName", "options": "Rows"}}}
    series = [_series("Observed", "Predicted") | sized, _series("Perfectly calibrated", "Predicted")]
    options = {"mapping": "manual", "series": series, "legend": _LEGEND, "tooltip": {"mode": "single", "sort": "none"}}
    ends = {"min": 0, "unit": UNITS[Unit.RATIO]}  # the highest end is that of the scores: rare positives have low ones
    custom = {"show": "points+lines", "pointSize": {"min": 3, "max": 14}, "fillOpacity": 60, "lineWidth": 1}
    line = {"custom.show": "lines", "custom.lineStyle": {"fill": "dash", "dash": [10, 10]}}
    more = [
        override("byName", fields[2].title, line),
        override("byName", "Rows", {"unit": UNITS[Unit.ROWS]}),
    ]
    return _plot(info, label, fields, kind="xychart", options=options, more=more, **ends, custom=custom)


def heatmap(info: PanelInfo, query: Query) -> Any:
    """A histogram's buckets over time: the darker a cell, the more rows."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": UNITS[Unit.ROWS]},
        "color": {"mode": "scheme", "scheme": "Blues", "fill": "blue", "scale": "exponential", "exponent": 0.5}
        | {"steps": 64, "reverse": False},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-09},
        "legend": {"show": True},
        "rowsFrame": {"layout": "le"},
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
        "yAxis": {"axisPlacement": "left", "unit": UNITS[Unit.NUMBER]},
    }
    heatmap_target = target(0, query, "range") | {"format": "heatmap"}
    custom = {"hideFrom": {"legend": False, "tooltip": False, "viz": False}}
    return _raw_panel(info, [heatmap_target], kind="heatmap", options=options, unit=UNITS[Unit.ROWS], custom=custom)


def _series(y: str, x: str) -> dict[str, Any]:
    fields = {axis: {"matcher": {"id": "byName", "options": name}} for axis, name in (("x", x), ("y", y))}
    return {"name": {"fixed": y}, "frame": {"matcher": {"id": "byIndex", "options": 0}}, **fields}


def _plot(
    info: PanelInfo,
    label: str,
    fields: Sequence[Field],
    *,
    kind: str,
    options: dict[str, Any],
    more: Sequence[dict[str, Any]] = (),
    **field_defaults: Any,
) -> Any:
    """A plot of one table: the values of the label in their order, and one column for each field."""
    targets = [target(index, Query(field.expression), "table") for index, field in enumerate(fields)]
    names = {f"Value #{ref_id(index)}": field.title for index, field in enumerate(fields)}
    order = {
        "excludeByName": {"Time": True},
        "indexByName": {name: index for index, name in enumerate([label, *names])},
        "renameByName": names,
    }
    by_label = {"fields": {}, "sort": [{"field": label, "desc": False}]}
    transformations = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": order},
        {"id": "sortBy", "options": by_label},
    ]
    colours = [override("byName", field.title, {"color": fixed_colour(field.colour)}) for field in fields]
    return _raw_panel(
        info,
        targets,
        kind=kind,
        options=options,
        overrides=[*colours, *more],
        transformations=transformations,
        **field_defaults,
    )


def _raw_panel(
    info: PanelInfo,
    targets: list[dict[str, Any]],
    *,
    kind: str,
    options: dict[str, Any],
    overrides: Sequence[dict[str, Any]] = (),
    transformations: Sequence[dict[str, Any]] = (),
    **field_defaults: Any,
) -> Any:
    config = field_config(info, **field_defaults)
    config["fieldConfig"]["defaults"]["thresholds"] = {"mode": "absolute", "steps": steps_json(((None, TRANSPARENT),))}
    config["fieldConfig"]["overrides"] = list(overrides)
    panel = {"type": kind, "options": options, "transformations": list(transformations)}
    return _RawPanel(**common_options(info, targets), extraJson=config | panel)
