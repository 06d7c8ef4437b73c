from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from examples import BODY, model
from exporter import catalogue
from exporter.catalogue import DECISION, MODEL
from exporter.retraining.hook import Decision
from promtool import firing, rules_of, series

NAME = catalogue.RETRAINING_NOT_STARTED.name
ARGO = {"url": "https://argo-server.argo:2746", "namespace": "ml", "event": "drift", "template": "retrain"}
WITH_HOOK = BODY["alerting"]["retrain"]


def decided(decision: Decision, name: str = "fraud", instance: str = "a") -> str:
    """A counter of the hook, without the model's constant labels."""
    labels = {MODEL: name, DECISION: decision, "instance": instance, "job": "hook"}
    return series(catalogue.RETRAIN_DECISIONS_TOTAL, labels)


def alert(decision: Decision) -> dict[str, str]:
    return {MODEL: "fraud", DECISION: decision, "job": "hook"}


@pytest.mark.parametrize(
    ("alerting", "has"), [({}, False), ({"retrain": {"argo": ARGO}}, False), ({"retrain": WITH_HOOK}, True)]
)
def test_only_a_model_with_the_hook_has_the_rule(alerting: dict[str, Any], has: bool) -> None:
    assert (NAME in rules_of(model(alerting=alerting))) is has


def test_the_rule_reads_every_decision_after_which_alertmanager_tries_again_and_no_other() -> None:
    again = "|".join(sorted(decision for decision in Decision if decision.should_retry))
    assert f'{{model="fraud",{DECISION}=~"{again}"}}[10m]' in rules_of(model())[NAME]["expr"]


@pytest.mark.parametrize("decision", [Decision.FAILED, Decision.NO_ANSWER])
def test_the_first_failure_after_0_counts_and_a_failure_must_last(decision: Decision, tmp_path: Path) -> None:
    lasting = {decided(decision): "0x4 1+1x40"}
    firing(rules_of(model())[NAME], lasting, "19m", [], tmp_path)
    firing(rules_of(model())[NAME], lasting, "20m", [alert(decision)], tmp_path)


def test_a_failure_that_is_over_at_the_next_attempt_does_not_fire(tmp_path: Path) -> None:
    once = {decided(Decision.FAILED): "0x4 3x40", decided(Decision.STARTED): "0x5 1x40"}
    for moment in ("6m", "15m", "20m", "30m"):
        firing(rules_of(model())[NAME], once, moment, [], tmp_path)


def test_an_attempt_every_five_minutes_counts_as_continuous(tmp_path: Path) -> None:
    slow = {decided(Decision.NO_ANSWER): "0x4 " + " ".join(f"{count}x4" for count in range(1, 9))}
    firing(rules_of(model())[NAME], slow, "30m", [alert(Decision.NO_ANSWER)], tmp_path)


def test_a_hook_that_restarts_and_counts_from_0_still_fires(tmp_path: Path) -> None:
    restarted = {decided(Decision.FAILED): "0x4 1+1x5 0x0 1+1x30"}
    firing(rules_of(model())[NAME], restarted, "20m", [alert(Decision.FAILED)], tmp_path)


@pytest.mark.parametrize("decision", [each for each in Decision if not each.should_retry])
def test_other_decisions_do_not_fire(decision: Decision, tmp_path: Path) -> None:
    firing(rules_of(model())[NAME], {decided(decision): "0x4 1+1x40"}, "30m", [], tmp_path)


def test_a_failure_of_another_model_does_not_fire(tmp_path: Path) -> None:
    firing(rules_of(model())[NAME], {decided(Decision.FAILED, "churn"): "0x4 1+1x40"}, "30m", [], tmp_path)
