"""Our routes in an alertmanager.yml that somebody else wrote: their text as it is, and ours in blocks between marks.

The text is spliced, not written anew, so comments and layout stay. A block says how many lines it has and ends with a
line of its own: a later run takes exactly these out again, whatever stands in them.
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
_BEGIN: Final = re.compile(r" *# leeway: the next (\d+) lines are generated\s*")
_END: Final = "# leeway: end"
_NAMED: Final = ("time_intervals", "mute_time_intervals")
_LISTS: Final = ("inhibit_rules", "receivers", "time_intervals")


class _Splice(NamedTuple):
    """Lines of ours, the line of theirs before which they go, and whether they begin a list that is not there."""

    line: int
    text: str
    begins: bool


def parts(routing: Mapping[str, Any]) -> dict[str, Any]:
    """All but what a configuration has one of: its root route with the root's receiver, and its global settings.

    A route that names the root's receiver names none any more, so that it takes that of whatever root it comes under.
    """
    root = routing["route"]["receiver"]
    found = {key: routing[key] for key in ("inhibit_rules", "time_intervals") if routing.get(key)}
    return found | {
        "route": {"routes": [_without(route, root) for route in routing["route"].get("routes", [])]},
        "receivers": [receiver for receiver in routing["receivers"] if receiver["name"] != root],
    }


def read(path: Path) -> str:
    """The text of somebody's alertmanager.yml.

    Raises:
        UsageError: when it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{path}: cannot be read: {problem}") from None


def merged(text: str, routing: Mapping[str, Any], file: str) -> str:
    """An alertmanager.yml with our routes in it.

    They stand before the first of its routes that keeps what it takes (routes at its head that `continue` see
    everything, as they did), our receivers, rules and hours behind its own. Merged again, the result stays as it is.

    Args:
        text: what is there, perhaps with what an earlier run put in, which is taken out.
        routing: our whole configuration.
        file: what to call it in messages.

    Raises:
        RenderError: when it is no configuration of Alertmanager, writes a list that we add to in brackets, has a name
            of ours, names what is not there, or was changed between the marks.
    """
    theirs = _theirs(text, file)
    root, data = _composed(theirs, file)
    lines = theirs.splitlines(keepends=True)
    ours = parts(routing)
    ours["receivers"] = list(_receivers(ours["receivers"], data, routing.get("global", {})))
    _refuse_names(ours, data, file)
    into = _Text(root, lines, file)
    routes = into.routes(ours["route"]["routes"], data["route"].get("routes") or ())
    lists = [into.entries(key, ours[key]) for key in _LISTS if ours.get(key)]
    # On one line, what goes into something that is there comes before what begins anew.
    splices = [routes, *sorted(lists, key=lambda one: one.begins)]
    splices.sort(key=lambda one: one.line)
    for splice in reversed(splices):
        lines.insert(splice.line, splice.text)
    return _HEAD + "".join(lines)


def _without(route: Mapping[str, Any], receiver: str) -> dict[str, Any]:
    kept = {key: value for key, value in route.items() if (key, value) != ("receiver", receiver)}
    return kept | ({"routes": [_without(child, receiver) for child in route["routes"]]} if "routes" in route else {})


def _theirs(text: str, file: str) -> str:
    """What is not ours, which ends with a line's end."""
    lines = text.removeprefix(_HEAD).splitlines(keepends=True)
    kept: list[str] = []
    at = 0
    while at < len(lines):
        if mark := _BEGIN.fullmatch(lines[at]):
            at += int(mark[1]) + 1
            if at >= len(lines) or lines[at].strip() != _END:
                raise RenderError(f"{file}: what leeway wrote was changed: mend it, or take it out with both its marks")
        else:
            kept.append(lines[at])
        at += 1
    theirs = "".join(kept)
    return theirs if theirs.endswith("\n") else f"{theirs}\n"


def _composed(text: str, file: str) -> tuple[yaml.MappingNode, dict[str, Any]]:
    try:
        node, data = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as problem:
        raise RenderError(f"{file}: is not YAML: {problem}") from None
    if not isinstance(node, yaml.MappingNode) or not _is_route(data.get("route")):
        raise RenderError(f"{file}: is no configuration of Alertmanager: it has no route, or one of other shape")
    for key in ("receivers", "inhibit_rules", *_NAMED):
        if not all(isinstance(one, dict) for one in data.get(key) or ()):
            raise RenderError(f"{file}: {key}: is no list of mappings")
    return node, data


def _is_route(data: Any) -> bool:
    return isinstance(data, dict) and all(map(_is_route, data.get("routes") or ()))


