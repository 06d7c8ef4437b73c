"""Sums of the outcomes of consecutive partitions, so that windows and slices that move on are not summed anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from exporter.labels.outcomes import Outcome, total
from exporter.profiles.group import Group
from exporter.spec.windows import Window, partition_number
from exporter.statistics.block_sums import BlockSums

Outcomes = Mapping[Group, Outcome]
"""The outcomes of predictions by group."""
T = TypeVar("T")
_NONE: Final[Outcomes] = {}


class OutcomeSums:
    """Sums one model's outcomes. One thread at a time may use it."""

    def __init__(self, grain: timedelta, hours: Mapping[datetime, Outcomes] | None = None) -> None:
        """The outcomes of each partition's predictions, by its start; none where `hours` is left out.

        Args:
            grain: the length of a partition.
            hours: as in `update`.
        """
        self._grain = grain
        self._derived: dict[Hashable, tuple[tuple[object, ...], Any]] = {}
        self._asked: set[Hashable] = set()
        self._sums: BlockSums[Outcomes, Outcomes] = BlockSums(lambda _, part: part, lambda *pair: total(pair))
        self.update(hours or {})

    def update(self, hours: Mapping[datetime, Outcomes]) -> None:
        """Take these outcomes, by the start of their partition, in place of those before."""
        self._derived, self._asked = {key: self._derived[key] for key in self._asked}, set()
        self._sums.update({self._place(start): part for start, part in hours.items()})

    def total(self, span: Window) -> Outcomes:
        """Return the outcomes of all predictions in a span of whole partitions, by group in order."""
        return self._sums.total(self._place(span.start), self._place(span.end)) or _NONE

    def derived(self, key: Hashable, sources: tuple[object, ...], derive: Callable[[], T]) -> T:
        """Return what follows from some objects, such as totals; it is derived again when one is another object.

        Args:
            key: under which it is remembered, until an update after which nobody asks for it.
            sources: all that it depends on, besides the key.
            derive: derives it.
        """
        self._asked.add(key)
        known = self._derived.get(key)
        if known is None or any(one is not other for one, other in zip(known[0], sources, strict=True)):
            known = self._derived[key] = sources, derive()
        value: T = known[1]
        return value

    def _place(self, start: datetime) -> int:
        return partition_number(start, self._grain)
