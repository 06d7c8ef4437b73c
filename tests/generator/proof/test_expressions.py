from __future__ import annotations

from pathlib import Path

import pytest

from examples import model
from generator.cli import main
from generator.proof.check import prove
from generator.proof.expressions import expressions
from generator.serialization import from_yaml

RATIO = {"name": "ctr", "ratio": {"numerator": "clicks"}}
HOSTILE = 'sum(orders{a="x\\"}: {{ $labels.x }} # "})\n  / 2'


def proxy(expression: str) -> dict[str, str]:
    return {"name": "conversion", "promql": expression}


def test_each_expression_is_a_rule_file_named_after_its_place() -> None:
    documents = expressions([model(proxies=[RATIO, proxy(HOSTILE)])])
    ((path, text),) = documents.items()
    assert str(path) == "rules/fraud.spec.proxies[1].promql.yaml"
    ((rule,),) = [group["rules"] for group in from_yaml(text)["groups"]]
    assert rule["expr"] == HOSTILE


@pytest.mark.parametrize(
    ("expression", "ok"), [("sum(orders) / sum(views)", True), (HOSTILE, True), ("sum(orders", False), ("a b", False)]
)
def test_promtool_parses_it(expression: str, ok: bool) -> None:
    (outcome,) = [one for one in prove(expressions([model(proxies=[proxy(expression)])])) if "promtool" in one.what]
    assert outcome.ok is ok
    assert outcome.what == "promtool check rules rules/fraud.spec.proxies[0].promql.yaml"
    assert ok or "parse error" in outcome.detail


def test_check_fails_for_promql_that_does_not_parse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "rec.yaml"
    lines = (Path(__file__).parents[2] / "specs" / "valid" / "minimal.yaml").read_text()
    arguments = ["--out", str(tmp_path / "build"), str(spec)]
    for expression, code in (("sum(orders)", 0), ("sum(orders", 1)):
        spec.write_text(f"{lines}\n  proxies: [{{name: conversion, promql: {expression!r}}}]\n")
        assert main(["generate", *arguments]) == 0
        assert main(["check", *arguments]) == code
    errors = capsys.readouterr().err
    assert "FAILED: promtool check rules rules/minimal.spec.proxies[0].promql.yaml" in errors
    assert not list((tmp_path / "build" / "rules").glob("*promql*")), "it is proof and never deployed"
