"""Panels that draw distributions, which grafanalib lacks or writes as an older Grafana had them.

Their options are those of Grafana 11 and later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafanalib.core import Panel

from dashboards.panels.builders import PanelInfo, common, defaults
from dashboards.panels.queries import Query
from dashboards.panels.style import (
    CLEAR,
    SEVERITY_COLOURS,
    UNITS,
    UNKNOWN,
    fixed,
    letter,
    override,
    steps_json,
    target,
)
from exporter.catalogue import Severity, Unit

_NOW: Final = SEVERITY_COLOURS[Severity.INFO]
_LEGEND: Final = {"displayMode": "list", "placement": "bottom"}
_TOOLTIP: Final = {"mode": "multi", "sort": "none"}


class _Written(Panel):  # type: ignore[misc]  # grafanalib has no types
    """A panel whose type and options come whole in `extraJson`, as its field configuration does."""

    def to_json_data(self) -> Any:
        """The panel as Grafana's JSON."""
        return self.panel_json({})


@dataclass(frozen=True, slots=True)
class Field:
    """What an expression, one value for each of a label's values, is called in a plot, and its colour."""

    title: str
    expression: str
    colour: str = _NOW


def compared(card: PanelInfo, label: str, now: Field, usual: Field, unit: Unit) -> Any:
    """Two bars for each value of a label, in the order of these values: the window and its reference."""
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
    return _plot(card, label, (now, usual), kind="barchart", options=options, unit=UNITS[unit], min=0, custom=custom)


def reliability(card: PanelInfo, label: str, predicted: str, observed: str, rows: str) -> Any:
    """What was seen over what was predicted, a point for each value of a label, beside the line where they are equal.

    The more rows a point stands for, the larger it is.
    """
    fields = (
        Field("Predicted", predicted),
        Field("Observed", observed),
        Field("Perfectly calibrated", predicted, UNKNOWN),
        Field("Rows", rows),
    )
    sized = {"size": {"matcher": {"id": "byName", "options": "Rows"}}}
    drawn = [_series("Observed", "Predicted") | sized, _series("Perfectly calibrated", "Predicted")]
    options = {"mapping": "manual", "series": drawn, "legend": _LEGEND, "tooltip": {"mode": "single", "sort": "none"}}
    ends = {"min": 0, "max": 1, "unit": UNITS[Unit.RATIO]}
    custom = {"show": "points+lines", "pointSize": {"min": 3, "max": 14}, "fillOpacity": 60, "lineWidth": 1}
    line = {"custom.show": "lines", "custom.lineStyle": {"fill": "dash", "dash": [10, 10]}}
    more = [
        override("byName", fields[2].title, line),
        override("byName", "Rows", {"unit": UNITS[Unit.ROWS]}),
    ]
    return _plot(card, label, fields, kind="xychart", options=options, more=more, **ends, custom=custom)


def heatmap(card: PanelInfo, query: Query) -> Any:
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
    asked = target(0, query, "range") | {"format": "heatmap"}
    custom = {"hideFrom": {"legend": False, "tooltip": False, "viz": False}}
    return _written(card, [asked], kind="heatmap", options=options, unit=UNITS[Unit.ROWS], custom=custom)


def _series(y: str, x: str) -> dict[str, Any]:
    fields = {axis: {"matcher": {"id": "byName", "options": name}} for axis, name in (("x", x), ("y", y))}
    return {"name": {"fixed": y}, "frame": {"matcher": {"id": "byIndex", "options": 0}}, **fields}


def _plot(
    card: PanelInfo,
    label: str,
    fields: Sequence[Field],
    *,
    kind: str,
    options: dict[str, Any],
    more: Sequence[dict[str, Any]] = (),
    **field_defaults: Any,
) -> Any:
    """A plot of one table: the label's values in their order, and a column for each field."""
    targets = [target(index, Query(field.expression), "table") for index, field in enumerate(fields)]
    names = {f"Value #{letter(index)}": field.title for index, field in enumerate(fields)}
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
    colours = [override("byName", field.title, {"color": fixed(field.colour)}) for field in fields]
    return _written(
        card,
        targets,
        kind=kind,
        options=options,
        overrides=[*colours, *more],
        transformations=transformations,
        **field_defaults,
    )


def _written(
    card: PanelInfo,
    targets: list[dict[str, Any]],
    *,
    kind: str,
    options: dict[str, Any],
    overrides: Sequence[dict[str, Any]] = (),
    transformations: Sequence[dict[str, Any]] = (),
    **field_defaults: Any,
) -> Any:
    made = defaults(card, **field_defaults)
    made["fieldConfig"]["defaults"]["thresholds"] = {"mode": "absolute", "steps": steps_json(((None, CLEAR),))}
    made["fieldConfig"]["overrides"] = list(overrides)
    whole = {"type": kind, "options": options, "transformations": list(transformations)}
    return _Written(**common(card, targets), extraJson=made | whole)
