"""A spec with mistakes of form, repaired, so that its other parts can be checked against each other.

Each wrong value is taken out or replaced, and its path is remembered as unknown. A check that reads an unknown path is
skipped (`exporter.spec.checks.all_checks`), so a replacement never shows in a message.
"""

from __future__ import annotations

import copy
import difflib
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError

from exporter.spec.messages import KeyPath
from exporter.spec.model import Body
from exporter.spec.schema import EXAMPLE, schema_at

_ATTEMPTS: Final = 20
_EXAMPLE: Final[dict[str, Any]] = EXAMPLE["spec"]
_SUBSTITUTES: Final[dict[str, Any]] = {
    **_EXAMPLE,
    "labels": {"source": _EXAMPLE["inference"]["source"], "columns": {"prediction_id": "id", "label": "label"}},
}
_ITEMS: Final[dict[str, dict[str, Any]]] = {
    "features": {"name": "unknown feature", "type": "numeric"},
    "slos": {"name": "unknown", "metric": "auroc", "at_least": 0.5, "objective": 0.5},
    "proxies": {"name": "unknown", "promql": "1"},
}
"""The lists whose other items are checked although one is wrong, and what replaces a wrong item."""


def repaired(data: Any, refused: Iterable[KeyPath] = ()) -> tuple[Body, set[KeyPath]] | None:
    """Return a valid spec that has all valid parts of `data`, and the paths at which it differs; None without parts.

    Args:
        data: what a document has under `spec`.
        refused: paths below `spec` whose values are meaningless.
    """
    if not isinstance(data, dict):
        return None
    repair = _Repair(copy.deepcopy(data))
    for path in refused:
        repair.take_out(path)
    for _ in range(_ATTEMPTS):
        try:
            return Body.model_validate(repair.data), repair.unknown
        except ValidationError as error:
            for each in error.errors(include_url=False, include_context=False):
                if each["type"] != "too_short" or not each["input"]:  # a list is too short once its items are wrong
                    repair.mend(each["type"], each["loc"])
    return Body.model_validate(_EXAMPLE), {(name,) for name in Body.model_fields}


class _Repair:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.unknown: set[KeyPath] = set()
        self._tried: Counter[KeyPath] = Counter()

    def mend(self, kind: str, path: KeyPath) -> None:
        """Take out or replace the value of one error."""
        if kind == "missing":
            self._replace(path)
        elif kind == "extra_forbidden":
            self._forget_key(path)
        else:
            self.take_out(self._existing(path))

    def take_out(self, path: KeyPath) -> None:
        """Remove a value; if that was tried before, or it is in a list, replace what holds it."""
        self.unknown.add(path)
        self._tried[path] += 1
        parent = self._at(path[:-1])
        if not path:
            self.data.clear()
        elif len(path) == 2 and path[0] in _ITEMS:
            self._replace(path)
        elif len(path) > 1 and (self._tried[path] > 1 or not isinstance(parent, dict)):
            self._replace(path[:-1])
        else:
            parent.pop(path[-1], None)

    def _replace(self, path: KeyPath) -> None:
        """Put a valid value at a path; if there is none, or it did not help before, replace what holds it."""
        self.unknown.add(path)
        self._tried[path] += 1
        value, parent = _substitute(path), self._at(path[:-1])
        if len(path) > 1 and (value is None or self._tried[path] > 2 or not isinstance(parent, dict | list)):
            self.take_out(path[:-1])
        elif value is None:
            self.data.pop(str(path[0]), None)
        else:
            parent[path[-1]] = value

    def _forget_key(self, path: KeyPath) -> None:
        """Remove an unknown key; the known key that it resembles is unknown too, unless it is given."""
        parent = self._at(path[:-1])
        if isinstance(parent, dict):
            parent.pop(path[-1], None)
            known = schema_at(("spec", *path[:-1])).get("properties", {})
            near = difflib.get_close_matches(str(path[-1]), known, n=1)
            self.unknown |= {(*path[:-1], key) for key in near if key not in parent}

    def _existing(self, path: KeyPath) -> KeyPath:
        """Return the longest part of a path that exists; pydantic adds the names of alternatives to it."""
        return next(path[:end] for end in range(len(path), -1, -1) if self._at(path[:end], self) is not self)

    def _at(self, path: KeyPath, missing: Any = None) -> Any:
        value: Any = self.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return missing
        return value


def _substitute(path: KeyPath) -> Any:
    """Return a valid value for a path; None where none is known."""
    value: Any = _SUBSTITUTES
    match path:
        case (str(name), int(index), *rest) if name in _ITEMS:
            item = _ITEMS[name] | {"name": f"{_ITEMS[name]['name']}-{index}"}
            value, path = item, tuple(rest)
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return copy.deepcopy(value)
