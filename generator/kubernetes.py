"""The rules as Kubernetes objects: what prometheus-operator reads."""

from __future__ import annotations

from typing import Any

from exporter.spec.model import ModelSpec
from generator.arguments import Options


def object_name(spec: ModelSpec) -> str:
    """A DNS label sequence from the model's name, which may hold underscores."""
    return f"leeway-{spec.name.replace('_', '-')}"


def prometheus_rule(spec: ModelSpec, groups: list[dict[str, Any]], options: Options) -> dict[str, Any]:
    """The PrometheusRule of one model."""
    labels = {"app.kubernetes.io/part-of": "leeway"} | options.labels
    place = {"namespace": options.namespace} if options.namespace else {}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": object_name(spec), **place, "labels": labels},
        "spec": {"groups": groups},
    }
