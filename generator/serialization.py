"""Plain data to text: YAML and JSON as a person would write them, the same bytes for the same data."""

from __future__ import annotations

import json
import re
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
_BREAKS: Final = re.compile("[\x85\u2028\u2029\ufeff]")
"""What YAML reads as a line break or a mark unless it is escaped."""
_WORDS: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))


def yaml_text(data: Any) -> str:
    """YAML, keys in the order in which they are read, texts of several lines as blocks, no line folded.

    A text that another reader of YAML could take for a number, a date or a boolean is quoted.
    """
    unfolded = float("inf")
    text: str = yaml.dump(_ordered(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=unfolded)
    return text


def json_text(data: Any) -> str:
    """JSON with sorted keys and an indent of two."""
    return json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _ordered(data: Any) -> Any:
    if isinstance(data, dict):
        keys = sorted(data, key=lambda key: (_RANK.get(key, len(_ORDER)), key))
        return {key: _ordered(data[key]) for key in keys}
    return [_ordered(item) for item in data] if isinstance(data, list) else data


class _Dumper(yaml.SafeDumper):
    """Lists indented below their key, and no anchors: a value that stands twice is written twice."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 - the base's
        super().increase_indent(flow=flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    if _BREAKS.search(text):
        return '"'
    if "\n" in text:
        return "|"
    plain = _DURATION.fullmatch(text) or (_PLAIN.fullmatch(text) and text.lower() not in _WORDS)
    return None if plain and not text.endswith(" ") else "'"


_Dumper.add_representer(str, _represent_text)
