"""What the checks of a spec have in common: the form of a mistake, and two that are made in many places."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from datetime import timedelta

from exporter.spec.messages import KeyPath
from exporter.spec.value_types import format_duration

Mistakes = Iterator[tuple[KeyPath, str]]
"""Key paths, each with a message."""


def multiple(path: KeyPath, value: timedelta, unit: timedelta, name: str) -> Mistakes:
    """A length that is not a whole number of units; `name` is what the unit is called."""
    if value % unit:
        yield path, f"must be a whole multiple of the {name}, {format_duration(unit)}"


def repeated(path: KeyPath, values: Sequence[Hashable], *key: str) -> Mistakes:
    """Values that stand in a list for the second time; `key` is where in the item the value is."""
    first: dict[Hashable, int] = {}
    for index, value in enumerate(values):
        if first.setdefault(value, index) != index:
            yield (*path, index, *key), f"is given twice: see {path[-1]}[{first[value]}]"
