from __future__ import annotations

import json
from pathlib import Path

from exporter.demo.hurry import hurried_copy

RULES = """\
# Generated
groups:
  - name: a
    rules:
      - {alert: A, expr: up, for: 10m, keep_firing_for: 1h, labels: {layer: dataset}, annotations: {summary: wait 10m}}
      - {alert: B, expr: up, for: 5m, labels: {layer: exporter}}
      - {alert: C, expr: up, for: 30m, labels: {layer: freshness}}
"""
ROUTES = """\
route: {receiver: r, group_wait: 30s, routes: [{group_wait: 5m, group_interval: 30m, repeat_interval: 4h}]}
"""


def copied(text: str, folder: Path) -> object:
    (folder / "given.yaml").write_text(text)
    return json.loads(hurried_copy(folder / "given.yaml", folder / "new" / "copy.json").read_text())


def test_a_minute_becomes_a_second_and_alerts_on_the_present_are_left_out(tmp_path: Path) -> None:
    labels, annotations = {"layer": "dataset"}, {"summary": "wait 10m"}
    rule = {"alert": "A", "expr": "up", "for": "10000ms", "keep_firing_for": "60000ms"}
    expected = {"groups": [{"name": "a", "rules": [rule | {"labels": labels, "annotations": annotations}]}]}
    assert copied(RULES, tmp_path) == expected


def test_waits_of_routes_are_shorter_and_repeats_are_not(tmp_path: Path) -> None:
    child = {"group_wait": "5000ms", "group_interval": "30000ms", "repeat_interval": "4h"}
    assert copied(ROUTES, tmp_path) == {"route": {"receiver": "r", "group_wait": "500ms", "routes": [child]}}
