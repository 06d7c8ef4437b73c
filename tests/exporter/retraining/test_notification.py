from __future__ import annotations

from typing import Any

import pytest

from exporter.retraining.notification import NotANotification, read
from retraining import BEGAN, body, firing


def test_alerts_that_fire_are_read() -> None:
    told = read(body(firing("a"), firing("b", status="resolved")))
    assert told.model == "fraud"
    assert [alert.fingerprint for alert in told.firing] == ["a"]
    assert told.firing[0].drift
    assert told.instances == {f"a@{BEGAN.isoformat()}"}


def test_an_incident_is_told_by_its_group_and_its_beginning() -> None:
    incident = read(body(firing("a"), firing("b", minutes=5))).incident
    assert len(incident) == 64
    assert incident == read(body(firing("b", minutes=5), firing("a"))).incident
    assert incident == read(body(firing("c"))).incident
    assert incident != read(body(firing("a", minutes=1))).incident
    assert incident != read(body(firing("a"), group_key="another")).incident


def test_a_time_is_the_same_in_any_zone() -> None:
    alert = firing("a") | {"startsAt": "2026-11-22T12:00:00+02:00"}
    assert read(body(alert)).instances == read(body(firing("a"))).instances


@pytest.mark.parametrize("layer", ["score", "exporter", ""])
def test_not_every_alert_tells_of_drift(layer: str) -> None:
    assert not read(body(firing("a", layer=layer))).firing[0].drift


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
    ],
)
def test_what_is_no_notification_of_one_model_is_refused(wrong: Any) -> None:
    with pytest.raises(NotANotification, match=r"not a notification|of one model"):
        read(wrong)
