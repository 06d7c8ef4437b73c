"""The inference log while its past is replayed: listed once, and spoiled where a fault says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from exporter.backtest.injection import Injection
from exporter.sources.source import Batch, Kernel, Partition, Selection, Source, Traffic

T = TypeVar("T")

_SPOILED: Final = "\0spoiled\0"
"""What marks a spoiled partition's objects, so that its profile is another than the clean one's; no store has it."""


@dataclass(slots=True)
class ReplayedSource:
    """A source that does not change any more.

    `listed` are the partitions of the stretch, by start; others are asked of the source. `injection` spoils those that
    begin when it does, or later.
    """

    source: Source
    listed: Mapping[datetime, Partition | None]
    injection: Injection | None = None

    @staticmethod
    def of(source: Source, starts: Iterable[datetime]) -> ReplayedSource:
        """The source, with what it has of these partitions listed now."""
        wanted = list(starts)
        found = source.partitions(wanted)
        return ReplayedSource(source, {start: found.get(start) for start in wanted})

    @property
    def traffic(self) -> Traffic:
        """What has been asked of the source so far."""
        return self.source.traffic

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        wanted = list(starts)
        others = [start for start in wanted if start not in self.listed]
        known = {**self.listed, **(self.source.partitions(others) if others else {})}
        return {start: self._spoiled(start, found) for start in wanted if (found := known.get(start)) is not None}

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        return self.source.dataset(**names)

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        injection = self.injection
        if injection is None or _SPOILED not in partition.objects[0].tag:
            return self.source.profile(partition, selection, kernel)
        clean = [replace(item, tag=item.tag.partition(_SPOILED)[0]) for item in partition.objects]

        def spoiled(batches: Iterator[Batch]) -> T:
            return kernel(injection.spoil(batch) for batch in batches)

        return self.source.profile(replace(partition, objects=tuple(clean)), selection, spoiled)

    def _spoiled(self, start: datetime, partition: Partition) -> Partition:
        if self.injection is None or start < self.injection.start:
            return partition
        mark = f"{_SPOILED}{self.injection}"
        return replace(partition, objects=tuple(replace(item, tag=item.tag + mark) for item in partition.objects))
