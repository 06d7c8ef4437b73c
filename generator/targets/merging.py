"""The generated routes in your alertmanager.yml: your text stays as it is, and the generated blocks have marks.

Blocks are inserted into the text, so comments and layout stay. The first line of a block has its number of lines, and a
mark ends it, so a later run removes exactly these lines, whatever their content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from exporter.errors import RenderError, UsageError
from generator.layout import MARK
from generator.serialization import yaml_text

_HEAD: Final = f"# {MARK} into a copy of your alertmanager.yml: what stands between its marks, each run writes anew.\n"
"""The first line of a merged file. It must not change: earlier files are recognised by it."""
_BEGIN: Final = re.compile(r" *# leeway: the next (\d+) lines are generated\s*")
_END: Final = "# leeway: end"
_NAMED: Final = ("time_intervals", "mute_time_intervals")
_LISTS: Final = ("inhibit_rules", "receivers", "time_intervals")


class _Splice(NamedTuple):
    """A generated block, the line of their text before which it goes, and whether it begins a new list."""

    line: int
    text: str
    begins: bool


def mergeable_parts(routing: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of which a configuration may have several: not the root route, its receiver or global settings.

    A route with the root's receiver loses it, so that it inherits the receiver of the root under which it is put.
    """
    root = routing["route"]["receiver"]
    lists = {key: routing[key] for key in ("inhibit_rules", "time_intervals") if routing.get(key)}
    return lists | {
        "route": {"routes": [_without(route, root) for route in routing["route"].get("routes", [])]},
        "receivers": [receiver for receiver in routing["receivers"] if receiver["name"] != root],
    }


