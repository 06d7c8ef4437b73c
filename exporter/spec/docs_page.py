"""The spec reference in docs, made from the JSON Schema, so that it cannot say anything else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from exporter.spec.schema import NOTHING, Schema, json_schema

_HEAD: Final = """\
# The spec

One YAML file describes one model. This page lists every key; [model.json](schema/model.json) is the same as a JSON
Schema, and with this first line an editor completes and checks a spec while it is written:

```yaml
# yaml-language-server: $schema=../docs/schema/model.json
```

[models/fraud.yaml](../models/fraud.yaml) is a worked example. `leeway validate` tells every mistake at once, each with
its line. A key that may be left out may also have nothing after it; an unknown key is an error. No secret stands in a
spec, only the names of files that hold one.

A *duration* is written as in Prometheus (`90s`, `15m`, `1h30m`, `7d`), a *name* in lower-case letters, digits, `-` and
`_`, *hours* as `Mon-Fri 09:00-18:00` or `08:00-20:00`.
"""


def spec_page() -> str:
    """The page in Markdown: a table of keys for each section, in the order in which a spec is written."""
    schema = json_schema()
    sections = {"ModelSpec": schema, **schema["$defs"]}
    parts = [_section(name, places, sections) for name, places in _visit(sections).items()]
    return "\n".join([_HEAD, *parts])


def _visit(sections: dict[str, Schema]) -> dict[str, list[str]]:
    """The sections in the order in which a reader meets them, each with the key paths at which it stands."""
    places: dict[str, list[str]] = {}

    def visit(name: str, path: str) -> None:
        places.setdefault(name, []).append(path)
        for key, value in sections[name]["properties"].items():
            for inner, suffix in _references(value):
                visit(inner, f"{path}.{key}{suffix}".removeprefix("."))

    visit("ModelSpec", "")
    return places


def _references(value: Schema) -> Iterator[tuple[str, str]]:
    """The sections that a key leads to, with `[]` for the items of a list."""
    for option in value.get("anyOf", [value]):
        if "$ref" in option:
            yield _target(option), ""
        elif "$ref" in option.get("items", {}):
            yield _target(option["items"]), "[]"


def _section(name: str, places: list[str], sections: dict[str, Schema]) -> str:
    whole, section = name == "ModelSpec", sections[name]
    title = "The whole" if whole else name
    where = "" if whole else f"At {', '.join(f'`{place}`' for place in places)}. "
    rows = (
        f"| `{key}` | {_type(value)} | {_default(key, value, section)} | {_meaning(value, sections)} |"
        for key, value in section["properties"].items()
    )
    table = "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows])
    return f"## {title}\n\n{where}{section['description']}\n\n{table}\n"


def _meaning(value: Schema, sections: dict[str, Schema]) -> str:
    """What a key means; one that says nothing of its own means what its section does."""
    inner = next((sections[name]["description"] for name, _ in _references(value)), "")
    return str(value.get("description", inner)).replace("|", "\\|")


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
    """One kind of value in a few words; a section is a link."""
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
    """What the keys of a mapping are."""
    kinds = {"enum": "weekday", "allOf": "label name"}
    return next((words for kind, words in kinds.items() if kind in names), "text")


_RANGES: Final = {
    ("minimum", "maximum"): " from {} to {}",
    ("exclusiveMinimum", "exclusiveMaximum"): " between {} and {}",
    ("minimum",): " from {}",
    ("exclusiveMinimum",): " above {}",
}


def _range(value: Schema) -> str:
    fitting = (words.format(*map(value.get, keys)) for keys, words in _RANGES.items() if value.keys() >= set(keys))
    return next(fitting, "")


def _target(value: dict[str, Any]) -> str:
    return str(value["$ref"]).rpartition("/")[2]
