"""Addresses: of a model's dashboard, of a panel on it, and of what to do about an alert.

An alert leads to the panel whose key is that of the alert's metric, with the model, version, window and feature set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from dashboards.panels.builders import panel_id
from dashboards.panels.queries import choices
from exporter.catalogue import ALERTS, FEATURE, MODEL, ROLE, SEGMENT, VERSION, WINDOW, Alert, Metric
from exporter.spec.model import ModelSpec

_LONGEST_UID = 40  # Grafana refuses a longer one
_PREFIX = "leeway-"
FLEET: Final = "fleet-leeway"
EXPORTER: Final = "exporter-leeway"
FEATURE_BOARD: Final = "feature-leeway"
"""The ids of the dashboards of all models: no model's ends so."""
DASHBOARD: Final = "dashboard"
"""A label that exists in results only: the id of a model's dashboard."""


def uid(spec: ModelSpec) -> str:
    """The dashboard's id, `leeway-<model>`; a long name is cut and told apart by a digest."""
    return uid_of(spec.name)


def uid_of(model: str) -> str:
    """The same of a model's name."""
    whole = f"{_PREFIX}{model}"
    if len(whole) <= _LONGEST_UID:
        return whole
    digest = hashlib.sha256(model.encode()).hexdigest()[:12]
    return f"{whole[: _LONGEST_UID - 13]}-{digest}"


def uids(models: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Anchored patterns and replacements that make a dashboard's id of a model's name: any short, or one of these."""
    yield f"(.{{1,{_LONGEST_UID - len(_PREFIX)}}})", f"{_PREFIX}$1"
    yield from ((model, uid_of(model)) for model in models if uid_of(model) != f"{_PREFIX}{model}")


def alert_url(spec: ModelSpec, alert: Alert) -> str:
    """Where an alert's cause is drawn: a Go template for the alert's annotation, expanded by Prometheus.

    A label that the alert does not have sets nothing; a value that it has is escaped, whatever it holds.
    """
    chosen = "".join(
        f"{{{{ with $labels.{label} }}}}&var-{label}={{{{ . | urlquery }}}}{{{{ end }}}}"
        for label in _set_by(spec, alert)
        if label in alert.metric.labels
    )
    base = spec.metadata.grafana or ""
    return f"{base}{_path(spec)}?viewPanel={panel_id(alert.metric.key)}{chosen}&from=now-24h&to=now"


def _set_by(spec: ModelSpec, alert: Alert) -> tuple[str, ...]:
    """The choices that an alert's labels set; most alerts are on the whole, whose segment is that of no choice."""
    role = [ROLE] if ROLE in choices(spec) else []
    return (VERSION, WINDOW, FEATURE, *role, *([SEGMENT] if alert.segments else []))


def to_panel(spec: ModelSpec, title: str, key: str) -> dict[str, Any]:
    """From a value to a panel of the same dashboard, alone, with the time and the choices kept."""
    return link(title, f"{_path(spec)}?${{__url_time_range}}&${{__all_variables}}&viewPanel={panel_id(key)}")


def to_model(title: str, key: str = "") -> dict[str, Any]:
    """From a row that holds the id of a model's dashboard to this dashboard, or to one panel of it."""
    panel = f"&viewPanel={panel_id(key)}" if key else ""
    return link(title, f"/d/${{__data.fields.{DASHBOARD}}}?${{__url_time_range}}&${{datasource:queryparam}}{panel}")


def to_feature(spec: ModelSpec, title: str) -> dict[str, Any]:
    """From a cell that holds a feature's name to the same dashboard with this feature alone."""
    return _to_value(spec, title, FEATURE)


def to_feature_board(spec: ModelSpec, title: str) -> dict[str, Any]:
    """From such a cell to the dashboard of this one feature."""
    chosen = f"var-{MODEL}={spec.name}&${{{WINDOW}:queryparam}}&var-{FEATURE}=${{__value.raw:percentencode}}"
    board = f"/d/{FEATURE_BOARD}"
    return link(title, f"{board}?${{__url_time_range}}&${{datasource:queryparam}}&{chosen}")


def to_segment(spec: ModelSpec, title: str) -> dict[str, Any]:
    """From a cell that holds a segment's name to the same dashboard about this segment."""
    return _to_value(spec, title, SEGMENT)


def _to_value(spec: ModelSpec, title: str, label: str) -> dict[str, Any]:
    chosen = f"${{{WINDOW}:queryparam}}&${{{VERSION}:queryparam}}&var-{label}=${{__value.raw:percentencode}}"
    return link(title, f"{_path(spec)}?${{__url_time_range}}&${{datasource:queryparam}}&{chosen}")


def to_runbooks(spec: ModelSpec | None, metric: Metric) -> tuple[dict[str, Any], ...]:
    """The runbooks of the alerts that read a metric; none without a model, or when its spec names no place for them."""
    base = spec.metadata.runbooks if spec else None
    alerts = [alert for alert in ALERTS if alert.metric == metric and base]
    return tuple(link(f"Runbook: {alert.name}", f"{base}/{alert.name}", new_tab=True) for alert in alerts)


def link(title: str, url: str, *, new_tab: bool = False) -> dict[str, Any]:
    """A link with every key that Grafana's schema asks for."""
    return {
        "title": title,
        "type": "link",
        "url": url,
        "icon": "external link",
        "tooltip": "",
        "tags": [],
        "asDropdown": False,
        "targetBlank": new_tab,
        "includeVars": False,
        "keepTime": False,
    }


def _path(spec: ModelSpec) -> str:
    return f"/d/{uid(spec)}/{spec.name}"
