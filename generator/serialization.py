"""Plain data as YAML and JSON, readable and with the same bytes for the same data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import yaml

_ORDER: Final = (
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "rule_files",
    "evaluation_interval",
    "global",
    "route",
    "alert",
    "expr",
    "for",
    "keep_firing_for",
    "labels",
    "annotations",
    "summary",
    "description",
    "series",
    "values",
    "interval",
    "input_series",
    "receiver",
    "matchers",
    "group_by",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "source_matchers",
    "target_matchers",
    "equal",
    "weekdays",
    "times",
    "start_time",
    "end_time",
    "eval_time",
    "alertname",
    "exp_labels",
    "exp_annotations",
)
_RANK: Final = {key: rank for rank, key in enumerate(_ORDER)}

_DURATION: Final = re.compile(r"(\d+[dhms])+")
_PLAIN: Final = re.compile(r"[A-Za-z_/][\w ./%+-]*", re.ASCII)
_WORDS: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_PRINTED: Final = re.compile("[\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010fffe]*")
"""Text that every YAML parser reads as it is: no control characters, and no line breaks that only YAML has."""
_LOOSE_END: Final = re.compile(" (\n|$)")
_INDENT: Final = "  "
_WIDTH: Final = 120
"""The longest line of JSON that has several values."""
_NESTED: Final = (dict, list)
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def from_yaml(text: str) -> Any:
    """Return the plain data of a generated text."""
    return yaml.load(text, _LOADER)  # noqa: S506 - both are safe


def yaml_text(data: Any) -> str:
    """Return YAML with keys in reading order, multi-line texts as blocks, and no folded lines.

    A text that another YAML parser could read as a number, a date or a boolean is quoted.
    """
    if _is_scalar(data):
        return f"{_scalar(data, '')}\n"
    lines: list[str] = []
    _write(data, "", "", lines)
    return "".join(lines)


def json_text(data: Any) -> str:
    """Return JSON with sorted keys; a mapping or list that fits is on one line.

    There are no spaces: without them a dashboard is a sixth smaller, and a change still shows in short lines.
    """
    return _json(data) + "\n"


def _json(data: Any) -> str:
    if _is_scalar(data):
        return _json_scalar(data)
    if isinstance(data, list):
        items, (opening, closing) = [_json(item) for item in data], "[]"
    else:
        items, (opening, closing) = [f"{_json_scalar(key)}:{_json(data[key])}" for key in sorted(data)], "{}"
    if sum(map(len, items)) + len(items) <= _WIDTH and not any("\n" in item for item in items):
        return f"{opening}{','.join(items)}{closing}"
    return f"{opening}\n" + ",\n".join(items) + f"\n{closing}"


_json_scalar: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _is_scalar(data: Any) -> bool:
    return not isinstance(data, _NESTED) or not data


def _write(data: Any, indent: str, lead: str, lines: list[str]) -> None:
    """Append the lines of a non-empty mapping or list; `lead` goes before the first line, `indent` before the others.

    PyYAML's emitter is not used: it looks at every character in Python, which takes seconds for a hundred models.
    """
    for head, value in _entries(data):
        if _is_scalar(value):
            lines.append(f"{lead}{head} {_scalar(value, indent)}\n")
        elif head == "-":
            _write(value, indent + _INDENT, f"{lead}- ", lines)
        else:
            lines.append(f"{lead}{head}\n")
            _write(value, indent + _INDENT, indent + _INDENT, lines)
        lead = indent


def _entries(data: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(data, list):
        return [("-", item) for item in data]
    return [(head, data[key]) for key, head in _heads(tuple(data))]


@lru_cache(4096)
def _heads(keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the keys of a mapping in order, each with its YAML; cached, since many mappings have the same keys."""
    return [(key, f"{_key(key)}:") for key in sorted(keys, key=lambda key: (_RANK.get(key, len(_ORDER)), key))]


def _key(key: str) -> str:
    """Return a key on one line, since a key must not be a block."""
    return _escaped(key) if "\n" in key else _text(key, "")


def _scalar(data: Any, indent: str) -> str:
    if isinstance(data, str):
        return _text(data, indent)
    return (
        {True: "true", False: "false", None: "null"}[data] if data is None or isinstance(data, bool) else _other(data)
    )


def _text(text: str, indent: str) -> str:
    if not (text.isascii() and text.isprintable()) and not _PRINTED.fullmatch(text):
        return _escaped(text)
    if "\n" in text:
        return _escaped(text) if _LOOSE_END.search(text) else _block(text, indent + _INDENT)
    plain = _DURATION.fullmatch(text) or (_PLAIN.fullmatch(text) and text.lower() not in _WORDS)
    return text if plain and not text.endswith(" ") else "'" + text.replace("'", "''") + "'"


def _block(text: str, indent: str) -> str:
    """Return a block; the header has the indent where the text begins with a space, and how the text ends."""
    indentation = str(len(_INDENT)) if text[0] in " \n" else ""
    ending = "-" if not text.endswith("\n") else "+" if text == "\n" or text.endswith("\n\n") else ""
    lines = [f"{indent}{line}" if line else "" for line in text.removesuffix("\n").split("\n")]
    return "\n".join([f"|{indentation}{ending}", *lines])


def _escaped(text: str) -> str:
    return yaml.dump(text, default_style='"', allow_unicode=True, width=float("inf")).removesuffix("\n")


def _other(data: Any) -> str:
    """Return a number, or an empty list or mapping, as PyYAML writes it."""
    return yaml.safe_dump(data).removesuffix("\n").removesuffix("\n...") if isinstance(data, float) else str(data)
