"""The texts of notifications, as a real Alertmanager sends them."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from amtool import Document, labels_of, routing_of
from examples import model
from exporter import catalogue
from exporter.catalogue import FEATURE, Alert
from exporter.spec.loading import LoadedSpec
from stack import Receiver, alertmanager, until

pytestmark = pytest.mark.e2e

RUNBOOKS, GRAFANA = "https://runbooks.example.com/ml", "https://grafana.example.com"


class Sent:
    """A running Alertmanager, and the notifications that it has posted."""

    def __init__(self, address: str, receiver: Receiver, loaded: LoadedSpec) -> None:
        self._address, self._receiver, self._loaded = address, receiver, loaded

    def fire(self, alert: Alert, count: int = 1, *, ended: bool = False) -> None:
        # Alertmanager waits `group_wait` for a group, unless one of its alerts started longer ago.
        now = datetime.now(UTC)
        alerts = [
            {
                "labels": labels_of(alert, self._loaded, **{FEATURE: f"f{index:02}"}),
                "annotations": {
                    "summary": f"fraud: f{index:02} <!channel> & co",
                    "description": "Found <this>.\nDo that.",
                    "runbook_url": f"{RUNBOOKS}/{alert.name}",
                    "dashboard_url": f"{GRAFANA}/d/x?var-feature=f{index:02}",
                },
                "startsAt": (now - timedelta(seconds=2 if ended else 0)).isoformat(),
                "endsAt": (now + timedelta(seconds=-1 if ended else 600)).isoformat(),
            }
            for index in range(count)
        ]
        headers = {"Content-Type": "application/json"}
        body = json.dumps(alerts).encode()
        urllib.request.urlopen(urllib.request.Request(f"http://{self._address}/api/v2/alerts", body, headers)).close()

    def newest(self, path: str, count: int = 1) -> Any:
        """The last of at least `count` bodies that were posted to a path."""

        def known() -> list[Any]:
            bodies = [body for at, body in self._receiver.received if at == path]
            return bodies if len(bodies) >= count else []

        return until(known, within=30, what=f"a notification at {path}")[-1]


def without_waiting(route: Document) -> Document:
    """A routing tree with very short waits."""
    quick = {"group_wait": "500ms", "group_interval": "1s"}  # long enough to group all alerts that were sent together
    return route | quick | {"routes": [without_waiting(child) for child in route.get("routes", [])]}


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[Sent]:
    with Receiver() as receiver:
        for kind, secret in {
            "pagerduty": "the key",
            "opsgenie": "the key",
            "slack": f"{receiver.address}/slack",
        }.items():
            # Alertmanager 0.25 does not strip the line end of the Opsgenie key.
            (tmp_path / kind).write_text(secret if kind == "opsgenie" else f"{secret}\n")
        page = {
            "pagerduty": {"routing_key_file": str(tmp_path / "pagerduty")},
            "opsgenie": {"api_key_file": str(tmp_path / "opsgenie")},
            "webhook": {"url": f"{receiver.address}/webhook"},
        }
        ticket = {"slack": {"channel": "#fraud", "api_url_file": str(tmp_path / "slack")}}
        loaded = model(alerting={"page": page, "ticket": ticket})
        routing = routing_of(loaded)
        routing["route"] = without_waiting(routing["route"])
        servers = {
            "pagerduty_url": f"{receiver.address}/pagerduty",
            "opsgenie_api_url": f"{receiver.address}/opsgenie/",
        }
        (tmp_path / "config.json").write_text(json.dumps(routing | {"global": servers}, ensure_ascii=False))
        with alertmanager(tmp_path / "run", tmp_path / "config.json") as address:
            yield Sent(address, receiver, loaded)


def test_a_page_says_what_happened_where_and_what_to_do(sent: Sent) -> None:
    alert = catalogue.DATA_DRIFT_HIGH
    sent.fire(alert)
    page = sent.newest("/pagerduty")
    assert page["routing_key"] == "the key"
    assert page["client"] == "Leeway"
    assert page["client_url"] == f"{GRAFANA}/d/x?var-feature=f00"
    assert {link["text"]: link["href"] for link in page["links"]} == {
        "Dashboard": f"{GRAFANA}/d/x?var-feature=f00",
        "Runbook": f"{RUNBOOKS}/{alert.name}",
    }
    payload = page["payload"]
    assert payload["summary"] == "fraud: f00 <!channel> & co"
    assert (payload["severity"], payload["class"], payload["component"]) == ("critical", alert.layer, "fraud")
    details = payload["custom_details"]
    assert (details["Model"], details["Team"], details["Owner"]) == ("fraud", "ml-platform", "risk-ml")
    assert "Found <this>.\nDo that." in details["Firing"]
    request = sent.newest("/opsgenie/v2/alerts")
    assert (request["priority"], request["message"]) == ("P1", payload["summary"])
    assert request["details"]["Runbook"] == f"{RUNBOOKS}/{alert.name}"
    assert sent.newest("/webhook")["groupLabels"] == {"model": "fraud", "layer": alert.layer}


def test_a_ticket_lists_firing_alerts_and_escapes_markup(sent: Sent) -> None:
    sent.fire(catalogue.FEATURE_DRIFT_HIGH, 12)
    message = sent.newest("/slack")
    (attachment,) = message["attachments"]
    assert message["channel"] == "#fraud"
    assert attachment["title"] == "fraud: f00 &lt;!channel&gt; &amp; co (one of 12 alerts)"
    assert attachment["title_link"] == f"{GRAFANA}/d/x?var-feature=f00"
    assert attachment["text"].splitlines()[:3] == [
        "• fraud: f00 &lt;!channel&gt; &amp; co",
        "Found &lt;this&gt;.",
        "Do that.",
    ]
    assert attachment["text"].count("• ") == 10
    assert attachment["text"].rstrip().endswith("Only the first 10 of 12 firing alerts are shown.")
    actions = {action["text"]: action["url"] for action in attachment["actions"]}
    assert actions["Runbook"] == f"{RUNBOOKS}/{catalogue.FEATURE_DRIFT_HIGH.name}"
    assert actions["Silence"].endswith("/#/silences/new?filter=%7Bmodel%3D%22fraud%22%2C%20layer%3D%22feature%22%7D")


def test_a_resolved_alert_sends_a_notification(sent: Sent) -> None:
    sent.fire(catalogue.FEATURE_DRIFT_HIGH)
    sent.newest("/slack")
    sent.fire(catalogue.FEATURE_DRIFT_HIGH, ended=True)
    (attachment,) = sent.newest("/slack", 2)["attachments"]
    assert attachment["title"] == "Resolved: fraud: f00 &lt;!channel&gt; &amp; co"


def zone_with_local_hour(hour: int, now: datetime) -> str:
    """A time zone with a whole offset; its name has the sign of POSIX, where west is positive."""
    ahead = (hour - now.hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+}"


def test_a_ticket_waits_for_the_hours_of_its_models_zone_and_a_page_does_not(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    zones = {"day": zone_with_local_hour(12, now), "night": zone_with_local_hour(0, now)}
    with Receiver() as receiver:
        models = {
            name: model(
                {"name": name},
                seasonality={"timezone": zone},
                alerting={
                    "page": {"webhook": {"url": f"{receiver.address}/{name}/page"}},
                    "ticket": {"webhook": {"url": f"{receiver.address}/{name}/ticket"}, "hours": "06:00-18:00"},
                },
            )
            for name, zone in zones.items()
        }
        routing = routing_of(*models.values())
        routing["route"] = without_waiting(routing["route"])
        (tmp_path / "config.json").write_text(json.dumps(routing))
        with alertmanager(tmp_path / "run", tmp_path / "config.json") as address:
            night, day = (Sent(address, receiver, models[name]) for name in ("night", "day"))
            for each in (night, day):
                each.fire(catalogue.REFRESH_FAILING)  # a ticket that no page inhibits
                each.fire(catalogue.DATA_DRIFT_HIGH)
            assert night.newest("/night/page")["status"] == day.newest("/day/page")["status"] == "firing"
            day.newest("/day/ticket")
            # A new alert makes Alertmanager send the day's ticket again; the older ticket of the night had its chance.
            day.fire(catalogue.REFRESH_FAILING, 2)
            day.newest("/day/ticket", 2)
    assert {path for path, _ in receiver.received} == {"/night/page", "/day/page", "/day/ticket"}
