"""Rules as data, and their tests by promtool."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from examples import run
from exporter import catalogue
from exporter.catalogue import Metric
from exporter.spec.loading import LoadedSpec
from generator.arguments import rule_arguments
from generator.documents import render
from generator.jsonnet import evaluate
from generator.options import Options
from generator.proof.parts import parts
from generator.serialization import from_yaml

Document = dict[str, Any]


_TEXTS: dict[str, tuple[str, str]] = {}
"""The rule file and the test file of each model, with the names, that was rendered: many tests need the same ones."""


def rendered(loaded: LoadedSpec) -> tuple[Document, Document]:
    """Return the rule file of a model, and its test file."""
    name, key = loaded.spec.name, loaded.spec.model_dump_json() + json.dumps(catalogue.as_arguments())
    if key not in _TEXTS:
        texts = {str(path): text for path, text in render([loaded]).items()}
        _TEXTS[key] = texts[f"rules/{name}.yaml"], texts[f"rules/tests/{name}.yaml"]
    rules, proof = map(from_yaml, _TEXTS[key])
    return rules, proof


def groups_of(loaded: LoadedSpec) -> list[Document]:
    """Return the groups of rules of a model."""
    groups: list[Document] = evaluate(Path("rules/mixin.libsonnet"), rule_arguments(loaded.spec, Options()))["groups"]
    return groups


def rules_of(loaded: LoadedSpec) -> dict[str, Document]:
    """Return the rules of a model by the alert's name."""
    return {rule["alert"]: rule for group in groups_of(loaded) for rule in group["rules"]}


def series(metric: Metric, labels: Mapping[str, str]) -> str:
    """Return a series in PromQL's notation."""
    matchers = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
    return f"{metric.name}{{{','.join(matchers)}}}"


def verdict(rules: Document, proof: Document, folder: Path) -> tuple[bool, str]:
    """Return whether the rules pass the tests, part by part, and promtool's output."""
    files = []
    for number, part in enumerate(parts(proof, [rules])):
        files.append(f"proof{number}.json")
        (folder / f"rules{number}.json").write_text(json.dumps(part.rules, ensure_ascii=False))
        text = json.dumps(part.proof | {"rule_files": [f"rules{number}.json"]}, ensure_ascii=False)
        (folder / files[-1]).write_text(text)
    return run(["promtool", "test", "rules", *files], folder)


def passing(rules: Mapping[str, Document], proof: Document, folder: Path) -> set[str]:
    """Return the names of those variants of one alerting rule that pass its tests; each is tried until it fails."""
    left = set(rules)
    for test in proof["tests"]:
        left = _passing({name: rules[name] for name in sorted(left)}, proof, test, folder)
    return left


def _passing(rules: Mapping[str, Document], proof: Document, test: Document, folder: Path) -> set[str]:
    """Return the names of those variants that pass one test; one call of promtool runs all of them."""
    names = {f"Variant{number}": name for number, name in enumerate(rules)}
    variants = [rules[name] | {"alert": variant} for variant, name in names.items()]
    cases = [
        case | {"alertname": variant, "exp_alerts": [_expected(each, rules[name]) for each in case["exp_alerts"]]}
        for case in test["alert_rule_test"]
        for variant, name in names.items()
    ]
    document = {"groups": [{"name": "variants", "rules": variants}]}
    passed, output = whole_verdict(document, proof | {"tests": [test | {"alert_rule_test": cases}]}, folder)
    invalid = {names[variant] for variant in re.findall(r"rule: (Variant\d+), time: .*err:", output)}
    if invalid:  # promtool ends a test at the first rule that cannot be evaluated
        return _passing({name: rule for name, rule in rules.items() if name not in invalid}, proof, test, folder)
    failed = {names[variant] for variant in re.findall(r"alertname:\s*(Variant\d+)", output)}
    assert passed is not bool(failed), output
    return rules.keys() - failed


def _expected(alert: Document, rule: Document) -> Document:
    """Return an expected alert, without texts if the rule has none."""
    return alert if "annotations" in rule else {key: value for key, value in alert.items() if key != "exp_annotations"}


def whole_verdict(rules: Document, proof: Document, folder: Path) -> tuple[bool, str]:
    """Return the same with all rules in one file, as a user of promtool has them."""
    (folder / "rules.json").write_text(json.dumps(rules, ensure_ascii=False))
    (folder / "proof.json").write_text(json.dumps(proof | {"rule_files": ["rules.json"]}, ensure_ascii=False))
    return run(["promtool", "test", "rules", "proof.json"], folder)


def firing(rule: Document, values: Mapping[str, str], eval_time: str, alerts: list[Document], folder: Path) -> None:
    """Assert that a rule, with samples a minute apart, fires exactly the alerts with these labels."""
    bare = rule | {"annotations": {}, "labels": {}}
    test = {"eval_time": eval_time, "alertname": rule["alert"], "exp_alerts": [{"exp_labels": one} for one in alerts]}
    inputs = [{"series": name, "values": text} for name, text in values.items()]
    group = {"interval": "1m", "input_series": inputs, "alert_rule_test": [test]}
    rules = {"groups": [{"name": "one", "rules": [bare]}]}
    passed, output = verdict(rules, {"evaluation_interval": "1m", "tests": [group]}, folder)
    assert passed, output
