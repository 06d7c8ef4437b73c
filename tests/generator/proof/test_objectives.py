"""The tests of objectives pass, and fail when a rule fires at another time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from examples import HOSTILE, model
from exporter import catalogue
from exporter.spec.loading import LoadedSpec
from generator.documents import render
from generator.serialization import from_yaml
from promtool import Document, verdict

AUROC = {"name": "ranking", "metric": "auroc", "at_least": 0.91, "objective": 0.95}


def documents(loaded: LoadedSpec) -> tuple[Document, Document]:
    """Return the rules of a model, and the test file of its first objective."""
    texts = {str(path): text for path, text in render([loaded]).items()}
    name = loaded.spec.spec.slos[0].name
    proof = from_yaml(texts[f"rules/tests/{loaded.spec.name}.slo-{name}.yaml"])
    return from_yaml(texts[f"rules/{loaded.spec.name}.yaml"]), proof


SPECS = {
    "days": model(slos=[AUROC]),
    "hours": model(slos=[{**AUROC, "objective": 0.995, "slice": "1h"}]),
    "counted": model(
        slos=[{"name": "near", "metric": "within_tolerance", "tolerance": 0.3, "objective": 0.99, "slice": "1h"}]
    ),
    "slow and hostile": model({"labels": {"env": HOSTILE}}, slos=[AUROC], refresh={"interval": "2h", "timeout": "1h"}),
}


@pytest.mark.parametrize("loaded", SPECS.values(), ids=SPECS.keys())
def test_the_rules_pass_their_tests(loaded: LoadedSpec, tmp_path: Path) -> None:
    rules, proof = documents(loaded)
    assert len(proof["tests"]) >= 4
    passed, output = verdict(rules, proof, tmp_path)
    assert passed, output


def test_each_burn_alert_is_proven_in_an_outage_with_unknown_slices_and_without_the_exporter() -> None:
    names = [group["name"] for group in documents(SPECS["days"])[1]["tests"]]
    alerts = (catalogue.ERROR_BUDGET_BURN_FAST, catalogue.ERROR_BUDGET_BURN_SLOW)
    stories = ("all is bad from one slice on", "slices that are not known", "the exporter is away for an hour")
    assert [(alert.name, story) for alert in alerts for story in stories] == [
        (name.split(":")[0], next(story for story in stories if story in name)) for name in names
    ]


def test_an_alert_fires_one_evaluation_after_the_predicted_slice() -> None:
    """Two good days; the second bad day is published at the end of the fourth, and must have stood for ten minutes."""
    outage = documents(SPECS["days"])[1]["tests"][0]
    checks = [(check["eval_time"], bool(check["exp_samples"])) for check in outage["promql_expr_test"]]
    assert ("72h", False) in checks
    assert ("73h", True) in checks


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        (r"\n> 14\.4", "\n> 9"),  # one bad slice of two
        (r"\n> 14\.4", "\n> 20"),
        (r"\nand\n", "\nor\n"),
        (r'window="24h"', 'window="4d"'),  # does not end soon enough
        (r'slo="ranking"', 'slo="other"'),
    ],
)
def test_a_rule_that_fires_at_another_time_fails(pattern: str, wrong: str, tmp_path: Path) -> None:
    rules, proof = documents(SPECS["days"])
    found: list[dict[str, Any]] = [rule for group in rules["groups"] for rule in group["rules"]]
    (rule,) = (each for each in found if each["alert"] == catalogue.ERROR_BUDGET_BURN_FAST.name)
    mutant = re.sub(pattern, wrong, rule["expr"].split("\nor\n")[0])
    assert mutant not in rule["expr"]
    proof["tests"] = [group for group in proof["tests"] if group["name"].startswith(rule["alert"])]
    assert not verdict({"groups": [{"name": "one", "rules": [rule | {"expr": mutant}]}]}, proof, tmp_path)[0]


def test_an_alert_that_does_not_outlast_the_exporter_s_hour_fails(tmp_path: Path) -> None:
    rules, proof = documents(SPECS["days"])
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule["keep_firing_for"] = "15m"
    proof["tests"] = [group for group in proof["tests"] if "away" in group["name"]]
    assert not verdict(rules, proof, tmp_path)[0]
