"""The pipeline from a spec to a notification: the exporter, Prometheus, Alertmanager and a receiver, all real.

The generated rules and routes are loaded as they are, but for their waits (`for`, `group_wait` and the like), which
their own promtool tests prove and which a person would not sit through here.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from exporter.demo.processes import get
from generator.serialization import from_yaml
from stack import Receiver, alertmanager, exporter, get_json, prometheus, until


@dataclass(frozen=True)
class Pipeline:
    """Prometheus, and the receiver of what Alertmanager sends."""

    prometheus: str
    receiver: Receiver

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the result of an instant query."""
        answer = get_json(f"{self.prometheus}/api/v1/query?query={quote(expression)}")
        return list(answer["data"]["result"]) if answer else []

    def after_evaluations(self, count: int) -> None:
        """Wait until every rule group has been evaluated so many times more."""
        for _ in range(count):
            before = self._stamps()
            until(
                lambda before=before: all(new > old for new, old in zip(self._stamps(), before, strict=True)),
                within=30,
                what="the rules' next evaluation",
            )

    def _stamps(self) -> list[str]:
        groups = get_json(f"{self.prometheus}/api/v1/rules")["data"]["groups"]
        return [group["lastEvaluation"] for group in groups]


@contextmanager
def running_pipeline(
    tmp_path: Path, write_spec: Callable[..., Path], now: datetime, environment: Mapping[str, str]
) -> Iterator[Pipeline]:
    """Run the pipeline as of `now`, for a spec that `write_spec` writes with the receivers in it."""
    with Receiver() as receiver:
        receivers = {
            "page": {"webhook": {"url": f"{receiver.address}/page"}},
            "ticket": {"webhook": {"url": f"{receiver.address}/ticket"}},
        }
        specs, build = write_spec(alerting=receivers), tmp_path / "build"
        _generate(specs, build)
        rules, routes = build / "rules" / "fraud.yaml", build / "alertmanager" / "alertmanager.yml"
        _shorten_waits(rules, routes)
        with (
            exporter(tmp_path / "exporter", specs, f"--now={now.isoformat()}", environment=environment) as (target, _),
            _refreshed(target),  # an alert whose wait is cut short would not wait for it
            alertmanager(tmp_path / "alertmanager", routes) as alerts_to,
            prometheus(tmp_path / "prometheus", target, alerts_to, rules) as address,
        ):
            yield Pipeline(address, receiver)


@contextmanager
def _refreshed(target: str) -> Iterator[None]:
    until(lambda: get(f"http://{target}/-/ready"), within=240, what="the first refresh")
    yield


def _generate(specs: Path, out: Path) -> None:
    command = [sys.executable, "-m", "generator.cli", "generate", "--out", str(out), str(specs)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def _shorten_waits(rules: Path, routes: Path) -> None:
    document = from_yaml(rules.read_text())
    for group in document["groups"]:
        group.pop("interval", None)
        for rule in group["rules"]:
            rule.update({"for": "2s", "keep_firing_for": "1s"} if "alert" in rule else {})
    rules.write_text(yaml.safe_dump(document))
    document = from_yaml(routes.read_text())
    for route in _routes(document["route"]):
        route.update(group_wait="1s", group_interval="1s")
    routes.write_text(yaml.safe_dump(document))


def _routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for child in route.get("routes", []):
        yield from _routes(child)
