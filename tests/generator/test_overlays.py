"""Overlays, and the examples in the docs, whose results must pass their tests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from examples import RECEIVERS, model
from exporter import catalogue
from exporter.errors import RenderError, UsageError
from generator.documents import render
from generator.jsonnet import LIBRARY
from generator.layout import ROUTE_CASES, ROUTING
from generator.overlays import apply_overlays, overlay_files
from generator.proof.check import prove
from generator.serialization import from_yaml

RULES, PROOF = PurePosixPath("rules/fraud.yaml"), PurePosixPath("rules/tests/fraud.yaml")
EXAMPLES = LIBRARY / "docs" / "overlays"
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write an overlay; its text must be a function of the documents."""

    def write(text: str) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonnet"
        path.write_text(text)
        return path

    return write


def test_the_examples_of_the_docs_pass_their_tests() -> None:
    spec = model({"runbooks": None}, alerting={"page": RECEIVERS, "ticket": RECEIVERS})
    documents = render([spec], overlaid=overlay_files(EXAMPLES))
    failed = [str(outcome) for outcome in prove(documents) if not outcome.ok]
    assert failed == []
    rules = [rule for group in from_yaml(documents[RULES])["groups"] for rule in group["rules"]]
    assert {rule["labels"]["cluster"] for rule in rules} == {"eu-west-1"}
    assert catalogue.CONFIDENCE_SHIFT.name not in {rule["alert"] for rule in rules}
    assert documents[ROUTING].count("repeat_interval: 12h") == 1
    assert PurePosixPath("rules/tests/team.yaml") in documents


def test_a_change_is_in_every_form_of_a_document(write: Write) -> None:
    slow = write(
        "local overlay = import 'rules/overlay.libsonnet';\noverlay.rules(function(rule) rule { 'for': '42m' })"
    )
    documents = {str(path): text for path, text in render([model()], overlaid=[slow]).items()}
    plain = from_yaml(documents["rules/fraud.yaml"])
    assert {rule["for"] for group in plain["groups"] for rule in group["rules"]} == {"42m"}
    assert from_yaml(documents["kubernetes/prometheusrule-fraud.yaml"])["spec"] == plain


def test_a_change_without_a_changed_test_fails(write: Write) -> None:
    late = write(
        "local overlay = import 'rules/overlay.libsonnet';\noverlay.rules(function(rule) rule { 'for': '42m' })"
    )
    documents = render([model()], overlaid=[late])
    proven = {path: documents[path] for path in (RULES, PROOF)}
    failed = [outcome.what for outcome in prove(proven) if not outcome.ok]
    assert failed == [f"promtool test rules {PROOF}"]


def test_an_added_document_has_its_derived_forms(write: Write) -> None:
    more = "'rules/own.yaml': { groups: [] }, 'dashboards/own.json': { tags: [] }"
    added = write(f"function(documents) documents {{ {more} }}")
    paths = {str(path) for path in render([model()], overlaid=[added])}
    assert {"kubernetes/prometheusrule-own.yaml", "kubernetes/dashboard-own.yaml"} <= paths


def test_overlays_apply_in_order_and_one_without_changes_keeps_the_bytes(write: Write) -> None:
    first = write("function(documents) documents { 'rules/own.yaml': { groups: [], step: 1 } }")
    second = write("function(documents) documents { 'rules/own.yaml'+: { step+: 1 } }")
    assert apply_overlays({}, [first, second]) == {PurePosixPath("rules/own.yaml"): {"groups": [], "step": 2}}
    nothing = write("function(documents) documents")
    assert render([model()], overlaid=[nothing]) == render([model()])


def test_a_document_may_be_left_out(write: Write) -> None:
    gone = write("function(documents) std.objectRemoveKey(documents, 'alertmanager/alertmanager.yml')")
    documents = render([model()], overlaid=[gone])
    assert ROUTING not in documents
    assert not [path for path in documents if "alertmanagerconfig" in path.name]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "an overlay must be a function of the documents"),
        ("function(documents) [documents]", "must return the documents"),
        ("function(documents) { '../x.yaml': {} }", "is not the path of a document"),
        ("function(documents) { 'kubernetes/x.yaml': {} }", "is not the path of a document"),
        ("function(documents) { 'rules/a b.yaml': {} }", "is not the path of a document"),
        ("function(documents) { 'rules/x.yaml': 1 }", "must be an object"),
        ("function(documents) { 'rules/x.yaml': {} }", "must have groups, a list"),
        ("function(documents) { 'rules/tests/x.yaml': {} }", "must have tests, a list"),
        ("function(documents) { 'dashboards/x.json': { tags: 1 } }", "must have tags, a list"),
        ("function(documents) { 'alertmanager/routes.json': {} }", "must have cases, a list"),
        ("function(documents) { 'alertmanager/alertmanager.yml': {} }", "must have route, an object"),
        ("function(documents) documents['rules/none.yaml']", "rules/none.yaml"),
        ("function(documents)\n  nothing", "2"),
        ("import 'rules/none.libsonnet'", "none.libsonnet"),
    ],
)
def test_a_mistake_names_the_overlay(write: Write, text: str, message: str) -> None:
    overlay = write(text)
    with pytest.raises(RenderError, match=f"^{re.escape(str(overlay))}:.*{re.escape(message)}"):
        apply_overlays({RULES: {"groups": []}}, [overlay])


def test_overlays_are_the_jsonnet_files_of_a_folder_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.jsonnet", "a.jsonnet", "lib.libsonnet", "notes.md"):
        (tmp_path / name).write_text("")
    assert [path.name for path in overlay_files(tmp_path)] == ["a.jsonnet", "b.jsonnet"]
    assert overlay_files(tmp_path / "none") == []
    with pytest.raises(UsageError, match="cannot be read"):
        overlay_files(tmp_path / "a.jsonnet")


def test_route_cases_may_be_changed(write: Write) -> None:
    text = "function(documents) documents { 'alertmanager/routes.json'+: { cases: [] } }"
    cases: Any = json.loads(render([model()], overlaid=[write(text)])[ROUTE_CASES])
    assert cases["cases"] == []
