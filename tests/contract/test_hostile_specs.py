"""With any text in a spec, every document is valid and selects exactly that text, or the spec is invalid."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

import promql_parser
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import operator_api
from examples import HOSTILE, model
from exporter.catalogue import FEATURE, TEAM
from exporter.spec.loading import LoadedSpec
from generator.documents import render
from generator.layout import Documents
from generator.options import Options
from generator.targets.alertmanager_config import translate

PARTS = ("env", "team", "owner", "feature", "channel", "mail", "file", "score", "id", "segment")
PIECES = [
    *('"', "'", "\\", "\\\\", "\\n", "\\u0001", "{{", "}}", "{{ $labels.x }}", "${x}", "$x", "$", "%s", "%q", "%", "`"),
    *(": ", " #", "- ", "&a", "*a", "!!str", "|", ">", "<!channel>", "--- ", "...", "yes", "~", "0x1F", "1e3"),
    *('a="b"', '",b="', "=~", ".*", "})", "{", "}", "[", "]", ",", " ", "\t", "\n", "\x00", "\x85", "\u2028"),
    *("\u202e", "\ufeff", "é", "🦉", "x" * 200),
]
"""Special texts of PromQL, Go templates, jsonnet, Alertmanager, Grafana, Slack, printf and YAML."""
TEXT = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), min_size=1, max_size=8).map("".join)


def spec_of(texts: dict[str, str]) -> LoadedSpec:
    """Return a spec with a text in every place that takes one; `ValidationError` when it is invalid."""
    columns = {"score": texts["score"], "prediction": "decision", "prediction_id": texts["id"]}
    file = f"/secrets/{texts['file']}"
    return model(
        {"labels": {"env": texts["env"]}, "team": texts["team"], "owner": texts["owner"]},
        inference={"source": {"local": "log/%Y-%m-%dT%H.parquet"}, "columns": columns},
        features=[{"name": texts["feature"], "type": "categorical"}, {"name": "age", "type": "numeric"}],
        segments=[texts["segment"]],
        alerting={
            "page": {"pagerduty": {"routing_key_file": file}},
            "ticket": {
                "slack": {"channel": texts["channel"], "api_url_file": file},
                "email": {"to": texts["mail"]},
                "hours": "Mon-Fri 09:00-18:00",
            },
        },
    )


def matched(expression: str, label: str) -> set[str]:
    """Return the values of a label in the selectors of an expression."""
    found: list[Any] = []
    promql_parser.walk(promql_parser.parse(expression), found.append)
    chosen = [part for part in found if isinstance(part, promql_parser.VectorSelector)]
    return {matcher.value for one in chosen for matcher in one.matchers.matchers if matcher.name == label}


def data_of(documents: Documents) -> dict[str, Any]:
    """Return every parsed document except the mixin."""
    return {
        str(path): json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
        for path, text in documents.items()
        if path != PurePosixPath("mixin.libsonnet")
    }


def check(loaded: LoadedSpec, texts: dict[str, str]) -> None:
    """Assert that every document is valid, and that every selector selects the texts."""
    data = data_of(render([loaded]))
    rules = [rule for group in data["rules/fraud.yaml"]["groups"] for rule in group["rules"]]
    for rule in rules:
        assert matched(rule["expr"], "env") == {texts["env"]}
        assert rule["labels"]["env"].replace('{{"{"}}', "{") == texts["env"]
        assert rule["labels"][TEAM].replace('{{"{"}}', "{") == texts["team"]
    tests = data["rules/tests/fraud.yaml"]["tests"]
    series = [promql_parser.parse(one["series"]) for test in tests for one in test["input_series"]]
    values = {matcher.value for one in series for matcher in one.matchers.matchers if matcher.name == FEATURE}
    assert texts["feature"] in values
    for path, document in data.items():
        if str(document.get("apiVersion")).startswith("monitoring.coreos.com"):
            operator_api.validate(document)
        elif path == "kubernetes/dashboard-fraud.yaml":
            assert json.loads(document["data"]["leeway-fraud.json"]) == data["dashboards/fraud.json"]
    routing = data["alertmanager/alertmanager.yml"]
    again = translate(routing, Options()).document
    assert again == data["kubernetes/alertmanager/alertmanagerconfig.yaml"]
    branch = again["spec"]["route"]["routes"][0]
    assert {"name": "env", "matchType": "=", "value": texts["env"]} in branch["matchers"]
    assert routing["receivers"][2]["pagerduty_configs"][0]["routing_key_file"] == f"/secrets/{texts['file']}"


@given(st.fixed_dictionaries(dict.fromkeys(PARTS, TEXT)))
@example(dict.fromkeys(PARTS, HOSTILE))
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
def test_every_text_is_selected_unchanged_or_rejected(texts: dict[str, str]) -> None:
    try:
        loaded = spec_of(texts)
    except ValidationError:
        texts = {part: "".join(filter(str.isprintable, text)) or "x" for part, text in texts.items()}
        loaded = spec_of(texts)
    check(loaded, texts)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("text", ["x" * 10_240, "a\nb", "a\x00b", ""], ids=["10 kB", "line break", "null", "empty"])
def test_a_text_that_no_document_can_hold_is_an_error_with_its_place(part: str, text: str) -> None:
    texts = dict.fromkeys(PARTS, "y")
    if part == "file" and not text:
        return
    with pytest.raises(ValidationError) as caught:
        spec_of(texts | {part: text})
    assert len(caught.value.errors()[0]["loc"]) >= 2


def test_the_longest_texts_fit_everywhere() -> None:
    texts = dict.fromkeys(PARTS, '"{{\\' * 240)
    check(spec_of(texts), texts)
