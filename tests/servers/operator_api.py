"""Strict validation of objects of prometheus-operator's API: an API server silently drops unknown keys."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

_SCHEMAS = Path(__file__).parent / "operator_schemas"


def validate(document: Any) -> None:
    """Validate an object of the Operator's API, in which unknown keys are errors.

    Raises:
        jsonschema.ValidationError: with the place of the error.
    """
    schema = _schema(document["kind"], document["apiVersion"].rpartition("/")[2])
    jsonschema.validate(document, schema)
    if document["kind"] == "AlertmanagerConfig":
        _child_routes(document["spec"]["route"], schema)


@cache
def _schema(kind: str, version: str) -> Any:
    name = f"{kind}.{version}" if version == "v1beta1" else kind
    return json.loads((_SCHEMAS / f"{name}.json").read_text())


def _child_routes(route: Any, schema: Any) -> None:
    """Validate child routes, which the schema does not describe because it cannot be recursive."""
    for child in route.get("routes", ()):
        jsonschema.validate(child, {"$ref": "#/$defs/Route", "$defs": schema["$defs"]})
        _child_routes(child, schema)
