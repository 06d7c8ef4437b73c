"""A Prometheus and an Alertmanager for the demo, with the generated rules and routes, if they are installed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from exporter import catalogue
from exporter.demo.findings import ABSENT
from exporter.demo.hurry import FASTER
from exporter.demo.processes import Processes, free_port, get
from exporter.spec.value_types import format_duration

PROMETHEUS: Final = ("prometheus",)
ALERTMANAGER: Final = ("alertmanager", "prometheus-alertmanager")
"""The possible names of the programs."""

_START_SECONDS: Final = 30.0
_EVERY: Final = "1s"


@dataclass(frozen=True, slots=True)
class AlertState:
    """An alert in Prometheus: `pending` or `firing`, and the `for` of its generated rule."""

    name: str
    state: str
    labels: dict[str, str]
    holds_for: timedelta


def program(names: tuple[str, ...]) -> Path | None:
    """Return the first of the programs that is on PATH."""
    path = next(filter(None, map(shutil.which, names)), None)
    return Path(path).absolute() if path else None


def start_alertmanager(processes: Processes, binary: Path, folder: Path, config: Path) -> str:
    """Start Alertmanager on a free loopback port with its data in `folder`; return its address when it is ready.

    Raises:
        ProcessFailed: when it does not start, as with an invalid configuration.
    """
    address = f"127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        binary,
        f"--config.file={config.resolve()}",
        "--storage.path=data",
        f"--web.listen-address={address}",
        f"--web.external-url=http://{address}",
        "--cluster.listen-address=",
    ]
    return _started(processes, "Alertmanager", command, folder, address)


def start_prometheus(
    processes: Processes, binary: Path, folder: Path, *, scraped: str, rules: str, alertmanager: str | None
) -> str:
    """Start Prometheus on a free loopback port with its data in `folder`; return its address when it is ready.

    Args:
        processes: the running programs.
        binary: the program.
        folder: the working folder.
        scraped: the exporter's host and port.
        rules: a pattern of rule files relative to `folder`, so brackets in the folder's name are not a pattern.
        alertmanager: Alertmanager's host and port, if any.

    Raises:
        ProcessFailed: when it does not start, as with invalid rules.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = prometheus_config(scraped, rules, alertmanager)
    (folder / "prometheus.yml").write_text(json.dumps(config, indent=2))  # JSON is YAML
    address = f"127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        binary,
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--web.listen-address={address}",
        f"--web.external-url=http://{address}",
    ]
    return _started(processes, "Prometheus", command, folder, address)


def _started(processes: Processes, name: str, command: list[str | Path], folder: Path, address: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    processes.start(name, command, folder / "log", folder)
    processes.until(lambda: get(f"http://{address}/-/ready"), within=_START_SECONDS, what=f"{name} to be ready")
    return address


def prometheus_config(scraped: str, rules: str, alertmanager: str | None) -> dict[str, Any]:
    """Return a configuration that scrapes and evaluates every second; not for production."""
    targets = [{"static_configs": [{"targets": [alertmanager]}]}] if alertmanager else []
    return {
        "global": {"scrape_interval": _EVERY, "evaluation_interval": _EVERY},
        "rule_files": [rules],
        "alerting": {"alertmanagers": targets},
        "scrape_configs": [{"job_name": "leeway", "static_configs": [{"targets": [scraped]}]}],
    }


def alert_states(address: str) -> list[AlertState]:
    """Return the pending and firing alerts, firing ones first; none while Prometheus does not answer."""
    body = get(f"http://{address}/api/v1/rules?type=alert")
    return [] if body is None else parse_alerts(body)


def parse_alerts(body: str) -> list[AlertState]:
    """Parse the alerts in a response of Prometheus' `/api/v1/rules`: firing ones first, else in the order of the rules.

    Raises:
        ValueError: when the response is not JSON.
        KeyError: when it has another structure.
    """
    return sorted(_alerts(json.loads(body)), key=lambda alert: alert.state != "firing")


def _alerts(response: dict[str, Any]) -> Iterator[AlertState]:
    for group in response["data"]["groups"]:
        for rule in group["rules"]:
            for alert in rule.get("alerts", []):
                labels, holds_for = alert["labels"], timedelta(seconds=rule["duration"]) * FASTER
                yield AlertState(rule["name"], alert["state"], labels, holds_for)


def alert_table(alerts: list[AlertState]) -> Table:
    """Return the alerts as a table."""
    table = Table(title="Alerts in Prometheus", title_justify="left")
    for name in ("alert", "state", "for", "severity", "window", "feature"):
        table.add_column(name, no_wrap=True)
    for alert in alerts:
        cells = [alert.labels.get(label, "") for label in (catalogue.SEVERITY, catalogue.WINDOW, catalogue.FEATURE)]
        table.add_row(alert.name, alert.state, format_duration(alert.holds_for), *(text or ABSENT for text in cells))
    return table
