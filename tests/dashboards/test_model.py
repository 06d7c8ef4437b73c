"""The rules of a model's dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from boards import BY_NAME, PANEL_TYPES, selectors
from dashboards import exporter as exporter_dashboard
from dashboards import feature as feature_dashboard
from dashboards.model import dashboard as model_dashboard
from dashboards.panels import links, queries
from dashboards.panels.builders import panel_id
from exporter.catalogue import ALERTS, METRICS, REPLICA_LABELS
from exporter.spec.loading import load
from exporter.spec.model import ModelSpec
from generator.serialization import json_text

EveryPanel = Callable[[Mapping[str, Any]], list[dict[str, Any]]]
Interpolate = Callable[[str], str]

# From @grafana/data 13.2.3: the units that we use.
UNITS = {"percentunit", "none", "short", "s", "bytes"}
CUSTOM_UNIT = re.compile(r"suffix:\S.*")
SELECT_ALL = "$__all"


@pytest.fixture
def panels(dashboard: dict[str, Any], every_panel: EveryPanel) -> list[dict[str, Any]]:
    return every_panel(dashboard)


@pytest.fixture
def expressions(
    dashboard: dict[str, Any], panels: list[dict[str, Any]], interpolate: Interpolate
) -> list[promql_parser.Expr]:
    """Every expression of the dashboard, parsed as Prometheus gets it: of panels, variables and annotations."""
    texts = [target["expr"] for panel in panels for target in panel["targets"]]
    texts += [annotation["expr"] for annotation in dashboard["annotations"]["list"]]
    definitions = [
        variable["definition"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"
    ]
    texts += [re.fullmatch(r"label_values\((.*), \w+\)", definition)[1] for definition in definitions]
    return [promql_parser.parse(interpolate(text)) for text in texts]


def test_the_dashboard_is_plain_data_that_survives_json(dashboard: dict[str, Any]) -> None:
    assert json.loads(json.dumps(dashboard)) == dashboard
    assert dashboard["uid"] == "leeway-fraud"


GOLDEN_IDS = {
    "data_drift_share": 665960826,
    "feature_broken": 511305921,
    "feature_new_category_peak_ratio": 1674174057,
    "feature_null_ratio": 1090033511,
    "feature_psi": 436856180,
    "prediction_class_psi": 1734594556,
    "prediction_confidence_psi": 964234463,
    "prediction_mean_shift": 1559062856,
    "prediction_psi": 1048465394,
    "slo_burn_rate": 1778682817,
    "slo_error_budget_remaining_ratio": 1502636252,
    "window_end_timestamp_seconds": 1444414290,
    "window_rows": 1480604076,
}
"""Links in old alerts contain these numbers: new ones may be added, but none may change."""


def test_the_worked_example_is_a_file_of_less_than_150_kb() -> None:
    """Also where a mapping is broken into lines, so that a change of it can be read."""
    text = json_text(model_dashboard(load(Path("models/fraud.yaml")).spec))
    assert len(text.encode()) < 150_000
    assert max(map(len, text.splitlines())) < 2_500, "no line is longer than an expression or a description"


def test_ids_are_unique_and_do_not_move(dashboard: dict[str, Any], panels: list[dict[str, Any]]) -> None:
    rows = [panel["id"] for panel in dashboard["panels"] if panel["type"] == "row"]
    ids = [panel["id"] for panel in panels] + rows
    assert len(set(ids)) == len(ids)
    assert {panel_id(alert.metric.key) for alert in ALERTS} >= set(GOLDEN_IDS.values())
    assert set(ids) >= set(GOLDEN_IDS.values())
    assert all(panel_id(key) == number for key, number in GOLDEN_IDS.items())


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_links_to_a_panel_of_its_metric(
    alert: Any, spec: ModelSpec, dashboard: dict[str, Any], every_panel: EveryPanel, interpolate: Interpolate
) -> None:
    boards = {board["uid"]: board for board in (dashboard, exporter_dashboard.dashboard())}
    url = re.search(r"/d/([\w-]+)\S*viewPanel=(\d+)", links.alert_url(spec, alert))
    assert url is not None
    [panel] = [panel for panel in every_panel(boards[url[1]]) if panel["id"] == int(url[2])]
    shown = {
        selector.name
        for target in panel["targets"]
        for selector in selectors(promql_parser.parse(interpolate(target["expr"])))
    }
    assert alert.metric.name in shown
    if url[1] == links.uid(spec):
        assert f"https://runbooks.example.com/ml/{alert.name}" in [link["url"] for link in panel["links"]]


def test_every_panel_has_a_known_type_and_unit(panels: list[dict[str, Any]]) -> None:
    for panel in panels:
        assert panel["type"] in PANEL_TYPES
        fields = [panel["fieldConfig"]["defaults"]]
        fields += [{item["id"]: item["value"] for item in o["properties"]} for o in panel["fieldConfig"]["overrides"]]
        units = [field["unit"] for field in fields if "unit" in field]
        assert "unit" in fields[0], panel["title"]
        assert all(unit in UNITS or CUSTOM_UNIT.fullmatch(unit) for unit in units), panel["title"]


def test_a_tile_without_data_is_neither_green_nor_red(panels: list[dict[str, Any]]) -> None:
    tiles = [panel for panel in panels if panel["type"] == "stat"]
    assert len(tiles) == 11
    for tile in tiles:
        assert tile["fieldConfig"]["defaults"]["thresholds"]["steps"][0] == {"value": None, "color": "#808080"}
        assert all(target["instant"] for target in tile["targets"])


def test_every_query_uses_the_selected_data_source(dashboard: dict[str, Any], panels: list[dict[str, Any]]) -> None:
    datasource = {"type": "prometheus", "uid": "${datasource}"}
    parts = [*panels, *dashboard["annotations"]["list"]]
    parts += [variable for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    assert all(part["datasource"] == datasource for part in parts)


def test_every_query_uses_only_metrics_and_labels_of_the_catalogue(
    spec: ModelSpec, expressions: list[promql_parser.Expr]
) -> None:
    alerts = {queries.ALERTSTATE, "severity", "model", "env"}
    for selector in (selector for expression in expressions for selector in selectors(expression)):
        matched = {matcher.name for matcher in selector.matchers.matchers}
        if selector.name in {queries.ALERTS, queries.ALERTS_FOR_STATE}:
            assert matched <= alerts
            continue
        metric = BY_NAME[selector.name or ""]
        assert matched <= {*metric.labels, *spec.metadata.labels}
        assert ("model" in matched) == ("model" in metric.labels)


def test_every_value_is_aggregated_over_replicas(panels: list[dict[str, Any]]) -> None:
    for expression in (target["expr"] for panel in panels for target in panel["targets"]):
        assert f"without ({', '.join(REPLICA_LABELS)})" in expression or " by (" in expression


def test_every_metric_of_the_catalogue_has_a_panel(
    spec: ModelSpec, expressions: list[promql_parser.Expr], every_panel: EveryPanel, interpolate: Interpolate
) -> None:
    """Metrics of other tasks are on their dashboards, distributions on the dashboard of a feature."""
    columns = spec.spec.inference.columns.model_copy(update={"query": "request"})
    inference = spec.spec.inference.model_copy(update={"columns": columns})
    tasks = [
        spec.model_copy(update={"spec": spec.spec.model_copy(update={"task": task, "inference": inference})})
        for task in ("regression", "multiclass_classification", "ranking")
    ]
    panels = (panel for other in tasks for panel in every_panel(model_dashboard(other)))
    others = (target["expr"] for panel in panels for target in panel["targets"])
    others = [
        *others,
        *(target["expr"] for panel in every_panel(feature_dashboard.dashboard()) for target in panel["targets"]),
        *(target["expr"] for panel in every_panel(exporter_dashboard.dashboard()) for target in panel["targets"]),
    ]
    parsed = [*expressions, *(promql_parser.parse(interpolate(text)) for text in others)]
    shown = {selector.name for expression in parsed for selector in selectors(expression)}
    assert {metric.series[0].name for metric in METRICS} <= shown  # a histogram by its buckets


def test_only_a_model_with_evaluated_labels_has_panels_of_labels(spec: ModelSpec, every_panel: EveryPanel) -> None:
    without = spec.model_copy(update={"spec": spec.spec.model_copy(update={"labels": None})})
    titles = {panel["title"] for panel in every_panel(model_dashboard(without))}
    whole = {panel["title"] for panel in every_panel(model_dashboard(spec))}
    assert titles < whole
    assert {"AUROC", "Label coverage", "Rejected label rows by reason"} <= whole - titles


def test_every_threshold_is_a_dashed_line_in_the_panel_of_its_metric(
    spec: ModelSpec, panels: list[dict[str, Any]], every_panel: EveryPanel, interpolate: Interpolate
) -> None:
    """Thresholds of a regression are on the dashboard of a regression; values relative to theirs have one line at 1."""
    regression = spec.model_copy(update={"spec": spec.spec.model_copy(update={"task": "regression"})})
    panels = [*panels, *every_panel(model_dashboard(regression))]
    with_threshold = {metric.name: metric.threshold().name for metric in METRICS if metric.threshold() in METRICS}
    shown = set()
    for panel in (panel for panel in panels if panel["type"] == "timeseries"):
        first = {
            next(selectors(promql_parser.parse(interpolate(target["expr"])))).name: target["refId"]
            for target in panel["targets"]
        }
        for name in first.keys() & with_threshold.keys():
            steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
            if steps[1:] == [{"value": 1, "color": "orange"}]:
                by_threshold = f"/ max without ({', '.join(REPLICA_LABELS)}) ({with_threshold[name]}{{"
                assert by_threshold in panel["targets"][0]["expr"]
                shown.add(name)
                continue
            letter = first[with_threshold[name]]
            [override] = [o for o in panel["fieldConfig"]["overrides"] if o["matcher"]["options"] == letter]
            styles = {item["id"]: item["value"] for item in override["properties"]}
            assert styles["custom.lineStyle"]["fill"] == "dash"
            shown.add(name)
    assert shown == with_threshold.keys()


def test_the_first_view_has_the_state_and_the_features_first(dashboard: dict[str, Any]) -> None:
    assert [panel["type"] for panel in dashboard["panels"][:13]] == ["stat"] * 11 + ["table", "state-timeline"]
    table = dashboard["panels"][11]
    assert table["options"]["sortBy"] == [{"displayName": "Worst statistic", "desc": True}]


def test_the_variables_are_data_source_version_segment_window_and_feature(dashboard: dict[str, Any]) -> None:
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    shown = [name for name, variable in variables.items() if not variable["hide"]]
    assert shown == ["datasource", "version", "segment", "window", "feature"]
    assert variables.keys() - shown == {"measure", "estimate", "provisional"}, "only panels are repeated over them"
    assert variables["window"]["query"] == "1h,24h,7d"
    assert variables["window"]["current"]["value"] == "1h"
    for name in ("version", "feature"):
        assert variables[name]["current"] == {"selected": True, "text": ["All"], "value": [SELECT_ALL]}


def test_there_are_links_to_the_runbooks_and_to_the_other_dashboards(dashboard: dict[str, Any]) -> None:
    *others, runbooks = dashboard["links"]
    assert [link["title"] for link in others] == ["All models", "Exporters", "Models"]
    assert all(link["keepTime"] for link in others)
    assert runbooks["url"] == "https://runbooks.example.com/ml"


def test_without_runbooks_nothing_links_to_them(make_spec: Callable[..., ModelSpec]) -> None:
    assert "unbook" not in json.dumps(model_dashboard(make_spec()))


def test_the_graphs_have_annotations(dashboard: dict[str, Any]) -> None:
    alerts, promotions, retrainings = dashboard["annotations"]["list"]
    assert alerts["enable"]
    assert promotions["enable"]
    assert alerts["titleFormat"] == "{{alertname}}"
    assert promotions["titleFormat"] == "First predictions of version {{version}}"
    assert retrainings["useValueForTime"]
    assert retrainings["expr"].endswith("* 1000")  # Grafana's times are in milliseconds


def test_hostile_text_of_a_spec_stays_text(
    hostile_spec: ModelSpec, every_panel: EveryPanel, interpolate: Interpolate
) -> None:
    """It is only a value of matchers, and Grafana finds no variable in it."""
    dashboard = model_dashboard(hostile_spec)
    hostile = hostile_spec.metadata.labels["env"]
    for target in (target for panel in every_panel(dashboard) for target in panel["targets"]):
        for selector in selectors(promql_parser.parse(interpolate(target["expr"]))):
            for matcher in selector.matchers.matchers:
                assert matcher.value == hostile or matcher.name != "env"
    for panel in (panel for row in dashboard["panels"] for panel in (row, *row.get("panels", ()))):
        for target in panel.get("targets", ()):
            target["expr"] = ""
    for part in (*dashboard["annotations"]["list"], *dashboard["templating"]["list"]):
        part.update(expr="", query="", definition="")
    assert "</script>" not in json.dumps(dashboard)


def test_an_id_does_not_depend_on_the_panels_around_it(
    spec: ModelSpec, every_panel: EveryPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {panel["id"]: panel["title"] for panel in every_panel(model_dashboard(spec))}
    monkeypatch.setattr("dashboards.model.tiles", lambda *_: [])
    fewer = {panel["id"]: panel["title"] for panel in every_panel(model_dashboard(spec))}
    assert len(whole) == len(fewer) + 6
    assert fewer.items() < whole.items()
