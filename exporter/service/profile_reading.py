"""The profiles of a log's partitions: each is made once and stored, and made again when its files change.

A failure costs only its partition or its column.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from exporter import catalogue
from exporter.errors import FileUnavailable, LeewayError, PartitionUnreadable, SourceUnavailable
from exporter.profiles.binning import Binning
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import LINES, PartitionProfile
from exporter.profiles.readability import watched_columns
from exporter.service.attempt import Attempt, Record
from exporter.service.references.reading import segment_values, selected_columns
from exporter.sources.skipping import corrupt_partition, without_skipped
from exporter.sources.source import Partition, Source
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import format_duration
from exporter.sql.counting import count_partitions
from exporter.store.profiles import Key, ProfileStore

Profiled = PartitionProfile | PartitionUnreadable | FileUnavailable


class ProfileReader:
    """Profiles one model's inference log. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, source: Source, store: ProfileStore, record: Record) -> None:
        """Nothing is read yet.

        Args:
            spec: the model.
            source: its inference log.
            store: where profiles are stored.
            record: counts the profiles that are built and reused, and the failures.
        """
        self.problems: dict[str, str] = {}
        """What could not be used at the last reading, with the reason."""
        self._spec = spec
        self._source = source
        self._store = store
        self._record = record
        self._group = f"{spec.name}/{catalogue.INFERENCE}"
        self._known: dict[Key, Profiled] = {}
        self._files: dict[datetime, object] = {}

    def read(
        self, partitions: Mapping[datetime, Partition], binning: Binning, attempt: Attempt
    ) -> dict[datetime, PartitionProfile]:
        """Return the profiles of the partitions that can be used, by start.

        A profile is stored under the files that it was made from: when another file of its partition can be read, the
        partition is profiled anew.

        Raises:
            LeewayError: a source does not answer or refuses every partition, or the timeout is over; what was profiled
                is stored.
            OSError: the disk refuses.
        """
        self.problems = {}
        readable = {start: without_skipped(self._source, partition) for start, partition in partitions.items()}
        counted_by = (binning.fingerprint, _grouping(self._spec, binning).fingerprint)
        keys = {start: self._key(start, partition, counted_by) for start, partition in readable.items()}
        self._keep_only(set(keys.values()))
        self._known |= dict(self._corrupt(readable, keys))
        new = {start: readable[start] for start in sorted(readable) if not self._load(keys[start])}
        for start, profile in self._count(new, binning, attempt, len(keys)):
            keys[start] = self._key(start, without_skipped(self._source, readable[start]), counted_by)
            self._known[keys[start]] = profile
            self._save(partitions[start], keys[start], profile)
        self._store.prune(self._group, [key for key in keys.values() if isinstance(self._known[key], PartitionProfile)])
        usable = {start: self._usable(partitions[start], keys[start]) for start in sorted(partitions)}
        self._fail_refused({partitions[start].name: self._known[keys[start]] for start in new}, usable.values())
        self._files = self._files_of(partitions)
        return {start: profile for start, profile in usable.items() if profile is not None}

    def readable_columns(self) -> set[str]:
        """Return the watched columns that could be read in any partition of the last reading."""
        profiles = (known for known in self._known.values() if isinstance(known, PartitionProfile))
        groups = [group for profile in profiles for group in profile.groups.values()]
        names = {column.name for column in watched_columns(self._spec.spec)}
        return {name for name in names if any(group.unreadable.get(name, 0) < group.rows for group in groups)}

    def without_corrupt(
        self,
        profiles: dict[datetime, PartitionProfile],
        partitions: Mapping[datetime, Partition],
        binning: Binning,
        attempt: Attempt,
    ) -> dict[datetime, PartitionProfile]:
        """Return the profiles that `read` has returned, anew if a reader of other columns has found a corrupt file.

        Raises:
            LeewayError, OSError: as `read`.
        """
        return profiles if self._files_of(partitions) == self._files else self.read(partitions, binning, attempt)

    def _files_of(self, partitions: Mapping[datetime, Partition]) -> dict[datetime, object]:
        """Return the files of partitions that are read, and why none is."""
        return {
            start: (without_skipped(self._source, partition), corrupt_partition(self._source, partition))
            for start, partition in partitions.items()
        }

    def _keep_only(self, wanted: Collection[Key]) -> None:
        """Drop what is known of other partitions, and of partitions that were refused: these are tried again."""
        self._known = {
            key: known for key, known in self._known.items() if key in wanted and not isinstance(known, FileUnavailable)
        }

    def _corrupt(
        self, partitions: Mapping[datetime, Partition], keys: Mapping[datetime, Key]
    ) -> Iterator[tuple[Key, Profiled]]:
        """Yield the errors of partitions that are corrupt, also if only a reader of other columns has found that."""
        for start, partition in partitions.items():
            error = corrupt_partition(self._source, partition)
            if error is not None:
                yield keys[start], error

    def _fail_refused(self, new: Mapping[str, Profiled], usable: Iterable[PartitionProfile | None]) -> None:
        """Record the partitions that the store refused.

        Raises:
            FileUnavailable: no partition can be used.
        """
        refused = {name: known for name, known in new.items() if isinstance(known, FileUnavailable)}
        if refused and not any(usable):
            raise next(iter(refused.values()))
        for name, why in refused.items():
            self._record.fail("read", f"partition {name}", why)

    def _load(self, key: Key) -> bool:
        """Return whether a partition is known, in memory or in the store."""
        if key not in self._known and (stored := self._store.load_partition(key)) is not None:
            self._known[key] = stored
            self._record.reused += 1
        return key in self._known

    def _count(
        self, new: Mapping[datetime, Partition], binning: Binning, attempt: Attempt, total: int
    ) -> Iterator[tuple[datetime, Profiled]]:
        """Yield the profiles of new partitions. A source that does not answer for one ends the refresh after the last.

        Raises:
            LeewayError: a source does not answer, or the timeout is over.
        """
        grouping, failed = _grouping(self._spec, binning), list[LeewayError]()
        columns = selected_columns(self._spec, keys=grouping.keys)
        profiles = count_partitions(self._source, new, columns, binning, grouping)
        if len(new) < total:
            attempt.progress(total - len(new), total)
        for done in range(total - len(new), total):
            if attempt.overdue():
                timeout = format_duration(self._spec.spec.refresh.timeout)
                raise SourceUnavailable(f"gave up after {timeout} with {done} of {total} partitions profiled")
            start, profile = next(profiles)
            if isinstance(profile, Profiled):
                yield start, profile
            else:
                failed.append(profile)
            attempt.progress(done + 1, total)
        if failed:
            raise failed[0]

    def _usable(self, partition: Partition, key: Key) -> PartitionProfile | None:
        """Return the profile of a partition, if it has one; what is missing is added to the problems."""
        known = self._known[key]
        if not isinstance(known, PartitionProfile):
            self.problems[f"partition {partition.name}"] = str(known)
            return None
        for column, why in known.problems.items():
            self.problems[_subject(partition, column)] = why
        return known

    def _save(self, partition: Partition, key: Key, profile: Profiled) -> None:
        if isinstance(profile, PartitionUnreadable):
            self._record.fail("read", f"partition {partition.name}", profile)
        if not isinstance(profile, PartitionProfile):
            return
        self._record.built += 1
        for column, why in profile.problems.items():
            self._record.fail("read" if column == LINES else "column", _subject(partition, column), why)
        self._store.save_partition(key, profile)

    def _key(self, start: datetime, partition: Partition, counted_by: tuple[str, str]) -> Key:
        """The key of a partition; `counted_by` are the fingerprints of the binning and of the grouping."""
        return Key(self._group, f"{start:%Y%m%dT%H%M}", (partition.fingerprint, *counted_by))


def _subject(partition: Partition, column: str) -> str:
    return f"partition {partition.name}" + (", some lines" if column == LINES else f", column {column}")


def _grouping(spec: ModelSpec, binning: Binning) -> Grouping:
    columns = spec.spec.inference.columns
    segments, watched = segment_values(spec, binning), watched_columns(spec.spec)
    return Grouping(columns.model_version, columns.role, segments, watched)
