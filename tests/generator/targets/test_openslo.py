"""OpenSLO documents have the shape of version 1, and query gauges that the exporter has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jsonschema
import promql_parser
import pytest

from examples import hostile_model, model
from exporter import catalogue
from exporter.spec.loading import LoadedSpec
from generator.documents import render
from generator.layout import OPENSLO
from generator.serialization import from_yaml
from generator.targets.openslo import documents, shorthand

NAME = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"}
METADATA = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {"name": NAME, "displayName": {"type": "string"}, "labels": {}, "annotations": {}},
}
DURATION = {"type": "string", "pattern": "^[1-9][0-9]*[mhdwMQY]$"}
SOURCE = {
    "type": "object",
    "required": ["metricSource"],
    "additionalProperties": False,
    "properties": {
        "metricSource": {
            "type": "object",
            "required": ["spec"],
            "additionalProperties": False,
            "properties": {"metricSourceRef": NAME, "type": {"type": "string"}, "spec": {"type": "object"}},
        }
    },
}
RATIO = {
    "type": "object",
    "required": ["counter", "rawType", "raw"],
    "additionalProperties": False,
    "properties": {"counter": {"type": "boolean"}, "rawType": {"enum": ["success", "failure"]}, "raw": SOURCE},
}
OBJECTIVE: dict[str, Any] = {
    "type": "object",
    "required": ["target"],
    "additionalProperties": False,
    "properties": {
        "displayName": {"type": "string"},
        "op": {"enum": ["lte", "gte", "lt", "gt"]},
        "value": {"type": "number"},
        "target": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        "timeSliceTarget": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "timeSliceWindow": DURATION,
    },
}
SPEC: dict[str, Any] = {
    "type": "object",
    "required": ["service", "indicator", "timeWindow", "budgetingMethod", "objectives"],
    "additionalProperties": False,
    "properties": {
        "description": {"type": "string", "maxLength": 1050},
        "service": NAME,
        "indicator": {
            "type": "object",
            "required": ["metadata", "spec"],
            "properties": {
                "metadata": METADATA,
                "spec": {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": False,
                    "properties": {"thresholdMetric": SOURCE, "ratioMetric": RATIO},
                },
            },
        },
        "timeWindow": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {"type": "object", "required": ["duration", "isRolling"], "properties": {"duration": DURATION}},
        },
        "budgetingMethod": {"enum": ["Occurrences", "Timeslices", "RatioTimeslices"]},
        "objectives": {"type": "array", "minItems": 1, "items": OBJECTIVE},
    },
    "allOf": [
        {
            "if": {"properties": {"budgetingMethod": {"const": "Timeslices"}}},
            "then": {
                "properties": {
                    "objectives": {"items": {"required": ["timeSliceTarget", "timeSliceWindow", "op", "value"]}}
                }
            },
        }
    ],
}
SCHEMA = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"const": "openslo/v1"},
        "kind": {"enum": ["SLO", "Service"]},
        "metadata": METADATA,
        "spec": {"type": "object"},
    },
    "if": {"properties": {"kind": {"const": "SLO"}}},
    "then": {"properties": {"spec": SPEC}},
}
"""The shape of version 1, as its specification has it."""

SLOS = [
    {"name": "ranking", "metric": "auroc", "at_least": 0.91, "objective": 0.95, "over": "rolling", "window": "7d"},
    {"name": "near_enough", "metric": "within_tolerance", "tolerance": 0.2, "objective": 0.99, "slice": "90m"},
]


@pytest.mark.parametrize("loaded", [model({"name": "fraud_v2"}, slos=SLOS), hostile_model()], ids=["plain", "hostile"])
def test_documents_have_the_shape_of_version_1(loaded: LoadedSpec) -> None:
    found = {path.name: from_yaml(text) for path, text in render([loaded]).items() if path.parent == OPENSLO}
    assert found == documents(loaded.spec)
    assert [one["kind"] for one in found.values()] == ["Service"] + ["SLO"] * len(loaded.spec.spec.slos)
    for one in found.values():
        jsonschema.validate(one, SCHEMA)


def test_an_indicator_queries_the_exporter_s_own_gauge() -> None:
    _, sliced, counted = documents(model(slos=SLOS).spec).values()
    queries = [
        sliced["spec"]["indicator"]["spec"]["thresholdMetric"]["metricSource"]["spec"]["query"],
        counted["spec"]["indicator"]["spec"]["ratioMetric"]["raw"]["metricSource"]["spec"]["query"],
    ]
    assert [query.split("{")[0] for query in queries] == [
        f"min({catalogue.SLO_GOOD.name}",
        f"min({catalogue.SLO_SLI.name}",
    ]
    for query in queries:
        promql_parser.parse(query)


def test_the_budget_is_that_of_the_spec() -> None:
    _, sliced, counted = documents(model(slos=SLOS).spec).values()
    assert sliced["spec"]["objectives"][0]["target"] == 0.95
    assert sliced["spec"]["timeWindow"] == [{"duration": "30d", "isRolling": True}]
    assert counted["spec"]["objectives"][0]["timeSliceWindow"] == "90m"


def test_a_model_without_objectives_has_no_documents() -> None:
    assert documents(model(slos=[]).spec) == {}


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (timedelta(days=30), "30d"),
        (timedelta(hours=36), "36h"),
        (timedelta(minutes=90), "90m"),
        (timedelta(seconds=61), "2m"),
    ],
)
def test_a_duration_has_one_unit(duration: timedelta, expected: str) -> None:
    assert shorthand(duration) == expected
