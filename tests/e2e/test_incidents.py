"""Incidents of two models, in turn and together: a real Prometheus, a real Alertmanager, and gauges that a test sets.

The generated rules and routes are loaded as they are, but for their waits. Prometheus scrapes a page that says what an
exporter would.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from examples import model, write_all
from exporter import catalogue
from exporter.catalogue import Alert, Metric
from exporter.spec.loading import LoadedSpec
from generator.documents import ROUTING, render
from generator.serialization import from_yaml
from stack import Loopback, Receiver, alertmanager, get_json, prometheus, until

pytestmark = pytest.mark.e2e

HIGH, CALM, LIMIT = 0.75, 0.125, 0.25
DRIFT = {catalogue.DATA_DRIFT_SHARE, catalogue.FEATURE_PSI, catalogue.PREDICTION_MEAN_SHIFT, catalogue.PREDICTION_PSI}
QUALITY = {catalogue.FEATURE_NULL_RATIO, catalogue.FEATURE_PSI}
SCORES = DRIFT | QUALITY
OWN = {
    catalogue.VERSION: "v3",
    catalogue.FEATURE: "age",
    catalogue.WINDOW: "1h",
    catalogue.STREAM: catalogue.INFERENCE,
    catalogue.ROLE: "",
    catalogue.SEGMENT: "",
}
FIRING = 'ALERTS{alertstate="firing"}'
FRESH_SECONDS, STALE_SECONDS = 60.0, 7 * 86400.0
FAST, SLOW = 16.0, 4.0  # above all tiers of the objective, and above those of tickets alone


class Gauges(Loopback):
    """The exporter's gauges of some models, at `/metrics`.

    Each incident has a namespace of its own, and so new groups in Alertmanager: one that has notified before does not
    wait for the cause any more, and is forgotten only half a minute after it is empty.
    """

    content_type = "text/plain; version=0.0.4"

    def __init__(self, models: list[LoadedSpec]) -> None:
        self.models = {loaded.spec.name: loaded.spec for loaded in models}
        self.incident = 0
        self.calm()
        super().__init__()

    def calm(self) -> None:
        self.incident += 1
        self.down, self.stale = set[str](), set[str]()
        self.high: dict[str, set[Metric]] = {name: set() for name in self.models}
        self.burn = dict.fromkeys(self.models, 0.0)

    def page(self, path: str) -> str:
        assert path == "/metrics"
        return "".join(f"{line}\n" for name in self.models if name not in self.down for line in self._lines(name))

    def _lines(self, name: str) -> Iterator[str]:
        age = STALE_SECONDS if name in self.stale else FRESH_SECONDS
        yield self._line(name, catalogue.MODEL_INFO, 1)
        yield self._line(name, catalogue.REFRESH_SUCCESS, 1)
        yield self._line(name, catalogue.WINDOW_ROWS, 1000)
        yield self._line(name, catalogue.WINDOW_END_TIMESTAMP_SECONDS, time.time() - age)
        for metric in SCORES:
            yield self._line(name, metric, HIGH if metric in self.high[name] else CALM)
            yield self._line(name, metric.threshold(), LIMIT)

        for slo in self.models[name].spec.slos:
            tiers = (*slo.fast(), *slo.slow())
            for window in {slo.window_name(length) for tier in tiers for length in (tier.long, tier.short)}:
                own = {catalogue.SLO: slo.name, catalogue.WINDOW: window}
                yield self._line(name, catalogue.SLO_BURN_RATE, self.burn[name], own)

    def _line(self, name: str, metric: Metric, value: float, more: Mapping[str, str] | None = None) -> str:
        own = {**OWN, catalogue.MODEL: name, catalogue.SPEC: self.models[name].fingerprint(), **(more or {})}
        labels = {label: own.get(label, "any") for label in metric.labels} | self.models[name].metadata.labels
        labels |= {"namespace": f"incident-{self.incident}"}
        pairs = ",".join(f'{label}="{text}"' for label, text in labels.items() if text)
        return f"{metric.name}{{{pairs}}} {value}"


class Stack:
    """The running servers."""

    def __init__(self, gauges: Gauges, prometheus: str, alertmanager: str, receiver: Receiver) -> None:
        self.gauges, self._prometheus, self._alertmanager, self._receiver = gauges, prometheus, alertmanager, receiver
        self._seen = 0

    def fires(self, firing: dict[str, set[Alert]]) -> None:
        """Wait until exactly these alerts of each model fire."""
        fires = {(name, alert.name) for name, alerts in firing.items() for alert in alerts}
        until(lambda: self._firing() == fires, within=90, what=f"{fires} alone to fire")

    def assert_sent(self, firing: dict[str, set[Alert]], expected: set[tuple[str, Alert]]) -> None:
        """Wait until exactly these alerts of each model fire; assert that exactly the expected ones are sent."""
        self.fires(firing)
        sent = {(path, alert.name) for path, alert in expected}
        until(lambda: sent <= self._new(), within=90, what=f"{sent} to be sent")
        self._settle(3)  # what began with it would have been sent with it
        assert self._new() == sent

    def calm(self) -> None:
        """Wait until nothing fires, in Prometheus and in Alertmanager."""
        self.gauges.calm()
        until(lambda: self._firing() == set(), within=90, what="nothing to fire")
        until(lambda: not self._active(), within=90, what="nothing to be active")
        self._settle(1)
        self._seen = len(self._receiver.received)

    def _new(self) -> set[tuple[str, str]]:
        bodies = self._receiver.received[self._seen :]
        return {
            (path, alert["labels"]["alertname"])
            for path, body in bodies
            for alert in body["alerts"]
            if alert["status"] == "firing"
        }

    def _settle(self, seconds: int) -> None:
        """Wait for some of Prometheus' evaluations, one a second."""
        for _ in range(seconds):
            before = self._evaluated()
            until(lambda before=before: self._evaluated() > before, within=30, what="an evaluation")

    def _evaluated(self) -> str:
        return str(get_json(f"{self._prometheus}/api/v1/rules")["data"]["groups"][0]["lastEvaluation"])

    def _firing(self) -> set[tuple[str, str]]:
        answer = get_json(f"{self._prometheus}/api/v1/query?query={quote(FIRING)}")
        found = answer["data"]["result"] if answer else []
        return {(each["metric"]["model"], each["metric"]["alertname"]) for each in found}

    def _active(self) -> list[Any]:
        known = get_json(f"http://{self._alertmanager}/api/v2/alerts?active=true")
        return [None] if known is None else known


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("incidents")
    with Receiver() as receiver:
        models = [
            model(
                {"name": name},
                alerting={
                    kind: {"webhook": {"url": f"{receiver.address}/{name}/{kind}"}} for kind in ("page", "ticket")
                },
            )
            for name in ("fraud", "churn")
        ]
        write_all(render(models), folder)
        for path in folder.glob("rules/*.yaml"):
            path.write_text(yaml.safe_dump(_quick_rules(from_yaml(path.read_text()))))
        routing = from_yaml((folder / ROUTING).read_text())
        (folder / ROUTING).write_text(yaml.safe_dump(routing | {"route": _quick_route(routing["route"])}))
        with (
            Gauges(models) as gauges,
            alertmanager(folder / "am", folder / ROUTING) as alerts_to,
            prometheus(folder / "prometheus", gauges.target, alerts_to, folder / "rules" / "*.yaml") as address,
        ):
            yield Stack(gauges, address, alerts_to, receiver)


