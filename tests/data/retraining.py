"""Data for the tests of the retraining hook: a model that has one, and notifications as Alertmanager posts them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from examples import BODY, model
from exporter.spec.loading import LoadedSpec

BEGAN = datetime(2026, 11, 22, 10, tzinfo=UTC)
GATE = {"metric": "auroc", "at_least": 0.91, "window": "7d", "labels": 1000}
HOOK = {"url": "http://127.0.0.1:9878/retrain", "token_file": "/secrets/hook"}


def retrained(name: str = "fraud", **retrain: Any) -> LoadedSpec:
    """Return a model that is retrained through a hook; keys of `alerting.retrain` may be replaced."""
    given = {"sagemaker": {"pipeline": "retrain", "region": "eu-west-1"}, "hook": HOOK, "gate": GATE, **retrain}
    given = {key: value for key, value in given.items() if value is not None}
    return model({"name": name}, alerting={"retrain": given}, windows=["1h", "7d"], labels=BODY["labels"])


def firing(
    fingerprint: str, *, model: str = "fraud", minutes: int = 0, layer: str = "dataset", status: str = "firing"
) -> dict[str, Any]:
    """Return an alert of a notification that began so many minutes after `BEGAN`."""
    labels = {"alertname": "MLDataDriftHigh", "model": model, "layer": layer, "version": "v3", "window": "1h"}
    began = BEGAN + timedelta(minutes=minutes)
    return {"status": status, "labels": labels, "startsAt": began.isoformat(), "fingerprint": fingerprint}


def body(*alerts: Any, group_key: str = '{}/{layer="dataset"}:{model="fraud"}') -> dict[str, Any]:
    """Return the notification of a group, as Alertmanager posts it."""
    return {"version": "4", "groupKey": group_key, "status": "firing", "alerts": list(alerts)}
