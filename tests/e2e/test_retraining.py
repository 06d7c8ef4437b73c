"""From an alert to a retraining: Alertmanager with the generated routes, the hook as a process, SageMaker and Argo.

The waits of the generated routes are cut short, and the ends of incidents are sent to the hook too, which the generated
receiver leaves out.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from amtool import labels_of, routing_of
from exporter import catalogue
from exporter.catalogue import AUROC_CI_UPPER, HOOK_METRICS, LABEL_ROWS, VERSION, WINDOW
from exporter.demo.processes import free_port, get
from exporter.retraining.hook import Decision
from retraining import retrained
from stack import Loopback, Receiver, alertmanager, process, until
from workflows import Sagemaker

pytestmark = pytest.mark.e2e

DECISIONS = HOOK_METRICS[0].name


class Prometheus(Loopback):
    """The part of Prometheus that the hook queries: some values, by metric."""

    def __init__(self) -> None:
        super().__init__()
        self.known = {AUROC_CI_UPPER.name: 0.8, LABEL_ROWS.name: 5000.0}

    def page(self, path: str) -> str:
        (query,) = parse_qs(urlsplit(path).query)["query"]
        values = [value for name, value in self.known.items() if name in query]
        result = [{"metric": {}, "value": [0, str(value)]} for value in values]
        return json.dumps({"status": "success", "data": {"result": result}})


class Running:
    """The running servers, and one incident."""

    def __init__(self, folder: Path, stack: ExitStack, *flags: str) -> None:
        self.folder, self._flags = folder, flags
        self.sagemaker = stack.enter_context(Sagemaker("retrain"))
        self.argo = stack.enter_context(Receiver())
        self.prometheus = stack.enter_context(Prometheus())
        self.pages = stack.enter_context(Receiver())
        self.port, self.began = free_port(), datetime.now(UTC)
        (folder / "token").write_text("the token\n")
        hook = {"url": f"http://127.0.0.1:{self.port}/retrain", "token_file": str(folder / "token")}
        argo = {"url": self.argo.address, "namespace": "ml", "event": "drift", "template": "x"}
        argo["token_file"] = str(folder / "token")
        self.models = [retrained("fraud", hook=hook), retrained("churn", hook=hook, sagemaker=None, argo=argo)]
        self.alertmanager = stack.enter_context(alertmanager(folder / "alertmanager", self._routes()))
        for loaded in self.models:
            document = loaded.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
            (folder / f"{loaded.spec.name}.yaml").write_text(yaml.safe_dump(document))

    def _routes(self) -> Path:
        routing = routing_of(*self.models)

        def hurried(route: dict[str, Any]) -> dict[str, Any]:
            quick = {"group_wait": "200ms", "group_interval": "500ms", "repeat_interval": "1s"}
            return route | quick | {"routes": [hurried(child) for child in route.get("routes", [])]}

        for receiver in routing["receivers"]:
            for webhook in receiver.get("webhook_configs", []):
                webhook["send_resolved"] = True
            if receiver["name"] == "default":
                receiver["webhook_configs"] = [{"url": f"{self.pages.address}/default"}]
        path = self.folder / "alertmanager.json"
        path.write_text(json.dumps(routing | {"route": hurried(routing["route"])}))
        return path

    @contextmanager
    def hook(self) -> Iterator[None]:
        command: list[str | Path] = [sys.executable, "-m", "generator.cli", "retrain-hook", *self._flags]
        command += [f"--token.file={self.folder / 'token'}", f"--storage.path={self.folder / 'retraining'}"]
        command += [f"--prometheus.url={self.prometheus.address}", f"--web.listen-address=127.0.0.1:{self.port}"]
        command += [self.folder / f"{loaded.spec.name}.yaml" for loaded in self.models]
        with process(command, self.folder / "log", self.sagemaker.environment()):
            address = f"http://127.0.0.1:{self.port}/-/healthy"
            until(lambda: get(address), within=60, what=f"the hook ({self.folder / 'log'})")
            yield

    def fire(self, *, anew: bool = False, ended: bool = False) -> None:
        """Send one alert of each model, or its end, or a later one with the same labels."""
        now = datetime.now(UTC)
        self.began = now if anew else self.began
        alerts = [
            {
                "labels": labels_of(catalogue.DATA_DRIFT_HIGH, loaded, **{VERSION: "v3", WINDOW: "1h"}),
                "startsAt": self.began.isoformat(),
                "endsAt": (now + timedelta(seconds=-1 if ended else 600)).isoformat(),
            }
            for loaded in self.models
        ]
        headers = {"Content-Type": "application/json"}
        body = json.dumps(alerts).encode()
        urllib.request.urlopen(
            urllib.request.Request(f"http://{self.alertmanager}/api/v2/alerts", body, headers)
        ).close()

    def decided(self, decision: Decision, count: int) -> None:
        """Wait until each model has so many decisions."""

        def counted() -> bool:
            lines = (get(f"http://127.0.0.1:{self.port}/metrics") or "").splitlines()
            counters = [f'{DECISIONS}{{decision="{decision}",model="{each.spec.name}"}}' for each in self.models]
            counts = [float(line.split()[-1]) for line in lines if line.startswith(tuple(counters))]
            return len(counts) == len(counters) and min(counts) >= count

        until(counted, within=60, what=f"{count} x {decision} ({self.folder / 'log'})")

    def starts(self) -> tuple[int, int]:
        """Return the numbers of executions in SageMaker and of events in Argo."""
        return len(self.sagemaker.executions()), len(self.argo.received)


def test_repeats_resolves_and_restarts_start_nothing_twice(tmp_path: Path) -> None:
    with ExitStack() as stack:
        running = Running(tmp_path, stack, "--start", "--log.format=json")
        with running.hook():
            running.prometheus.known[AUROC_CI_UPPER.name] = 0.95
            running.fire()
            running.decided(Decision.GATE_CLOSED, 2)
            assert running.starts() == (0, 0)
            running.prometheus.known[AUROC_CI_UPPER.name] = 0.8
            running.decided(Decision.STARTED, 1)
            running.decided(Decision.REPEAT, 3)
            assert running.starts() == (1, 1)
        with running.hook():
            running.decided(Decision.REPEAT, 2)
            running.fire(ended=True)
            running.decided(Decision.RESOLVED, 1)
            running.fire(anew=True)
            running.decided(Decision.COOLING_DOWN, 1)
        assert running.starts() == (1, 1)
        assert running.argo.headers[0]["Authorization"] == "Bearer the token"
        event = running.argo.received[0][1]
        assert {"model": "churn", "layer": "dataset", "version": "v3"}.items() <= event["commonLabels"].items()
        assert event["workflow"] == f"leeway-retrain-{event['incident'][:20]}"
        assert len(running.sagemaker.tokens[0]) == 64
        assert running.pages.alerts("/default")  # these models have no other receiver
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {"started", "repeat", "resolved", "gate_closed", "cooling_down"} <= {line.get("decision") for line in lines}
    assert sum(line.get("decision") == "started" for line in lines) == 2


def test_nothing_is_started_unless_it_is_asked_for(tmp_path: Path) -> None:
    with ExitStack() as stack:
        running = Running(tmp_path, stack)
        with running.hook():
            running.fire()
            running.decided(Decision.DRY_RUN, 1)
            running.decided(Decision.REPEAT, 2)
        assert running.starts() == (0, 0)
        assert "dry run: without --start nothing is started" in (tmp_path / "log").read_text()
