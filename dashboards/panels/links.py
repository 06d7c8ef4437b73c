"""URLs: of a model's dashboard, of a panel on it, and of an alert's runbook.

An alert links to the panel of its metric, with the model, version, window and feature selected.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote

from dashboards.panels.builders import panel_id
from dashboards.panels.scopes import selections
from exporter.catalogue import ALERTS, FEATURE, MODEL, ROLE, SEGMENT, VERSION, WINDOW, Alert, Layer, Metric
from exporter.spec.model import ModelSpec

_LONGEST_UID = 40  # Grafana rejects longer ids
_PREFIX = "leeway-"
FLEET: Final = "fleet-leeway"
EXPORTER: Final = "exporter-leeway"
FEATURE_BOARD: Final = "feature-leeway"
"""The ids of the dashboards that are not of one model; no id of a model's dashboard ends like them."""
DASHBOARD: Final = "dashboard"
"""A label that exists only in query results: the id of a model's dashboard."""


def uid(spec: ModelSpec) -> str:
    """The dashboard's id, `leeway-<model>`; a long name is cut and gets a digest, so that ids differ."""
    return uid_of(spec.name)


def uid_of(model: str) -> str:
    """The same for a model's name."""
    whole = f"{_PREFIX}{model}"
    if len(whole) <= _LONGEST_UID:
        return whole
    digest = hashlib.sha256(model.encode()).hexdigest()[:12]
    return f"{whole[: _LONGEST_UID - 13]}-{digest}"


def uid_patterns(models: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Anchored patterns and replacements from a name to a dashboard's id: for any short name, and for `models`."""
    yield f"(.{{1,{_LONGEST_UID - len(_PREFIX)}}})", f"{_PREFIX}$1"
    yield from ((model, uid_of(model)) for model in models if uid_of(model) != f"{_PREFIX}{model}")


def alert_url(spec: ModelSpec, alert: Alert) -> str | None:
    """The URL of the panel that shows an alert's metric: a Go template in an annotation, expanded by Prometheus.

    Alerts about the exporter link to the dashboard of the exporters, with the model selected. A label that the alert
    does not have selects nothing. Label values are escaped. None without an address of Grafana: a notification cannot
    link to a path.
    """
    if spec.metadata.grafana is None:
        return None
    panel, times = f"{spec.metadata.grafana}%s?viewPanel={panel_id(alert.metric.key)}", "&from=now-24h&to=now"
    if alert.layer is Layer.EXPORTER:
        return f"{panel % f'/d/{EXPORTER}'}&var-{MODEL}={spec.name}{times}"
    selection = "".join(
        f"{{{{ with $labels.{label} }}}}&var-{label}={{{{ . | urlquery }}}}{{{{ end }}}}"
        for label in _labels_to_set(spec, alert)
        if label in alert.metric.labels
    )
    return f"{panel % _path(spec)}{selection}{times}"


def _labels_to_set(spec: ModelSpec, alert: Alert) -> tuple[str, ...]:
    """The variables that an alert's labels set; most alerts are about the whole traffic and select no segment."""
    role = [ROLE] if ROLE in selections(spec) else []
    return (VERSION, WINDOW, FEATURE, *role, *([SEGMENT] if alert.segments else []))


def to_panel(spec: ModelSpec, title: str, key: str) -> dict[str, Any]:
    """A link from a value to one panel of the same dashboard, with the same time range and variables."""
    return link(title, f"{_path(spec)}?${{__url_time_range}}&${{__all_variables}}&viewPanel={panel_id(key)}")


def to_model(title: str, key: str = "") -> dict[str, Any]:
    """A link from a row that has the id of a model's dashboard to that dashboard, or to one panel of it."""
    panel = f"&viewPanel={panel_id(key)}" if key else ""
    return link(title, f"/d/${{__data.fields.{DASHBOARD}}}?${{__url_time_range}}&${{datasource:queryparam}}{panel}")


def to_model_of_series(title: str) -> dict[str, Any]:
    """A link from a series with the label of a model to its dashboard, unless the name is too long for an id."""
    return link(title, f"/d/{_PREFIX}${{__field.labels.{MODEL}}}?${{__url_time_range}}&${{datasource:queryparam}}")


def to_feature(spec: ModelSpec, title: str) -> dict[str, Any]:
    """A link from a cell with a feature's name to the same dashboard, with only this feature selected."""
    return _to_value(spec, title, FEATURE)


def to_feature_board(spec: ModelSpec, title: str) -> dict[str, Any]:
    """A link from a cell with a feature's name to the dashboard of this feature."""
    selection = f"var-{MODEL}={spec.name}&${{{WINDOW}:queryparam}}&var-{FEATURE}=${{__value.raw:percentencode}}"
    board = f"/d/{FEATURE_BOARD}"
    return link(title, f"{board}?${{__url_time_range}}&${{datasource:queryparam}}&{selection}")


def to_exporters(spec: ModelSpec, title: str) -> dict[str, Any]:
    """A link to the dashboard of the exporters, with only this model selected."""
    return link(title, f"/d/{EXPORTER}?${{__url_time_range}}&${{datasource:queryparam}}&var-{MODEL}={spec.name}")


def to_explore(expression: str) -> str:
    """The URL of Explore with a query, whose variables are those of the dashboard; texts in it may not hold quotes.

    Grafana replaces variables only where they are not encoded.
    """
    source, times = "${datasource}", {"from": "${__from}", "to": "${__to}"}
    query = {"refId": "A", "datasource": {"type": "prometheus", "uid": source}, "expr": expression}
    panes = json.dumps({"leeway": {"datasource": source, "queries": [query], "range": times}}, separators=(",", ":"))
    encoded = "".join(part if part.startswith("${") else quote(part) for part in re.split(r"(\$\{\w+\})", panes))
    return f"/explore?schemaVersion=1&panes={encoded}"


def to_segment(spec: ModelSpec, title: str) -> dict[str, Any]:
    """A link from a cell with a segment's name to the same dashboard, with only this segment selected."""
    return _to_value(spec, title, SEGMENT)


def _to_value(spec: ModelSpec, title: str, label: str) -> dict[str, Any]:
    selection = f"${{{WINDOW}:queryparam}}&${{{VERSION}:queryparam}}&var-{label}=${{__value.raw:percentencode}}"
    return link(title, f"{_path(spec)}?${{__url_time_range}}&${{datasource:queryparam}}&{selection}")


def to_runbooks(spec: ModelSpec | None, metric: Metric) -> tuple[dict[str, Any], ...]:
    """Links to the runbooks of the alerts that read a metric; none without a model or `runbooks` in its spec."""
    alerts = [alert for alert in ALERTS if alert.metric == metric]
    pages = {alert.name: spec.metadata.runbook(alert.name) for alert in alerts} if spec else {}
    return tuple(link(f"Runbook: {name}", url, new_tab=True) for name, url in pages.items() if url)


def link(title: str, url: str, *, new_tab: bool = False) -> dict[str, Any]:
    """A link of a panel or a value."""
    return {"title": title, "url": url} | ({"targetBlank": True} if new_tab else {})


def _path(spec: ModelSpec) -> str:
    return f"/d/{uid(spec)}/{spec.name}"
