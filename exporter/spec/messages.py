"""Words for people: what is wrong with a value, and what to write instead.

Pydantic finds the mistakes, and its own wording never reaches a person; a ValueError of the model's validators already
is in our words.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection
from typing import Any, Final

from pydantic_core import ErrorDetails

from exporter.spec.schema import schema_at

KeyPath = tuple[str | int, ...]

_WORDS: Final = {
    "missing": "must be given",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters long",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} items",
    "literal_error": "must be {expected}",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "value_error": "{error}",
}


def format_path(path: KeyPath) -> str:
    """A key path as people write it: `spec.slos[0].objective`; keys with other letters are quoted and cut short."""
    text = ""
    for step in path:
        match step:
            case int():
                text += f"[{step}]"
            case str() if re.fullmatch(r"[A-Za-z0-9_-]{1,80}", step):
                text += f".{step}"
            case _:
                text += f"[{json.dumps(step[:80])}]"
    return text.removeprefix(".")


def error_message(error: ErrorDetails, path: KeyPath, written: str | None) -> str:
    """One of pydantic's errors in our words.

    Args:
        error: as `ValidationError.errors()` gives it.
        path: the key path in the document.
        written: what stands there when it is a plain scalar, as it is written; else None.
    """
    match error["type"]:
        case "extra_forbidden":
            return unknown_key(str(path[-1]), schema_at(path[:-1]).get("properties", {}))
        case "model_type" | "dict_type":
            return "must be a mapping" + _with_keys(schema_at(path).get("properties", {}))
        case "tuple_type":
            return "must be a list" + (f": write [{written}]" if written else "")
        case "string_type":
            return _text_wanted(error["input"], written)
        case kind:
            words = _WORDS[kind].format(**{key: _plain(value) for key, value in error.get("ctx", {}).items()})
            return words + _as_yaml_reads(error["input"], written)


def unknown_key(key: str, known: Collection[str]) -> str:
    """That a key is none of the known ones, with the nearest of them, or all where none is near."""
    near = difflib.get_close_matches(key, known, n=1)
    return f'unknown key; did you mean "{near[0]}"?' if near else f"unknown key; the keys here are {', '.join(known)}"


def _with_keys(keys: Collection[str]) -> str:
    return f" with keys such as {', '.join(list(keys)[:3])}" if keys else ""


def _text_wanted(value: Any, written: str | None) -> str:
    if not written or value is None:
        return "must be text"
    return f"must be text: quote it, {json.dumps(written, ensure_ascii=False)}" + _as_yaml_reads(value, written)


def _as_yaml_reads(value: Any, written: str | None) -> str:
    """The reminder that a plain `no` is false in YAML 1.1: the mistake that nobody sees in their own file."""
    surprise = isinstance(value, bool) and written not in {None, "true", "false"}
    return f" (YAML reads {written} as {json.dumps(value)})" if surprise else ""


def _plain(value: Any) -> Any:
    return value.replace("'", "") if isinstance(value, str) else value
