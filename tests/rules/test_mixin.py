from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml

from amtool import routing_of
from examples import HOSTILE, hostile_model, model, run
from exporter import catalogue
from exporter.catalogue import ALERTS, LAYER, MODEL, SEVERITY, SLO, TEAM, VERSION, Alert, Layer, Severity
from exporter.spec.loading import LoadedSpec
from exporter.spec.value_types import parse_duration
from generator.routing import inhibition as routing
from promtool import groups_of, rules_of

OUTAGES = {Layer.EXPORTER, Layer.FRESHNESS}
VALUES = {VERSION: "v3", catalogue.FEATURE: "age", "namespace": "ml"}


@pytest.fixture(scope="module")
def groups() -> list[dict[str, Any]]:
    return groups_of(model())


def test_each_subject_has_a_group_in_the_order_of_the_layers_but_quality_and_drift_share_one(
    groups: list[dict[str, Any]],
) -> None:
    assert [group["name"].removeprefix("leeway-fraud-") for group in groups] == [
        "exporter",
        "retraining",
        "freshness",
        "traffic",
        "labels",
        "inputs",
        "segments",
        "scores",
        "performance",
        "proxies",
        "objectives",
    ]
    assert {rule["alert"] for group in groups for rule in group["rules"]} == {alert.name for alert in ALERTS}


