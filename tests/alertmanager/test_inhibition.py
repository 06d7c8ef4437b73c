from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from itertools import permutations

import pytest

from amtool import labels_of, own_labels, routing_of
from examples import model
from exporter import catalogue
from exporter.catalogue import ALERTS, FEATURE, LAYER, MODEL, SEVERITY, SLO, VERSION, Alert, Layer
from stack import alertmanager, get_json, until

pytestmark = pytest.mark.e2e

FEATURES = {catalogue.FEATURE_BROKEN_ALERT, catalogue.FEATURE_DRIFT_HIGH, catalogue.FEATURE_INSENSITIVE}
PREDICTIONS = {alert for alert in ALERTS if alert.layer in (Layer.SCORE, Layer.PERFORMANCE)} - {catalogue.PROXY_UNUSUAL}
"""A proxy has no version, so drift of one version does not inhibit it."""
LABELS = {
    catalogue.LABELS_LATE,
    catalogue.LABEL_COVERAGE_LOW,
    catalogue.PERFORMANCE_WITHHELD,
    catalogue.LOG_ROWS_UNUSABLE,
}
BUDGETS = {alert for alert in ALERTS if alert.layer is Layer.OBJECTIVE}
SEGMENTS = {catalogue.SEGMENT_DRIFT_ALERT}
QUALITY = {catalogue.COLUMN_UNREADABLE, catalogue.FEATURE_NULLS_HIGH, catalogue.NEW_CATEGORIES}
DATA = (
    {catalogue.TRAFFIC_UNUSUAL, catalogue.DATA_UNREADABLE, catalogue.DATA_DRIFT_HIGH}
    | QUALITY
    | FEATURES
    | SEGMENTS
    | PREDICTIONS
    | {catalogue.PROXY_UNUSUAL}
    | LABELS
    | BUDGETS
)
INHIBITED_BY = {
    catalogue.EXPORTER_DOWN: {catalogue.WINDOW_STALE, catalogue.INFERENCE_LOGS_MISSING} | DATA,
    catalogue.WINDOW_STALE: DATA,
    catalogue.INFERENCE_LOGS_MISSING: DATA,
    catalogue.DATA_UNREADABLE: QUALITY | {catalogue.DATA_DRIFT_HIGH} | FEATURES | SEGMENTS | PREDICTIONS,
    catalogue.FEATURE_NULLS_HIGH: {catalogue.FEATURE_DRIFT_HIGH, catalogue.FEATURE_INSENSITIVE},
    catalogue.NEW_CATEGORIES: {catalogue.FEATURE_DRIFT_HIGH, catalogue.FEATURE_INSENSITIVE},
    catalogue.FEATURE_BROKEN_ALERT: {
        catalogue.FEATURE_NULLS_HIGH,
        catalogue.NEW_CATEGORIES,
        catalogue.FEATURE_DRIFT_HIGH,
    }
    | PREDICTIONS,
    catalogue.DATA_DRIFT_HIGH: FEATURES | SEGMENTS | PREDICTIONS,
    catalogue.BASE_RATE_SHIFT_ALERT: {catalogue.CALIBRATION_POOR},
    catalogue.ERROR_BUDGET_EXHAUSTED: {catalogue.ERROR_BUDGET_BURN_SLOW},
    catalogue.ERROR_BUDGET_BURN_FAST: {catalogue.ERROR_BUDGET_BURN_SLOW, catalogue.ERROR_BUDGET_EXHAUSTED},
}
"""Each cause, and the consequences that it inhibits; no other pairs inhibit each other."""

SIDES = (LAYER, SEVERITY)

LOADED = model()


def instance(alert: Alert, **labels: str) -> dict[str, str]:
    """An alert as Prometheus sends it: an alert on absent series has neither job nor namespace."""
    scraped = {} if alert is catalogue.EXPORTER_DOWN else {"job": "leeway", "namespace": "ml"}
    own = (
        {}
        if alert in (catalogue.EXPORTER_DOWN, catalogue.WINDOW_STALE)
        else dict.fromkeys(own_labels(alert.metric), "x")
    )
    fixed = labels_of(alert, LOADED)
    return {**own, **scraped, **fixed, **labels}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("alertmanager")
    routing = routing_of(LOADED, model({"name": "churn", "labels": {"region": "eu"}}))
    (folder / "alertmanager.json").write_text(json.dumps(routing))
    with alertmanager(folder / "run", folder / "alertmanager.json") as running:
        yield running


def post(address: str, alerts: list[dict[str, str]]) -> None:
    body = json.dumps([{"labels": labels} for labels in alerts]).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"http://{address}/api/v2/alerts", body, headers)).close()