def _receivers(
    ours: Sequence[Mapping[str, Any]], data: Mapping[str, Any], mail: Mapping[str, str]
) -> Iterator[Mapping[str, Any]]:
    """Ours, but for a silent one that they have too; with the mail server where they name none."""
    silent = [receiver["name"] for receiver in data.get("receivers") or () if receiver.keys() == {"name"}]
    world = data.get("global") or {}
    server = {key.removeprefix("smtp_"): value for key, value in mail.items() if key not in world}
    for receiver in ours:
        if receiver.keys() == {"name"} and receiver["name"] in silent:
            continue
        mails = (
            {"email_configs": [server | one for one in receiver["email_configs"]]}
            if "email_configs" in receiver
            else {}
        )
        yield {**receiver, **mails}


def _refuse_names(ours: Mapping[str, Any], data: Mapping[str, Any], file: str) -> None:
    receivers = {one.get("name") for one in data.get("receivers") or ()}
    hours = {one.get("name") for key in _NAMED for one in data.get(key) or ()}
    for what, key, theirs in (("receiver", "receivers", receivers), ("time interval", "time_intervals", hours)):
        names = {one["name"] for one in ours.get(key, ())}
        if taken := sorted(names & theirs):
            raise RenderError(f"{file}: the {what} {taken[0]} is not ours, and a model needs the name: give it another")
        if lost := sorted(_named_in(data["route"], what) - names - theirs):
            raise RenderError(f"{file}: a route names the {what} {lost[0]}, which is not there")


def _named_in(route: Mapping[str, Any], what: str) -> set[str]:
    """The receivers, or the time intervals, that a route of theirs and those below it name."""
    keys = ("mute_time_intervals", "active_time_intervals")
    own = {route.get("receiver")} if what == "receiver" else {name for key in keys for name in route.get(key) or ()}
    below = (_named_in(child, what) for child in route.get("routes") or ())
    return {str(name) for name in own if name is not None}.union(*below)


class _Text:
    """Their text, and where in it ours goes."""

    def __init__(self, root: yaml.MappingNode, lines: Sequence[str], file: str) -> None:
        self._root, self._lines, self._file = root, lines, file

    def routes(self, ours: Sequence[Any], theirs: Sequence[Mapping[str, Any]]) -> _Splice:
        """Our routes, behind those of theirs at the head that let everything pass on."""
        route = self._value(self._root, "route")
        if not _has(route, "routes"):
            return self._begun(route, "routes", ours)
        node = self._value(route, "routes")
        passing = [bool(one.get("continue")) for one in theirs]
        first = passing.index(False) if False in passing else len(passing)
        line = self._after(node.value[first - 1]) if first else node.start_mark.line
        return _Splice(line, _marked(yaml_text(ours), node.start_mark.column), begins=False)

    def entries(self, key: str, ours: Sequence[Any]) -> _Splice:
        """Our entries of a list, behind theirs."""
        if not _has(self._root, key):
            return self._begun(self._root, key, ours)
        node = self._value(self._root, key)
        return _Splice(self._after(node), _marked(yaml_text(ours), node.start_mark.column), begins=False)

    def _begun(self, mapping: yaml.MappingNode, key: str, ours: Sequence[Any]) -> _Splice:
        return _Splice(self._after(mapping), _marked(yaml_text({key: ours}), mapping.start_mark.column), begins=True)

    def _value(self, mapping: yaml.MappingNode, key: str) -> Any:
        """A mapping or list in block style that stands where its key is."""
        for name, value in mapping.value:
            block = isinstance(value, yaml.CollectionNode) and not value.flow_style and value.value
            if name.value == key and block and value.start_mark.index > name.end_mark.index:
                return value
        line = next((name.start_mark.line + 1 for name, _ in mapping.value if name.value == key), 0)
        place = f"{self._file}:{line}" if line else self._file
        raise RenderError(f"{place}: {key}: must be written out here, one entry per line, or be left out")

    def _after(self, node: yaml.Node) -> int:
        """The line behind a node's last word; comments and empty lines behind it belong to what follows."""
        if not isinstance(node, yaml.CollectionNode) or node.flow_style:
            return int(node.end_mark.line + (node.end_mark.column > 0))
        children = [child for one in node.value for child in (one if isinstance(one, tuple) else (one,))]
        last, line = max(map(self._after, children), default=0), int(node.end_mark.line)
        # An alias stands elsewhere, so what ends with one is longer than its parts say.
        while line > last and not self._lines[line - 1].partition("#")[0].strip():
            line -= 1
        return line


def _has(mapping: yaml.MappingNode, key: str) -> bool:
    """Whether a mapping has a key, or may have it by a merge of another."""
    return any(name.value in (key, "<<") for name, _ in mapping.value)


def _marked(text: str, column: int) -> str:
    """A block of ours at their indent; an empty line of a text needs none."""
    lines = [f"# leeway: the next {text.count(chr(10))} lines are generated", *text.splitlines(), _END]
    return "".join(f"{' ' * column}{line}\n" if line else "\n" for line in lines)
