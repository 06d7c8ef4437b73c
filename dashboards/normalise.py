"""grafanalib's output as Grafana reads it today: dashboard v1, schema version 42.

grafanalib 0.7.1 writes the shape of an older Grafana: keys that are gone, nulls where there is nothing to say, and
too little where newer panels ask for more. Each function here puts one part right and loses nothing that a dashboard of
ours says; what a part may hold is listed, and everything else falls away.
"""

from __future__ import annotations

import json
from typing import Any, Final

from grafanalib.core import Dashboard

SCHEMA_VERSION: Final = 42
"""The last version of the v1 schema; newer Grafanas read it, and convert it when they load it."""

PLUGIN_VERSION: Final = "11.0.0"
"""The panels are written as Grafana 11 wrote them, so a newer one knows which of its migrations to run."""

_DASHBOARD: Final = frozenset(
    {"annotations", "description", "editable", "graphTooltip", "links", "refresh", "tags", "time", "timezone"}
    | {"title", "uid"}
)
_PANEL: Final = frozenset(
    {"datasource", "description", "gridPos", "id", "interval", "links", "maxDataPoints", "title", "transformations"}
    | {"transparent", "type"}
)
_ROW: Final = frozenset({"collapsed", "gridPos", "id", "title", "type"})
_TARGET: Final = frozenset(
    {"datasource", "editorMode", "exemplar", "expr", "format", "hide", "instant", "interval", "legendFormat", "range"}
    | {"refId"}
)
_VARIABLE: Final = frozenset(
    {"allValue", "datasource", "hide", "includeAll", "label", "multi", "name", "query", "refresh", "regex", "sort"}
    | {"type"}
)
_OPTION: Final = frozenset({"selected", "text", "value"})
_TIMEPICKER: Final = frozenset({"hidden", "refresh_intervals"})


def normalise(dashboard: Dashboard) -> dict[str, Any]:
    """A grafanalib dashboard as plain JSON data that Grafana's schema accepts.

    No null is left but one: the first step of a threshold has the value null, Grafana's minus infinity.
    """
    text = json.dumps(dashboard, default=lambda part: part.to_json_data())
    written = json.loads(text, object_hook=_without_nulls)
    return _kept(written, _DASHBOARD) | {
        "schemaVersion": SCHEMA_VERSION,
        "panels": [_panel(panel) for panel in written["panels"]],
        "templating": {"list": [_variable(variable) for variable in written["templating"]["list"]]},
        "timepicker": _kept(written["timepicker"], _TIMEPICKER),
    }


def _kept(part: dict[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key in keys}


def _without_nulls(part: dict[str, Any]) -> dict[str, Any]:
    step = part.keys() == {"value", "color"}
    return {key: value for key, value in part.items() if step or value is not None}


def _panel(panel: dict[str, Any]) -> dict[str, Any]:
    if panel["type"] == "row":
        return _kept(panel, _ROW) | {"panels": [_panel(inner) for inner in panel["panels"]]}
    return _kept(panel, _PANEL) | {
        "pluginVersion": PLUGIN_VERSION,
        "fieldConfig": _field_config(panel["fieldConfig"]),
        "options": _options(panel["type"], panel.get("options", {})),
        "targets": [_kept(target, _TARGET) for target in panel["targets"]],
    }


def _field_config(config: dict[str, Any]) -> dict[str, Any]:
    """With `overrides`, which not every class writes, and without the table's `displayMode`, now `cellOptions`."""
    defaults = dict(config["defaults"])
    if "custom" in defaults:
        defaults["custom"] = {key: value for key, value in defaults["custom"].items() if key != "displayMode"}
    return {"defaults": defaults, "overrides": config.get("overrides", [])}


def _options(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """With what newer legends and tooltips must say; a heatmap has others of its own."""
    whole = dict(options)
    if kind == "heatmap":
        return whole
    if "legend" in options:
        whole["legend"] = {"showLegend": True, "calcs": []} | options["legend"]
    if "tooltip" in options:
        whole["tooltip"] = {"sort": "none"} | options["tooltip"]
    return whole


def _variable(variable: dict[str, Any]) -> dict[str, Any]:
    """With a choice that says what it means, and the text of a query that Grafana shows in its list of variables."""
    kept = _kept(variable, _VARIABLE)
    kept["current"] = _current(variable)
    kept["options"] = [_kept(option, _OPTION) for option in variable["options"]]
    if isinstance(variable["query"], dict):
        kept["definition"] = variable["query"]["query"]
    return kept


def _current(variable: dict[str, Any]) -> dict[str, Any]:
    current = _kept(variable["current"], _OPTION)
    if not variable["multi"] or "value" not in current:
        return current
    text = "All" if variable["includeAll"] and current["value"] == "$__all" else current["text"]
    return current | {"text": [text], "value": [current["value"]]}
