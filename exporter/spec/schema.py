"""The shape of a spec as a JSON Schema: what editors complete by, and what the spec reference is made from."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from exporter.spec.model import ModelSpec
from exporter.spec.sections.thresholds import Threshold
from exporter.spec.value_types import format_duration

Schema = dict[str, Any]

IDENTIFIER: Final = "urn:leeway:v1:model"
NOTHING: Final[Schema] = {"type": "null"}

EXAMPLE: Final[Schema] = {
    "apiVersion": "leeway/v1",
    "kind": "Model",
    "metadata": {"name": "fraud"},
    "spec": {
        "task": "binary_classification",
        "inference": {
            "source": {"s3": "s3://ml-features/inference/%Y-%m-%dT%H.parquet"},
            "columns": {"score": "predicted_score"},
        },
        "reference": {"source": {"s3": "s3://ml-features/reference/train_features_v3.parquet"}},
        "features": [{"name": "age", "type": "numeric"}, {"name": "country_code", "type": "categorical"}],
    },
}
"""The least that gives a useful result."""


def json_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of a model spec as YAML writes it; every call gives a copy of its own."""
    schema: Schema = json.loads(_text())
    return schema


def schema_text() -> str:
    """The JSON Schema as the file that editors read."""
    return json.dumps(json_schema(), indent=2) + "\n"


def schema_at(path: tuple[str | int, ...]) -> Schema:
    """The schema of what stands at a key path; empty where a spec has nothing.

    Of alternatives it is the one that has keys: `spec.thresholds.drift_share` may be a number, and is a mapping here.
    """
    whole = json_schema()
    part = whole
    for step in path:
        inner = part.get("items", {}) if isinstance(step, int) else part.get("properties", {}).get(step, {})
        shape = next((option for option in inner.get("anyOf", ()) if option.keys() & {"$ref", "items"}), inner)
        part = whole["$defs"][shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape
    return part


@cache
def _text() -> str:
    schema = ModelSpec.model_json_schema(schema_generator=_Generator)
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": IDENTIFIER}
    whole = {**head, **_section(schema), "title": "Leeway model spec", "examples": [EXAMPLE]}
    whole["$defs"] = {name: _section(part) for name, part in schema["$defs"].items()}
    return json.dumps(whole)


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, with defaults as YAML writes them and no titles that only repeat the key."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def encode_default(self, dft: Any) -> Any:
        match dft:
            case timedelta():
                return format_duration(dft)
            case tuple():
                return [self.encode_default(item) for item in dft]
            case Threshold():
                return dft.floor
            case _:
                return super().encode_default(dft)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        # The default of a whole section is told by the section's own keys, and that of nothing needs no telling.
        default = schema.get("default")
        section = isinstance(default, BaseModel) and not isinstance(default, Threshold)
        plain = section or default is None or default in ({}, ())
        return self.generate_inner(schema["schema"]) if plain else super().default_schema(schema)


def _section(part: Schema) -> Schema:
    """One mapping of a spec, in which every key that may be left out may also have nothing after it.

    The exception are keys of which one must be given: there `s3:` with nothing after it is a mistake.
    """
    options: list[Schema] = part.get("oneOf") or part.get("anyOf") or []
    choices = [option["required"][0] for option in options]
    required = part.get("required", [])
    keys = {
        key: value if key in required else _optional(value, nothing=key not in choices)
        for key, value in part["properties"].items()
    }
    return {**part, "description": part["description"].replace("\n", " ").replace("  ", "\n\n"), "properties": keys}


def _optional(value: Schema, *, nothing: bool) -> Schema:
    told = {key: value[key] for key in ("description", "default") if key in value}
    shape = {key: item for key, item in value.items() if key not in told}
    options = [option for option in shape.get("anyOf", [shape]) if option != NOTHING]
    if nothing:
        options.append(NOTHING)
    return {**(options[0] if len(options) == 1 else {"anyOf": options}), **told}
