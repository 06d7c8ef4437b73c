"""A YAML text as plain data with the line of every value. All YAML of a spec is parsed here.

YAML features that no spec needs are refused, with a hint what to write instead: tags, merge keys, duplicate keys, deep
nesting, too many aliases. So are values that YAML 1.1 reads in an unexpected way: `1:30` as 90, and `010` as 8. Keys
are the text as written, so `no` can be a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, NoReturn

import yaml

from exporter.errors import Problem, SpecError
from exporter.spec.messages import KeyPath

MAX_DEPTH: Final = 20
"""The maximum depth of nested mappings and lists."""
MAX_WRITTEN: Final = 100
"""The maximum length of a number, of a date, and of a text quoted in a message."""
MAX_ALIASED: Final = 10_000
"""The maximum number of values that aliases expand to, so that ten lines cannot fill the memory."""

_TAG: Final = "tag:yaml.org,2002:"
_STRING: Final = _TAG + "str"
_NULL: Final = _TAG + "null"
_MERGE: Final = _TAG + "merge"
_INVALID: Final = {
    _NULL: "",
    _TAG + "bool": "",
    _TAG + "int": "is not a valid number",
    _TAG + "float": "is not a valid number",
    _TAG + "timestamp": "is not a valid date",
}
"""The tags of scalars other than text, and the message for an invalid one."""
_KEYS: Final = {*_INVALID, _STRING, _MERGE, _TAG + "value"}


class Place(NamedTuple):
    """The place of a value in a text."""

    key: int
    """The line of the value's key, or of the item in a list."""
    line: int
    """The line of a scalar; for a mapping or a list, the line of its key."""
    written: str | None
    """A plain scalar as written; None for anything else."""


@dataclass(frozen=True, slots=True)
class Document:
    """The only document of a text."""

    data: Any
    """Mappings with text as keys, lists, text, numbers, booleans, dates, None."""
    places: Mapping[KeyPath, Place]
    """The place of every value."""
    refused: Mapping[KeyPath, str]
    """The values that are refused, with the message; what `data` has in their place is meaningless."""

    def existing(self, path: KeyPath) -> KeyPath:
        """Return the longest part of a key path that exists in the text."""
        return next(path[:length] for length in range(len(path), -1, -1) if path[:length] in self.places)


