"""The form of a mistake in a spec, of a check, and the mistakes that several checks look for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import timedelta

from exporter.spec.messages import KeyPath
from exporter.spec.model import Body
from exporter.spec.value_types import format_duration

Mistakes = Iterator[tuple[KeyPath, str]]
"""Key paths, each with a message."""

Checks = Mapping[Callable[[Body], Mistakes], frozenset[str]]
"""Checks, each with the key paths under `spec` that it reads.

`labels?` is whether the key is given. `slos[]` and `features[].name` are read item by item: a mistake is in the item
that has the value.
"""


def not_multiple(path: KeyPath, value: timedelta, unit: timedelta, unit_name: str) -> Mistakes:
    """Yield a mistake if a duration is not a multiple of a unit, such as the grain."""
    if value % unit:
        yield path, f"must be a multiple of the {unit_name}, {format_duration(unit)}"


def duplicates(path: KeyPath, values: Sequence[Hashable], *key: str) -> Mistakes:
    """Yield a mistake for every repeated value of a list; `key` is the place of the value in its item."""
    first: dict[Hashable, int] = {}
    for index, value in enumerate(values):
        if first.setdefault(value, index) != index:
            yield (*path, index, *key), f"is given twice: see {path[-1]}[{first[value]}]"
