"""A test file in parts: the tests of each alert, with the rules that they can depend on.

promtool evaluates every rule at every step of every test, and compares only the alerts that the test names. Without the
rules of the other alerts the result is the same, in less time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

Document = dict[str, Any]

_ALERTS: Final = "ALERTS"
"""The series through which an expression can depend on the alerts of other rules."""
_QUERIED: Final = re.compile(_ALERTS + r'(?:_FOR_STATE)?\{alertname="([^"\\]+)"')
"""An alert by whose name an expression selects that series."""


class Part(NamedTuple):
    """Some tests of a test file, and the rules that they need; its `rule_files` are still those of the whole."""

    rules: Document
    proof: Document


def parts(proof: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    """Split a test file by the alerts that its tests name.

    Args:
        proof: a test file of promtool.
        rules: the rule files that it names.

    Yields:
        Parts that all pass if and only if the whole passes. A test of expressions that query alerts not only by
        name keeps all rules, and so do all tests when a rule queries the alerts of other rules.
    """
    groups = [group for file in rules for group in file["groups"]]
    by_alerts: dict[frozenset[str] | None, list[Any]] = {}
    for test in proof["tests"]:
        by_alerts.setdefault(None if _query_alerts(groups) else _alerts(test), []).append(test)
    for alerts, tests in by_alerts.items():
        needed = groups if alerts is None else list(_needed(groups, alerts))
        compared = any(case.get("exp_alerts") for test in tests for case in test.get("alert_rule_test", ()))
        yield Part({"groups": needed if compared else list(_without_texts(needed))}, {**proof, "tests": tests})


def _alerts(test: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the alerts whose rules a test needs; None are all."""
    compared = {case["alertname"] for case in test.get("alert_rule_test", ())}
    expressions = [case["expr"] for case in test.get("promql_expr_test", ())]
    queried = [name for each in expressions for name in _QUERIED.findall(each)]
    all_named = len(queried) == sum(each.count(_ALERTS) for each in expressions)
    by_name = all_named and not any("__name__" in each for each in expressions)
    return frozenset(compared.union(queried)) if by_name else None


def _query_alerts(groups: Sequence[Mapping[str, Any]]) -> bool:
    return any(_ALERTS in rule["expr"] for group in groups for rule in group["rules"])


def _needed(groups: Sequence[Mapping[str, Any]], alerts: frozenset[str]) -> Iterator[Document]:
    for group in groups:
        rules = [rule for rule in group["rules"] if rule.get("alert", "") in alerts or "record" in rule]
        if rules:
            yield {**group, "rules": rules}


def _without_texts(groups: Sequence[Mapping[str, Any]]) -> Iterator[Document]:
    """Yield groups whose rules have no annotations: their queries run at each step, and no test compares them."""
    for group in groups:
        rules = [{key: value for key, value in rule.items() if key != "annotations"} for rule in group["rules"]]
        yield {**group, "rules": rules}
