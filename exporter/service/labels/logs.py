"""The two logs that labels are about, predictions and labels: each partition is read once and kept, reduced."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Generic, TypeVar

from exporter.errors import PartitionUnreadable
from exporter.profiles.columns import ColumnMismatch
from exporter.service.attempt import Attempt, Failed
from exporter.sources.source import Batch, Partition, Selection, Source
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore

T = TypeVar("T")

RECENT: Final = timedelta(days=2)
"""Partitions that are looked for at every refresh; older ones are once a day."""


class Listing:
    """What is stored of a stretch of a log, looked up as a whole once a day and near its end every time."""

    def __init__(self, source: Source, grain: timedelta) -> None:
        """Nothing is looked up yet."""
        self._source = source
        self._grain = grain
        self._day: date | None = None
        self._known: dict[datetime, Partition] = {}

    def read(self, now: datetime, span: Window, listed: Mapping[datetime, Partition] | None = None) -> None:
        """Look up what may be new.

        Args:
            now: when this is.
            span: the stretch.
            listed: what was just found of its end by somebody else; without it, the newest are looked up here.

        Raises:
            SourceError: when the source does not answer; what was known stays.
        """
        starts = span.partitions(self._grain)
        if self._day != now.date():
            known = dict(self._source.partitions(starts))
        else:
            recent = [start for start in starts if start >= span.end - RECENT] if listed is None else []
            known = {start: found for start, found in self._known.items() if start not in recent}
            known |= self._source.partitions(recent) if recent else {}
        self._day = now.date()
        self._known = {start: found for start, found in (known | dict(listed or {})).items() if start >= span.start}

    @property
    def partitions(self) -> Mapping[datetime, Partition]:
        """What is known to exist, by start, the oldest first."""
        return dict(sorted(self._known.items()))


@dataclass(frozen=True, slots=True)
class Reduction(Generic[T]):
    """What is made of a log's partitions.

    `selection` are the columns to read, `reduce` what becomes of a partition's rows, given its start; `load` and `keep`
    get it from the store and put it there. `content` is all else that the result depends on. `names` are those of the
    classes in it.
    """

    selection: Selection
    reduce: Callable[[Iterator[Batch], datetime], T]
    load: Callable[[ProfileStore, Key], T | None]
    keep: Callable[[ProfileStore, Key, T], None]
    rows: Callable[[T], int]
    left_out: Callable[[T], Mapping[str, int]]
    content: tuple[str, ...]
    names: Callable[[T], tuple[str, ...]] = lambda _: ()


@dataclass(frozen=True, slots=True)
class StoredPartition:
    """A partition that is in the store: where, how many usable rows it has, and how many were left out and why.

    `names` are those of the classes in it.
    """

    key: Key
    rows: int
    left_out: Mapping[str, int]
    names: tuple[str, ...] = ()


class StoredLog(Generic[T]):
    """The partitions of one log that are in the store. One thread at a time may use it."""

    def __init__(self, group: str, source: Source, store: ProfileStore, failed: Failed, shape: Reduction[T]) -> None:
        """Nothing is read yet.

        Args:
            group: where in the store its partitions are; its last part names the log in messages.
            source: what reads it.
            store: where partitions are kept.
            failed: told of each partition that cannot be used.
            shape: what is made of them.
        """
        self.known: dict[datetime, StoredPartition] = {}
        self.built = 0
        self.reused = 0
        self._group = group
        self._what = group.rpartition("/")[2]
        self._source = source
        self._store = store
        self._failed = failed
        self._shape = shape
        self._unusable: dict[Key, tuple[str, str]] = {}

    def read(self, attempt: Attempt, partitions: Mapping[datetime, Partition], most: int) -> int:
        """Bring the store up to date; those that cannot be used are told of once and are not known.

        Args:
            attempt: this refresh.
            partitions: all that exist.
            most: how many to read.

        Returns:
            How many are still to be read.

        Raises:
            SourceUnavailable: when the source does not answer.
            OSError: when the disk refuses.
        """
        keys = {start: self._key(start, found) for start, found in partitions.items()}
        self.known = {start: kept for start, kept in self.known.items() if keys.get(start) == kept.key}
        wanted = set(keys.values())
        self._unusable = {key: told for key, told in self._unusable.items() if key in wanted}
        new = [start for start, key in keys.items() if start not in self.known and key not in self._unusable]
        before = self.built
        for done, start in enumerate(new):
            if attempt.overdue() or self.built - before >= most:
                return len(new) - done
            self._take(keys[start], start, partitions[start])
            attempt.progress(done + 1, len(new))
        self._store.prune(self._group, [kept.key for kept in self.known.values()])
        return 0

    @property
    def problems(self) -> Mapping[str, str]:
        """The partitions that cannot be used, with why."""
        return dict(self._unusable.values())

    def forget(self, lost: Collection[Key]) -> None:
        """Let partitions be read again that the store has lost."""
        self.known = {start: kept for start, kept in self.known.items() if kept.key not in lost}

    def _key(self, start: datetime, partition: Partition) -> Key:
        return Key(self._group, f"{start:%Y%m%dT%H%M}", (partition.fingerprint, *self._shape.content))

    def _take(self, key: Key, start: datetime, partition: Partition) -> None:
        content = self._shape.load(self._store, key)
        if content is None:
            content = self._build(key, start, partition)
        else:
            self.reused += 1
        if content is not None:
            shape = self._shape
            self.known[start] = StoredPartition(key, shape.rows(content), shape.left_out(content), shape.names(content))

    def _build(self, key: Key, start: datetime, partition: Partition) -> T | None:
        shape = self._shape
        try:
            content = self._source.profile(partition, shape.selection, lambda rows: shape.reduce(rows, start))
        except (PartitionUnreadable, ColumnMismatch) as problem:
            stage, what = _stage(problem), f"partition {partition.name} of {self._what}"
            self._unusable[key] = (what, str(problem))
            self._failed(stage, what, problem)
            return None
        self.built += 1
        shape.keep(self._store, key, content)
        return content


def _stage(problem: Exception) -> str:
    return "read" if isinstance(problem, PartitionUnreadable) else "column"
