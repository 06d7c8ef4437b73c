"""Example models for the tests of generated documents, and helpers to write documents and run programs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec

HOSTILE = "a\"b\\c {{ $labels.x }} {{{ }} %d %q $x `y` <!channel> & '; } # é 🦉"
"""A text with special characters of PromQL, Go templates, printf, Slack and YAML."""

METADATA: Mapping[str, Any] = {
    "name": "fraud",
    "labels": {"env": "prod"},
    "team": "ml-platform",
    "owner": "risk-ml",
    "runbooks": "https://runbooks.example.com/ml",
    "grafana": "https://grafana.example.com",
}
BODY: Mapping[str, Any] = {
    "task": "binary_classification",
    "inference": {
        "source": {"local": "log/%Y-%m-%dT%H.parquet"},
        "columns": {"score": "score", "prediction": "decision", "prediction_id": "id"},
    },
    "labels": {
        "source": {"local": "labels/%Y-%m-%dT%H.parquet"},
        "columns": {"prediction_id": "id", "label": "fraud"},
    },
    "reference": {"source": {"local": "reference.parquet"}, "columns": {"label": "fraud"}},
    "features": [{"name": "age", "type": "numeric"}, {"name": "country_code", "type": "categorical"}],
    "segments": ["country_code"],
    "proxies": [{"name": "click_through", "ratio": {"numerator": "clicks", "denominator": "impressions"}}],
    "alerting": {
        "retrain": {
            "sagemaker": {"pipeline": "fraud-retrain", "region": "eu-west-1"},
            "hook": {"url": "http://leeway-retrain-hook:9878/retrain", "token_file": "/secrets/hook"},
            "gate": {"metric": "auroc", "at_least": 0.91, "window": "24h"},
        }
    },
    "slos": [{"name": "ranking", "metric": "auroc", "at_least": 0.91, "objective": 0.95}],
}
RECEIVERS: Mapping[str, Any] = {
    "pagerduty": {"routing_key_file": "/etc/alertmanager/secrets/pagerduty"},
    "slack": {"channel": "#fraud-models", "api_url_file": "/etc/alertmanager/secrets/slack"},
    "opsgenie": {"api_key_file": "/etc/alertmanager/secrets/opsgenie"},
    "email": {"to": "risk@example.com"},
    "webhook": {"url": "https://hooks.example.com/ml"},
}
"""Every kind of receiver."""


def model(metadata: Mapping[str, Any] | None = None, **body: Any) -> LoadedSpec:
    """Return a small spec that has every alert; keys of its metadata and of its body may be replaced.

    Other features take the segments with them, and what the gate is about the retraining.
    """
    omitted: dict[str, Any] = {} if "features" in body else {"segments": BODY["segments"]}
    if body.keys() & {"task", "labels"} or "24h" not in body.get("windows", ["24h"]):
        omitted["alerting"] = {}
    document = {
        "apiVersion": "leeway/v1",
        "kind": "Model",
        "metadata": {**METADATA, **(metadata or {})},
        "spec": {**BODY, "segments": [], **omitted, **body},
    }
    return LoadedSpec(Path(f"{document['metadata']['name']}.yaml"), ModelSpec.model_validate(document))


def hostile_model() -> LoadedSpec:
    """Return a model with hostile text in every free text of a spec that reaches a document."""
    return model(
        {"labels": {"env": HOSTILE}, "team": HOSTILE, "owner": HOSTILE},
        features=[{"name": HOSTILE, "type": "categorical"}],
        segments=[HOSTILE],
        alerting={
            "page": {"webhook": {"url": "https://hooks.example.com/ml"}},
            "ticket": {"slack": {"channel": HOSTILE, "api_url_file": "/secrets/slack"}, "email": {"to": HOSTILE}},
        },
    )


def write_all(documents: Mapping[PurePosixPath, str], folder: Path) -> None:
    """Write documents to a folder."""
    for path, text in documents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def run(command: Sequence[str | Path], folder: Path) -> tuple[bool, str]:
    """Run a program; return whether it succeeded, and all of its output."""
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr
