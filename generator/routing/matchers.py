"""Alertmanager's matchers: `severity="critical"`, `layer=~"dataset|feature"`, as a configuration writes them."""

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
    """One condition on one label; a label that is not there has the empty value."""

    name: str
    operator: str
    """`=`, `!=`, `=~` or `!~`."""
    value: str

    def matches(self, labels: Labels) -> bool:
        """Whether it holds; a regular expression must match the whole value."""
        value = labels.get(self.name, "")
        regular = self.operator.endswith("~")
        equal = bool(re.fullmatch(self.value, value)) if regular else value == self.value
        return equal != self.operator.startswith("!")


def parse(text: str) -> tuple[Matcher, ...]:
    """The matchers of one text: one, or several between commas, in braces or not.

    Regular expressions are Python's here and RE2 in Alertmanager; the two agree on literals, alternatives, classes,
    groups and repetition.

    Raises:
        RenderError: when it is none, or its regular expression is.
    """
    stripped = text.strip()
    inner = stripped[1:-1] if stripped.startswith("{") and stripped.endswith("}") else stripped
    if _TERM.sub("", inner).strip(", "):
        raise RenderError(f"{text}: a quotation mark without the other")
    return tuple(_one(term) for term in _TERM.findall(inner) if term.strip())


def read(part: Mapping[str, Any], side: str = "") -> tuple[Matcher, ...]:
    """All matchers of a part of a configuration: `matchers`, and the older `match` and `match_re`.

    Args:
        part: a route, or a rule of inhibition.
        side: what stands before these names in a rule: `source_` or `target_`.
    """
    return tuple(_all(part, side))


def hold(matchers: tuple[Matcher, ...], labels: Labels) -> bool:
    """Whether every one of them matches; none at all match everything."""
    return all(matcher.matches(labels) for matcher in matchers)


def _all(part: Mapping[str, Any], side: str) -> Iterator[Matcher]:
    for text in part.get(f"{side}matchers") or ():
        yield from parse(text)
    for name, value in (part.get(f"{side}match") or {}).items():
        yield Matcher(name, "=", value)
    for name, value in (part.get(f"{side}match_re") or {}).items():
        yield _checked(Matcher(name, "=~", value))


def _one(text: str) -> Matcher:
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise RenderError(f"{text}: not a matcher of Alertmanager")
    name, operator, value = found.groups()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return _checked(Matcher(name, operator, _ESCAPED.sub(_unescaped, value)))


def _unescaped(escape: re.Match[str]) -> str:
    return "\n" if escape[1] == "n" else escape[1]


def _checked(matcher: Matcher) -> Matcher:
    try:
        if matcher.operator.endswith("~"):
            re.compile(matcher.value)
    except re.error as problem:
        raise RenderError(f"{matcher.name}{matcher.operator}{matcher.value!r}: {problem}") from None
    return matcher
