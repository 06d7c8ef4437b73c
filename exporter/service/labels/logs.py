"""A log of predictions or of labels: each partition is read once and stored reduced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Generic, TypeVar

from exporter.errors import FileUnavailable
from exporter.labels.parts import Parts
from exporter.labels.usable_files import UNUSABLE_COLUMN
from exporter.profiles.columns import ColumnMismatch
from exporter.service.attempt import Attempt, Failed
from exporter.service.labels.failures import UNUSABLE, stage_of
from exporter.sources.skipping import corrupt_partition, unreadable_partition, without_skipped
from exporter.sources.source import ROWS_ONLY, Batch, Partition, Selection, Source
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore

T = TypeVar("T")

RECENT: Final = timedelta(days=2)
"""Partitions that are looked up at every refresh; older ones are looked up once a day."""


class Listing:
    """The partitions that exist in a stretch of a log: all are looked up once a day, the newest every time."""

    def __init__(self, source: Source, grain: timedelta) -> None:
        """Nothing is looked up yet."""
        self._source = source
        self._grain = grain
        self._day: date | None = None
        self._span: Window | None = None
        self._known: dict[datetime, Partition] = {}

    def read(self, now: datetime, span: Window, listed: Mapping[datetime, Partition] | None = None) -> None:
        """Look up what may be new.

        Args:
            now: the time of this refresh.
            span: the stretch.
            listed: the newest partitions, where they were just looked up elsewhere.

        Raises:
            SourceError: when the source does not answer; the known partitions stay.
        """
        starts = span.partitions(self._grain)
        back = self._span is not None and span.start < self._span.start  # a replay begins again
        if self._day != now.date() or back:
            known = dict(self._source.partitions(starts))
        else:
            recent = [start for start in starts if start >= span.end - RECENT] if listed is None else []
            known = {start: partition for start, partition in self._known.items() if start not in recent}
            known |= self._source.partitions(recent) if recent else {}
        self._day, self._span = now.date(), span
        found = (known | dict(listed or {})).items()
        self._known = {start: partition for start, partition in found if span.start <= start < span.end}

    @property
    def partitions(self) -> Mapping[datetime, Partition]:
        """The partitions that are known to exist, by start, the oldest first."""
        return dict(sorted(self._known.items()))


@dataclass(frozen=True, slots=True)
class Reduction(Generic[T]):
    """How the partitions of a log are reduced and stored.

    `selection` are the columns to read, and `reduce` reduces a partition's rows, given its start, to its parts. `load`
    and `save` get a part from the store and put it there. `content` is all else that the result depends on. Of a part
    `rows` is the number of usable rows, and `left_out` are other rows by reason; of the first, `parts` is the number of
    all parts, `problem` is why some files are left out (empty if none is), and `names` are the names of classes.
    """

    selection: Selection
    reduce: Callable[[Iterator[Batch], datetime], Parts[T]]
    load: Callable[[ProfileStore, Key], T | None]
    save: Callable[[ProfileStore, Key, T], None]
    rows: Callable[[T], int]
    left_out: Callable[[T], Mapping[str, int]]
    problem: Callable[[T], str]
    parts: Callable[[T], int]
    content: tuple[str, ...]
    names: Callable[[T], tuple[str, ...]] = lambda _: ()


@dataclass(frozen=True, slots=True)
class StoredPartition:
    """A partition that is in the store: the usable rows of each part by its key, and the rows left out, by reason.

    `names` are the names of classes in it, and `problem` says of what it is that files are left out, and why.
    """

    parts: Mapping[Key, int]
    left_out: Mapping[str, int]
    names: tuple[str, ...] = ()
    problem: tuple[str, str] | None = None

    @property
    def key(self) -> Key:
        """The key of the partition, which is that of its first part."""
        return next(iter(self.parts))

    @property
    def rows(self) -> int:
        """The usable rows of all parts."""
        return sum(self.parts.values())


class StoredLog(Generic[T]):
    """The partitions of one log that are in the store. One thread at a time may use it."""

    def __init__(
        self, group: str, source: Source, store: ProfileStore, failed: Failed, reduction: Reduction[T]
    ) -> None:
        """Nothing is read yet.

        Args:
            group: where in the store its partitions are; its last part names the log in messages.
            source: the source of the log.
            store: where partitions are stored.
            failed: called with each partition that cannot be used.
            reduction: how they are reduced.
        """
        self.known: dict[datetime, StoredPartition] = {}
        self.unusable: dict[datetime, StoredPartition] = {}
        """The partitions with a column that cannot be used: all of their rows are left out."""
        self.built = 0
        self.reused = 0
        self._group = group
        self._what = group.rpartition("/")[2]
        self._source = source
        self._store = store
        self._failed = failed
        self._reduction = reduction
        self._unusable: dict[Key, tuple[str, str]] = {}
        self._refused: set[Key] = set()

    def read(self, attempt: Attempt, partitions: Mapping[datetime, Partition], most: int) -> int:
        """Bring the store up to date; partitions that cannot be used are reported once and are not known.

        A partition that the store refuses is tried again at the next refresh.

        Args:
            attempt: this refresh.
            partitions: all that exist.
            most: how many to read, unless the attempt is unlimited.

        Returns:
            How many are still to be read.

        Raises:
            SourceUnavailable: when the source does not answer.
            OSError: when the disk refuses.
        """
        partitions = {start: without_skipped(self._source, partition) for start, partition in partitions.items()}
        keys = {start: self._key(start, partition) for start, partition in partitions.items()}
        corrupt = self._corrupt(partitions)
        self.known = {
            start: stored
            for start, stored in self.known.items()
            if keys.get(start) == stored.key and start not in corrupt
        }
        self.unusable = {start: each for start, each in self.unusable.items() if keys.get(start) == each.key}
        wanted = set(keys.values())
        self._unusable = {key: problem for key, problem in self._unusable.items() if key in wanted}
        self._unusable |= {keys[start]: problem for start, problem in corrupt.items()}
        self._refused &= wanted
        lasting = self._unusable.keys() - self._refused
        new = [start for start, key in keys.items() if start not in self.known and key not in lasting]
        before = self.built
        for done, start in enumerate(new):
            if attempt.overdue() or (self.built - before >= most and not attempt.unlimited):
                return len(new) - done
            self._take(keys[start], start, partitions[start])
            attempt.progress(done + 1, len(new))
        self._store.prune(self._group, [key for stored in self.known.values() for key in stored.parts])
        return 0

    @property
    def problems(self) -> Mapping[str, str]:
        """The partitions that cannot be used, as a whole or in some files, with the reason."""
        partly = (stored.problem for stored in self.known.values() if stored.problem is not None)
        return dict([*self._unusable.values(), *partly])

    def forget(self, missing: Collection[Key]) -> None:
        """Let partitions be read again that are missing in the store."""
        lost = set(missing)
        self.known = {start: stored for start, stored in self.known.items() if lost.isdisjoint(stored.parts)}

    def _key(self, start: datetime, partition: Partition) -> Key:
        return Key(self._group, f"{start:%Y%m%dT%H%M}", (partition.fingerprint, *self._reduction.content))

    def _corrupt(self, partitions: Mapping[datetime, Partition]) -> dict[datetime, tuple[str, str]]:
        """Return the corrupt partitions; whoever found that has reported it."""
        errors = {start: corrupt_partition(self._source, partition) for start, partition in partitions.items()}
        return {start: (self._subject(partitions[start]), str(error)) for start, error in errors.items() if error}

    def _subject(self, partition: Partition) -> str:
        return f"partition {partition.name} of {self._what}"

    def _take(self, key: Key, start: datetime, partition: Partition) -> None:
        stored = self._load(key, partition)
        if stored is not None:
            self.reused += 1
        else:
            stored = self._build(key, start, partition)
        if stored is not None:
            self.known[start] = stored

    def _load(self, key: Key, partition: Partition) -> StoredPartition | None:
        """Return a partition that is in the store with all of its parts; None if one is missing."""
        content = self._reduction.load(self._store, key)
        if content is None:
            return None
        stored = self._stored(key, partition, content)
        for place in range(1, self._reduction.parts(content)):
            content = self._reduction.load(self._store, key.part(place))
            if content is None:
                return None
            stored = self._with_part(stored, key.part(place), content)
        return stored

    def _stored(self, key: Key, partition: Partition, first: T) -> StoredPartition:
        made = self._reduction
        problem = (self._subject(partition), why) if (why := made.problem(first)) else None
        return StoredPartition({key: made.rows(first)}, +Counter(made.left_out(first)), made.names(first), problem)

    def _with_part(self, stored: StoredPartition, key: Key, part: T) -> StoredPartition:
        left_out = Counter(stored.left_out) + Counter(self._reduction.left_out(part))
        return replace(stored, parts={**stored.parts, key: self._reduction.rows(part)}, left_out=left_out)

    def _build(self, key: Key, start: datetime, partition: Partition) -> StoredPartition | None:
        reduction, reported = self._reduction, str(unreadable_partition(self._source, partition))
        try:
            parts = self._source.profile(partition, reduction.selection, lambda rows: reduction.reduce(rows, start))
        except (*UNUSABLE, FileUnavailable) as problem:
            if isinstance(problem, ColumnMismatch):
                self.unusable[start] = StoredPartition({key: 0}, {UNUSABLE_COLUMN: self._count_rows(partition)})
            if str(problem) != reported:
                self._report(key, partition, problem)
            self._unusable[key] = (self._subject(partition), str(problem))
            if isinstance(problem, FileUnavailable):
                self._refused.add(key)
            return None
        first = parts[0]
        if why := reduction.problem(first):
            self._report(key, partition, ColumnMismatch(why))
        self.built += 1
        self._unusable.pop(key, None)
        return self._save(self._key(start, without_skipped(self._source, partition)), partition, first, parts)

    def _save(self, key: Key, partition: Partition, first: T, parts: Parts[T]) -> StoredPartition:
        """Save the parts of a partition, one at a time; the first is the last, since it has their number."""
        stored = self._stored(key, partition, first)
        for place in range(1, len(parts)):
            part = parts[place]
            self._reduction.save(self._store, key.part(place), part)
            stored = self._with_part(stored, key.part(place), part)
        self._reduction.save(self._store, key, first)
        return stored

    def _report(self, key: Key, partition: Partition, problem: Exception) -> None:
        # a column is usually wrong in every partition
        known = isinstance(problem, ColumnMismatch) and str(problem) in self.problems.values()
        if not known and key not in self._refused:
            self._failed(stage_of(problem), self._subject(partition), problem)

    def _count_rows(self, partition: Partition) -> int:
        """Return the rows of a partition, which are in the footers of its files; 0 where these cannot be read."""
        try:
            return self._source.profile(partition, ROWS_ONLY, _rows)
        except (*UNUSABLE, FileUnavailable):
            return 0


def _rows(batches: Iterator[Batch]) -> int:
    return sum(int(batch.table.num_rows) for batch in batches)
