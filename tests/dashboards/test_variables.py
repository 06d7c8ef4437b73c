from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import promql_parser

from dashboards import variables
from dashboards.panels.scopes import model_scope
from exporter import catalogue
from exporter.spec.model import ModelSpec


def test_the_data_source_is_a_prometheus_variable() -> None:
    variable = variables.datasource().to_json_data()
    assert (variable["name"], variable["label"], variable["type"]) == ("datasource", "Data source", "datasource")
    assert variable["query"] == "prometheus"


def test_values_of_a_label_are_refreshed_when_the_time_range_changes(spec: ModelSpec) -> None:
    scope = model_scope(spec)
    for variable in (variables.model(), variables.version(scope), variables.feature(scope)):
        json_data = variable.to_json_data()
        assert (json_data["refresh"], json_data["allValue"], json_data["includeAll"], json_data["multi"]) == (
            2,
            ".+",
            True,
            True,
        )


def test_the_values_of_a_label_are_of_a_metric_that_every_model_has(spec: ModelSpec) -> None:
    scope = model_scope(spec)
    query = f'label_values({catalogue.FEATURE_ROWS.name}{{model="fraud",env="prod"}}, feature)'
    assert variables.feature(scope).query["query"] == query
    assert variables.model().query["query"] == f"label_values({catalogue.MODEL_INFO.name}{{}}, model)"


def test_no_variable_depends_on_another(hostile_spec: ModelSpec) -> None:
    """A version without features, or a hostile label, does not change the other lists."""
    scope = model_scope(hostile_spec)
    for variable in (variables.version(scope), variables.feature(scope)):
        inner = variable.query["query"].removeprefix("label_values(").rpartition(",")[0]
        matchers = promql_parser.parse(inner).matchers.matchers
        assert {matcher.name: matcher.value for matcher in matchers} == {
            "model": "fraud",
            "env": hostile_spec.metadata.labels["env"],
        }


def test_the_windows_are_from_the_spec(make_spec: Callable[..., ModelSpec]) -> None:
    variable = variables.window(make_spec().spec.windows, timedelta(hours=24)).to_json_data()
    assert variable["query"] == "1h,24h,7d"
    assert [option["value"] for option in variable["options"]] == ["1h", "24h", "7d"]
    assert variable["current"]["value"] == "24h"


def test_all_roles_and_the_whole_traffic_are_the_defaults(spec: ModelSpec) -> None:
    scope = model_scope(spec)
    role, segment = variables.role(scope).to_json_data(), variables.segment(scope).to_json_data()
    assert (role["name"], role["allValue"]) == ("role", ".*")
    assert (segment["name"], segment["allValue"]) == ("segment", "^$")
    for variable in (role, segment):
        assert variable["query"]["query"].startswith(f"label_values({catalogue.VERSION_ROWS.name}{{")
        assert variable["includeAll"]
        assert variable["multi"]
