"""An Alertmanager configuration as data, and amtool's results for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from examples import run
from exporter.catalogue import LAYER, MODEL, SEVERITY, SLO, TEAM, Alert, Metric
from exporter.spec.loading import LoadedSpec
from generator.arguments import route_arguments
from generator.jsonnet import evaluate
from generator.options import Options

Document = dict[str, Any]


def routing_of(*models: LoadedSpec, options: Options | None = None) -> Document:
    """Return the alertmanager.yml of some models."""
    arguments = route_arguments([loaded.spec for loaded in models], options or Options())
    document: Document = evaluate(Path("alertmanager/alertmanager.libsonnet"), arguments)
    return document


def labels_of(alert: Alert, loaded: LoadedSpec, **more: str) -> dict[str, str]:
    """Return the labels that every instance of an alert has."""
    metadata = loaded.spec.metadata
    fixed = {MODEL: metadata.name, TEAM: metadata.team, SEVERITY: alert.severity, LAYER: alert.layer, SLO: "none"}
    return {"alertname": alert.name, **metadata.labels, **fixed, **more}


def receivers_of(document: Document, labels: Mapping[str, str], folder: Path) -> str:
    """Return the receivers that an alert reaches, from amtool."""
    (folder / "alertmanager.json").write_text(json.dumps(document, ensure_ascii=False))
    return receivers_by(folder / "alertmanager.json", labels)


def receivers_by(file: Path, labels: Mapping[str, str]) -> str:
    """Return the receivers that an alert reaches with a configuration file, from amtool."""
    pairs = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()]
    routed, output = run(["amtool", "config", "routes", "test", f"--config.file={file.name}", *pairs], file.parent)
    assert routed, output
    return output.splitlines()[0]  # amtool may warn on the next


def accepted(document: Document, folder: Path) -> tuple[bool, str]:
    """Return whether amtool accepts a configuration, and its output."""
    (folder / "alertmanager.json").write_text(json.dumps(document, ensure_ascii=False))
    return run(["amtool", "check-config", "alertmanager.json"], folder)


def own_labels(metric: Metric) -> tuple[str, ...]:
    """Return the labels of a metric without the model's name."""
    return tuple(label for label in metric.labels if label != MODEL)
