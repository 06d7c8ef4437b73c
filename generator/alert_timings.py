"""The timings of a model's alerts, read from its generated rules."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from exporter.spec.model import ModelSpec
from exporter.spec.value_types import parse_duration
from generator.arguments import rule_arguments
from generator.jsonnet import evaluate
from generator.options import Options


def alert_timings(spec: ModelSpec) -> dict[str, tuple[timedelta, timedelta]]:
    """Return `for` and `keep_firing_for` of every alert of the model, by the alert's name."""
    groups = evaluate(Path("rules/mixin.libsonnet"), rule_arguments(spec, Options()))["groups"]
    rules = (rule for group in groups for rule in group["rules"] if "alert" in rule)
    return {rule["alert"]: (parse_duration(rule["for"]), parse_duration(rule["keep_firing_for"])) for rule in rules}
