from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from examples import model
from generator.proof.parts import parts
from promtool import rendered, verdict, whole_verdict


def rule(alert: str, expr: str = "x > 1") -> dict[str, Any]:
    return {"alert": alert, "expr": expr}


def case(*alerts: str) -> dict[str, Any]:
    return {"alert_rule_test": [{"alertname": alert} for alert in alerts]}


RECORD = {"record": "x", "expr": "y"}
RULES = [
    {
        "groups": [
            {"name": "one", "interval": "5m", "rules": [rule("A"), RECORD]},
            {"name": "two", "rules": [rule("B")]},
        ]
    }
]


def names(group: dict[str, Any]) -> list[str]:
    return [each.get("alert", "record") for each in group["rules"]]


def made(tests: list[dict[str, Any]], rules: list[dict[str, Any]] = RULES) -> list[tuple[list[list[str]], int]]:
    """Return, for each part, the names of the rules in each group, and the number of tests."""
    found = list(parts({"evaluation_interval": "1m", "tests": tests}, rules))
    assert all(part.proof["evaluation_interval"] == "1m" for part in found)
    return [(list(map(names, part.rules["groups"])), len(part.proof["tests"])) for part in found]


def test_each_alert_has_its_own_rules_and_all_recording_rules() -> None:
    assert made([case("A"), case("B", "B"), case("A")]) == [([["A", "record"]], 2), ([["record"], ["B"]], 1)]


def test_a_test_of_two_alerts_has_the_rules_of_both() -> None:
    assert made([case("A", "B")]) == [([["A", "record"], ["B"]], 1)]


def query(*expressions: str) -> dict[str, Any]:
    return {"promql_expr_test": [{"expr": expression} for expression in expressions]}


@pytest.mark.parametrize(
    ("expression", "alerts"),
    [
        ("x", [["record"]]),
        ('count(ALERTS{alertname="B",alertstate="firing"})', [["record"], ["B"]]),
        ('ALERTS{alertname="A"} or ALERTS_FOR_STATE{alertname="B"}', [["A", "record"], ["B"]]),
        ('ALERTS{alertname="A"} or ALERTS{alertstate="firing"}', [["A", "record"], ["B"]]),
        ('ALERTS{alertname=~"B|C"}', [["A", "record"], ["B"]]),
        ('ALERTS{alertname="\\\\x42"}', [["A", "record"], ["B"]]),
        ('{__name__=~"ALERT."}', [["A", "record"], ["B"]]),
    ],
)
def test_a_test_of_an_expression_has_the_alerts_that_it_names(expression: str, alerts: list[list[str]]) -> None:
    assert made([query(expression)]) == [(alerts, 1)]


def test_a_test_of_an_alert_and_an_expression_has_the_rules_of_both() -> None:
    assert made([case("B") | query('ALERTS{alertname="A"}')]) == [([["A", "record"], ["B"]], 1)]


def test_rules_that_query_alerts_are_not_split() -> None:
    asking = [{"groups": [{"name": "one", "rules": [rule("A"), rule("B", 'count(ALERTS{alertname="A"}) > 1')]}]}]
    assert made([case("A"), case("B")], asking) == [([["A", "B"]], 2)]


def test_other_keys_of_a_group_stay() -> None:
    [part] = parts({"tests": [case("A")]}, RULES)
    assert part.rules["groups"][0] == {"name": "one", "interval": "5m", "rules": [rule("A"), RECORD]}


@pytest.mark.parametrize("broken", [False, True])
def test_the_parts_pass_if_and_only_if_the_whole_passes(broken: bool, tmp_path: Path) -> None:
    rules, proof = rendered(model(windows=["1h"]))
    few = [next(iter(group["rules"])) for group in rules["groups"]][-2:]
    rules = {"groups": [{"name": "few", "rules": copy.deepcopy(few)}]}
    proof["tests"] = [group for group in proof["tests"] if group["name"].split(":")[0] in {one["alert"] for one in few}]
    if broken:
        rules["groups"][0]["rules"][-1]["for"] = "2h"
    assert whole_verdict(rules, proof, tmp_path)[0] is verdict(rules, proof, tmp_path)[0] is not broken
