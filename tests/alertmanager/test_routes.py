from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from amtool import labels_of, receivers_of, routing_of
from examples import HOSTILE, RECEIVERS, hostile_model, model
from exporter import catalogue
from exporter.catalogue import ALERTS, LAYER, MODEL, Alert, Severity

PAGE, TICKET = {"page": {"webhook": RECEIVERS["webhook"]}}, {"ticket": {"slack": RECEIVERS["slack"]}}
EXPECTED = {Severity.CRITICAL: "fraud-page", Severity.WARNING: "fraud-ticket", Severity.INFO: "null"}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_the_severity_of_an_alert_selects_its_receiver(alert: Alert, tmp_path: Path) -> None:
    loaded = model(alerting=PAGE | TICKET)
    routing = routing_of(loaded, model({"name": "churn", "labels": {"env": "test"}}, alerting=PAGE | TICKET))
    assert receivers_of(routing, labels_of(alert, loaded), tmp_path) == EXPECTED[alert.severity]


@pytest.mark.parametrize(
    ("alerting", "severity", "receiver"),
    [
        ({}, Severity.CRITICAL, "default"),
        ({}, Severity.WARNING, "default"),
        ({}, Severity.INFO, "null"),
        (PAGE, Severity.CRITICAL, "fraud-page"),
        (PAGE, Severity.WARNING, "default"),
        (TICKET, Severity.CRITICAL, "default"),
        (TICKET, Severity.WARNING, "fraud-ticket"),
    ],
)
def test_alerts_without_a_receiver_in_the_spec_go_to_the_default(
    alerting: dict[str, Any], severity: Severity, receiver: str, tmp_path: Path
) -> None:
    loaded = model(alerting=alerting)
    alert = next(alert for alert in ALERTS if alert.severity == severity)
    assert receivers_of(routing_of(loaded), labels_of(alert, loaded), tmp_path) == receiver


@pytest.mark.parametrize(
    "labels",
    [
        {"alertname": "Watchdog", "severity": "critical"},
        {"alertname": "HighLatency", MODEL: "fraud", "env": "prod", "severity": "critical"},
        {"alertname": "HighLatency", MODEL: "fraud", "env": "prod", LAYER: "network", "severity": "critical"},
        {"alertname": "HighLatency", LAYER: "feature", "severity": "critical"},
    ],
)
def test_other_alerts_go_to_the_default(labels: dict[str, str], tmp_path: Path) -> None:
    assert receivers_of(routing_of(model(alerting=PAGE)), labels, tmp_path) == "default"


def test_the_same_model_in_another_environment_is_another_model(tmp_path: Path) -> None:
    loaded = model(alerting=PAGE)
    elsewhere = labels_of(catalogue.DATA_DRIFT_HIGH, loaded) | {"env": "staging"}
    assert receivers_of(routing_of(loaded), elsewhere, tmp_path) == "default"


def test_hostile_labels_are_matched_as_they_are(tmp_path: Path) -> None:
    loaded = hostile_model()
    labels = labels_of(catalogue.DATA_DRIFT_HIGH, loaded)
    assert labels["env"] == HOSTILE
    assert receivers_of(routing_of(loaded), labels, tmp_path) == "fraud-page"
    assert receivers_of(routing_of(loaded), labels | {"env": HOSTILE + "x"}, tmp_path) == "default"


def test_a_layer_of_a_model_is_one_notification() -> None:
    (ours,) = routing_of(model(alerting=PAGE))["route"]["routes"]
    assert ours["group_by"] == [MODEL, LAYER, "namespace"]


@pytest.mark.parametrize("layer", ["exporter", "freshness"])
def test_an_outage_of_models_that_notify_the_same_place_has_one_receiver(layer: str, tmp_path: Path) -> None:
    same = [model({"name": name}, alerting=PAGE | TICKET) for name in ("fraud", "churn")]
    own = model({"name": "prices"}, alerting={"page": {"webhook": {"url": "https://hooks.example.com/prices"}}})
    routing = routing_of(*same, own)
    page, ticket = (route["receiver"] for route in routing["route"]["routes"][0]["routes"][:2])
    for alert in (alert for alert in ALERTS if alert.layer == layer and alert.severity != Severity.INFO):
        shared = page if alert.severity == Severity.CRITICAL else ticket
        reached = [receivers_of(routing, labels_of(alert, loaded), tmp_path) for loaded in same]
        assert reached == [shared, shared]
        if alert.severity == Severity.CRITICAL:
            assert receivers_of(routing, labels_of(alert, own), tmp_path) == "prices-page"


def test_tickets_have_hours_and_pages_do_not() -> None:
    hours = {"ticket": TICKET["ticket"] | {"hours": "Mon-Fri 09:00-18:00"}}
    (ours,) = routing_of(model(alerting=PAGE | hours))["route"]["routes"]
    page, ticket, info = ours["routes"][0]["routes"]
    assert ticket["active_time_intervals"] == ["fraud-ticket-hours"]
    assert "active_time_intervals" not in page | info


def test_a_ticket_without_hours_is_sent_at_any_time() -> None:
    routing = routing_of(model(alerting=TICKET))
    assert "active_time_intervals" not in routing["route"]["routes"][0]["routes"][0]["routes"][0]
    assert routing["time_intervals"] == []


RETRAIN = {"retrain": {"argo": {"url": "https://argo.example.com", "namespace": "ml", "event": "x", "template": "y"}}}


@pytest.mark.parametrize(
    ("alerting", "alert", "receivers"),
    [
        (PAGE | RETRAIN, catalogue.DATA_DRIFT_HIGH, "fraud-page,fraud-retrain"),
        (RETRAIN, catalogue.DATA_DRIFT_HIGH, "default,fraud-retrain"),  # people are notified too
        (PAGE | RETRAIN, catalogue.PREDICTION_SCORE_SHIFT, "fraud-page"),
        (PAGE | RETRAIN, catalogue.EXPORTER_DOWN, "fraud-page"),
        (RETRAIN, catalogue.EXPORTER_DOWN, "default"),
        (TICKET | RETRAIN, catalogue.FEATURE_DRIFT_HIGH, "fraud-ticket"),
    ],
)
def test_data_drift_also_goes_to_the_retraining_receiver(
    alerting: dict[str, Any], alert: Alert, receivers: str, tmp_path: Path
) -> None:
    loaded = model(alerting=alerting)
    assert receivers_of(routing_of(loaded), labels_of(alert, loaded), tmp_path) == receivers
