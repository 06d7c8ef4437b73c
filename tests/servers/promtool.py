"""Rules as data, and their tests by promtool."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from examples import run
from exporter.catalogue import Metric
from exporter.spec.loading import LoadedSpec
from generator.arguments import rule_arguments
from generator.documents import render
from generator.jsonnet import evaluate
from generator.options import Options
from generator.proof.parts import parts

Document = dict[str, Any]


def rendered(loaded: LoadedSpec) -> tuple[Document, Document]:
    """Return the rule file of a model, and its test file."""
    name, texts = loaded.spec.name, {str(path): text for path, text in render([loaded]).items()}
    return yaml.safe_load(texts[f"rules/{name}.yaml"]), yaml.safe_load(texts[f"rules/tests/{name}.yaml"])


def rules_of(loaded: LoadedSpec) -> dict[str, Document]:
    """Return the rules of a model by the alert's name."""
    groups = evaluate(Path("rules/mixin.libsonnet"), rule_arguments(loaded.spec, Options()))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


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


def verdicts(many: Iterable[Document], proof: Document, folder: Path) -> list[bool]:
    """Return whether each of many rules passes the tests, with one call of promtool."""
    files = []
    for number, rules in enumerate(many):
        files.append(f"proof{number}.json")
        (folder / f"rules{number}.json").write_text(json.dumps(rules, ensure_ascii=False))
        (folder / files[-1]).write_text(json.dumps(proof | {"rule_files": [f"rules{number}.json"]}, ensure_ascii=False))
    results = run(["promtool", "test", "rules", *files], folder)[1].partition("Unit Testing:")[2].split("Unit Testing:")
    assert [result.split()[0] for result in results] == files, results
    return ["SUCCESS" in result.splitlines()[1] for result in results]


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
