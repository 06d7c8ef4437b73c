from __future__ import annotations

import json

from examples import HOSTILE, model
from generator.options import Options
from generator.targets.argo import workflow_event_binding
from retraining import retrained

ARGO = {"url": "https://argo.example.com", "namespace": "ml", "event": "drift", "template": "retrain"}


def test_an_event_of_the_model_that_fires_submits_the_template() -> None:
    spec = model({"name": "churn_v2"}, alerting={"retrain": {"argo": ARGO}}).spec
    argo = spec.spec.alerting.retrain.argo  # type: ignore[union-attr]
    assert argo is not None
    binding = workflow_event_binding(spec, argo, Options(labels={"release": "x"}))
    assert binding["metadata"] == {
        "name": "leeway-churn-v2-retrain",
        "namespace": "ml",
        "labels": {"app.kubernetes.io/part-of": "leeway", "release": "x"},
    }
    assert binding["spec"]["event"]["selector"] == (
        'discriminator == "drift" && payload.status == "firing"'
        ' && payload.commonLabels.model == "churn_v2" && payload.commonLabels.env == "prod"'
    )
    assert binding["spec"]["submit"]["workflowTemplateRef"] == {"name": "retrain"}


def test_hostile_labels_stay_values() -> None:
    spec = model({"labels": {"env": HOSTILE}}, alerting={"retrain": {"argo": ARGO}}).spec
    argo = spec.spec.alerting.retrain.argo  # type: ignore[union-attr]
    assert argo is not None
    selector = workflow_event_binding(spec, argo, Options())["spec"]["event"]["selector"]
    assert json.loads(selector.split("env == ")[1]) == HOSTILE


def test_with_a_hook_the_workflow_is_named_by_it_so_that_it_exists_once() -> None:
    loaded = retrained(sagemaker=None, argo=ARGO)
    argo = loaded.spec.spec.alerting.retrain.argo  # type: ignore[union-attr]
    assert argo is not None
    submit = workflow_event_binding(loaded.spec, argo, Options())["spec"]["submit"]
    assert submit["metadata"] == {"name": "payload.workflow"}
    values = {each["name"]: each["valueFrom"]["event"] for each in submit["arguments"]["parameters"]}
    assert values == {"model": '"fraud"', "incident": "payload.incident"}
