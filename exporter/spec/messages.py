"""Error messages for users: what is wrong with a value, and what to write instead.

Pydantic finds the mistakes; its messages are replaced by ours. A ValueError of the model's validators has our message
already.
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

_MESSAGES: Final = {
    "missing": "is required",
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
    """Write a key path as text: `spec.slos[0].objective`; keys with special characters are quoted and shortened."""
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
    """Return our message for one of pydantic's errors.

    Args:
        error: one of `ValidationError.errors()`.
        path: the key path in the document.
        written: the value as written, if it is a plain scalar; else None.
    """
    match error["type"]:
        case "extra_forbidden":
            return unknown_key(str(path[-1]), schema_at(path[:-1]).get("properties", {}))
        case "model_type" | "dict_type":
            return "must be a mapping" + _with_keys(schema_at(path).get("properties", {}))
        case "tuple_type":
            return "must be a list" + (f": write [{written}]" if written else "")
        case "string_type":
            return _must_be_text(error["input"], written)
        case kind:
            context = {key: _unquoted(value) for key, value in error.get("ctx", {}).items()}
            return _MESSAGES[kind].format(**context) + _as_yaml_reads(error["input"], written)


def unknown_key(key: str, known: Collection[str]) -> str:
    """Return the message for an unknown key: with the most similar known key, or with all if none is similar."""
    near = difflib.get_close_matches(key, known, n=1)
    return f'unknown key; did you mean "{near[0]}"?' if near else f"unknown key; the keys here are {', '.join(known)}"


def _with_keys(keys: Collection[str]) -> str:
    return f" with keys such as {', '.join(list(keys)[:3])}" if keys else ""


def _must_be_text(value: Any, written: str | None) -> str:
    if not written or value is None:
        return "must be text"
    return f"must be text: quote it, {json.dumps(written, ensure_ascii=False)}" + _as_yaml_reads(value, written)


def _as_yaml_reads(value: Any, written: str | None) -> str:
    """Return a hint where YAML 1.1 reads a plain word such as `no` as a boolean, which is easy to overlook."""
    misread = isinstance(value, bool) and written not in {None, "true", "false"}
    return f" (YAML reads {written} as {json.dumps(value)})" if misread else ""


def _unquoted(value: Any) -> Any:
    return value.replace("'", "") if isinstance(value, str) else value