def _quick_rules(document: dict[str, Any]) -> dict[str, Any]:
    for group in document["groups"]:
        for rule in group["rules"]:
            rule.update({"for": "1s", "keep_firing_for": "1s"} if "alert" in rule else {})
            # Prometheus forgets the model's own gauge in this time, not in ten minutes.
            rule["expr"] = rule["expr"].replace("[10m]", "[2s]")
    return document


def _quick_route(route: dict[str, Any]) -> dict[str, Any]:
    # A cause and its consequence begin within a second of each other, or some more on a busy machine.
    quick = {"group_wait": "4s", "group_interval": "1s"}
    return route | quick | {"routes": [_quick_route(child) for child in route.get("routes", [])]}


DOWN, STALE = {catalogue.EXPORTER_DOWN}, {catalogue.WINDOW_STALE}
DRIFTED = {
    catalogue.DATA_DRIFT_HIGH,
    catalogue.FEATURE_DRIFT_HIGH,
    catalogue.PREDICTION_SCORE_SHIFT,
    catalogue.PREDICTION_DISTRIBUTION_SHIFT,
}
BROKEN = {catalogue.FEATURE_NULLS_HIGH, catalogue.FEATURE_DRIFT_HIGH}
BURNING_SLOWLY = {catalogue.ERROR_BUDGET_BURN_SLOW}
BURNING = {catalogue.ERROR_BUDGET_BURN_FAST} | BURNING_SLOWLY


