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

FEATURES = {catalogue.FEATURE_DRIFT_HIGH}
ANSWERS = {alert for alert in ALERTS if alert.layer in (Layer.SCORE, Layer.PERFORMANCE)} - {catalogue.PROXY_UNUSUAL}
"""A proxy is of no version, so drift of one version does not silence it."""
LABELS = {catalogue.LABELS_LATE, catalogue.LABEL_COVERAGE_LOW}
BUDGETS = {alert for alert in ALERTS if alert.layer is Layer.OBJECTIVE}
SEGMENTS = {catalogue.SEGMENT_DRIFT_ALERT}
DATA = (
    {catalogue.TRAFFIC_UNUSUAL, catalogue.FEATURE_NULLS_HIGH, catalogue.NEW_CATEGORIES, catalogue.DATA_DRIFT_HIGH}
    | FEATURES
    | SEGMENTS
    | ANSWERS
    | {catalogue.PROXY_UNUSUAL}
    | LABELS
    | BUDGETS
)
SILENCED_BY = {
    catalogue.EXPORTER_DOWN: {catalogue.WINDOW_STALE, catalogue.INFERENCE_LOGS_MISSING} | DATA,
    catalogue.WINDOW_STALE: DATA,
    catalogue.INFERENCE_LOGS_MISSING: DATA,
    catalogue.FEATURE_NULLS_HIGH: FEATURES,
    catalogue.NEW_CATEGORIES: FEATURES,
    catalogue.DATA_DRIFT_HIGH: FEATURES | SEGMENTS | ANSWERS,
    catalogue.ERROR_BUDGET_BURN_FAST: {catalogue.ERROR_BUDGET_BURN_SLOW, catalogue.ERROR_BUDGET_EXHAUSTED},
}
"""Each cause, and the consequences that it silences; all other pairs leave each other alone."""

SIDES = (LAYER, SEVERITY)

LOADED = model()


def instance(alert: Alert, **labels: str) -> dict[str, str]:
    """An alert as Prometheus sends it: what no series made has neither job nor namespace."""
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


def silenced(address: str, alerts: list[dict[str, str]]) -> set[tuple[str, str]]:
    """Which of the alerts are inhibited, by model and name; no alert of another test has one of these models."""
    # Alertmanager takes alerts on in their order: once the last is inhibited, all before it have been looked at.
    last = f"the last of {len(alerts)}: {alerts[0]}"
    pair = [instance(each, **{MODEL: last}) for each in (catalogue.EXPORTER_DOWN, catalogue.WINDOW_STALE)]
    post(address, alerts + pair)

    def inhibited() -> list[dict[str, str]]:
        known = get_json(f"http://{address}/api/v2/alerts")
        return [one["labels"] for one in known if one["status"]["inhibitedBy"]]

    def settled() -> bool:
        return any(labels.get(MODEL) == last for labels in inhibited())

    models = {labels.get(MODEL) for labels in alerts}
    until(settled, within=30, what="the last alert to be inhibited")
    # It looks at them one by one, in any order, while it answers: only the next answer knows the last of all.
    return {(labels.get(MODEL, ""), labels["alertname"]) for labels in inhibited() if labels.get(MODEL) in models}


def test_every_pair_of_alerts_of_one_model(address: str) -> None:
    # The rules name no model, so each pair has a model of its own.
    pairs = {f"{cause.name}-{other.name}": (cause, other) for cause, other in permutations(ALERTS, 2)}
    alerts = [instance(alert, **{MODEL: name}) for name, pair in pairs.items() for alert in pair]
    expected = {
        (name, other.name)
        for name, pair in pairs.items()
        for cause, other in (pair, pair[::-1])
        if other in SILENCED_BY.get(cause, ())
    }
    assert silenced(address, alerts) == expected


@pytest.mark.parametrize(
    ("cause", "consequence", "difference"),
    [
        (catalogue.EXPORTER_DOWN, catalogue.WINDOW_STALE, {MODEL: "another"}),
        (catalogue.EXPORTER_DOWN, catalogue.WINDOW_STALE, {"env": "staging"}),
        (catalogue.EXPORTER_DOWN, catalogue.WINDOW_STALE, {"region": "eu"}),
        (catalogue.WINDOW_STALE, catalogue.DATA_DRIFT_HIGH, {"namespace": "other"}),
        (catalogue.DATA_DRIFT_HIGH, catalogue.FEATURE_DRIFT_HIGH, {VERSION: "other"}),
        (catalogue.NEW_CATEGORIES, catalogue.FEATURE_DRIFT_HIGH, {FEATURE: "other"}),
        (catalogue.ERROR_BUDGET_BURN_FAST, catalogue.ERROR_BUDGET_BURN_SLOW, {SLO: "other"}),
    ],
)
def test_what_differs_where_it_matters_is_not_silenced(
    address: str, cause: Alert, consequence: Alert, difference: dict[str, str]
) -> None:
    case = f"{cause.name} {difference}"
    apart = [instance(cause, **{MODEL: case}), instance(consequence, **{MODEL: case} | difference)]
    together = [instance(each, **{MODEL: f"{case}, together"}) for each in (cause, consequence)]
    assert silenced(address, apart) == set()
    assert silenced(address, together) == {(f"{case}, together", consequence.name)}


def test_alerts_of_others_that_have_a_layer_are_not_silenced(address: str) -> None:
    cause = {"alertname": "Another", LAYER: "dataset", SEVERITY: "critical"}
    assert silenced(address, [cause, {"alertname": "Other", LAYER: "feature", SEVERITY: "warning"}]) == set()


def test_no_alert_is_on_both_sides_of_a_rule_and_none_silences_a_louder_one() -> None:
    loudness = [severity.value for severity in catalogue.Severity]
    for rule in routing_of(LOADED)["inhibit_rules"]:
        source, target = (
            dict(matcher.replace("=~", "=").split("=", 1) for matcher in rule[f"{side}_matchers"])
            for side in ("source", "target")
        )
        both = [set(source[label].strip('"').split("|")) & set(target[label].strip('"').split("|")) for label in SIDES]
        assert not all(both)
        quietest = max(loudness.index(each) for each in source[SEVERITY].strip('"').split("|"))
        assert all(loudness.index(each) >= quietest for each in target[SEVERITY].strip('"').split("|"))
