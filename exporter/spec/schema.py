"""The JSON Schema of a spec, for editors and for the spec's page in docs."""

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
"""The shortest useful spec."""


def json_schema() -> Schema:
    """Return a copy of the JSON Schema (draft 2020-12) of a model spec with YAML's keys."""
    schema: Schema = json.loads(_text())
    return schema


def schema_text() -> str:
    """Return the JSON Schema as the text of the file for editors."""
    return json.dumps(json_schema(), indent=2) + "\n"


def schema_at(path: tuple[str | int, ...]) -> Schema:
    """Return the schema at a key path; empty for an unknown path.

    Of several alternatives it is the one with keys: `spec.thresholds.drift_share` is a mapping here, not a number.
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
    """Pydantic's generator, with defaults as written in YAML and without titles that repeat the key."""

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
        # The keys of a section have their own defaults; an empty default is left out.
        default = schema.get("default")
        section = isinstance(default, BaseModel) and not isinstance(default, Threshold)
        omitted = section or default is None or default in ({}, ())
        return self.generate_inner(schema["schema"]) if omitted else super().default_schema(schema)


def _section(part: Schema) -> Schema:
    """Return the schema of one mapping; an optional key may also have nothing after it.

    Keys of which one is required are the exception: there `s3:` with nothing after it is a mistake.
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
    notes = {key: value[key] for key in ("description", "default") if key in value}
    shape = {key: item for key, item in value.items() if key not in notes}
    options = [option for option in shape.get("anyOf", [shape]) if option != NOTHING]
    if nothing:
        options.append(NOTHING)
    return {**(options[0] if len(options) == 1 else {"anyOf": options}), **notes}