def read(path: Path) -> str:
    """Return the text of an alertmanager.yml.

    Raises:
        UsageError: when it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{path}: cannot be read: {problem}") from None


def merge(text: str, routing: Mapping[str, Any], file: str) -> str:
    """Merge the generated routes into an alertmanager.yml.

    They go before its first route without `continue`, so its first routes with `continue` still see every alert. The
    generated receivers, inhibition rules and time intervals go after its own. Merging the result again does not change
    it.

    Args:
        text: an alertmanager.yml, perhaps with the blocks of an earlier run, which are replaced.
        routing: the whole generated configuration.
        file: the name of the file in messages.

    Raises:
        RenderError: when it is not a configuration of Alertmanager, has a list in brackets that must be extended, uses
            a generated name, names a receiver or interval that does not exist, or was changed between the marks.
    """
    theirs = _theirs(text, file)
    root, data = _parsed(theirs, file)
    lines = theirs.splitlines(keepends=True)
    ours = mergeable_parts(routing)
    ours["receivers"] = list(_receivers(ours["receivers"], data, routing.get("global", {})))
    _check_names(ours, data, file)
    target = _Text(root, lines, file)
    routes = target.routes(ours["route"]["routes"], data["route"].get("routes") or ())
    lists = [target.entries(key, ours[key]) for key in _LISTS if ours.get(key)]
    # At the same line, an extended list comes before a new one.
    splices = [routes, *sorted(lists, key=lambda splice: splice.begins)]
    splices.sort(key=lambda splice: splice.line)
    for splice in reversed(splices):
        lines.insert(splice.line, splice.text)
    return _HEAD + "".join(lines)


def _without(route: Mapping[str, Any], receiver: str) -> dict[str, Any]:
    kept = {key: value for key, value in route.items() if (key, value) != ("receiver", receiver)}
    return kept | ({"routes": [_without(child, receiver) for child in route["routes"]]} if "routes" in route else {})


def _theirs(text: str, file: str) -> str:
    """Return the text without generated blocks, ending with a newline."""
    lines = text.removeprefix(_HEAD).splitlines(keepends=True)
    kept: list[str] = []
    at = 0
    while at < len(lines):
        if mark := _BEGIN.fullmatch(lines[at]):
            at += int(mark[1]) + 1
            if at >= len(lines) or lines[at].strip() != _END:
                raise RenderError(
                    f"{file}: a generated block was changed: restore it, or remove it with both its marks"
                )
        else:
            kept.append(lines[at])
        at += 1
    theirs = "".join(kept)
    return theirs if theirs.endswith("\n") else f"{theirs}\n"


def _parsed(text: str, file: str) -> tuple[yaml.MappingNode, dict[str, Any]]:
    try:
        node, data = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as problem:
        raise RenderError(f"{file}: is not YAML: {problem}") from None
    if not isinstance(node, yaml.MappingNode) or not _is_route(data.get("route")):
        raise RenderError(f"{file}: is not a configuration of Alertmanager: route is missing or is not a mapping")
    for key in ("receivers", "inhibit_rules", *_NAMED):
        if not all(isinstance(entry, dict) for entry in data.get(key) or ()):
            raise RenderError(f"{file}: {key}: must be a list of mappings")
    return node, data


def _is_route(data: Any) -> bool:
    return isinstance(data, dict) and all(map(_is_route, data.get("routes") or ()))


def _receivers(
    ours: Sequence[Mapping[str, Any]], data: Mapping[str, Any], mail: Mapping[str, str]
) -> Iterator[Mapping[str, Any]]:
    """Yield our receivers, except empty ones that they have too; email gets the mail server unless they set it."""
    empty = [receiver["name"] for receiver in data.get("receivers") or () if receiver.keys() == {"name"}]
    settings = data.get("global") or {}
    server = {key.removeprefix("smtp_"): value for key, value in mail.items() if key not in settings}
    for receiver in ours:
        if receiver.keys() == {"name"} and receiver["name"] in empty:
            continue
        emails = [server | email for email in receiver.get("email_configs", ())]
        yield {**receiver, "email_configs": emails} if emails else receiver


def _check_names(ours: Mapping[str, Any], data: Mapping[str, Any], file: str) -> None:
    receivers = {entry.get("name") for entry in data.get("receivers") or ()}
    hours = {entry.get("name") for key in _NAMED for entry in data.get(key) or ()}
    for what, key, theirs in (("receiver", "receivers", receivers), ("time interval", "time_intervals", hours)):
        names = {entry["name"] for entry in ours.get(key, ())}
        if taken := sorted(names & theirs):
            raise RenderError(f"{file}: the {what} {taken[0]} has the name of a generated one: rename it")
        if missing := sorted(_named_in(data["route"], what) - names - theirs):
            raise RenderError(f"{file}: a route names the {what} {missing[0]}, which does not exist")


def _named_in(route: Mapping[str, Any], what: str) -> set[str]:
    """Return the receivers, or the time intervals, that a route of theirs and its children name."""
    keys = ("mute_time_intervals", "active_time_intervals")
    own = {route.get("receiver")} if what == "receiver" else {name for key in keys for name in route.get(key) or ()}
    below = (_named_in(child, what) for child in route.get("routes") or ())
    return {str(name) for name in own if name is not None}.union(*below)


class _Text:
    """Their text, and the places in it for our blocks."""

    def __init__(self, root: yaml.MappingNode, lines: Sequence[str], file: str) -> None:
        self._root, self._lines, self._file = root, lines, file

    def routes(self, ours: Sequence[Any], theirs: Sequence[Mapping[str, Any]]) -> _Splice:
        """Return the block of our routes, after their first routes that have `continue`."""
        route = self._value(self._root, "route")
        if not _has(route, "routes"):
            return self._new_list(route, "routes", ours)
        node = self._value(route, "routes")
        continues = [bool(child.get("continue")) for child in theirs]
        first = continues.index(False) if False in continues else len(continues)
        line = self._after(node.value[first - 1]) if first else node.start_mark.line
        return _Splice(line, _marked(yaml_text(ours), node.start_mark.column), begins=False)

    def entries(self, key: str, ours: Sequence[Any]) -> _Splice:
        """Return the block of our entries of a list, after theirs."""
        if not _has(self._root, key):
            return self._new_list(self._root, key, ours)
        node = self._value(self._root, key)
        return _Splice(self._after(node), _marked(yaml_text(ours), node.start_mark.column), begins=False)

    def _new_list(self, mapping: yaml.MappingNode, key: str, ours: Sequence[Any]) -> _Splice:
        return _Splice(self._after(mapping), _marked(yaml_text({key: ours}), mapping.start_mark.column), begins=True)

    def _value(self, mapping: yaml.MappingNode, key: str) -> Any:
        """Return a value in block style, below its key; an alias or a value in brackets is an error."""
        for name, value in mapping.value:
            block = isinstance(value, yaml.CollectionNode) and not value.flow_style and value.value
            if name.value == key and block and value.start_mark.index > name.end_mark.index:
                return value
        line = next((name.start_mark.line + 1 for name, _ in mapping.value if name.value == key), 0)
        place = f"{self._file}:{line}" if line else self._file
        raise RenderError(f"{place}: {key}: must have one entry per line, without brackets or an alias, or be left out")

    def _after(self, node: yaml.Node) -> int:
        """Return the line after a node's last word; the comments and empty lines after it belong to the next node."""
        if not isinstance(node, yaml.CollectionNode) or node.flow_style:
            return int(node.end_mark.line + (node.end_mark.column > 0))
        children = [child for one in node.value for child in (one if isinstance(one, tuple) else (one,))]
        last, line = max(map(self._after, children), default=0), int(node.end_mark.line)
        # The node of an alias is elsewhere, so a node that ends with an alias is longer than its children.
        while line > last and not self._lines[line - 1].partition("#")[0].strip():
            line -= 1
        return line


def _has(mapping: yaml.MappingNode, key: str) -> bool:
    """Return whether a mapping has a key, or may have it through a merge key."""
    return any(name.value in (key, "<<") for name, _ in mapping.value)


def _marked(text: str, column: int) -> str:
    """Return a generated block with marks at an indent; empty lines have no indent."""
    lines = [f"# leeway: the next {text.count(chr(10))} lines are generated", *text.splitlines(), _END]
    return "".join(f"{' ' * column}{line}\n" if line else "\n" for line in lines)
