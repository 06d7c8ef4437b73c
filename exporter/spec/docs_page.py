"""The spec's page in docs, made from the JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from exporter.spec.schema import NOTHING, Schema, json_schema

_HEAD: Final = """\
# The spec

One YAML file describes one model. This page lists every key. [model.json](schema/model.json) is the JSON Schema of the
same keys. With this first line in a spec, an editor completes and checks the keys:

```yaml
# yaml-language-server: $schema=../docs/schema/model.json
```

[models/fraud.yaml](../models/fraud.yaml) is a complete example. `leeway validate` reports all mistakes at once, each
with its line. An optional key may also have nothing after it. An unknown key is an error. A spec contains no secrets,
only the names of files that contain them.

A *duration* is written as in Prometheus (`90s`, `15m`, `1h30m`, `7d`), a *name* in lower-case letters, digits, `-` and
`_`, *hours* as `Mon-Fri 09:00-18:00` or `08:00-20:00`.
"""


def spec_page() -> str:
    """Return the page in Markdown: a table of keys for each section, in the order of a spec."""
    schema = json_schema()
    sections = {"ModelSpec": schema, **schema["$defs"]}
    parts = [_section(name, places, sections) for name, places in _visit(sections).items()]
    return "\n".join([_HEAD, *parts])


def _visit(sections: dict[str, Schema]) -> dict[str, list[str]]:
    """Return the sections in the order of the page, each with its key paths."""
    places: dict[str, list[str]] = {}

    def visit(name: str, path: str) -> None:
        places.setdefault(name, []).append(path)
        for key, value in sections[name]["properties"].items():
            for inner, suffix in _references(value):
                visit(inner, f"{path}.{key}{suffix}".removeprefix("."))

    visit("ModelSpec", "")
    return places


def _references(value: Schema) -> Iterator[tuple[str, str]]:
    """Yield the sections that a key refers to, with `[]` for the items of a list."""
    for option in value.get("anyOf", [value]):
        if "$ref" in option:
            yield _target(option), ""
        elif "$ref" in option.get("items", {}):
            yield _target(option["items"]), "[]"


def _section(name: str, places: list[str], sections: dict[str, Schema]) -> str:
    whole, section = name == "ModelSpec", sections[name]
    title = "The whole spec" if whole else name
    where = "" if whole else f"At {', '.join(f'`{place}`' for place in places)}. "
    rows = (
        f"| `{key}` | {_type(value)} | {_default(key, value, section)} | {_meaning(value, sections)} |"
        for key, value in section["properties"].items()
    )
    table = "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows])
    return f"## {title}\n\n{where}{section['description']}\n\n{table}\n"


def _meaning(value: Schema, sections: dict[str, Schema]) -> str:
    """Return the description of a key, or else of its section."""
    inner = next((sections[name]["description"] for name, _ in _references(value)), "")
    return str(value.get("description", inner)).replace("\n", " ").replace("|", "\\|")


def _default(key: str, value: Schema, section: Schema) -> str:
    if key in section.get("required", ()):
        return "required"
    if "default" not in value:
        return ""
    return f"`{json.dumps(value['default'])}`".replace('"', "")


def _type(value: Schema) -> str:
    options = [option for option in value.get("anyOf", [value]) if option != NOTHING]
    return " or ".join(map(_one_type, options))


def _one_type(value: Schema) -> str:
    """Return the name of a type; a section is a link."""
    match value:
        case {"$ref": _}:
            words = f"[{_target(value)}](#{_target(value).lower()})"
        case {"const": constant}:
            words = f"`{constant}`"
        case {"enum": choices}:
            words = " or ".join(f"`{choice}`" for choice in choices)
        case {"type": "array", "items": items}:
            words = f"list of {_type(items)}"
        case {"type": "object", "additionalProperties": inner, "propertyNames": names}:
            words = f"mapping of {_key(names)} to {_type(inner)}"
        case {"type": "number" | "integer" as kind}:
            words = ("number" if kind == "number" else "whole number") + _range(value)
        case _:
            words = value.get("title", "text")
    return words


def _key(names: Schema) -> str:
    """Return the name of the type of a mapping's keys."""
    kinds = {"enum": "weekday", "allOf": "label name"}
    return next((words for kind, words in kinds.items() if kind in names), "text")


_RANGES: Final = {
    ("minimum", "maximum"): " from {} to {}",
    ("exclusiveMinimum", "exclusiveMaximum"): " between {} and {}",
    ("minimum",): " from {}",
    ("exclusiveMinimum",): " above {}",
}


def _range(value: Schema) -> str:
    ranges = (words.format(*map(value.get, keys)) for keys, words in _RANGES.items() if value.keys() >= set(keys))
    return next(ranges, "")


def _target(value: dict[str, Any]) -> str:
    return str(value["$ref"]).rpartition("/")[2]
