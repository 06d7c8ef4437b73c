"""What starts a retraining in Argo Workflows when an event comes in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from exporter.catalogue import MODEL
from exporter.spec.model import ModelSpec
from exporter.spec.sections.retraining import Argo
from generator.options import Options
from generator.targets.kubernetes import named


def workflow_event_binding(spec: ModelSpec, argo: Argo, options: Options) -> dict[str, Any]:
    """The WorkflowEventBinding of one model: it submits the template with the parameters `model` and `incident`.

    The event's payload is Alertmanager's webhook, whether Alertmanager itself sent it or the hook did; the end of an
    incident, which has another status, starts nothing.
    """
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowEventBinding",
        "metadata": {
            "name": f"{named(spec.name)}-retrain",
            "namespace": argo.namespace,
            "labels": {"app.kubernetes.io/part-of": "leeway", **options.labels},
        },
        "spec": {
            "event": {"selector": " && ".join(_conditions(spec, argo))},
            "submit": {
                "workflowTemplateRef": {"name": argo.template},
                "arguments": {
                    "parameters": [
                        {"name": "model", "valueFrom": {"event": f"payload.commonLabels.{MODEL}"}},
                        {"name": "incident", "valueFrom": {"event": "payload.groupKey"}},
                    ]
                },
            },
        },
    }


def _conditions(spec: ModelSpec, argo: Argo) -> Iterator[str]:
    yield f"discriminator == {_text(argo.event)}"
    yield 'payload.status == "firing"'
    for name, value in {MODEL: spec.name, **spec.metadata.labels}.items():
        yield f"payload.commonLabels.{name} == {_text(value)}"


def _text(value: str) -> str:
    """A string of the expression language, which reads Go's escapes, JSON's among them."""
    return json.dumps(value)
