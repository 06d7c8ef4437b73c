from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from exporter.spec.sections.retraining import Retrain
from spec_parts import LABELS, inconsistencies

ARGO = {"url": "https://argo.example.com", "namespace": "ml", "event": "drift", "template": "retrain"}
HOOK = {"url": "http://hook:9878/retrain", "token_file": "/secrets/hook"}
GATE = {"metric": "auroc", "at_least": 0.9, "window": "7d"}


def test_optional_keys_have_defaults() -> None:
    retrain = Retrain.model_validate({"sagemaker": {"pipeline": "retrain"}, "hook": HOOK, "gate": GATE})
    assert (retrain.cooldown, retrain.daily_limit) == (timedelta(days=1), 1)
    assert retrain.gate is not None
    assert retrain.gate.labels == 1000


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "exactly one of argo, sagemaker"),
        ({"argo": ARGO, "sagemaker": {"pipeline": "x"}}, "exactly one of argo, sagemaker"),
        ({"sagemaker": {"pipeline": "x"}}, "must have a hook"),
        ({"argo": ARGO, "hook": HOOK}, "both hook and gate"),
        ({"argo": ARGO, "gate": GATE}, "both hook and gate"),
        ({"argo": ARGO, "hook": HOOK, "gate": {"metric": "auroc", "window": "7d"}}, "exactly one of at_least, at_most"),
        ({"argo": ARGO | {"token_file": "s3cret"}}, "absolute path"),
        ({"argo": ARGO, "daily_limit": 0}, "greater than or equal to 1"),
    ],
)
def test_inconsistent_keys_are_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Retrain.model_validate(document)


def gate_mistakes(gate: dict[str, Any], **parts: Any) -> list[str]:
    retrain = {"argo": ARGO, "hook": HOOK, "gate": gate}
    given = {"windows": ["1h", "7d"], "labels": LABELS, "alerting": {"retrain": retrain}, **parts}
    return [text for text in inconsistencies(**given) if "retrain" in text]


def test_a_gate_uses_metrics_and_windows_of_the_model() -> None:
    task = {"task": "binary_classification"}
    path = "spec.alerting.retrain.gate"
    assert gate_mistakes(GATE, **task) == []
    assert gate_mistakes(GATE | {"metric": "rmse"}, **task)[0].startswith(
        f"{path}.metric: must be a metric of binary_class"
    )
    (message,) = gate_mistakes({"metric": "auroc", "at_most": 0.9, "window": "7d"}, **task)
    assert message == f"{path}: must have at_least: a higher auroc is better"
    assert gate_mistakes(GATE | {"window": "3h"}, **task) == [
        f"{path}.window: must be one of the model's windows: 1h, 7d"
    ]
    assert gate_mistakes(GATE, labels=None, **task) == [
        f"{path}: needs labels: add spec.labels, or leave hook and gate out"
    ]
