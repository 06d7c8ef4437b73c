from __future__ import annotations

from typing import Any

import pytest
import yaml

from examples import RECEIVERS, model
from generator.documents import Documents, render
from generator.layout import MERGED, ROUTING
from generator.proof.check import Outcome
from generator.routing.merged import prove_merged
from generator.targets.merging import merge

ALERTING = {"page": {"webhook": RECEIVERS["webhook"]}, "ticket": {"slack": RECEIVERS["slack"]}}
MODELS = tuple(model({"name": name}, alerting=ALERTING) for name in ("fraud", "churn"))
KUBE_PROMETHEUS: dict[str, Any] = {
    "route": {
        "group_by": ["namespace"],
        "receiver": "Default",
        "routes": [
            {"matchers": ["alertname = Watchdog"], "receiver": "Watchdog"},
            {"matchers": ["alertname = InfoInhibitor"], "receiver": "null"},
            {"matchers": ["severity = critical"], "receiver": "Critical"},
        ],
    },
    "receivers": [{"name": name} for name in ("Default", "Watchdog", "Critical", "null")],
    "inhibit_rules": [
        {
            "source_matchers": ["severity = critical"],
            "target_matchers": ["severity =~ warning|info"],
            "equal": ["namespace", "alertname"],
        },
        {
            "source_matchers": ["severity = warning"],
            "target_matchers": ["severity = info"],
            "equal": ["namespace", "alertname"],
        },
        {
            "source_matchers": ["alertname = InfoInhibitor"],
            "target_matchers": ["severity = info"],
            "equal": ["namespace"],
        },
    ],
}
"""What kube-prometheus ships as alertmanager.yml."""
CRITICAL, WARNING = ["severity = critical"], ["severity = warning"]


@pytest.fixture(scope="module")
def documents() -> Documents:
    return render(MODELS)


def proved(documents: Documents, theirs: dict[str, Any]) -> list[Outcome]:
    merged = merge(yaml.safe_dump(theirs), yaml.safe_load(documents[ROUTING]), "alertmanager.yml")
    return list(prove_merged(documents | {MERGED: merged}))


def test_nothing_is_tested_where_nothing_is_merged(documents: Documents) -> None:
    assert not list(prove_merged(documents))


def test_the_configuration_of_kube_prometheus_passes(documents: Documents) -> None:
    outcomes = proved(documents, KUBE_PROMETHEUS)
    assert len(outcomes) == 4
    assert all(outcome.ok and "\n" not in str(outcome) for outcome in outcomes)


def test_a_route_at_the_head_that_continues_is_an_addition(documents: Documents) -> None:
    archive = {"receiver": "Watchdog", "continue": True}
    route = KUBE_PROMETHEUS["route"] | {"routes": [archive, *KUBE_PROMETHEUS["route"]["routes"]]}
    assert all(outcome.ok for outcome in proved(documents, KUBE_PROMETHEUS | {"route": route}))


def test_a_route_that_takes_the_alerts_fails(documents: Documents) -> None:
    merged = yaml.safe_load(merge(yaml.safe_dump(KUBE_PROMETHEUS), yaml.safe_load(documents[ROUTING]), "theirs"))
    merged["route"]["routes"].insert(0, {"matchers": CRITICAL, "receiver": "Critical"})
    outcome = next(prove_merged(documents | {MERGED: yaml.safe_dump(merged)}))
    assert not outcome.ok
    assert "does not reach fraud-page once, but Critical" in outcome.detail


@pytest.mark.parametrize("equal", [[], ["namespace", "service"], ["namespace", "team"]])
def test_a_rule_through_which_one_model_silences_another_is_named(documents: Documents, equal: list[str]) -> None:
    rule = {"source_matchers": CRITICAL, "target_matchers": WARNING, "equal": equal}
    theirs = KUBE_PROMETHEUS | {"inhibit_rules": [*KUBE_PROMETHEUS["inhibit_rules"], rule]}
    failed = [outcome for outcome in proved(documents, theirs) if not outcome.ok]
    assert len(failed) == 1
    assert '"severity = critical"' in failed[0].what
    assert "would silence" in failed[0].detail
    assert "add model to its `equal`" in failed[0].detail


def test_a_rule_that_silences_another_alert_of_the_same_model_is_named_unless_it_follows(documents: Documents) -> None:
    rule = {"source_matchers": CRITICAL, "target_matchers": WARNING, "equal": ["model"]}
    (failed,) = [each for each in proved(documents, KUBE_PROMETHEUS | {"inhibit_rules": [rule]}) if not each.ok]
    assert "LeewayExporterDown of churn would silence" not in failed.detail  # what follows from it is silent anyway
    rule["source_matchers"] = ["alertname = LeewayExporterDown"]
    rule["target_matchers"] = ["alertname = MLFeatureDriftHigh"]
    assert all(each.ok for each in proved(documents, KUBE_PROMETHEUS | {"inhibit_rules": [rule]}))


def test_what_only_go_can_read_is_said_and_does_not_fail(documents: Documents) -> None:
    rule = {"source_matchers": [r'team =~ "\\pL+"'], "target_matchers": WARNING}
    (outcome,) = proved(documents, KUBE_PROMETHEUS | {"inhibit_rules": [rule]})
    assert outcome.ok
    assert "not tested" in outcome.what
