"""The common rules of all dashboards."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from typing import Any

import promql_parser
import pytest

from boards import BY_NAME, PANEL_TYPES, boards, panels_of, selectors
from dashboards.panels import queries
from exporter.catalogue import LAYER, SEVERITY
from exporter.spec.model import ModelSpec

NAMES = ("model", "fleet", "feature", "exporter")
BUDGET = 20
"""The greatest number of queries of the first view."""


@pytest.fixture(params=NAMES)
def board(request: pytest.FixtureRequest, segmented_spec: ModelSpec) -> dict[str, Any]:
    return boards(segmented_spec)[request.param]


def test_a_dashboard_has_the_common_settings(board: dict[str, Any]) -> None:
    assert (board["editable"], board["timezone"], board["refresh"], board["graphTooltip"]) == (
        False,
        "browser",
        "5m",
        1,
    )
    assert board["time"] == {"from": "now-7d", "to": "now"}
    assert board["tags"][0] == "leeway"
    assert board["templating"]["list"][0]["name"] == "datasource"
    others = board["links"][0]
    assert (others["tags"], others["includeVars"], others["keepTime"]) == (["leeway"], True, True)


def test_uids_differ_from_each_other_and_from_models(spec: ModelSpec) -> None:
    uids = [board["uid"] for board in boards(spec).values()]
    assert len(set(uids)) == len(uids)
    assert all(not uid.startswith("leeway-") for uid in uids[1:])


def test_the_first_view_is_cheap(board: dict[str, Any]) -> None:
    shown = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert 0 < sum(len(panel["targets"]) for panel in shown) <= BUDGET


def test_panels_have_known_types_unique_ids_and_say_what_to_do(board: dict[str, Any]) -> None:
    panels = panels_of(board)
    ids = [panel["id"] for panel in (*panels, *(row for row in board["panels"] if row["type"] == "row"))]
    assert len(set(ids)) == len(ids)
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["type"] in PANEL_TYPES
        meaning, window, action = panel["description"].split("\n\n")
        assert meaning.endswith(".")
        assert window.startswith("**Window:** ")
        assert action.startswith("**What to do:** ")
        assert len(action) > 38
        assert panel["fieldConfig"]["defaults"]["noValue"]
        assert "unit" in panel["fieldConfig"]["defaults"]


def test_panels_do_not_overlap(board: dict[str, Any]) -> None:
    for panels in [board["panels"], *(panel.get("panels", []) for panel in board["panels"])]:
        boxes = [panel["gridPos"] for panel in panels]
        assert all(box["x"] >= 0 and box["x"] + box["w"] <= 24 for box in boxes)
        for left, right in combinations(boxes, 2):
            beside = left["x"] + left["w"] <= right["x"] or right["x"] + right["w"] <= left["x"]
            assert beside or left["y"] + left["h"] <= right["y"] or right["y"] + right["h"] <= left["y"]


def test_every_query_uses_the_catalogue_and_the_selected_data_source(
    board: dict[str, Any], spec: ModelSpec, interpolate: Callable[[str], str]
) -> None:
    for target in (target for panel in panels_of(board) for target in panel["targets"]):
        assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        for selector in selectors(promql_parser.parse(interpolate(target["expr"]))):
            matched = {matcher.name for matcher in selector.matchers.matchers}
            if selector.name == queries.ALERTS:
                assert matched <= {queries.ALERTSTATE, SEVERITY, LAYER, "model", *spec.metadata.labels}
            else:
                assert matched <= {*BY_NAME[selector.name or ""].labels, *spec.metadata.labels}


def test_every_variable_of_a_query_exists(board: dict[str, Any]) -> None:
    known = {variable["name"] for variable in board["templating"]["list"]}
    known |= {"__range", "__interval", "__rate_interval"}
    for target in (target for panel in panels_of(board) for target in panel["targets"]):
        assert {name for name in re.findall(r"\$(\w+)", target["expr"]) if not name.isdigit()} <= known


def test_the_values_of_a_variable_are_of_a_metric_of_the_catalogue(board: dict[str, Any]) -> None:
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            inner, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
            [selector] = selectors(promql_parser.parse(inner.replace("$", "")))
            assert label == variable["name"]
            assert label in BY_NAME[selector.name].labels
