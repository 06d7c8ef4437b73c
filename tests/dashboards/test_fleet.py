from __future__ import annotations

from typing import Any

import pytest

from dashboards import fleet


@pytest.fixture
def variables() -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in fleet.dashboard()["templating"]["list"]}


def test_at_first_the_models_in_trouble_of_every_team_are_chosen(variables: dict[str, dict[str, Any]]) -> None:
    assert list(variables) == ["datasource", "team", "model", "state", "window"]
    state = variables["state"]
    assert (state["current"]["text"], state["current"]["value"]) == ("in trouble", "2"), "a ticket or a page"
    assert state["query"] == "in trouble : 2, all : 0"
    assert [(option["text"], option["value"]) for option in state["options"]] == [("in trouble", "2"), ("all", "0")]


def test_the_models_are_those_of_the_chosen_teams(variables: dict[str, dict[str, Any]]) -> None:
    """With a value for all, the models of the other teams would be among all."""
    assert variables["model"]["definition"].endswith('{team=~"$team"}, model)')
    assert variables["model"]["includeAll"]
    assert "allValue" not in variables["model"]
    assert variables["team"]["allValue"] == ".+"


def test_a_panel_of_recorded_series_says_that_its_rules_may_not_be_loaded() -> None:
    """An installation that is older than the rules has no such series: "no alert fired" alone would be untrue."""
    panels = fleet.dashboard()["panels"]
    [over_time] = [number for number, panel in enumerate(panels) if panel["title"] == "Over time"]
    texts = [panel["fieldConfig"]["defaults"]["noValue"] for panel in panels[over_time + 1 :]]
    assert len(texts) == 4
    assert all(text.endswith("or Prometheus has not loaded rules/leeway-fleet.yaml") for text in texts), texts
