"""The common rules of all dashboards."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import combinations
from typing import Any

import promql_parser
import pytest

from boards import BY_NAME, PANEL_TYPES, boards, panels_of, selectors
from dashboards.panels import links, queries
from exporter.catalogue import LAYER, SEVERITY, TARGET_LABELS
from exporter.spec.model import ModelSpec

NAMES = ("model", "fleet", "feature", "exporter")
BUDGET = 25
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
    *fixed, models = board["links"][:3]
    assert [each["url"] for each in fixed] == [
        f"/d/{uid}?${{datasource:queryparam}}" for uid in (links.FLEET, links.EXPORTER)
    ]
    assert (models["tags"], models["keepTime"]) == (["leeway", "model"], True)
    assert not any(each["includeVars"] for each in board["links"]), "another dashboard may not have the selected values"


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
        assert panel["type"] == "timeseries" or panel["fieldConfig"]["defaults"]["noValue"]
        assert "unit" in panel["fieldConfig"]["defaults"]


def test_no_axis_has_a_fixed_end_and_every_ratio_has_an_end_that_moves(board: dict[str, Any]) -> None:
    for panel in panels_of(board):
        defaults = panel["fieldConfig"]["defaults"]
        if panel["type"] == "timeseries":
            assert not {"min", "max"} & set(defaults), panel["title"]
            if defaults["unit"] == "percentunit" and "axisSoftMax" in defaults.get("custom", ()):
                assert defaults["custom"]["axisSoftMax"] in {0.01, 1}


def test_the_colours_of_states_come_from_their_mappings(board: dict[str, Any]) -> None:
    for panel in panels_of(board):
        if panel["type"] in {"state-timeline", "status-history"}:
            defaults = panel["fieldConfig"]["defaults"]
            mappings = defaults.get("mappings", ())
            assert "showValue" not in panel["options"], "Grafana's own writes a text beside the colour"
            texts = [option["text"] for mapping in mappings for option in mapping["options"].values()]
            assert len(set(texts)) == len(texts)
            assert defaults["color"]["mode"] == ("fixed" if mappings else "thresholds")
            assert mappings or len(defaults["thresholds"]["steps"]) > 1
            assert all(option["color"] for mapping in mappings for option in mapping["options"].values())


def test_the_columns_of_a_table_of_one_row_are_joined(board: dict[str, Any]) -> None:
    """Grafana makes a small line of every range query, and of every table with a single row: only the former may be."""
    for panel in (panel for panel in panels_of(board) if panel["type"] == "table"):
        lines = [step for step in panel["transformations"] if step["id"] == "timeSeriesTable"]
        assert [line["filter"]["options"] for line in lines] == [
            target["refId"] for target in panel["targets"] if target.get("format") != "table"
        ]
        joined = ["merge", "merge"] if lines else ["merge"]
        assert [step["id"] for step in panel["transformations"]][len(lines) :] == [*joined, "organize"]


def test_an_empty_cell_of_a_table_is_a_dash(board: dict[str, Any]) -> None:
    for panel in (panel for panel in panels_of(board) if panel["type"] == "table"):
        looks = {
            each["matcher"]["options"]: {item["id"]: item["value"] for item in each["properties"]}
            for each in panel["fieldConfig"]["overrides"]
        }
        for title in panel["transformations"][-1]["options"]["renameByName"].values():
            assert looks[title].get("noValue") == "\N{EN DASH}" or looks[title]["custom.hidden"], title


def test_titles_fit_their_panels_on_a_screen_of_1440_pixels(board: dict[str, Any]) -> None:
    """A letter has 7.2 pixels on average; 40 pixels of the width are the borders and the sign of the description."""
    for panel in panels_of(board):
        width = panel["gridPos"]["w"] * 1408 / 24 - 40
        assert len(panel["title"]) * 7.2 <= width, panel["title"]


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
    assert all(panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"} for panel in panels_of(board))
    for target in (target for panel in panels_of(board) for target in panel["targets"]):
        assert "datasource" not in target, "it is the panel's"
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


def test_a_link_carries_only_variables_of_the_dashboard_that_it_opens(segmented_spec: ModelSpec) -> None:
    """What `${name:queryparam}` carries must exist here too, else Grafana writes it out as it is."""
    made = {board["uid"]: board for board in boards(segmented_spec).values()}
    names = {uid: {variable["name"] for variable in board["templating"]["list"]} for uid, board in made.items()}
    model = links.uid(segmented_spec)
    named = re.compile(r"\$\{__data\.fields\.dashboard\}|leeway-\$\{(?:__field\.labels\.)?model\}")
    opened = set()
    for uid, board in made.items():
        for url in re.findall(r'"(/d/[^"]+)"', json.dumps(board)):
            goal = re.match(r"/d/([^/?]+)", named.sub(model, url))[1]
            carried = set(re.findall(r"\$\{(\w+):queryparam\}", url))
            assert carried <= names[uid], url
            assert carried | set(re.findall(r"var-(\w+)=", url)) <= names[goal], url
            assert "${__all_variables}" not in url or goal == uid, url
            if panel := re.search(r"viewPanel=(\d+)", url):
                assert int(panel[1]) in {each["id"] for each in panels_of(made[goal])}, url
            opened.add((uid, goal))
    assert {goal for _, goal in opened} == made.keys()


def test_the_values_of_a_variable_are_of_a_metric_of_the_catalogue(board: dict[str, Any]) -> None:
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            inner, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
            [selector] = selectors(promql_parser.parse(inner.replace("$", "")))
            assert label == variable["name"]
            assert label in BY_NAME[selector.name].labels or label in TARGET_LABELS
