"""From rows on S3 to a notification: the exporter, Prometheus, Alertmanager and a receiver, all real.

The generated rules and routes are loaded as they are, but for their waits (`for`, `group_wait` and the like), which
their own promtool tests prove and which a person would not sit through here.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
import yaml

from exporter import catalogue
from fraud_log import ROWS, FraudLog
from s3_server import S3Server
from stack import Receiver, alertmanager, exporter, get_json, prometheus, until

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Stack:
    """The running servers."""

    prometheus: str
    receiver: Receiver

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an instant query returns."""
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
def _running(tmp_path: Path, log: FraudLog, write_spec: Callable[..., Path], server: S3Server) -> Iterator[Stack]:
    with Receiver() as receiver:
        receivers = {
            "page": {"webhook": {"url": f"{receiver.address}/page"}},
            "ticket": {"webhook": {"url": f"{receiver.address}/ticket"}},
        }
        specs, build = write_spec(alerting=receivers), tmp_path / "build"
        _generate(specs, build)
        rules, routes = build / "rules" / "fraud.yaml", build / "alertmanager" / "alertmanager.yml"
        _shorten_waits(rules, routes)
        now = f"--now={log.now.isoformat()}"
        with (
            exporter(tmp_path / "exporter", specs, now, environment=server.environment()) as (target, _),
            alertmanager(tmp_path / "alertmanager", routes) as alerts_to,
            prometheus(tmp_path / "prometheus", target, alerts_to, rules) as address,
        ):
            yield Stack(address, receiver)


def _generate(specs: Path, out: Path) -> None:
    command = [sys.executable, "-m", "generator.cli", "generate", "--out", str(out), str(specs)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def _shorten_waits(rules: Path, routes: Path) -> None:
    document = yaml.safe_load(rules.read_text())
    for group in document["groups"]:
        group.pop("interval", None)
        for rule in group["rules"]:
            rule.update({"for": "2s", "keep_firing_for": "1s"} if "alert" in rule else {})
    rules.write_text(yaml.safe_dump(document))
    document = yaml.safe_load(routes.read_text())
    for route in _routes(document["route"]):
        route.update(group_wait="1s", group_interval="1s")
    routes.write_text(yaml.safe_dump(document))


def _routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for child in route.get("routes", []):
        yield from _routes(child)


def test_calm_data_tell_nobody_and_drifted_data_reach_the_right_receiver(
    tmp_path: Path, fraud_log: FraudLog, write_spec: Callable[..., Path], s3_server: S3Server
) -> None:
    fraud_log.put_all()
    with _running(tmp_path, fraud_log, write_spec, s3_server) as stack:
        drifted = catalogue.FEATURE_DRIFTED.name
        until(lambda: len(stack.query(drifted)) == 10, within=60, what="5 features in 2 windows")
        stack.after_evaluations(5)
        assert {series["value"][1] for series in stack.query(drifted)} == {"0"}
        assert stack.query("ALERTS") == []
        assert stack.receiver.received == []
        _check_distribution(stack)

        busier = np.random.default_rng(7).poisson(14, ROWS)
        fraud_log.put_hour(0, txn_count_7d=busier)
        (alert,) = until(lambda: stack.receiver.alerts("/ticket"), within=60, what="the ticket")
        stack.after_evaluations(5)

        assert [path for path, _ in stack.receiver.received if path != "/ticket"] == []
        names = {alert["labels"]["alertname"] for alert in stack.receiver.alerts("/ticket")}
        assert names == {catalogue.FEATURE_DRIFT_HIGH.name}
        _check_alert(alert, stack)


def _check_distribution(stack: Stack) -> None:
    """A gauge histogram is one to Prometheus, however it was scraped."""
    buckets, rows, _ = (series.name for series in catalogue.PREDICTION_SCORE.series)
    for query in (f'{rows}{{window="1h"}}', f'{buckets}{{window="1h",le="+Inf"}}'):
        assert [series["value"][1] for series in stack.query(query)] == [str(ROWS)]
    (median,) = stack.query(f'histogram_quantile(0.5, {buckets}{{window="1h"}})')
    assert 0 < float(median["value"][1]) < 0.1


def _check_alert(alert: dict[str, Any], stack: Stack) -> None:
    labels, annotations = alert["labels"], alert["annotations"]
    expected = {
        "alertname": catalogue.FEATURE_DRIFT_HIGH.name,
        "model": "fraud",
        "feature": "txn_count_7d",
        "version": "v3",
        "window": "1h",
        "team": "ml-platform",
        "severity": "warning",
        "env": "prod",
    }
    assert expected.items() <= labels.items()
    psi = catalogue.FEATURE_PSI.name + '{feature="txn_count_7d",window="1h"}'
    ((_, value),) = [series["value"] for series in stack.query(psi)]
    assert "txn_count_7d" in annotations["summary"] + annotations["description"]
    assert f"{float(value):.3g}" in annotations["description"]
    assert annotations["runbook_url"] == f"https://runbooks.example.com/ml/{catalogue.FEATURE_DRIFT_HIGH.name}"
    assert annotations["dashboard_url"].startswith("https://grafana.example.com/d/")


def test_two_drifted_features_are_a_page_and_only_a_page(
    tmp_path: Path, fraud_log: FraudLog, write_spec: Callable[..., Path], s3_server: S3Server
) -> None:
    fraud_log.put_all()
    generator = np.random.default_rng(8)
    fraud_log.put_hour(0, txn_count_7d=generator.poisson(14, ROWS), age=generator.normal(60, 12, ROWS))
    with _running(tmp_path, fraud_log, write_spec, s3_server) as stack:
        (alert,) = until(lambda: stack.receiver.alerts("/page"), within=60, what="the page")
        firing = catalogue.FEATURE_DRIFT_HIGH.name
        until(
            lambda: stack.query(f'ALERTS{{alertname="{firing}",alertstate="firing"}}'),
            within=30,
            what="the feature alerts, which the page stands for",
        )
        stack.after_evaluations(5)
        assert alert["labels"]["alertname"] == catalogue.DATA_DRIFT_HIGH.name
        assert [path for path, _ in stack.receiver.received if path != "/page"] == []
