from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from boards import panels_of
from dashboards import feature
from dashboards.panels import links
from dashboards.panels.builders import panel_id
from exporter.catalogue import FEATURE_BIN_RATIO, FEATURE_BIN_RATIO_REFERENCE, FEATURE_PSI, FEATURE_PSI_THRESHOLD


def test_one_model_and_one_feature_are_selected() -> None:
    variables = {variable["name"]: variable for variable in feature.dashboard()["templating"]["list"]}
    assert list(variables) == ["datasource", "model", "version", "window", "feature"]
    for name in ("model", "window", "feature"):
        assert not variables[name]["multi"]
        assert not variables[name]["includeAll"]
    assert variables["feature"]["definition"].endswith('{model="$model"}, feature)')


def test_a_feature_in_a_models_table_links_here(dashboard: dict[str, Any]) -> None:
    [table] = [panel for panel in panels_of(dashboard) if panel["title"].startswith("Features, worst first")]
    first = {item["id"]: item["value"] for item in table["fieldConfig"]["overrides"][0]["properties"]}
    url = first["links"][0]["url"]
    assert url.startswith(f"/d/{links.FEATURE_BOARD}?")
    assert "var-model=fraud&${window:queryparam}&var-feature=${__value.raw:percentencode}" in url
    assert feature.dashboard()["uid"] == links.FEATURE_BOARD


def test_the_distribution_has_the_window_and_the_reference(evaluates: Callable[..., None]) -> None:
    [panel] = [panel for panel in panels_of(feature.dashboard()) if panel["id"] == panel_id(FEATURE_BIN_RATIO.key)]
    for metric, target in zip((FEATURE_BIN_RATIO, FEATURE_BIN_RATIO_REFERENCE), panel["targets"], strict=True):
        given = {
            f'{metric.name}{{model="m",version="1",window="1h",feature="age",bin="01 up to 3"}}': 0.75,
            f'{metric.name}{{model="m",version="1",window="1h",feature="age",bin="02 above 3"}}': 0.25,
        }
        expression = target["expr"].replace("$model", "m").replace("$feature", "age")
        evaluates(given, expression, {'{bin="01 up to 3"}': 0.75, '{bin="02 above 3"}': 0.25})


def test_a_feature_has_its_threshold_and_last_week() -> None:
    [panel] = [panel for panel in panels_of(feature.dashboard()) if panel["id"] == panel_id(FEATURE_PSI.key)]
    value, threshold, before = (target["expr"] for target in panel["targets"])
    assert FEATURE_PSI_THRESHOLD.name in threshold
    assert before.endswith("offset 1w)")
    assert FEATURE_PSI.name in value


def test_the_query_of_a_panel_opens_in_explore_for_the_same_model_and_times() -> None:
    [link] = [link for link in feature.dashboard()["links"] if link["url"].startswith("/explore?")]
    replaced = link["url"]
    for name, value in (("model", "fraud"), ("datasource", "p1"), ("__from", "1000"), ("__to", "2000")):
        replaced = replaced.replace(f"${{{name}}}", value)
    [(_, panes)] = [pair for pair in parse_qsl(urlsplit(replaced).query) if pair[0] == "panes"]
    source = {"type": "prometheus", "uid": "p1"}
    query = {"refId": "A", "datasource": source, "expr": f'{FEATURE_PSI.name}{{model="fraud"}}'}
    assert json.loads(panes) == {
        "leeway": {"datasource": "p1", "queries": [query], "range": {"from": "1000", "to": "2000"}}
    }
