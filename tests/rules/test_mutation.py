"""The generated tests find mistakes in the generated rules: a sample of the mutants of `make mutate`."""

from __future__ import annotations

import random

import pytest

from exporter import catalogue
from exporter.spec.loading import load_all
from generator.jsonnet import LIBRARY
from mutation import Mutant, mutants, of_model, survives
from promtool import rules_of

SAMPLE = 30
(LOADED,) = load_all([LIBRARY / "tests" / "specs" / "valid" / "binary.yaml"])
MUTANTS, PROOFS = of_model(LOADED)


@pytest.mark.parametrize(
    "mutant", random.Random(1).sample(MUTANTS, SAMPLE), ids=lambda mutant: f"{mutant.alert}: {mutant.what}"
)
def test_a_mutant_fails_the_tests(mutant: Mutant) -> None:
    assert not survives(mutant, PROOFS)


def test_a_rule_without_a_mistake_passes_the_tests() -> None:
    alert = MUTANTS[0].alert
    assert survives(Mutant("churn_v2", alert, "nothing", rules_of(LOADED)[alert]), PROOFS)


def test_every_alert_that_compares_has_mutants() -> None:
    absent = {catalogue.EXPORTER_DOWN, catalogue.SPEC_MISMATCH}
    assert {each.alert for each in MUTANTS} == set(rules_of(LOADED)) - {alert.name for alert in absent}


def test_comparisons_limits_and_conditions_are_mutated() -> None:
    by_name = dict(mutants("a\n> 3\nunless (\n  b\n  <= 0\n)\nor\nc"))
    assert by_name["> -> >= (line 2)"] == "a\n>= 3\nunless (\n  b\n  <= 0\n)\nor\nc"
    assert by_name["limit x 2 (line 2)"] == "a\n> 2 * 3\nunless (\n  b\n  <= 0\n)\nor\nc"
    assert by_name["no unless (line 3)"] == "a\n> 3\nor\nc"
    assert by_name["unless -> and (line 3)"] == "a\n> 3\nand (\n  b\n  <= 0\n)\nor\nc"
    assert by_name["no or (line 7)"] == "a\n> 3\nunless (\n  b\n  <= 0\n)"
    assert "limit x 2 (line 5)" not in by_name  # 0 stays 0


def test_matchers_are_not_mutated() -> None:
    assert list(mutants('max without (x) (\n  a{b!="1",c=~"2|3",d=">"}\n)')) == []
