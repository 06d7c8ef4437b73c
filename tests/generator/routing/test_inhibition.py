from __future__ import annotations

import pytest

from generator.routing.inhibition import Rule, rules

(RULE,) = rules(
    {"inhibit_rules": [{"source_matchers": ["kind=cause"], "target_matchers": ["tier=low"], "equal": ["model", "env"]}]}
)
CAUSE, LOW = {"kind": "cause", "model": "a"}, {"tier": "low", "model": "a"}
BOTH = CAUSE | LOW


def silenced(*firing: dict[str, str], rule: Rule = RULE) -> list[int]:
    return list(rule.inhibited(firing))


def test_a_source_inhibits_a_target_in_any_order() -> None:
    assert silenced(CAUSE, LOW) == [1]
    assert silenced(LOW, CAUSE) == [0]
    assert silenced(LOW) == []


@pytest.mark.parametrize("difference", [{"model": "b"}, {"env": "prod"}])
def test_a_target_with_another_label_is_not_inhibited(difference: dict[str, str]) -> None:
    assert silenced(CAUSE, LOW | difference) == []


def test_missing_and_empty_labels_are_equal() -> None:
    assert silenced(CAUSE, LOW | {"env": ""}) == [1]


def test_alerts_on_both_sides_do_not_inhibit_each_other() -> None:
    assert silenced(BOTH) == []
    assert silenced(BOTH, BOTH | {"id": "2"}) == []


def test_an_alert_on_both_sides_inhibits_a_target_and_is_inhibited_by_a_source() -> None:
    assert silenced(BOTH, LOW) == [1]
    assert silenced(CAUSE, BOTH) == [1]
    assert silenced(BOTH, BOTH | {"id": "2"}, CAUSE) == [0, 1]


def test_an_inhibited_alert_inhibits() -> None:
    first, second = rules(
        {
            "inhibit_rules": [
                {"source_matchers": ["n=1"], "target_matchers": ["n=2"]},
                {"source_matchers": ["n=2"], "target_matchers": ["n=3"]},
            ]
        }
    )
    chain = [{"n": "1"}, {"n": "2"}, {"n": "3"}]
    assert [silenced(*chain, rule=rule) for rule in (first, second)] == [[1], [2]]


def test_a_configuration_may_have_none() -> None:
    assert rules({}) == ()
