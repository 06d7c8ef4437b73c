"""The WorkflowEventBinding that starts a retraining in Argo Workflows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from exporter.catalogue import MODEL
from exporter.spec.model import ModelSpec
from exporter.spec.sections.retraining import Argo
from generator.options import Options
from generator.targets.kubernetes import object_name


def workflow_event_binding(spec: ModelSpec, argo: Argo, options: Options) -> dict[str, Any]:
    """Return the WorkflowEventBinding of one model: it submits the template with parameters `model` and `incident`.

    The hook sends an event with the incident's id and a name for its workflow: an event that is sent twice submits one
    workflow. Without a hook the event is the payload of Alertmanager's webhook. The end of an incident has another
    status and starts nothing.
    """
    retrain = spec.spec.alerting.retrain
    hooked = retrain is not None and retrain.hook is not None
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowEventBinding",
        "metadata": {
            "name": f"{object_name(spec.name)}-retrain",
            "namespace": argo.namespace,
            "labels": {"app.kubernetes.io/part-of": "leeway", **options.labels},
        },
        "spec": {
            "event": {"selector": " && ".join(_conditions(spec, argo))},
            "submit": {
                **({"metadata": {"name": "payload.workflow"}} if hooked else {}),
                "workflowTemplateRef": {"name": argo.template},
                "arguments": {
                    "parameters": [
                        {"name": "model", "valueFrom": {"event": _text(spec.name)}},
                        {
                            "name": "incident",
                            "valueFrom": {"event": f"payload.{'incident' if hooked else 'groupKey'}"},
                        },
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
    """Return a string literal of the expression language, which allows Go's escapes, and so JSON's."""
    return json.dumps(value)
