"""Paths into JSON objects: the part of JSONPath that names one value, or one value of each item of a list.

A path is `$`, then members as `.name` or `['any name']`, items as `[0]`, and at most once `[*]`, which stands for every
item of a list: the object then is as many rows as the list has items.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_STEP: Final = re.compile(r"\.([A-Za-z_][\w-]*)|\['([^'\x00-\x1f]+)'\]|\[(\d{1,6})\]|\[(\*)\]")


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A parsed path: the steps to the value, and the steps from each item to its value where the path has `[*]`."""

    steps: tuple[str | int, ...]
    item_steps: tuple[str | int, ...] | None = None

    def value(self, document: Any) -> Any:
        """Return the value at a path without `[*]`; None where there is none."""
        return _walk(document, self.steps)

    def items(self, document: Any) -> list[Any] | None:
        """Return the value for each item of a path with `[*]`; None where there is no list."""
        found = _walk(document, self.steps)
        return [_walk(item, self.item_steps or ()) for item in found] if isinstance(found, list) else None


def parse_path(text: str) -> JsonPath:
    """Return a path.

    Raises:
        ValueError: it is none, with what is possible.
    """
    place, parts = 1, list[list[str | int]]([[]])
    while text.startswith("$") and place < len(text) and (match := _STEP.match(text, place)):
        name, quoted, index, star = match.groups()
        if star:
            parts.append([])
        else:
            parts[-1].append(int(index) if index else name or quoted)
        place = match.end()
    if place != len(text) or not text.startswith("$") or len(parts) > 2:
        raise ValueError(
            "must be a path such as $.id, $['any name'], $.outputs[0].score or, with one [*], $.rows[*].age"
        )
    return JsonPath(tuple(parts[0]), tuple(parts[1]) if len(parts) > 1 else None)


def _walk(value: Any, steps: Sequence[str | int]) -> Any:
    for step in steps:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return None
    return value
