"""The profiles of a log's partitions: each is made once and kept, and made again when its files are others.

What cannot be read costs only itself: a partition or a column fails alone, with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from exporter import catalogue
from exporter.errors import LeewayError, PartitionUnreadable, SourceUnavailable
from exporter.profiles.binning import Binning
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import PartitionProfile
from exporter.service.attempt import Attempt, Failed, Record
from exporter.service.reference_reading import segment_values, selected
from exporter.sources.source import Partition, Source
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import format_duration
from exporter.sql.counting import count_partitions
from exporter.store.profiles import Key, ProfileStore


class ProfileReader:
    """Reads one model's inference log. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, source: Source, store: ProfileStore, record: Record, failed: Failed) -> None:
        """Nothing is read yet.

        Args:
            spec: the model.
            source: its inference log.
            store: where profiles are kept.
            record: counts what is built and what is found there.
            failed: told of each failure.
        """
        self.problems: dict[str, str] = {}
        """What could not be used at the last reading, with why."""
        self._spec = spec
        self._source = source
        self._store = store
        self._record = record
        self._failed = failed
        self._group = f"{spec.name}/{catalogue.INFERENCE}"
        self._known: dict[Key, PartitionProfile | PartitionUnreadable] = {}

    def read(
        self, partitions: Mapping[datetime, Partition], binning: Binning, attempt: Attempt
    ) -> dict[datetime, PartitionProfile]:
        """The profiles of the partitions that can be used, by start.

        Raises:
            LeewayError: a source did not answer, or the time is over; what was profiled is kept.
            OSError: the disk refuses.
        """
        self.problems = {}
        keys = {start: self._partition_key(start, partition, binning) for start, partition in partitions.items()}
        wanted = set(keys.values())
        self._known = {key: known for key, known in self._known.items() if key in wanted}
        known = {start: self._recalled(keys[start]) for start in sorted(partitions)}
        new = {start: partitions[start] for start, found in known.items() if found is None}
        for start, found in self._counted(new, binning, attempt, len(keys)):
            self._known[keys[start]] = found
            self._keep(partitions[start], keys[start], found)
        self._store.prune(self._group, wanted)
        usable = {start: self._usable(partitions[start], keys[start]) for start in known}
        return {start: profile for start, profile in usable.items() if profile is not None}

    def _recalled(self, key: Key) -> PartitionProfile | PartitionUnreadable | None:
        """What is known of a partition, in memory or on disk."""
        if key not in self._known and (kept := self._store.partition(key)) is not None:
            self._known[key] = kept
            self._record.reused += 1
        return self._known.get(key)

    def _counted(
        self, new: Mapping[datetime, Partition], binning: Binning, attempt: Attempt, total: int
    ) -> Iterator[tuple[datetime, PartitionProfile | PartitionUnreadable]]:
        """What new partitions come to. What could not be had of one ends the refresh once all have been tried.

        Raises:
            LeewayError: this one; or the time is over.
        """
        grouping, failed = _grouping(self._spec, binning), list[LeewayError]()
        counted = count_partitions(self._source, new, selected(self._spec, keys=grouping.keys), binning, grouping)
        if len(new) < total:
            attempt.progress(total - len(new), total)
        for done in range(total - len(new), total):
            if attempt.overdue():
                timeout = format_duration(self._spec.spec.refresh.timeout)
                raise SourceUnavailable(f"gave up after {timeout} with {done} of {total} partitions profiled")
            start, found = next(counted)
            if isinstance(found, PartitionProfile | PartitionUnreadable):
                yield start, found
            else:
                failed.append(found)
            attempt.progress(done + 1, total)
        if failed:
            raise failed[0]

    def _usable(self, partition: Partition, key: Key) -> PartitionProfile | None:
        """The profile of a partition that was read; why it could not, or not all of it, is told on the page."""
        known = self._known[key]
        if isinstance(known, PartitionUnreadable):
            self.problems[f"partition {partition.name}"] = str(known)
            return None
        for column, why in known.problems.items():
            self.problems[f"partition {partition.name}, column {column}"] = why
        return known

    def _keep(self, partition: Partition, key: Key, found: PartitionProfile | PartitionUnreadable) -> None:
        if isinstance(found, PartitionUnreadable):
            self._failed("read", f"partition {partition.name}", found)
            return
        self._record.built += 1
        for column, why in found.problems.items():
            self._failed("column", f"partition {partition.name}, column {column}", why)
        self._store.save_partition(key, found)

    def _partition_key(self, start: datetime, partition: Partition, binning: Binning) -> Key:
        told_apart = _grouping(self._spec, binning).fingerprint
        return Key(self._group, f"{start:%Y%m%dT%H%M}", (partition.fingerprint, binning.fingerprint, told_apart))


def _grouping(spec: ModelSpec, binning: Binning) -> Grouping:
    columns = spec.spec.inference.columns
    return Grouping(columns.model_version, columns.role, segment_values(spec, binning))
