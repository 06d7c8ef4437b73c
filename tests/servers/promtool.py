"""Rules as data, and promtool's verdict on them."""

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
    """The rule file of a model, and its proof."""
    name, texts = loaded.spec.name, {str(path): text for path, text in render([loaded]).items()}
    return yaml.safe_load(texts[f"rules/{name}.yaml"]), yaml.safe_load(texts[f"rules/tests/{name}.yaml"])


def rules_of(loaded: LoadedSpec) -> dict[str, Document]:
    """The rules of a model, by the alert's name."""
    groups = evaluate(Path("rules/mixin.libsonnet"), rule_arguments(loaded.spec, Options()))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def series(metric: Metric, labels: Mapping[str, str]) -> str:
    """A series as PromQL names it."""
    return f"{metric.name}{{{','.join(f'{name}={json.dumps(value)}' for name, value in labels.items())}}}"


def verdict(rules: Document, proof: Document, folder: Path) -> tuple[bool, str]:
    """Whether the proof holds for the rules, part by part, and what promtool says."""
    found = []
    for number, part in enumerate(parts(proof, [rules])):
        found.append(f"proof{number}.json")
        (folder / f"rules{number}.json").write_text(json.dumps(part.rules, ensure_ascii=False))
        text = json.dumps(part.proof | {"rule_files": [f"rules{number}.json"]}, ensure_ascii=False)
        (folder / found[-1]).write_text(text)
    return run(["promtool", "test", "rules", *found], folder)


def verdicts(many: Iterable[Document], proof: Document, folder: Path) -> list[bool]:
    """Whether the proof holds for each of many rules, by one call of promtool."""
    found = []
    for number, rules in enumerate(many):
        found.append(f"proof{number}.json")
        (folder / f"rules{number}.json").write_text(json.dumps(rules, ensure_ascii=False))
        (folder / found[-1]).write_text(json.dumps(proof | {"rule_files": [f"rules{number}.json"]}, ensure_ascii=False))
    said = run(["promtool", "test", "rules", *found], folder)[1].partition("Unit Testing:")[2].split("Unit Testing:")
    assert [each.split()[0] for each in said] == found, said
    return ["SUCCESS" in each.splitlines()[1] for each in said]


def whole_verdict(rules: Document, proof: Document, folder: Path) -> tuple[bool, str]:
    """The same of all rules at once, as somebody does who calls promtool."""
    (folder / "rules.json").write_text(json.dumps(rules, ensure_ascii=False))
    (folder / "proof.json").write_text(json.dumps(proof | {"rule_files": ["rules.json"]}, ensure_ascii=False))
    return run(["promtool", "test", "rules", "proof.json"], folder)


def firing(rule: Document, values: Mapping[str, str], eval_time: str, alerts: list[Document], folder: Path) -> None:
    """Assert that a rule, with these series a minute apart, has exactly these alerts: their labels."""
    bare = rule | {"annotations": {}, "labels": {}}
    test = {"eval_time": eval_time, "alertname": rule["alert"], "exp_alerts": [{"exp_labels": one} for one in alerts]}
    inputs = [{"series": name, "values": text} for name, text in values.items()]
    group = {"interval": "1m", "input_series": inputs, "alert_rule_test": [test]}
    rules = {"groups": [{"name": "one", "rules": [bare]}]}
    holds, said = verdict(rules, {"evaluation_interval": "1m", "tests": [group]}, folder)
    assert holds, said
