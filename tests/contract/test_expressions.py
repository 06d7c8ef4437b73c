"""Every expression of rules and panels uses metrics that exist, with labels that they have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from boards import panels_of
from dashboards.model import dashboard
from examples import model
from exporter import catalogue
from exporter.catalogue import ALERTS, HOOK_METRICS, LAYER, METRICS, REPLICA_LABELS, SEVERITY, SLO, TARGET_LABELS, TEAM
from exporter.spec.loading import LoadedSpec, load_all
from generator.arguments import fleet_arguments, rule_arguments
from generator.jsonnet import LIBRARY, evaluate
from generator.options import Options

SPECS = {"small": model(), "fraud": load_all([LIBRARY / "models" / "fraud.yaml"])[0]}
OF_ALERTS = {"alertname", TEAM, SEVERITY, LAYER, SLO, *(name for one in METRICS for name in one.labels)}
SYNTHETIC = {"ALERTS": {*OF_ALERTS, "alertstate"}, "ALERTS_FOR_STATE": OF_ALERTS, "up": set()}
"""The series that Prometheus itself writes, with the labels that expressions may use."""
DURATIONS = {"__range": "1h", "__interval": "1m", "__rate_interval": "4m"}


def errors(text: str, constants: set[str]) -> list[str]:
    """The errors of an expression: metrics that do not exist, labels that no metric in it has."""
    expression = promql_parser.parse(text)
    found: list[str] = []
    for selector in selectors(expression):
        known = labels_of(selector.name)
        if known is None:
            found.append(f"no metric {selector.name}")
            continue
        labels = {matcher.name for matcher in selector.matchers.matchers}
        found += [f"{selector.name} has no {label}" for label in labels - known - constants - set(TARGET_LABELS)]
    for part in parts(expression):
        inside = set().union(*(labels_of(one.name) or set() for one in selectors(part))) | added_labels(part)
        found += [f"nothing has {label}" for label in grouped(part) - inside - constants - set(TARGET_LABELS)]
    return found


def labels_of(name: str) -> set[str] | None:
    """The labels of a metric, or None if there is no such metric."""
    metric = next((part for metric in (*METRICS, *HOOK_METRICS) for part in metric.series if part.name == name), None)
    return set(metric.labels) if metric else SYNTHETIC.get(name)


def parts(expression: promql_parser.Expr) -> list[Any]:
    """An expression and all its parts."""
    found: list[Any] = []
    promql_parser.walk(expression, found.append)
    return found


def selectors(expression: promql_parser.Expr) -> Iterator[promql_parser.VectorSelector]:
    for part in parts(expression):
        if isinstance(part, promql_parser.VectorSelector):
            yield part


def grouped(part: Any) -> set[str]:
    """Return the labels by which an aggregation or a comparison groups."""
    modifier = getattr(part, "modifier", None)
    if isinstance(part, promql_parser.AggregateExpr):
        return set(modifier.labels) if modifier else set()
    if isinstance(part, promql_parser.BinaryExpr) and modifier:
        return {*(modifier.matching.labels if modifier.matching else ()), *(modifier.group_labels or ())}
    return set()


def added_labels(expression: Any) -> set[str]:
    """The labels that an expression adds."""
    calls = [part for part in parts(expression) if isinstance(part, promql_parser.Call)]
    return {call.args[1].val for call in calls if call.func.name in ("label_replace", "label_join")}


def rule_expressions(loaded: LoadedSpec) -> list[str]:
    groups = evaluate(Path("rules/mixin.libsonnet"), rule_arguments(loaded.spec, Options()))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def recording_expressions() -> list[str]:
    groups = evaluate(Path("rules/fleet.libsonnet"), fleet_arguments())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def panel_expressions(loaded: LoadedSpec) -> list[str]:
    board = dashboard(loaded.spec)
    parts_of_board = [target for panel in panels_of(board) for target in panel["targets"]] + board["annotations"][
        "list"
    ]
    return [interpolated(part["expr"]) for part in parts_of_board]


def interpolated(text: str) -> str:
    """An expression as Grafana sends it, with a value for each variable."""
    return re.sub(r"\$\{?(\w+)(?::\w+)?\}?", lambda match: DURATIONS.get(match[1], "chosen"), text)


@pytest.mark.parametrize("loaded", SPECS.values(), ids=SPECS.keys())
def test_every_rule_uses_what_exists(loaded: LoadedSpec) -> None:
    expressions = rule_expressions(loaded)
    assert len(expressions) == len(ALERTS)
    assert [one for text in expressions for one in errors(text, set(loaded.spec.metadata.labels))] == []


def test_every_recording_rule_uses_what_exists() -> None:
    assert len(recording_expressions()) == len(catalogue.RECORDED)
    assert [one for text in recording_expressions() for one in errors(text, set())] == []


@pytest.mark.parametrize("loaded", SPECS.values(), ids=SPECS.keys())
def test_every_panel_uses_what_exists(loaded: LoadedSpec) -> None:
    expressions = panel_expressions(loaded)
    assert len(expressions) >= 10
    assert [one for text in expressions for one in errors(text, set(loaded.spec.metadata.labels))] == []


@pytest.mark.parametrize("loaded", SPECS.values(), ids=SPECS.keys())
def test_every_rule_counts_replicas_as_one_and_keeps_the_namespace(loaded: LoadedSpec) -> None:
    for text in rule_expressions(loaded):
        for part in parts(promql_parser.parse(text)):
            if isinstance(part, promql_parser.AggregateExpr):
                assert part.modifier.type == promql_parser.AggModifierType.Without
                assert "namespace" not in part.modifier.labels
    aggregated = [text for text in rule_expressions(loaded) if not text.startswith("absent(")]
    assert all(", ".join(REPLICA_LABELS) in text for text in aggregated)


def test_a_metric_that_is_renamed_on_one_side_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = catalogue.as_arguments()
    arguments["metrics"][catalogue.FEATURE_PSI.key]["name"] += "_renamed"
    monkeypatch.setattr(catalogue, "as_arguments", lambda: arguments)
    found = [one for text in rule_expressions(model()) for one in errors(text, {"env"})]
    assert found == [f"no metric {catalogue.FEATURE_PSI.name}_renamed"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (catalogue.FEATURE_PSI.name, []),
        (f'{catalogue.FEATURE_PSI.name}{{feature="age",env="prod",job="x"}}', []),
        (f'{catalogue.FEATURE_PSI.name}{{stream="x"}}', [f"{catalogue.FEATURE_PSI.name} has no stream"]),
        (f"max by (stream) ({catalogue.FEATURE_PSI.name})", ["nothing has stream"]),
        (f'max by (x) (label_replace({catalogue.FEATURE_PSI.name}, "x", "$1", "feature", "(.*)"))', []),
        (
            f"{catalogue.FEATURE_PSI.name} > on (stream) group_left (spec) up",
            ["nothing has spec", "nothing has stream"],
        ),
        ("rate(other[5m])", ["no metric other"]),
    ],
)
def test_errors_are_found(text: str, found: list[str]) -> None:
    assert sorted(errors(text, {"env"})) == found
