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


def test_a_cause_silences_its_consequence_wherever_it_stands() -> None:
    assert silenced(CAUSE, LOW) == [1]
    assert silenced(LOW, CAUSE) == [0]
    assert silenced(LOW) == []


@pytest.mark.parametrize("difference", [{"model": "b"}, {"env": "prod"}])
def test_a_consequence_elsewhere_is_told(difference: dict[str, str]) -> None:
    assert silenced(CAUSE, LOW | difference) == []


def test_missing_and_empty_labels_are_equal() -> None:
    assert silenced(CAUSE, LOW | {"env": ""}) == [1]


def test_an_alert_on_both_sides_silences_neither_itself_nor_its_like() -> None:
    assert silenced(BOTH) == []
    assert silenced(BOTH, BOTH | {"id": "2"}) == []


def test_an_alert_on_both_sides_silences_a_mere_target_and_is_silenced_by_a_mere_source() -> None:
    assert silenced(BOTH, LOW) == [1]
    assert silenced(CAUSE, BOTH) == [1]
    assert silenced(BOTH, BOTH | {"id": "2"}, CAUSE) == [0, 1]


def test_what_is_silenced_silences() -> None:
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
