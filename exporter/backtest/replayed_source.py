"""The inference log during a replay: listed once, and damaged from a fault on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from exporter.backtest.injection import Injection
from exporter.sources.source import Batch, Kernel, Partition, Selection, Source, Traffic

T = TypeVar("T")

_DAMAGED: Final = "\0spoiled\0"
"""The mark in the tags of a damaged partition's objects, so that it has its own profile; no source has such tags."""


@dataclass(slots=True)
class ReplayedSource:
    """A source whose partitions no longer change.

    `listed` are the partitions that are known, by start; for others the source is asked once. `injection` damages the
    partitions that begin at its start or later.
    """

    source: Source
    listed: dict[datetime, Partition | None]
    injection: Injection | None = None

    @staticmethod
    def of(source: Source, starts: Iterable[datetime]) -> ReplayedSource:
        """List these partitions of a source."""
        starts = list(starts)
        partitions = source.partitions(starts)
        return ReplayedSource(source, {start: partitions.get(start) for start in starts})

    @property
    def traffic(self) -> Traffic:
        """The requests to the source so far."""
        return self.source.traffic

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        origins = {start: start if self.injection is None else self.injection.origin(start) for start in starts}
        others = [start for start in dict.fromkeys(origins.values()) if start is not None and start not in self.listed]
        if others:
            found = self.source.partitions(others)
            self.listed.update({start: found.get(start) for start in others})
        return {
            start: self._marked(start, partition)
            for start, origin in origins.items()
            if origin is not None and (partition := self.listed[origin]) is not None
        }

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        return self.source.dataset(**names)

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        injection = self.injection
        if injection is None or _DAMAGED not in partition.objects[0].tag:
            return self.source.profile(partition, selection, kernel)
        clean = [replace(item, tag=item.tag.partition(_DAMAGED)[0]) for item in partition.objects]

        def damaged(batches: Iterator[Batch]) -> T:
            return kernel(injection.apply(batch) for batch in batches)

        return self.source.profile(replace(partition, objects=tuple(clean)), selection, damaged)

    def _marked(self, start: datetime, partition: Partition) -> Partition:
        if self.injection is None or start < self.injection.start:
            return partition
        mark = f"{_DAMAGED}{self.injection}"
        return replace(partition, objects=tuple(replace(item, tag=item.tag + mark) for item in partition.objects))
