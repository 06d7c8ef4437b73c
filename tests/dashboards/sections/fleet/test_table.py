"""The values in the row of each model, evaluated by the real promtool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from boards import panels_of
from dashboards import fleet
from dashboards.panels import links
from dashboards.panels.builders import panel_id
from dashboards.sections.tiles import ALERT_STATES
from exporter import catalogue
from exporter.catalogue import (
    DATA_DRIFT_SHARE,
    DATA_DRIFT_SHARE_THRESHOLD,
    MODEL_INFO,
    RECORDED_DRIFT,
    RECORDED_SEVERITY,
    SLO_BURN_RATE,
    SLO_ERROR_BUDGET_REMAINING_RATIO,
    SLO_GOOD,
)

LONG = "a-model-whose-name-is-too-long-for-the-id-of-a-dashboard"


@pytest.fixture
def table() -> dict[str, Any]:
    [match] = [panel for panel in panels_of(fleet.dashboard([LONG])) if panel["type"] == "table"]
    return match


def renamed(table: dict[str, Any]) -> dict[str, str]:
    """The titles of a table's columns by Grafana's names of them."""
    [order] = [step["options"] for step in table["transformations"] if step["id"] == "organize"]
    return order["renameByName"]


@pytest.fixture
def column(table: dict[str, Any]) -> Callable[[str], str]:
    """The expression of a column."""
    letters = {title: name[-1] for name, title in renamed(table).items()}
    by_letter = {target["refId"]: target["expr"] for target in table["targets"]}
    return lambda title: by_letter[letters[title]]


def test_a_model_has_the_state_of_its_most_severe_alert(column: Any, evaluates: Callable[..., None]) -> None:
    firing = 'ALERTS{alertname="%s",alertstate="firing",severity="%s",model="%s"}'
    given = {
        f'{MODEL_INFO.name}{{model="healthy",instance="a"}}': 1.0,
        f'{MODEL_INFO.name}{{model="healthy",instance="b"}}': 1.0,
        f'{MODEL_INFO.name}{{model="failing",instance="a"}}': 1.0,
        firing % ("MLFeatureDriftHigh", "warning", "failing"): 1.0,
        firing % ("MLDataDriftHigh", "critical", "failing"): 1.0,
        firing % ("MLNewCategories", "info", "gone"): 1.0,
        'ALERTS{alertname="MLDataDriftHigh",alertstate="pending",severity="critical",model="healthy"}': 1.0,
    }
    expected = {
        '{model="healthy"}': 0.0,
        '{model="failing",alertname="MLDataDriftHigh"}': 3.0,
        '{model="gone",alertname="MLNewCategories"}': 1.0,
    }
    evaluates(given, column("State"), expected)


def test_drift_is_how_far_the_worst_window_is_over_its_own_threshold(
    column: Any, evaluates: Callable[..., None]
) -> None:
    score, level = DATA_DRIFT_SHARE.name, DATA_DRIFT_SHARE_THRESHOLD.name
    given = {
        f'{score}{{model="m",version="1",window="1h"}}': 0.5,
        f'{level}{{model="m",version="1",window="1h"}}': 0.25,
        f'{score}{{model="m",version="1",window="24h"}}': 0.25,
        f'{level}{{model="m",version="1",window="24h"}}': 1.0,
        f'{score}{{model="m",version="2",window="1h",role="challenger"}}': 1.0,
        f'{level}{{model="m",version="2",window="1h",role="challenger"}}': 0.25,
    }
    # `interpolate` selects the window 1h; the challenger does not count.
    evaluates(given, column("Drift"), {'{model="m"}': 2.0})


def test_objectives_met_is_a_share_and_any_version_can_miss_one(column: Any, evaluates: Callable[..., None]) -> None:
    given = {
        f'{SLO_GOOD.name}{{model="m",version="1",slo="a"}}': 1.0,
        f'{SLO_GOOD.name}{{model="m",version="1",slo="b"}}': 1.0,
        f'{SLO_GOOD.name}{{model="m",version="2",slo="b"}}': 0.0,
    }
    evaluates(given, column("Objectives met"), {'{model="m"}': 0.5})
    budget = {
        f'{SLO_ERROR_BUDGET_REMAINING_RATIO.name}{{model="m",slo="{slo}"}}': left
        for slo, left in (("a", 0.75), ("b", -0.5))
    }
    evaluates(budget, column("Budget left"), {'{model="m"}': -0.5})


def test_the_burn_rate_does_not_depend_on_the_selected_windows(column: Any, evaluates: Callable[..., None]) -> None:
    name = SLO_BURN_RATE.name
    given = {f'{name}{{model="m",slo="a",window="{window}"}}': rate for window, rate in (("6h", 2.0), ("3d", 0.5))}
    evaluates(given, column("Burn rate"), {'{model="m"}': 2.0})


def test_a_row_has_the_id_of_its_models_dashboard(column: Any, evaluates: Callable[..., None]) -> None:
    """For any short name, and for the long names that were passed."""
    given = {f'{MODEL_INFO.name}{{model="{name}",team="t"}}': 1.0 for name in ("fraud", LONG, LONG[:-1])}
    expected = {
        '{model="fraud",team="t",dashboard="leeway-fraud"}': 1.0,
        f'{{model="{LONG}",team="t",dashboard="{links.uid_of(LONG)}"}}': 1.0,
        f'{{model="{LONG[:-1]}",team="t"}}': 1.0,
    }
    evaluates(given, column("Known"), expected)


def test_the_worst_comes_first(table: dict[str, Any]) -> None:
    assert [each["displayName"] for each in table["options"]["sortBy"]] == ["State", "Drift"]
    assert all(each["desc"] for each in table["options"]["sortBy"])


def test_every_cell_links_to_the_panel_of_its_models_dashboard(table: dict[str, Any]) -> None:
    urls = {
        each["matcher"]["options"]: item["value"][0]["url"]
        for each in table["fieldConfig"]["overrides"]
        for item in each["properties"]
        if item["id"] == "links"
    }
    assert urls.pop("Model").startswith("/d/${__data.fields.dashboard}?")
    keys = {"State": ALERT_STATES, "Drift": DATA_DRIFT_SHARE.key, "Age": catalogue.WINDOW_END_TIMESTAMP_SECONDS.key}
    for title, key in keys.items():
        assert urls[title].endswith(f"&viewPanel={panel_id(key)}")
    columns = set(renamed(table).values())
    assert columns - urls.keys() == {"Model", "Team", "Most severe alert", "dashboard", "Known"}


def test_a_cells_link_opens_a_panel_that_a_model_has(table: dict[str, Any], dashboard: dict[str, Any]) -> None:
    ids = {panel["id"] for panel in panels_of(dashboard)}
    config = str(table["fieldConfig"])
    wanted = {int(part.split("'")[0]) for part in config.split("viewPanel=")[1:]}
    assert wanted <= ids


def test_an_empty_cell_has_no_colour(table: dict[str, Any]) -> None:
    for each in table["fieldConfig"]["overrides"]:
        for item in each["properties"]:
            if item["id"] == "thresholds":
                assert item["value"]["steps"][0] == {"value": None, "color": "transparent"}


def test_drift_over_time_has_only_the_present_models(column: Any, promtool: Any, interpolate: Any) -> None:
    series = {}
    for model, values in (("here", "0.5+0x60"), ("gone", "0.5+0x30 stale")):
        series |= {f'{RECORDED_DRIFT.name}{{model="{model}",window="1h"}}': values}
        series |= {f'{MODEL_INFO.name}{{model="{model}"}}': values}
    shown = {"expr": interpolate(column("Drift over time")).replace("@ end()", "@ 3600")}
    shown["exp_samples"] = [{"labels": '{model="here"}', "value": 0.5}]
    promtool(series, promql_expr_test=[shown | {"eval_time": at} for at in ("20m", "60m")])


@pytest.mark.parametrize(("state", "shown"), [("2", {"bad", "unknown"}), ("0", {"bad", "unknown", "noted", "calm"})])
def test_the_chosen_state_leaves_out_only_models_that_are_known_to_be_in_another(
    state: str, shown: set[str], column: Any, evaluates: Callable[..., None]
) -> None:
    ranks = {"bad": 3.0, "noted": 1.0, "calm": 0.0}
    given = {f'{RECORDED_SEVERITY.name}{{model="{model}"}}': rank for model, rank in ranks.items()}
    given |= {f'{SLO_BURN_RATE.name}{{model="{model}",slo="a",window="6h"}}': 2.0 for model in (*ranks, "unknown")}
    expression = column("Burn rate").replace("$state", state).replace("@ end()", "")
    evaluates(given, expression, {f'{{model="{model}"}}': 2.0 for model in shown})


def test_every_column_has_the_models_of_the_chosen_state(table: dict[str, Any]) -> None:
    assert all(target["expr"].endswith(" < $state") for target in table["targets"])
