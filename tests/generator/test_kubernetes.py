from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
import yaml

from examples import hostile_model, model
from generator.arguments import Options
from generator.documents import render
from generator.kubernetes import object_name, prometheus_rule

TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
DURATION = {"type": "string", "pattern": r"^([0-9]+(ms|[smhdwy]))+$"}
RULE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["alert", "expr"],
    "properties": {
        "alert": {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"},
        "expr": {"type": "string", "minLength": 1},
        "for": DURATION,
        "keep_firing_for": DURATION,
        "labels": TEXTS,
        "annotations": TEXTS,
    },
}
GROUP = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "rules"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "rules": {"type": "array", "items": RULE, "minItems": 1},
    },
}
NAME = {"type": "string", "pattern": r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", "maxLength": 253}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "monitoring.coreos.com/v1"},
        "kind": {"const": "PrometheusRule"},
        "metadata": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "labels"],
            "properties": {"name": NAME, "namespace": NAME, "labels": TEXTS},
        },
        "spec": {
            "type": "object",
            "additionalProperties": False,
            "required": ["groups"],
            "properties": {"groups": {"type": "array", "items": GROUP}},
        },
    },
}
"""What a PrometheusRule has of what is used here, and nothing else: an API server silently drops the rest."""


@pytest.mark.parametrize("loaded", [model(), hostile_model(), model({"name": "a_b"})], ids=lambda one: one.spec.name)
def test_the_object_is_a_prometheus_rule_and_nothing_else(loaded: Any) -> None:
    options = Options(namespace="monitoring", labels={"release": "prometheus"})
    documents = {str(path): text for path, text in render([loaded], options).items()}
    document = yaml.safe_load(documents[f"kubernetes/prometheusrule-{loaded.spec.name}.yaml"])
    jsonschema.validate(document, SCHEMA)
    assert document["spec"] == yaml.safe_load(documents[f"rules/{loaded.spec.name}.yaml"])


def test_the_schema_refuses_what_an_api_server_would_drop() -> None:
    document = prometheus_rule(model().spec, [{"name": "g", "rules": [{"alert": "High", "expr": "1"}]}], Options())
    jsonschema.validate(document, SCHEMA)
    misspelt = copy.deepcopy(document)
    misspelt["spec"]["groups"][0]["rules"][0]["fro"] = "5m"
    with pytest.raises(jsonschema.ValidationError, match="fro"):
        jsonschema.validate(misspelt, SCHEMA)


def test_namespace_and_labels_come_from_the_options() -> None:
    plain = prometheus_rule(model().spec, [], Options())["metadata"]
    placed = prometheus_rule(model().spec, [], Options(namespace="ml", labels={"release": "x"}))["metadata"]
    assert plain == {"name": "leeway-fraud", "labels": {"app.kubernetes.io/part-of": "leeway"}}
    assert placed == {
        "name": "leeway-fraud",
        "namespace": "ml",
        "labels": {"app.kubernetes.io/part-of": "leeway", "release": "x"},
    }


def test_an_underscore_is_no_part_of_a_kubernetes_name() -> None:
    assert object_name(model({"name": "a_b"}).spec) == "leeway-a-b"
