"""Kubernetes objects: what the operators of Prometheus and Grafana and the sidecar of Grafana read; kustomizations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from exporter.errors import RenderError
from exporter.spec.value_types import format_duration
from generator.options import Options

_MOST_BYTES: Final = 1 << 20
"""What an API server takes of a ConfigMap's data."""


def named(stem: str) -> str:
    """The name of an object, a DNS label, from that of a model or of a document, which may hold underscores."""
    return f"leeway-{stem.replace('_', '-')}"


def prometheus_rule(stem: str, groups: list[dict[str, Any]], options: Options) -> dict[str, Any]:
    """The PrometheusRule of the rules in `rules/<stem>.yaml`."""
    metadata = _metadata(named(stem), options, options.labels)
    return _object("monitoring.coreos.com/v1", "PrometheusRule", metadata) | {"spec": {"groups": groups}}


def service_monitor(options: Options) -> dict[str, Any]:
    """The ServiceMonitor of the exporter, in the namespace of its Service."""
    exporter = options.exporter
    metadata = _metadata(named("exporter"), options, options.labels)
    return _object("monitoring.coreos.com/v1", "ServiceMonitor", metadata) | {
        "spec": {
            "selector": {"matchLabels": dict(exporter.labels)},
            "endpoints": [{"port": exporter.port, "interval": format_duration(exporter.interval)}],
        }
    }


def dashboard_config_map(stem: str, dashboard: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The ConfigMap of a dashboard, as Grafana's sidecar selects it.

    Raises:
        RenderError: when the dashboard is larger than a ConfigMap may be.
    """
    text = json.dumps(dashboard, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if len(text.encode()) > _MOST_BYTES:
        raise RenderError(f"dashboards/{stem}.json: is larger than the 1 MiB of a ConfigMap: leave out some features")
    metadata = _metadata(_board(stem), options, options.dashboards.labels)
    if options.dashboards.annotations:
        metadata["annotations"] = dict(options.dashboards.annotations)
    return _object("v1", "ConfigMap", metadata) | {"data": {f"{named(stem)}.json": text}}


def grafana_dashboard(stem: str, options: Options) -> dict[str, Any]:
    """The GrafanaDashboard by which grafana-operator finds the dashboard in its ConfigMap."""
    metadata = _metadata(_board(stem), options, options.labels)
    return _object("grafana.integreatly.org/v1beta1", "GrafanaDashboard", metadata) | {
        "spec": {
            "instanceSelector": {"matchLabels": dict(options.dashboards.instances)},
            "allowCrossNamespaceImport": True,  # Grafana and the exporter seldom share a namespace
            "folder": options.dashboards.folder,
            "configMapRef": {"name": _board(stem), "key": f"{named(stem)}.json"},
        }
    }


def kustomization(files: Iterable[str]) -> dict[str, Any]:
    """The kustomization of some files in its own folder."""
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": list(files)}


def alertmanager_config(spec: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """An AlertmanagerConfig, in the version of the options."""
    metadata = _metadata("leeway", options, options.labels)
    version = f"monitoring.coreos.com/{options.alertmanager_config}"
    return _object(version, "AlertmanagerConfig", metadata) | {"spec": spec}


def _board(stem: str) -> str:
    return f"{named(stem)}-dashboard"


def _object(version: str, kind: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _metadata(name: str, options: Options, labels: Mapping[str, str]) -> dict[str, Any]:
    place = {"namespace": options.namespace} if options.namespace else {}
    return {"name": name, **place, "labels": {"app.kubernetes.io/part-of": "leeway"} | dict(labels)}
