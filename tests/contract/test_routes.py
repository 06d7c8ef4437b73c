"""Every alert that a model can have reaches a receiver, according to amtool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from amtool import labels_of, receivers_of, routing_of
from examples import RECEIVERS, model
from exporter import catalogue
from exporter.catalogue import ALERTS, SEVERITY, TEAM, Severity
from exporter.spec.loading import load_all
from generator.jsonnet import LIBRARY

ALERTING = {"page": {"webhook": RECEIVERS["webhook"]}, "ticket": {"slack": RECEIVERS["slack"]}}
MODELS = (
    load_all([LIBRARY / "models" / "fraud.yaml"])[0],
    model({"name": "churn", "team": "growth"}, alerting=ALERTING),
    model({"name": "ranking", "team": "growth", "labels": {}}, alerting=ALERTING),
)
NOTIFYING = [alert for alert in ALERTS if alert.severity != Severity.INFO]


@pytest.mark.parametrize("loaded", MODELS, ids=lambda loaded: loaded.spec.name)
def test_every_severity_of_every_team_reaches_a_receiver_of_its_own_model(loaded: Any, tmp_path: Path) -> None:
    routing = routing_of(*MODELS)
    names = {receiver["name"] for receiver in routing["receivers"]}
    for alert in NOTIFYING:
        labels = labels_of(alert, loaded)
        for receiver in receivers_of(routing, labels, tmp_path).split(","):
            assert receiver in names - {"default", "null"}, labels
            assert receiver.startswith(f"{loaded.spec.name}-"), labels
        assert labels[TEAM] == loaded.spec.metadata.team


def test_only_pages_and_tickets_notify() -> None:
    assert {alert.severity for alert in NOTIFYING} == {Severity.CRITICAL, Severity.WARNING}


def test_a_severity_without_a_route_reaches_the_default_receiver(tmp_path: Path) -> None:
    labels = labels_of(catalogue.DATA_DRIFT_HIGH, MODELS[1]) | {SEVERITY: "urgent"}
    assert receivers_of(routing_of(*MODELS), labels, tmp_path) == "default"
