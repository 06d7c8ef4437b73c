"""Prometheus and Alertmanager of the demo."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from exporter import catalogue
from exporter.demo.monitoring import (
    ALERTMANAGER,
    PROMETHEUS,
    AlertState,
    alert_states,
    alert_table,
    parse_alerts,
    program,
    prometheus_config,
    start_alertmanager,
    start_prometheus,
)
from exporter.demo.processes import Processes, ProcessFailed, free_port


def rule(name: str, duration: float, *alerts: dict[str, object]) -> dict[str, object]:
    return {"name": name, "type": "alerting", "duration": duration, "alerts": list(alerts)}


def alert(state: str, **labels: str) -> dict[str, object]:
    return {"state": state, "labels": labels, "activeAt": "2026-11-23T11:00:00Z", "value": "1"}


ANSWER = json.dumps(
    {
        "status": "success",
        "data": {
            "groups": [
                {"name": "quiet", "rules": [rule("Quiet", 60)]},
                {
                    "name": "loud",
                    "rules": [
                        rule("Waiting", 600, alert("pending", window="1h", feature="age", severity="warning")),
                        rule("Loud", 0, alert("firing", severity="critical")),
                    ],
                },
            ]
        },
    }
)


def test_alerts_are_parsed_firing_ones_first() -> None:
    assert [(found.name, found.state, found.holds_for) for found in parse_alerts(ANSWER)] == [
        ("Loud", "firing", timedelta(0)),
        ("Waiting", "pending", timedelta(minutes=600)),
    ]


def test_the_table_of_alerts_has_the_for_of_each() -> None:
    labels = {catalogue.SEVERITY: "critical", catalogue.WINDOW: "1h"}
    name = max((known.name for known in catalogue.ALERTS), key=len)
    out = StringIO()
    Console(file=out, width=80).print(alert_table([AlertState(name, "pending", labels, timedelta(minutes=15))]))
    cells = [cell.strip() for cell in out.getvalue().splitlines()[4].split("│")[1:-1]]

    assert cells == [name, "pending", "15m", "critical", "1h", "-"]


def test_without_an_answer_there_are_no_alerts() -> None:
    assert alert_states(f"127.0.0.1:{free_port()}") == []


def test_a_program_is_found_by_any_of_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program(ALERTMANAGER) is None

    binary = tmp_path / ALERTMANAGER[-1]
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    assert program(ALERTMANAGER) == binary


def test_without_alertmanager_prometheus_has_no_alertmanager() -> None:
    assert prometheus_config("127.0.0.1:1", "*.yaml", None)["alerting"] == {"alertmanagers": []}


@pytest.mark.e2e
def test_an_invalid_configuration_is_reported_with_its_reason(tmp_path: Path) -> None:
    binary = program(ALERTMANAGER)
    assert binary
    config = tmp_path / "alertmanager.yml"
    config.write_text("nonsense: true\n")
    with Processes() as processes, pytest.raises(ProcessFailed, match=r"Alertmanager ended(.|\n)*nonsense"):
        start_alertmanager(processes, binary, tmp_path / "work", config)


@pytest.mark.e2e
def test_prometheus_loads_rules_from_a_folder_with_any_name(tmp_path: Path) -> None:
    binary, folder = program(PROMETHEUS), tmp_path / "a [strange] folder"
    assert binary
    (folder / "rules").mkdir(parents=True)
    always = {"alert": "Always", "expr": "vector(1)", "for": "1m"}
    (folder / "rules" / "one.yaml").write_text(json.dumps({"groups": [{"name": "one", "rules": [always]}]}))
    with Processes() as processes:
        address = start_prometheus(
            processes,
            binary,
            folder / "prometheus",
            scraped=f"127.0.0.1:{free_port()}",
            rules="../rules/*.yaml",
            alertmanager=None,
        )
        (found,) = processes.until(lambda: alert_states(address), within=30, what="the alert")

    assert (found.name, found.state, found.holds_for) == ("Always", "pending", timedelta(hours=1))
