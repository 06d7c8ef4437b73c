"""Alertmanager's matchers, such as `severity="critical"` and `layer=~"dataset|feature"`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from exporter.errors import RenderError

Labels = Mapping[str, str]

_MATCHER: Final = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!=|!~|=)\s*(.*?)\s*", re.DOTALL)
_ESCAPED: Final = re.compile(r'\\([n"\\])')
_TERM: Final = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^,"])+', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; a missing label has the empty value."""

    name: str
    operator: str
    """`=`, `!=`, `=~` or `!~`."""
    value: str

    def matches(self, labels: Labels) -> bool:
        """Return whether the labels match; a regular expression must match the whole value."""
        value = labels.get(self.name, "")
        is_regex = self.operator.endswith("~")
        equal = bool(re.fullmatch(self.value, value)) if is_regex else value == self.value
        return equal != self.operator.startswith("!")


def parse(text: str) -> tuple[Matcher, ...]:
    """Return the matchers of one text: one or several, separated by commas, with or without braces.

    Regular expressions are Python's here and RE2 in Alertmanager. Both agree on literals, alternatives, classes, groups
    and repetition.

    Raises:
        RenderError: when a matcher is invalid; its regular expression is not compiled here.
    """
    stripped = text.strip()
    inner = stripped[1:-1] if stripped.startswith("{") and stripped.endswith("}") else stripped
    if _TERM.sub("", inner).strip(", "):
        raise RenderError(f"{text}: unbalanced quotation mark")
    return tuple(_matcher(term) for term in _TERM.findall(inner) if term.strip())


def read(part: Mapping[str, Any], side: str = "") -> tuple[Matcher, ...]:
    """Return all matchers of a part of a configuration: `matchers`, and the older `match` and `match_re`.

    Args:
        part: a route, or an inhibition rule.
        side: the prefix of these keys in an inhibition rule: `source_` or `target_`.

    Raises:
        RenderError: when a matcher or its regular expression is invalid.
    """
    return tuple(_matchers(part, side))


def all_match(matchers: tuple[Matcher, ...], labels: Labels) -> bool:
    """Return whether every matcher matches; no matchers match everything."""
    return all(matcher.matches(labels) for matcher in matchers)


def _matchers(part: Mapping[str, Any], side: str) -> Iterator[Matcher]:
    for text in part.get(f"{side}matchers") or ():
        yield from map(_checked, parse(text))
    for name, value in (part.get(f"{side}match") or {}).items():
        yield Matcher(name, "=", value)
    for name, value in (part.get(f"{side}match_re") or {}).items():
        yield _checked(Matcher(name, "=~", value))


def _matcher(text: str) -> Matcher:
    match = _MATCHER.fullmatch(text)
    if match is None:
        raise RenderError(f"{text}: not a matcher of Alertmanager")
    name, operator, value = match.groups()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return Matcher(name, operator, _ESCAPED.sub(_unescaped, value))


def _unescaped(escape: re.Match[str]) -> str:
    return "\n" if escape[1] == "n" else escape[1]


def _checked(matcher: Matcher) -> Matcher:
    try:
        if matcher.operator.endswith("~"):
            re.compile(matcher.value)
    except re.error as problem:
        raise RenderError(f"{matcher.name}{matcher.operator}{matcher.value!r}: {problem}") from None
    return matcher
