"""Every query of every dashboard, asked of a real Prometheus that holds the demo's own past."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from boards import boards, panels_of
from demo_history import EVERY, NOW, STORY, Demo, demo
from exporter.replay.scenario import BROKEN_FEATURE

pytestmark = pytest.mark.e2e

WEEK = "7d"
CHOSEN = {
    "version": ".+",
    "window": "24h",
    "feature": ".+",
    "model": ".+",
    "role": ".*",
    "segment": "^$",
    "__range": WEEK,
    "__interval": "12h",
    "__rate_interval": "2d",
}
ONE = CHOSEN | {"model": "fraud", "feature": BROKEN_FEATURE}
"""What is chosen where a variable has one value."""

SILENT = {
    # Nothing of the kind happens in the demo: its features' categories are the training data's, it never fails, and
    # it is too young for what takes three weeks of a log.
    "New categories by name, $window",
    "Failures by stage",
    "Rows against what is usual, $window",
    "Proxies against what is expected, $window",
    "New categories over time, $window",
    "New categories, $window",
}
"""Panels whose emptiness is good news, or is told by their text."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo")) as found:
        yield found


def asked(target: dict[str, Any], address: str, chosen: dict[str, str]) -> tuple[list[Any], float]:
    """What a query gives over the week, or now, and how many seconds that takes."""
    expression = re.sub(r"\$(\w+)", lambda match: chosen.get(match[1], match[0]), target["expr"])
    query: dict[str, Any] = {"query": expression, "time": NOW.timestamp()}
    path = "query"
    if target["range"]:
        path = "query_range"
        query |= {"start": (NOW - STORY).timestamp(), "end": NOW.timestamp(), "step": EVERY.total_seconds()}
    started = time.monotonic()
    with urlopen(f"{address}/api/v1/{path}?{urlencode(query)}", timeout=30) as answer:
        return json.load(answer)["data"]["result"], time.monotonic() - started


@pytest.mark.parametrize("name", ["model", "fleet", "feature", "exporter"])
def test_every_panel_shows_something_in_the_demo_and_every_query_is_quick(name: str, history: Demo) -> None:
    board = boards(history.loaded.spec)[name]
    chosen = ONE if name == "feature" else CHOSEN
    empty, slow = set(), []
    for panel in panels_of(board):
        answers = [(target["expr"], *asked(target, history.address, chosen)) for target in panel["targets"]]
        slow += [(expression, seconds) for expression, _, seconds in answers if seconds > 1]
        if not any(found for _, found, _ in answers):
            empty.add(panel["title"])
    assert slow == []
    assert empty <= SILENT


def test_the_fleet_says_which_model_is_in_trouble_and_the_feature_which_it_is(history: Demo) -> None:
    spec = history.loaded.spec
    [table] = [panel for panel in panels_of(boards(spec)["fleet"]) if panel["type"] == "table"]
    [state], _ = asked(table["targets"][0], history.address, CHOSEN)
    assert (state["metric"]["model"], state["value"][1] in {"2", "3"}) == ("fraud", True)
    [features] = [panel for panel in panels_of(boards(spec)["model"]) if panel["title"].startswith("Features in")]
    found, _ = asked(features["targets"][0], history.address, CHOSEN | {"window": "1h"})
    worst = max(found, key=lambda series: float(series["value"][1]))
    assert worst["metric"]["feature"] == BROKEN_FEATURE