def test_each_incident_in_turn_is_told_once(stack: Stack) -> None:
    stack.calm()
    stack.gauges.high["fraud"] = QUALITY
    stack.assert_sent({"fraud": BROKEN}, {("/fraud/ticket", catalogue.FEATURE_NULLS_HIGH)})
    stack.calm()
    stack.gauges.high["fraud"] = DRIFT
    stack.assert_sent({"fraud": DRIFTED}, {("/fraud/page", catalogue.DATA_DRIFT_HIGH)})
    stack.calm()
    stack.gauges.burn = {"fraud": FAST, "churn": SLOW}
    stack.assert_sent(
        {"fraud": BURNING, "churn": BURNING_SLOWLY},
        {
            ("/fraud/page", catalogue.ERROR_BUDGET_BURN_FAST),
            ("/churn/ticket", catalogue.ERROR_BUDGET_BURN_SLOW),  # a page of another model silences no ticket
        },
    )
    stack.calm()
    stack.gauges.stale.add("fraud")
    stack.assert_sent({"fraud": STALE}, {("/fraud/page", catalogue.WINDOW_STALE)})
    stack.calm()
    stack.gauges.down.add("fraud")
    stack.assert_sent({"fraud": DOWN}, {("/fraud/page", catalogue.EXPORTER_DOWN)})


def test_incidents_together_are_one_of_each_model(stack: Stack) -> None:
    stack.calm()
    stack.gauges.stale.add("fraud")
    stack.fires({"fraud": STALE})
    stack.gauges.high = {"fraud": DRIFT | QUALITY, "churn": DRIFT}
    stack.gauges.burn = {"fraud": FAST, "churn": SLOW}
    stack.assert_sent(
        {"fraud": STALE | BROKEN | DRIFTED | BURNING, "churn": DRIFTED | BURNING_SLOWLY},
        {
            ("/fraud/page", catalogue.WINDOW_STALE),
            ("/churn/page", catalogue.DATA_DRIFT_HIGH),
            ("/churn/ticket", catalogue.ERROR_BUDGET_BURN_SLOW),  # drift explains a loss, it does not make it good
        },
    )
    stack.calm()
    stack.gauges.down.add("churn")
    stack.gauges.high["fraud"] = DRIFT | QUALITY
    stack.gauges.burn = {"fraud": FAST, "churn": FAST}  # that of an exporter that is down is not scraped
    stack.assert_sent(
        {"fraud": BROKEN | DRIFTED | BURNING, "churn": DOWN},
        {
            ("/churn/page", catalogue.EXPORTER_DOWN),
            ("/fraud/page", catalogue.DATA_DRIFT_HIGH),
            ("/fraud/page", catalogue.ERROR_BUDGET_BURN_FAST),
            ("/fraud/ticket", catalogue.FEATURE_NULLS_HIGH),  # a ticket is no page, and its cause is another
        },
    )