def parse(text: str, file: str) -> Document:
    """Parse a text with one YAML document.

    Args:
        text: the whole file.
        file: its name, for error messages.

    Raises:
        SpecError: with the place of a syntax error, or when there is no document or more than one.
    """
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise SpecError((Problem(file, 0, "", "is empty: a spec begins with apiVersion: leeway/v1"),))
            return _Reader(loader).document(node)
        except (ValueError, OverflowError):  # a huge number in an escape or in a %YAML directive
            raise SpecError((Problem(file, loader.line + 1, "", "is not YAML: a number is too large"),)) from None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise SpecError((_syntax_problem(error, file),)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"must not contain the control character U+{ord(text[error.position]):04X}"
        raise SpecError((Problem(file, line, "", message),)) from None


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    problem = error.problem or "it cannot be read"
    if isinstance(error, _Refused):
        return Problem(file, line, "", problem)
    for needle, words in _SYNTAX.items():
        if needle in problem:
            return Problem(file, line, "", words)
    if error.context and error.context_mark and "stream" in problem:
        opened = error.context.partition(" a ")[2]
        words = f"is not YAML: the {_OPENED.get(opened, opened)} is never closed"
        return Problem(file, error.context_mark.line + 1, "", words)
    return Problem(file, line, "", f"is not YAML: {problem}")


_OPENED: Final = {
    "flow sequence": "[",
    "flow mapping": "{",
    "flow node": "bracket",
    "quoted scalar": "quotation mark",
}
_SYNTAX: Final = {
    "another document": "begins a second document: write one spec per file",
    "expected '<document start>'": "begins a second document: write one spec per file",
    r"'\t' that cannot start": "is not YAML: tabs cannot indent, use spaces",
    "cannot start any token": "is not YAML: text cannot begin with this character, quote it",
    "expected <block end>": "is not YAML: the indentation does not match the lines above",
    "mapping values are not allowed": "is not YAML: a colon is not allowed here; fix the indentation or quote the text",
    "second occurrence": "defines an anchor a second time: give every anchor its own name",
}
"""Messages for common mistakes, by a part of PyYAML's message."""


class _Refused(yaml.MarkedYAMLError):
    """Valid YAML that a spec must not have."""


def _refuse(node: yaml.Node, problem: str) -> NoReturn:
    raise _Refused(problem=problem, problem_mark=node.start_mark)


class _Loader(yaml.SafeLoader):
    """YAML's safe loader with a limit on nesting, which reads `1e-3` as a number, as YAML 1.2 does."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if parent is not None and self.depth > MAX_DEPTH:
            _refuse(parent, "is nested too deeply")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_Loader.add_implicit_resolver(
    _TAG + "float", re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


class _Reader:
    """Converts YAML's nodes to plain data and records the place of each."""

    def __init__(self, loader: _Loader) -> None:
        self._loader = loader
        self._places: dict[KeyPath, Place] = {}
        self._refused: dict[KeyPath, str] = {}
        self._seen: set[int] = set()
        self._aliased = 0

    def document(self, root: yaml.Node) -> Document:
        return Document(self._value(root, (), _line(root)), self._places, self._refused)

    def _value(self, node: yaml.Node, path: KeyPath, key: int) -> Any:
        self._check_size(node, path)
        match node:
            case yaml.ScalarNode():
                plain = node.style is None and len(node.value) <= MAX_WRITTEN
                self._places[path] = Place(key, _line(node), node.value if plain else None)
                return self._scalar(node, path)
            case yaml.MappingNode(tag=yaml.SafeLoader.DEFAULT_MAPPING_TAG):
                self._places[path] = Place(key, key, None)
                return self._mapping(node, path)
            case yaml.SequenceNode(tag=yaml.SafeLoader.DEFAULT_SEQUENCE_TAG):
                self._places[path] = Place(key, key, None)
                return [self._value(item, (*path, index), _line(item)) for index, item in enumerate(node.value)]
            case _:
                self._places[path] = Place(key, key, None)
                self._refused[path] = _tag_message(node)
                return None

    def _check_size(self, node: yaml.Node, path: KeyPath) -> None:
        """Stop when aliases expand to too many values."""
        self._aliased += id(node) in self._seen
        self._seen.add(id(node))
        if self._aliased > MAX_ALIASED:
            _refuse(node, f"aliases expand to more than {MAX_ALIASED:,} values: write the values out")
        if len(path) > MAX_DEPTH:
            _refuse(node, "is nested too deeply: an alias may contain itself")

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = _key(key_node), _line(key_node)
            mapping[key] = self._value(value_node, (*path, key), line)
            if key_node.tag == _MERGE:
                self._refused[*path, key] = "merge keys are not supported: write the keys out"
            elif key in lines:
                self._refused[*path, key] = f"is given twice, on lines {lines[key]} and {line}"
            lines.setdefault(key, line)
        return mapping

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        plain = node.style is None
        natural = self._loader.resolve(yaml.ScalarNode, node.value, (plain, not plain))  # type: ignore[no-untyped-call]  # its stub has no types
        if node.tag not in {_STRING, natural}:
            self._refused[path] = _tag_message(node)
        elif not _is_unicode(node.value):
            self._refused[path] = "must be valid Unicode text: it has half a surrogate pair"
        elif node.tag not in _INVALID:
            return node.value
        else:
            return self._construct(node, path)
        return None

    def _construct(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        """Convert a scalar to a number, a date, a boolean or None."""
        try:
            value = self._loader.construct_object(node) if len(node.value) <= MAX_WRITTEN else None
        except (ValueError, OverflowError):
            value = None
        if value is None and node.tag != _NULL:
            self._refused[path] = _INVALID[node.tag]
        if isinstance(value, int | float) and _OCTAL_OR_BASE_60.search(node.value):
            self._refused[path] = f"must be quoted if it is text: YAML reads {node.value} as {value}"
        return value


_OCTAL_OR_BASE_60: Final = re.compile(r":|^[-+]?0[0-7_]+$")
"""Numbers that YAML 1.1 reads in base 60 or base 8, which is never intended."""


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag not in _KEYS or not _is_unicode(node.value):
        _refuse(node, "a key must be plain text")
    return str(node.value)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _tag_message(node: yaml.Node) -> str:
    return f"must not have a tag: remove {node.tag.replace(_TAG, '!!')[:MAX_WRITTEN]}"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
