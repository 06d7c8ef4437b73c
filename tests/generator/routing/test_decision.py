"""The model of Alertmanager compared with a real one: receivers, groups, inhibition and notifications."""

from __future__ import annotations

import json
import random
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from amtool import labels_of, routing_of
from examples import model
from exporter.catalogue import ALERTS
from exporter.spec.loading import LoadedSpec
from generator.routing.decision import Decider, Notification
from generator.routing.matchers import Labels
from generator.routing.routes import Group
from random_routing import CASE, alerts, configuration
from stack import Receiver, alertmanager, get_json, until

CONFIGURATIONS, CASES = 10, 50
"""Together 500 random cases."""

DOCUMENT: dict[str, Any] = {
    "route": {
        "receiver": "default",
        "routes": [
            {"matchers": ["severity=page"], "receiver": "page", "group_by": ["model"]},
            {"matchers": ["severity=ticket"], "receiver": "ticket", "active_time_intervals": ["day"]},
            {"matchers": ["severity=night"], "receiver": "night", "mute_time_intervals": ["day"]},
        ],
    },
    "inhibit_rules": [
        {"source_matchers": ["severity=page"], "target_matchers": ["severity=ticket"], "equal": ["model"]}
    ],
    "time_intervals": [{"name": "day", "time_intervals": [{"times": [{"start_time": "08:00", "end_time": "20:00"}]}]}],
}
DAY, NIGHT = datetime(2026, 1, 12, 12, tzinfo=UTC), datetime(2026, 1, 12, 22, tzinfo=UTC)
PAGE, TICKET, MUTED = ({"severity": severity, "model": "a"} for severity in ("page", "ticket", "night"))


def test_alerts_of_a_group_are_one_notification() -> None:
    firing = [PAGE | {"id": "1"}, PAGE | {"model": "b"}, PAGE | {"id": "2"}]
    assert Decider.of(DOCUMENT).notifications(firing, NIGHT) == (
        Notification("page", frozenset({("model", "a")}), (0, 2)),
        Notification("page", frozenset({("model", "b")}), (1,)),
    )


@pytest.mark.parametrize(
    ("firing", "at", "receivers"),
    [
        ([TICKET], DAY, ["ticket"]),
        ([TICKET], NIGHT, []),
        ([MUTED], DAY, []),
        ([MUTED], NIGHT, ["night"]),
        ([PAGE, TICKET], DAY, ["page"]),
        ([PAGE, TICKET | {"model": "b"}], DAY, ["page", "ticket"]),
        ([{}], NIGHT, ["default"]),
    ],
)
def test_hours_and_inhibition_hold_notifications_back(firing: list[Labels], at: datetime, receivers: list[str]) -> None:
    assert [each.receiver for each in Decider.of(DOCUMENT).notifications(firing, at)] == receivers


# ------------------------------------------------------------------------------------------ a real one

SENTINEL = "last"
Sent = tuple[str, Group, str]
"""Receiver, group and id."""


class Real:
    """A running Alertmanager, and the notifications that it has sent."""

    def __init__(self, address: str, receiver: Receiver) -> None:
        self._address, self._receiver = address, receiver

    def fire(self, firing: list[Labels], expected: set[Sent]) -> None:
        """Post alerts, and wait until everything expected is sent, and a moment longer."""
        # What is posted later is looked at later, so once these two are, all before them have been.
        last = [{SENTINEL: side} for side in ("cause", "consequence")]
        body = json.dumps([{"labels": labels} for labels in [*firing, *last]]).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://{self._address}/api/v2/alerts", body, headers)
        urllib.request.urlopen(request).close()
        consequence = "filter=" + quote(SENTINEL + '="consequence"')
        until(
            lambda: any(alert["status"]["inhibitedBy"] for alert in self._ask(f"alerts?{consequence}")),
            within=30,
            what="the last alert to be inhibited",
        )
        until(lambda: expected <= self.sent(), within=30, what=f"{expected - self.sent()}")
        until(lambda: self._receiver.alerts("/last"), within=30, what="the last notification")

    def receivers(self) -> dict[str, list[str]]:
        """Return the receivers of each alert, by its id."""
        return {labels["id"]: receivers for labels, _, receivers in self._known() if "id" in labels}

    def inhibited(self) -> set[str]:
        return {labels["id"] for labels, status, _ in self._known() if "id" in labels and status["inhibitedBy"]}

    def groups(self) -> dict[str, list[tuple[str, Any]]]:
        """Return the groups of each alert, by its id."""
        found = defaultdict(list)
        for group in self._ask("alerts/groups"):
            for alert in group["alerts"]:
                found[alert["labels"].get("id")].append((group["receiver"]["name"], sorted(group["labels"].items())))
        return {key: sorted(groups) for key, groups in found.items()}

    def sent(self) -> set[Sent]:
        """Return receiver, group and id of every alert that was sent."""
        return {
            (path.strip("/"), frozenset(body["groupLabels"].items()), alert["labels"]["id"])
            for path, body in list(self._receiver.received)
            for alert in body["alerts"]
            if "id" in alert["labels"]
        }

    def _known(self) -> Iterator[tuple[dict[str, str], Any, list[str]]]:
        for alert in self._ask("alerts"):
            yield alert["labels"], alert["status"], [receiver["name"] for receiver in alert["receivers"]]

    def _ask(self, what: str) -> list[Any]:
        return list(until(lambda: get_json(f"http://{self._address}/api/v2/{what}"), within=30, what=what))


