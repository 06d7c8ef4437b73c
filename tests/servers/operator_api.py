"""What prometheus-operator's API has, and nothing more: an API server silently drops keys that it does not know."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

_SCHEMAS = Path(__file__).parent / "operator_schemas"


def validate(document: Any) -> None:
    """Refuse an object that is not what the Operator's API has, or has more.

    Raises:
        jsonschema.ValidationError: saying where.
    """
    told = _schema(document["kind"], document["apiVersion"].rpartition("/")[2])
    jsonschema.validate(document, told)
    if document["kind"] == "AlertmanagerConfig":
        _child_routes(document["spec"]["route"], told)


@cache
def _schema(kind: str, version: str) -> Any:
    name = f"{kind}.{version}" if version == "v1beta1" else kind
    return json.loads((_SCHEMAS / f"{name}.json").read_text())


def _child_routes(route: Any, told: Any) -> None:
    """The schema leaves child routes open, since it cannot recur; the Operator itself reads them as routes."""
    for child in route.get("routes", ()):
        jsonschema.validate(child, {"$ref": "#/$defs/Route", "$defs": told["$defs"]})
        _child_routes(child, told)
