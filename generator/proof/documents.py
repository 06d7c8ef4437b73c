"""The promtool test files of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.spec.model import ModelSpec
from generator.proof.calendar import calendar
from generator.proof.objectives import objectives
from generator.proof.scenarios import scenarios


def documents(spec: ModelSpec, rules: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the test files of a model by their name without suffix, for a folder below that of the rules.

    Args:
        spec: the model.
        rules: the result of `rules/mixin.libsonnet` for it.
    """
    files = {spec.name: scenarios(spec, rules), f"{spec.name}.calendar": calendar(spec, rules)}
    files |= {f"{spec.name}.slo-{name}": tests for name, tests in objectives(spec, rules)}
    rule_files = {"rule_files": [f"../{spec.name}.yaml"]}
    return {stem: rule_files | tests for stem, tests in files.items() if tests["tests"]}
