"""The plain manifests in `deploy/kubernetes`: what Helm makes of the chart with its default values. `make golden`."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath
from typing import Any

import helm_python
import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
CHART = DEPLOY / "helm" / "leeway"
MANIFESTS = DEPLOY / "kubernetes"
HOOK = PurePosixPath("retrain-hook")


def rendered(values: dict[str, Any] | None = None, *, release: str = "leeway") -> dict[PurePosixPath, str]:
    """Return the text of each object of the chart, by its path below `templates/`.

    Raises:
        helm_python.HelmError: when the chart's schema rejects a value, or a template fails.
    """
    with helm_python.Chart.load(CHART) as chart:
        chart.validate_schema(values)
        texts = chart.render(values, name=release, namespace="ml")
    named = {PurePosixPath(path).relative_to("leeway/templates"): text.strip() for path, text in texts.items()}
    return {path: text for path, text in named.items() if path.suffix == ".yaml" and text}


def manifests() -> dict[PurePosixPath, str]:
    """Return the plain manifests by path: those of the exporter, those of the hook in a folder, and kustomizations."""
    texts = rendered({"retrainHook": {"enabled": True}})
    mark = "# Written from deploy/helm/leeway by `make golden`; change it there, or by kustomize.\n"
    placed = {path.relative_to("exporter") if path.parent != HOOK else path: text for path, text in texts.items()}
    for folder in (PurePosixPath(), HOOK):
        names = sorted(path.name for path in placed if path.parent == folder)
        kinds = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": names}
        placed[folder / "kustomization.yaml"] = yaml.safe_dump(kinds, sort_keys=False).strip()
    return {path: f"{mark}{text}\n" for path, text in placed.items()}


def write() -> None:
    """Write the plain manifests anew."""
    shutil.rmtree(MANIFESTS, ignore_errors=True)
    for path, text in manifests().items():
        (MANIFESTS / path).parent.mkdir(parents=True, exist_ok=True)
        (MANIFESTS / path).write_text(text)
