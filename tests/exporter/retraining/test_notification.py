from __future__ import annotations

from typing import Any

import pytest

from exporter.retraining.notification import InvalidNotification, read
from retraining import BEGAN, body, firing


def test_firing_alerts_are_parsed() -> None:
    notification = read(body(firing("a"), firing("b", status="resolved")))
    assert notification.model == "fraud"
    assert [alert.fingerprint for alert in notification.firing] == ["a"]
    assert notification.firing[0].is_drift
    assert notification.instances == {f"a@{BEGAN.isoformat()}"}


def test_an_incident_is_its_group_and_its_start() -> None:
    incident = read(body(firing("a"), firing("b", minutes=5))).incident
    assert len(incident) == 64
    assert incident == read(body(firing("b", minutes=5), firing("a"))).incident
    assert incident == read(body(firing("c"))).incident
    assert incident != read(body(firing("a", minutes=1))).incident
    assert incident != read(body(firing("a"), group_key="another")).incident


def test_a_time_is_equal_in_any_time_zone() -> None:
    alert = firing("a") | {"startsAt": "2026-11-22T12:00:00+02:00"}
    assert read(body(alert)).instances == read(body(firing("a"))).instances


@pytest.mark.parametrize("layer", ["score", "exporter", ""])
def test_only_some_layers_report_drift(layer: str) -> None:
    assert not read(body(firing("a", layer=layer))).firing[0].is_drift


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"alerts": []},
        {"alerts": [{}], "groupKey": "x"},
        {"alerts": "text", "groupKey": "x"},
        {"alerts": [], "groupKey": "x"},
        body(firing("a") | {"startsAt": "yesterday"}),
        body(firing("a"), firing("b", model="churn")),
        body(firing("a", model="")),
        body(firing("a", model="\ud800")),
        body(firing("a"), group_key="\ud800"),
    ],
)
def test_an_invalid_notification_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidNotification, match=r"not a notification|of one model"):
        read(wrong)


def test_the_common_labels_are_those_of_all_alerts() -> None:
    other = firing("b")
    other["labels"] = other["labels"] | {"window": "24h", "feature": "age"}
    common = read(body(firing("a"), other)).common_labels
    assert common == {"alertname": "MLDataDriftHigh", "model": "fraud", "layer": "dataset", "version": "v3"}