def _watched(document: dict[str, Any], address: str) -> dict[str, Any]:
    """Add a pair of alerts, routed before all others, of which one inhibits the other."""
    sentinel = {"receiver": "last", "matchers": [f'{SENTINEL}="cause"'], "group_by": [CASE]}
    route = document["route"] | {"routes": [sentinel, *document["route"]["routes"]]}
    pair = {"source_matchers": [f"{SENTINEL}=cause"], "target_matchers": [f"{SENTINEL}=consequence"], "equal": [CASE]}
    last = {"name": "last", "webhook_configs": [{"url": f"{address}/last"}]}
    return document | {
        "route": route,
        "inhibit_rules": [*document["inhibit_rules"], pair],
        "receivers": [*document["receivers"], last],
    }


def _hurried(document: dict[str, Any]) -> dict[str, Any]:
    """Shorten the waits of the whole tree to a moment, which is enough to process all posted alerts."""

    def hurried(route: dict[str, Any]) -> dict[str, Any]:
        quick = {"group_wait": "900ms" if route.get("receiver") == "last" else "500ms", "group_interval": "500ms"}
        return route | quick | {"routes": [hurried(child) for child in route.get("routes", [])]}

    return document | {"route": hurried(document["route"])}


@contextmanager
def real(folder: Path, receiver: Receiver, document: dict[str, Any]) -> Iterator[Real]:
    """Run an Alertmanager with a configuration."""
    (folder / "config.json").write_text(json.dumps(_hurried(_watched(document, receiver.address))))
    with alertmanager(folder / "run", folder / "config.json") as address:
        yield Real(address, receiver)


def compare(folder: Path, receiver: Receiver, document: dict[str, Any], cases: list[list[Labels]]) -> dict[str, int]:
    """Assert that both agree on every case; return how often each kind of decision was made."""
    decider, now = Decider.of(document), datetime.now(UTC)
    expected = {
        (each.receiver, each.group, case[place]["id"])
        for case in cases
        for each in decider.notifications(case, now)
        for place in each.alerts
    }
    with real(folder, receiver, document) as running:
        running.fire([labels for case in cases for labels in case], expected)
        receivers, inhibited, groups = running.receivers(), running.inhibited(), running.groups()
        assert running.sent() == expected
    for case in cases:
        assert {case[place]["id"] for place in decider.inhibited(case)} == inhibited & {each["id"] for each in case}, (
            case
        )
        for labels in case:
            assert list(decider.receivers(labels)) == receivers[labels["id"]], labels
            own = [(route.receiver, sorted(route.group(labels))) for route in decider.route.matches(labels)]
            assert sorted(own) == groups[labels["id"]], labels
    return {"sent": len(expected), "inhibited": len(inhibited), "alerts": len(receivers)}


@pytest.mark.e2e
@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_the_model_agrees_with_alertmanager_on_random_cases(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    cases = [alerts(chance, f"{seed}-{number}") for number in range(CASES)]
    with Receiver() as receiver:
        seen = compare(tmp_path, receiver, configuration(chance, receiver.address, datetime.now(UTC)), cases)
    assert seen["sent"]


@pytest.mark.e2e
def test_the_model_agrees_with_alertmanager_on_generated_routes(tmp_path: Path) -> None:
    chance = random.Random(7)
    zone = f"Etc/GMT{datetime.now(UTC).hour - 12:+}"  # where it is noon
    with Receiver() as receiver:
        receivers = {kind: {"webhook": {"url": f"{receiver.address}/{kind}"}} for kind in ("page", "ticket")}
        models = [
            model(
                {"name": name},
                alerting=receivers | {"ticket": receivers["ticket"] | {"hours": hours}},
                seasonality={"timezone": zone},
            )
            for name, hours in (("open", "06:00-18:00"), ("shut", "20:00-24:00"))
        ]
        document = routing_of(*models)
        for rule in document["inhibit_rules"]:
            rule["equal"].append(CASE)
        for each in document["receivers"]:
            each["webhook_configs"] = [{"url": f"{receiver.address}/{each['name']}"}]
        seen = compare(tmp_path, receiver, document, [incident(chance, models, number) for number in range(CASES)])
    assert 0 < seen["inhibited"] < seen["alerts"]
    assert 0 < seen["sent"] < seen["alerts"] - seen["inhibited"]


def incident(chance: random.Random, models: list[LoadedSpec], number: int) -> list[Labels]:
    """Return some alerts of some models."""
    return [
        labels_of(alert, chance.choice(models), id=f"{number}.{place}", namespace="ml", **{CASE: str(number)})
        for place, alert in enumerate(chance.sample(ALERTS, chance.randint(1, 6)))
    ]