def sent_twice(groups: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Each page, after a cause on the same values that inhibits it, which can fire before its cause does.

    Groups are evaluated up to a minute apart. In one group rules are evaluated in their order, at one moment. Without
    an exporter or rows there are no values: those causes begin at other moments than their consequences.
    """
    inhibition = routing.rules(routing_of(model()))
    placed = [(group["name"], place, rule) for group in groups for place, rule in enumerate(group["rules"])]
    found = set()
    for (group, place, cause), (other, later, page) in permutations(placed, 2):
        firing = [rule["labels"] | VALUES | {"alertname": rule["alert"]} for rule in (cause, page)]
        if not any(1 in list(rule.inhibited(firing)) for rule in inhibition):
            continue
        if page["labels"][SEVERITY] == Severity.CRITICAL and cause["labels"][LAYER] not in OUTAGES:
            waits = parse_duration(page["for"]) - parse_duration(cause["for"])
            together = group == other and place < later and waits >= timedelta()
            if not together and waits <= timedelta(minutes=1):
                found.add((cause["alert"], page["alert"]))
    return found


def test_one_incident_is_one_page_also_where_groups_are_evaluated_a_minute_apart(groups: list[dict[str, Any]]) -> None:
    assert sent_twice(groups) == set()
    apart = [{"name": rule["alert"], "rules": [rule]} for group in groups for rule in group["rules"]]
    unreadable, drift = catalogue.DATA_UNREADABLE.name, catalogue.DATA_DRIFT_HIGH.name
    broken = catalogue.FEATURE_BROKEN_ALERT.name
    assert sent_twice(apart) == {(unreadable, drift), (unreadable, broken), (drift, broken)}


@pytest.fixture(scope="module")
def rules(groups: list[dict[str, Any]]) -> dict[str, Any]:
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_has_all_labels_and_annotations(alert: catalogue.Alert, rules: dict[str, Any]) -> None:
    rule = rules[alert.name]
    assert set(rule) == {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
    assert rule["labels"] == {
        MODEL: "fraud",
        "env": "prod",
        TEAM: "ml-platform",
        SEVERITY: alert.severity,
        LAYER: alert.layer,
        SLO: "ranking" if alert.layer is Layer.OBJECTIVE else "none",
    }
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert rule["annotations"]["runbook_url"] == f"https://runbooks.example.com/ml/{alert.name}"


def test_a_score_is_compared_with_its_threshold_in_the_windows_that_alert() -> None:
    rule = rules_of(model(windows=["1h", "24h", "7d"]))[catalogue.FEATURE_DRIFT_HIGH.name]
    score, threshold = catalogue.FEATURE_PSI.name, catalogue.FEATURE_PSI_THRESHOLD.name
    assert rule["expr"] == (
        "max without (instance, pod, endpoint, container) (\n"
        f'  {score}{{model="fraud",env="prod",window=~"1h|24h",segment=""}}\n'
        ")\n"
        ">\n"
        "max without (instance, pod, endpoint, container) (\n"
        f'  {threshold}{{model="fraud",env="prod",window=~"1h|24h",segment=""}}\n'
        ")"
    )


def test_one_window_has_an_equality_matcher() -> None:
    rule = rules_of(model(windows=["1h", "24h"], alerting={"windows": ["24h"]}))[catalogue.DATA_DRIFT_HIGH.name]
    assert rule["expr"].count('window="24h"') == 2


@pytest.mark.parametrize(
    ("interval", "waits"),
    [
        ("1m", {"5m", "10m", "12m", "15m", "30m", "1h"}),
        ("5m", {"5m", "10m", "12m", "15m", "30m", "1h"}),
        ("20m", {"5m", "25m", "27m", "30m", "1h"}),
        ("1h", {"5m", "65m", "67m", "30m", "1h", "3h"}),
    ],
)
def test_an_alert_waits_for_more_than_one_refresh(interval: str, waits: set[str]) -> None:
    rules = rules_of(model(refresh={"interval": interval})).values()
    assert {rule["for"] for rule in rules} == waits


def test_a_cause_waits_no_longer_than_its_consequence() -> None:
    rules = rules_of(model())
    causes = [
        catalogue.DATA_UNREADABLE,
        catalogue.COLUMN_UNREADABLE,
        catalogue.FEATURE_NULLS_HIGH,
        catalogue.NEW_CATEGORIES,
        catalogue.DATA_DRIFT_HIGH,
    ]
    consequences = [catalogue.FEATURE_DRIFT_HIGH, catalogue.PREDICTION_SCORE_SHIFT]
    assert {rules[alert.name]["for"] for alert in causes} == {"10m"}
    assert {rules[alert.name]["for"] for alert in consequences} == {"12m"}


def test_a_stale_window_waits_for_the_refresh_timeout() -> None:
    rules = rules_of(model(refresh={"timeout": "2h"}))
    assert rules[catalogue.WINDOW_STALE.name]["for"] == "2h"


@pytest.mark.parametrize(("unknown", "annotation"), [("runbooks", "runbook_url"), ("grafana", "dashboard_url")])
def test_an_address_that_is_not_known_is_left_out(unknown: str, annotation: str) -> None:
    annotations = {"summary", "description", "runbook_url", "dashboard_url"} - {annotation}
    for rule in rules_of(model({unknown: None})).values():
        assert set(rule["annotations"]) == annotations


LOG = {"source": {"local": "log/%Y-%m-%dT%H.parquet"}}


def test_rules_that_could_never_fire_are_left_out() -> None:
    log = {"source": {"local": "log/%H.parquet"}}
    without_predictions = model(inference=log, features=[{"name": "age", "type": "numeric"}], proxies=[])
    prediction_layers = (Layer.LABELS, Layer.SCORE, Layer.PERFORMANCE, Layer.OBJECTIVE)
    scores = {alert.name for alert in ALERTS if alert.layer in prediction_layers}
    assert set(rules_of(without_predictions)) == {alert.name for alert in ALERTS} - scores - {
        catalogue.NEW_CATEGORIES.name,
        catalogue.SEGMENT_DRIFT_ALERT.name,
    }


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        (
            {"task": "regression"},
            {
                catalogue.PREDICTION_CLASS_SHIFT,
                catalogue.CONFIDENCE_SHIFT,
                catalogue.CALIBRATION_POOR,
                catalogue.RETRAINING_NOT_STARTED,
            },
        ),
        ({"alerting": {}}, {catalogue.RETRAINING_NOT_STARTED}),
        ({"inference": LOG | {"columns": {"score": "score"}}}, {catalogue.PREDICTION_CLASS_SHIFT}),
        ({"segments": []}, {catalogue.SEGMENT_DRIFT_ALERT}),
        (
            {"inference": LOG | {"columns": {"prediction": "decision"}}},
            {
                catalogue.PREDICTION_SCORE_SHIFT,
                catalogue.PREDICTION_DISTRIBUTION_SHIFT,
                catalogue.CONFIDENCE_SHIFT,
                catalogue.CALIBRATION_POOR,
                catalogue.CONCEPT_DRIFT_ALERT,
                catalogue.BASE_RATE_SHIFT_ALERT,
                catalogue.LABELS_LATE,
                catalogue.LABEL_COVERAGE_LOW,
                catalogue.PERFORMANCE_WITHHELD,
                catalogue.LOG_ROWS_UNUSABLE,
                catalogue.ERROR_BUDGET_BURN_FAST,
                catalogue.ERROR_BUDGET_BURN_SLOW,
                catalogue.ERROR_BUDGET_EXHAUSTED,
            },
        ),
        ({"reference": {"source": {"local": "reference.parquet"}}}, {catalogue.CONCEPT_DRIFT_ALERT}),
        ({"reference": {"trailing": "4w"}}, set()),
        ({"reference": {"period": {"from": "2026-09-01", "to": "2026-09-28"}}}, set()),
    ],
)
def test_the_alerts_on_predictions_depend_on_the_columns_of_the_log(body: dict[str, Any], missing: set[Alert]) -> None:
    assert set(rules_of(model(**body))) == {alert.name for alert in set(ALERTS) - missing}


@pytest.mark.parametrize(("scores", "has_alert"), [({"a": "p_a", "b": "p_b", "c": "p_c"}, True), ({}, False)])
def test_a_multiclass_model_has_the_alerts_on_scores_and_labels_if_each_class_has_a_score(
    scores: dict[str, str], has_alert: bool, tmp_path: Path
) -> None:
    columns = {"prediction_id": "id", "prediction": "decision", "score": "score", "scores": scores}
    loaded = model(task="multiclass_classification", inference=LOG | {"columns": columns}, slos=[])
    groups = groups_of(loaded)
    names = {rule["alert"] for group in groups for rule in group["rules"]}
    for alert in (catalogue.CONCEPT_DRIFT_ALERT, catalogue.BASE_RATE_SHIFT_ALERT):
        assert (alert.name in names) is has_alert
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}, allow_unicode=True))
    accepted, output = run(["promtool", "check", "rules", "--lint-fatal", "rules.yaml"], tmp_path)
    assert accepted, output


@pytest.mark.parametrize("loaded", [model(), hostile_model(), model({"labels": {}})], ids=["plain", "hostile", "bare"])
def test_promtool_accepts_the_rules(loaded: LoadedSpec, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups_of(loaded)}, allow_unicode=True))
    accepted, output = run(["promtool", "check", "rules", "--lint-fatal", "rules.yaml"], tmp_path)
    assert accepted, output


def test_hostile_text_is_quoted_in_queries_and_escaped_in_templates() -> None:
    rule: dict[str, Any] = rules_of(hostile_model())[catalogue.NEW_CATEGORIES.name]
    quoted = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    assert rule["expr"].count(f'env="{quoted}"') == 2
    assert rule["labels"]["env"] == rule["labels"][TEAM] == HOSTILE.replace("{", '{{"{"}}')
