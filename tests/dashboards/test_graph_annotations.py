from __future__ import annotations

from string import Template
from typing import Any

import promql_parser
import pytest

from boards import boards
from dashboards import feature, graph_annotations
from dashboards.panels.scopes import feature_scope, fleet_scope, model_scope
from exporter import catalogue
from exporter.spec.model import ModelSpec


@pytest.fixture
def expressions(spec: ModelSpec, interpolate: Any) -> dict[str, dict[str, str]]:
    """The expression of each annotation by its name, for each dashboard, as Prometheus gets it."""
    return {
        board: {each["name"]: interpolate(each["expr"]) for each in written["annotations"]["list"]}
        for board, written in boards(spec).items()
    }


def test_each_dashboard_of_models_has_annotations(expressions: dict[str, dict[str, str]]) -> None:
    assert {board: set(by_name) for board, by_name in expressions.items()} == {
        "model": {"Alerts", "Promotions", "Retrainings"},
        "feature": {"Alerts", "Promotions", "Retrainings"},
        "fleet": {"Alerts", "Retrainings"},
        "exporter": set(),
    }
    for by_name in expressions.values():
        for text in by_name.values():
            promql_parser.parse(text)


def test_a_promotion_is_a_version_without_rows_an_hour_ago(spec: ModelSpec, promtool: Any, interpolate: Any) -> None:
    expression = interpolate(graph_annotations.promotions(model_scope(spec).with_value("window", "1h"))["expr"])
    rows = f'{catalogue.VERSION_ROWS.name}{{model="fraud",env="prod",version="%s",window="1h"}}'
    series = {rows % "old": "9+0x180", rows % "new": "_x90 9+0x90"}
    expected = [("1h29m", []), ("2h", [{"labels": '{version="new"}', "value": 9}]), ("2h45m", [])]
    promtool(
        series,
        promql_expr_test=[{"expr": expression, "eval_time": at, "exp_samples": samples} for at, samples in expected],
    )


def test_the_fleet_has_annotations_of_pages_only_with_their_model(
    expressions: dict[str, dict[str, str]], evaluates: Any
) -> None:
    firing = 'ALERTS{alertname="%s",alertstate="firing",severity="%s",model="fraud",instance="%s"}'
    since = firing.replace("ALERTS", "ALERTS_FOR_STATE").replace('alertstate="firing",', "")
    given = {
        series % alert: value
        for alert, at in {
            ("MLDataDriftHigh", "critical", "a"): 60.0,
            ("MLDataDriftHigh", "critical", "b"): 60.0,
            ("MLFeatureDriftHigh", "warning", "a"): 120.0,
        }.items()
        for series, value in ((firing, 1.0), (since, at))
    }
    given[since % ("MLPredictionScoreShift", "critical", "a")] = 60.0  # pending: it may never fire
    one = '{alertname="MLDataDriftHigh",severity="critical",model="fraud"}'
    evaluates(given, expressions["fleet"]["Alerts"], {one: 60_000.0})
    assert not graph_annotations.alerts(fleet_scope())["enable"]
    assert graph_annotations.alerts(feature_scope())["enable"]
    assert graph_annotations.alerts(feature_scope())["useValueForTime"], "a mark at its start, and no region"
    assert "{{model}}" in graph_annotations.alerts(fleet_scope())["textFormat"]
    assert "{{model}}" not in graph_annotations.alerts(feature_scope())["textFormat"]


def test_a_feature_has_annotations_of_its_own_alerts_and_of_the_models(evaluates: Any) -> None:
    alert = 'alertname="%s",severity="warning",model="fraud",feature="%s"}'
    alerts = [("MLFeatureDriftHigh", "age"), ("MLNullRateHigh", "country_code"), ("MLDataDriftHigh", "")]
    given = {'ALERTS{alertstate="firing",' + alert % each: 1.0 for each in alerts}
    given |= {"ALERTS_FOR_STATE{" + alert % each: 60.0 for each in alerts}
    names = ("MLFeatureDriftHigh", "MLDataDriftHigh")
    expected = {f'{{alertname="{name}",severity="warning"}}': 60_000.0 for name in names}
    expression = str(
        Template(feature.dashboard()["annotations"]["list"][0]["expr"]).substitute(model="fraud", feature="age")
    )
    evaluates(given, expression, expected)
