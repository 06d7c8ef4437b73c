"""What proves the rules of a model: promtool's tests, of the scenarios that stand beside each alert in `rules/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.spec.model import ModelSpec
from generator.proof.calendar import calendar
from generator.proof.objectives import objectives
from generator.proof.scenarios import scenarios


def documents(spec: ModelSpec, rules: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The test files of a model by their name without its ending, for a folder below that of the rules.

    Args:
        spec: the model.
        rules: what `rules/mixin.libsonnet` returns of it.
    """
    found = {spec.name: scenarios(spec, rules), f"{spec.name}.calendar": calendar(spec, rules)}
    found |= {f"{spec.name}.slo-{name}": tests for name, tests in objectives(spec, rules)}
    named = {"rule_files": [f"../{spec.name}.yaml"]}
    return {stem: named | tests for stem, tests in found.items() if tests["tests"]}
