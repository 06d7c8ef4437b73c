"""grafanalib's output in the format of today's Grafana: dashboard v1, schema version 42.

grafanalib 0.7.1 writes the format of an older Grafana: obsolete keys, nulls for missing values, and no values for keys
that newer panels need. Each function here corrects one part. The allowed keys of each part are listed, and all others
are removed.
"""

from __future__ import annotations

import json
from typing import Any, Final

from grafanalib.core import Dashboard

SCHEMA_VERSION: Final = 42
"""The last version of the v1 schema; newer versions of Grafana convert it when they load it."""

PLUGIN_VERSION: Final = "11.1.0"
"""The panels have the format of Grafana 11.1, so a newer Grafana knows which migrations to run.

An older version makes Grafana migrate the options of an XY chart, which are in the new format already.
"""

_DASHBOARD: Final = frozenset(
    {"annotations", "description", "editable", "graphTooltip", "links", "refresh", "tags", "time", "timezone"}
    | {"title", "uid"}
)
_PANEL: Final = frozenset(
    {"datasource", "description", "gridPos", "id", "interval", "links", "maxDataPoints", "title", "transformations"}
    | {"transparent", "type", "repeat", "repeatDirection", "maxPerRow"}
)
_ROW: Final = frozenset({"collapsed", "gridPos", "id", "title", "type"})
_TARGET: Final = frozenset(
    {"editorMode", "exemplar", "expr", "format", "hide", "instant", "interval", "legendFormat", "refId"}
)
"""Without `range`: a query that is not instant is one of a range."""
_VARIABLE: Final = frozenset(
    {"allValue", "datasource", "hide", "includeAll", "label", "multi", "name", "query", "refresh", "regex", "sort"}
    | {"type"}
)
_OWN: Final = object()
_CUSTOM: Final[dict[str, Any]] = {
    "axisLabel": "",
    "axisPlacement": "auto",
    "barAlignment": 0,
    "drawStyle": "line",
    "fillOpacity": 0,
    "gradientMode": "none",
    "lineWidth": 1,
    "hideFrom": {"tooltip": False, "viz": False, "legend": False},
    "lineInterpolation": "linear",
    "pointSize": 5,
    "scaleDistribution": {"type": "linear", "log": 2},
    "showPoints": "auto",
    "spanNulls": False,
    "stacking": {},
    "thresholdsStyle": {"mode": "off"},
}
"""What grafanalib writes although it is Grafana's own default: a tenth of a dashboard."""
_IDLE: Final[dict[str, Any]] = {"transparent": False, "transformations": [], "links": [], "mappings": []}
_IDLE_TARGET: Final[dict[str, Any]] = {
    "editorMode": "code",
    "format": "time_series",
    "hide": False,
    "instant": False,
    "interval": "",
    "legendFormat": "__auto",
}
"""The same of a panel and of a query."""
_PART_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "legend": {"showLegend": True, "calcs": [], "placement": "bottom", "displayMode": "list"},
    "tooltip": {"sort": "none", "mode": "single"},
}
_REDUCED: Final = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_STATES: Final = {"rowHeight": 0.9, "showValue": "auto", "legend": {}}
_OPTION_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "stat": {"reduceOptions": _REDUCED, "orientation": "auto", "justifyMode": "auto"},
    "bargauge": {"reduceOptions": _REDUCED, "sizing": "auto", "maxVizHeight": 300},
    "table": {"showHeader": True},
    "state-timeline": {**_STATES, "mergeValues": True, "alignValue": "left"},
    "status-history": {**_STATES, "colWidth": 0.9},
}
"""The options that a kind of panel has by default."""
_TRANSPARENT: Final = {"mode": "absolute", "steps": [{"value": None, "color": "transparent"}]}
_IDLE_GRAPH: Final[dict[str, Any]] = {"thresholds": _TRANSPARENT, "noValue": "No data"}
"""Steps that draw nothing. Only a graph may leave them out: other panels would get Grafana's own steps, at 0 and 80."""
_OPTION: Final = frozenset({"selected", "text", "value"})
_TIMEPICKER: Final = frozenset({"hidden"})


def normalise(dashboard: Dashboard) -> dict[str, Any]:
    """A grafanalib dashboard as plain JSON data that Grafana's schema accepts.

    Nulls are removed, except in the first step of a threshold, where null is Grafana's minus infinity.
    """
    text = json.dumps(dashboard, default=lambda part: part.to_json_data())
    written = json.loads(text, object_hook=_without_nulls)
    return _pick(written, _DASHBOARD) | {
        "schemaVersion": SCHEMA_VERSION,
        "panels": [_panel(panel) for panel in written["panels"]],
        "templating": {"list": [_variable(variable) for variable in written["templating"]["list"]]},
        "timepicker": _pick(written["timepicker"], _TIMEPICKER),
    }


def _pick(part: dict[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key in keys}


def _without_nulls(part: dict[str, Any]) -> dict[str, Any]:
    step = part.keys() == {"value", "color"}
    return {key: value for key, value in part.items() if step or value is not None}


def _panel(panel: dict[str, Any]) -> dict[str, Any]:
    if panel["type"] == "row":
        return _pick(panel, _ROW) | {"panels": [_panel(inner) for inner in panel["panels"]]}
    return _without(_pick(panel, _PANEL), _IDLE) | {
        "pluginVersion": PLUGIN_VERSION,
        "fieldConfig": _field_config(panel["type"], panel["fieldConfig"]),
        "options": _options(panel["type"], panel.get("options", {})),
        "targets": [_without(_pick(target, _TARGET), _IDLE_TARGET) for target in panel["targets"]],
    }


def _without(part: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if defaults.get(key, _OWN) != value}


def _field_config(kind: str, config: dict[str, Any]) -> dict[str, Any]:
    """Add `overrides`, which some classes do not write, and remove the table's `displayMode`, now `cellOptions`."""
    defaults = _without(config["defaults"], _IDLE | (_IDLE_GRAPH if kind == "timeseries" else {}))
    if "custom" in defaults:
        custom = {key: value for key, value in defaults["custom"].items() if key != "displayMode"}
        defaults["custom"] = _without(custom, _CUSTOM)
        if not defaults["custom"]:
            del defaults["custom"]
    return {"defaults": defaults, "overrides": config.get("overrides", [])}


def _options(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """Leave out what panels, legends and tooltips have by default; a heatmap has other options."""
    if kind == "heatmap":
        return options
    short = options | {
        part: _without(options[part], defaults) for part, defaults in _PART_DEFAULTS.items() if part in options
    }
    return _without(short, _OPTION_DEFAULTS.get(kind, {}))


def _variable(variable: dict[str, Any]) -> dict[str, Any]:
    """Complete the current selection, and add the text of the query that Grafana shows in its list of variables."""
    picked = _pick(variable, _VARIABLE)
    picked["current"] = _current(variable)
    picked["options"] = [_pick(option, _OPTION) for option in variable["options"]]
    if isinstance(variable["query"], dict):
        picked["definition"] = variable["query"]["query"]
    return picked


def _current(variable: dict[str, Any]) -> dict[str, Any]:
    current = _pick(variable["current"], _OPTION)
    if not variable["multi"] or "value" not in current:
        return current
    text = "All" if variable["includeAll"] and current["value"] == "$__all" else current["text"]
    return current | {"text": [text], "value": [current["value"]]}
