"""Kubernetes objects for prometheus-operator, grafana-operator and Grafana's sidecar, and kustomizations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from exporter.errors import RenderError
from exporter.spec.value_types import format_duration
from generator.options import Options

_MOST_BYTES: Final = 1 << 20
"""The largest data of a ConfigMap that an API server accepts."""


def object_name(stem: str) -> str:
    """Return the name of an object, a DNS label, for a model or a document, whose name may have underscores."""
    return f"leeway-{stem.replace('_', '-')}"


def prometheus_rule(stem: str, groups: list[dict[str, Any]], options: Options) -> dict[str, Any]:
    """Return the PrometheusRule of the rules in `rules/<stem>.yaml`."""
    metadata = _metadata(object_name(stem), options, options.labels)
    return _object("monitoring.coreos.com/v1", "PrometheusRule", metadata) | {"spec": {"groups": groups}}


def service_monitor(options: Options) -> dict[str, Any]:
    """Return the ServiceMonitor of the exporter, for the namespace of its Service."""
    return _service_monitor("exporter", options.exporter.labels, options)


def hook_monitor(options: Options) -> dict[str, Any]:
    """Return the ServiceMonitor of the retraining hook, for the namespace of its Service."""
    return _service_monitor("retrain-hook", {"app.kubernetes.io/name": object_name("retrain-hook")}, options)


def dashboard_config_map(stem: str, dashboard: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Return the ConfigMap of a dashboard, with the labels by which Grafana's sidecar selects it.

    Raises:
        RenderError: when the dashboard is larger than a ConfigMap may be.
    """
    text = json.dumps(dashboard, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if len(text.encode()) > _MOST_BYTES:
        raise RenderError(
            f"dashboards/{stem}.json: is larger than 1 MiB, the limit of a ConfigMap: remove some features"
        )
    metadata = _metadata(_board(stem), options, options.dashboards.labels)
    if options.dashboards.annotations:
        metadata["annotations"] = dict(options.dashboards.annotations)
    return _object("v1", "ConfigMap", metadata) | {"data": {f"{object_name(stem)}.json": text}}


def grafana_dashboard(stem: str, options: Options) -> dict[str, Any]:
    """Return the GrafanaDashboard with which grafana-operator loads the dashboard from its ConfigMap."""
    metadata = _metadata(_board(stem), options, options.labels)
    return _object("grafana.integreatly.org/v1beta1", "GrafanaDashboard", metadata) | {
        "spec": {
            "instanceSelector": {"matchLabels": dict(options.dashboards.instances)},
            "allowCrossNamespaceImport": True,  # Grafana and the exporter seldom share a namespace
            "folder": options.dashboards.folder,
            "configMapRef": {"name": _board(stem), "key": f"{object_name(stem)}.json"},
        }
    }


def kustomization(files: Iterable[str]) -> dict[str, Any]:
    """Return the kustomization of some files in its folder."""
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": list(files)}


def alertmanager_config(spec: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Return an AlertmanagerConfig, in the API version of the options."""
    metadata = _metadata("leeway", options, options.labels)
    version = f"monitoring.coreos.com/{options.alertmanager_config}"
    return _object(version, "AlertmanagerConfig", metadata) | {"spec": spec}


def _service_monitor(part: str, labels: Mapping[str, str], options: Options) -> dict[str, Any]:
    exporter = options.exporter
    metadata = _metadata(object_name(part), options, options.labels)
    return _object("monitoring.coreos.com/v1", "ServiceMonitor", metadata) | {
        "spec": {
            "selector": {"matchLabels": dict(labels)},
            "endpoints": [{"port": exporter.port, "interval": format_duration(exporter.interval)}],
        }
    }


def _board(stem: str) -> str:
    return f"{object_name(stem)}-dashboard"


def _object(version: str, kind: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _metadata(name: str, options: Options, labels: Mapping[str, str]) -> dict[str, Any]:
    place = {"namespace": options.namespace} if options.namespace else {}
    return {"name": name, **place, "labels": {"app.kubernetes.io/part-of": "leeway"} | dict(labels)}
