"""The recording rules of all models: their tests pass, and notice mistakes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from exporter.catalogue import RECORDED
from generator.arguments import fleet_arguments
from generator.jsonnet import evaluate
from promtool import whole_verdict


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    result: dict[str, Any] = evaluate(Path("rules/fleet.libsonnet"), fleet_arguments())
    return result


def passes(made: dict[str, Any], folder: Path) -> bool:
    proof = {key: made[key] for key in ("evaluation_interval", "tests")}
    return whole_verdict({"groups": made["groups"]}, proof, folder)[0]


def test_every_recorded_series_has_a_rule_and_a_test_that_passes(made: dict[str, Any], tmp_path: Path) -> None:
    [group] = made["groups"]
    names = [metric.name for metric in RECORDED]
    assert [rule["record"] for rule in group["rules"]] == names
    assert [test["name"] for test in made["tests"]] == names
    assert passes(made, tmp_path)


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        (0, "3 *", "2 *"),
        (0, 'alertstate="firing",', ""),
        (0, ',layer!=""', ""),
        (0, "or\n0 *", "or\n1 *"),
        (0, "or\n1 *", "unless\n1 *"),
        (1, 'role!="challenger",', ""),
        (1, ',segment=""', ""),
        (1, " / ", " - "),
        (1, "max by", "min by"),
        (1, "model, window", "model"),
        (2, "max by", "min by"),
    ],
)
def test_a_mistake_in_a_rule_is_noticed(
    place: int, before: str, after: str, made: dict[str, Any], tmp_path: Path
) -> None:
    wrong = copy.deepcopy(made)
    rule = wrong["groups"][0]["rules"][place]
    assert before in rule["expr"]
    rule["expr"] = rule["expr"].replace(before, after)
    assert not passes(wrong, tmp_path)
