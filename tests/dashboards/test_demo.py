"""Every query of every dashboard, run on a real Prometheus with the history of the demo."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from boards import boards, panels_of
from demo_history import EVERY, NOW, STORY, Demo, demo
from exporter.demo.scenario import BROKEN_FEATURE

pytestmark = pytest.mark.e2e

WEEK = "7d"
SELECTION = {
    "version": ".+",
    "window": "24h",
    "feature": ".+",
    "model": ".+",
    "role": ".*",
    "segment": "^$",
    "state": "0",
    "__range": WEEK,
    "__interval": "12h",
    "__rate_interval": "2d",
}
ONE_VALUE = SELECTION | {"model": "fraud", "feature": BROKEN_FEATURE}
"""The selection if a variable has one value."""

WITHOUT_DATA = {
    "Exporters that are scraped",  # the demo's past has no processes
    "Processors in use",
    "Memory in use",
    "Time that a due refresh waits",  # nor scrapes, in which this is measured
    "Refreshes that run",
    "Age of the loop's last iteration",
    "Unexpected errors of the loop",
    "Chi-squared statistic",  # the broken feature is numeric
    "Chi-squared p-value",
    "Decisions of the retraining hook",  # the demo has no retraining hook
    "Time since the last retraining",
    # Nothing of the kind happens in the demo: its features' categories are the training data's, it never fails, and
    # it is too young for what takes three weeks of a log.
    "New categories by name",
    "Features broken over time",
    "Failures by stage",
    "Files that are left out",
    "Rows / usual rows",
    "Proxies: deviation from expected",
    "New categories over time",
    "Time since a new category was first seen",
    "Time since accepted changes",
    "New categories, last week",
}
"""Panels without data in the demo."""


def run_query(target: dict[str, Any], address: str, selection: dict[str, str]) -> tuple[list[Any], float]:
    """The result of a query over the week, or now, and the seconds that it takes."""
    expression = re.sub(r"\$(\w+)", lambda match: selection.get(match[1], match[0]), target["expr"])
    query: dict[str, Any] = {"query": expression, "time": NOW.timestamp()}
    path = "query"
    if not target.get("instant"):
        path = "query_range"
        query |= {"start": (NOW - STORY).timestamp(), "end": NOW.timestamp(), "step": EVERY.total_seconds()}
    started = time.monotonic()
    with urlopen(f"{address}/api/v1/{path}?{urlencode(query)}", timeout=30) as response:
        return json.load(response)["data"]["result"], time.monotonic() - started


def test_the_demo_fills_every_panel_quickly_and_shows_the_broken_feature(tmp_path: Path) -> None:
    """One test, since its Prometheus is filled once."""
    with demo(tmp_path) as past:
        for name, board in boards(past.loaded.spec).items():
            empty, slow = read(board, past.address, ONE_VALUE if name == "feature" else SELECTION)
            assert slow == []
            assert empty <= WITHOUT_DATA, name
        check_broken_feature(past)


def read(board: dict[str, Any], address: str, selection: dict[str, str]) -> tuple[set[str], list[str]]:
    """The titles of panels without any result, and the queries that took more than a second."""
    empty, slow = set(), []
    for panel in panels_of(board):
        results = [(target["expr"], *run_query(target, address, selection)) for target in panel["targets"]]
        slow += [expression for expression, _, seconds in results if seconds > 1]
        if not any(result for _, result, _ in results):
            empty.add(panel["title"])
    return empty, slow


def check_broken_feature(past: Demo) -> None:
    """The fleet shows the model with the alert, and the model shows its broken feature."""
    made = boards(past.loaded.spec)
    [table] = [panel for panel in panels_of(made["fleet"]) if panel["type"] == "table"]
    [state], _ = run_query(table["targets"][0], past.address, SELECTION)
    assert (state["metric"]["model"], state["value"][1]) == ("fraud", "3")
    [features] = [panel for panel in panels_of(made["model"]) if panel["title"].startswith("Features, worst first")]
    series, _ = run_query(features["targets"][0], past.address, SELECTION | {"window": "1h"})
    worst = max(series, key=lambda each: float(each["value"][1]))
    assert worst["metric"]["feature"] == BROKEN_FEATURE