def inhibited_alerts(address: str, alerts: list[dict[str, str]]) -> set[tuple[str, str]]:
    """The inhibited alerts, by model and name; no other test has alerts of these models."""
    # Alertmanager processes alerts in their order: when the last is inhibited, all before it have been processed.
    last = f"the last of {len(alerts)}: {alerts[0]}"
    pair = [instance(each, **{MODEL: last}) for each in (catalogue.EXPORTER_DOWN, catalogue.WINDOW_STALE)]
    post(address, alerts + pair)

    def inhibited() -> list[dict[str, str]]:
        known = get_json(f"http://{address}/api/v2/alerts")
        return [alert["labels"] for alert in known if alert["status"]["inhibitedBy"]]

    def settled() -> bool:
        return any(labels.get(MODEL) == last for labels in inhibited())

    models = {labels.get(MODEL) for labels in alerts}
    until(settled, within=30, what="the last alert to be inhibited")
    # While it answers, it processes them one by one in any order: only the next answer has the last of all.
    return {(labels.get(MODEL, ""), labels["alertname"]) for labels in inhibited() if labels.get(MODEL) in models}


def test_every_pair_of_alerts_of_one_model(address: str) -> None:
    # The rules name no model, so each pair has a model of its own.
    pairs = {f"{cause.name}-{other.name}": (cause, other) for cause, other in permutations(ALERTS, 2)}
    alerts = [instance(alert, **{MODEL: name}) for name, pair in pairs.items() for alert in pair]
    expected = {
        (name, other.name)
        for name, pair in pairs.items()
        for cause, other in (pair, pair[::-1])
        if other in INHIBITED_BY.get(cause, ())
    }
    assert inhibited_alerts(address, alerts) == expected


@pytest.mark.parametrize(
    ("cause", "consequence", "difference"),
    [
        (catalogue.EXPORTER_DOWN, catalogue.WINDOW_STALE, {MODEL: "another"}),
        (catalogue.EXPORTER_DOWN, catalogue.WINDOW_STALE, {"env": "staging"}),
        (catalogue.EXPORTER_DOWN, catalogue.WINDOW_STALE, {"region": "eu"}),
        (catalogue.WINDOW_STALE, catalogue.DATA_DRIFT_HIGH, {"namespace": "other"}),
        (catalogue.DATA_UNREADABLE, catalogue.COLUMN_UNREADABLE, {VERSION: "other"}),
        (catalogue.DATA_DRIFT_HIGH, catalogue.FEATURE_DRIFT_HIGH, {VERSION: "other"}),
        (catalogue.NEW_CATEGORIES, catalogue.FEATURE_DRIFT_HIGH, {FEATURE: "other"}),
        (catalogue.FEATURE_BROKEN_ALERT, catalogue.FEATURE_DRIFT_HIGH, {FEATURE: "other"}),
        (catalogue.FEATURE_BROKEN_ALERT, catalogue.PREDICTION_SCORE_SHIFT, {VERSION: "other"}),
        (catalogue.ERROR_BUDGET_BURN_FAST, catalogue.ERROR_BUDGET_BURN_SLOW, {SLO: "other"}),
    ],
)
def test_alerts_with_another_label_value_are_not_inhibited(
    address: str, cause: Alert, consequence: Alert, difference: dict[str, str]
) -> None:
    case = f"{cause.name} {difference}"
    different = [instance(cause, **{MODEL: case}), instance(consequence, **{MODEL: case} | difference)]
    equal = [instance(each, **{MODEL: f"{case}, equal"}) for each in (cause, consequence)]
    assert inhibited_alerts(address, different) == set()
    assert inhibited_alerts(address, equal) == {(f"{case}, equal", consequence.name)}


def test_other_alerts_with_a_layer_are_not_inhibited(address: str) -> None:
    cause = {"alertname": "Another", LAYER: "dataset", SEVERITY: "critical"}
    assert inhibited_alerts(address, [cause, {"alertname": "Other", LAYER: "feature", SEVERITY: "warning"}]) == set()


def test_no_alert_matches_both_sides_of_a_rule_and_none_inhibits_a_more_severe_one() -> None:
    severities = [severity.value for severity in catalogue.Severity]
    for rule in routing_of(LOADED)["inhibit_rules"]:
        source, target = (
            dict(matcher.replace("=~", "=").split("=", 1) for matcher in rule[f"{side}_matchers"])
            for side in ("source", "target")
        )
        sides = [label for label in (*SIDES, "alertname") if label in source]
        both = [set(source[label].strip('"').split("|")) & set(target[label].strip('"').split("|")) for label in sides]
        assert not all(both)
        least_severe = max(severities.index(each) for each in source[SEVERITY].strip('"').split("|"))
        assert all(severities.index(each) >= least_severe for each in target[SEVERITY].strip('"').split("|"))
