"""Past partitions of a log: each is reduced once to a small value, which outlives the partition's profile.

One refresh reads only so many. An error of a partition or of the source costs only the values that are missing then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Generic, TypeVar

from exporter.errors import FileUnavailable
from exporter.service.attempt import PERMANENT, Attempt, Record
from exporter.sources.source import Partition
from exporter.store.profiles import Key, ProfileStore
from exporter.store.sums import Format, Sums

V = TypeVar("V")

log = logging.getLogger(__name__)


class PastPartitions(Generic[V]):
    """Values of one log's past partitions, by the partition's fingerprint. One thread at a time may use it."""

    def __init__(
        self,
        record: Record,
        store: ProfileStore,
        key: Key,
        form: Format[str, V],
        subject: str,
        *,
        readable: Callable[[Partition], Partition] = lambda partition: partition,
    ) -> None:
        """Nothing is loaded or read yet.

        Args:
            record: the model's; every failure is recorded there, and none is raised.
            store: where the values are stored.
            key: under which key; its group has no other.
            form: how they are stored.
            subject: what they are, for messages.
            readable: returns a partition with the files that are read of it.
        """
        self.values = Sums(store, key, form)
        self._record = record
        self._store = store
        self._key = key
        self._subject = subject
        self._readable = readable
        self._unreadable: dict[str, tuple[str, str]] = {}
        self._refused: tuple[date, set[str]] | None = None

    @property
    def problems(self) -> Mapping[str, str]:
        """The partitions that cannot be read, with the reason."""
        return dict(self._unreadable.values())

    def keep_only(self, fingerprints: Collection[str]) -> None:
        """Drop what is known of all other partitions."""
        self.values.keep_only(fingerprints.__contains__)
        self._unreadable = {name: problem for name, problem in self._unreadable.items() if name in fingerprints}

    def read(
        self,
        attempt: Attempt,
        partitions: Iterable[Partition],
        reduce: Callable[[Partition], V],
        most: int,
        cost: Callable[[Partition], int] = lambda _: 1,
    ) -> None:
        """Reduce the partitions that have no value yet, and save the values.

        A partition that cannot be read is left out until it changes; one that the store refuses, until the next day.

        Args:
            attempt: this refresh.
            partitions: in the order in which they are read.
            reduce: returns the value of a partition.
            most: the cost of one refresh.
            cost: of a partition.
        """
        self._retry_refused(attempt.now.date())
        listed = {partition.fingerprint: partition for partition in partitions}
        new = [listed[name] for name in self.values.missing(listed) if name not in self._unreadable]
        self._record.waiting[self._subject] = len(new)
        with self._record.contain(self._subject):
            left = self._record.waiting[self._subject] = self._read(attempt, new, reduce, most, cost)
            if left:
                message = "%s: %s: %d of %d partitions are still to be read; the next refresh continues"
                log.info(message, self._record.model, self._subject, left, len(new))
        with self._record.contain(self._subject):
            if self.values.save():
                self._store.prune(self._key.group, [self._key])

    def _read(
        self,
        attempt: Attempt,
        partitions: Sequence[Partition],
        reduce: Callable[[Partition], V],
        most: int,
        cost: Callable[[Partition], int],
    ) -> int:
        """Read until the timeout or the limit of a refresh; return how many partitions are left."""
        spent = 0
        for done, partition in enumerate(partitions):
            if attempt.overdue() or (spent >= most and not attempt.unlimited):
                return len(partitions) - done
            spent += cost(partition)
            self._reduce(partition, reduce)
            attempt.progress(done + 1, len(partitions))
        return 0

    def _retry_refused(self, today: date) -> None:
        if self._refused is None or self._refused[0] != today:
            refused = self._refused[1] if self._refused else set()
            self._unreadable = {name: problem for name, problem in self._unreadable.items() if name not in refused}
            self._refused = (today, set())

    def _reduce(self, partition: Partition, reduce: Callable[[Partition], V]) -> None:
        what = f"partition {partition.name}, {self._subject}"
        with self._record.contain(what, errors=(*PERMANENT, FileUnavailable)) as reading:
            value = reduce(partition)
            self.values.add(self._readable(partition).fingerprint, value)
        if reading.problem is not None:
            self._unreadable[partition.fingerprint] = (what, str(reading.problem))
            if isinstance(reading.problem, FileUnavailable) and self._refused is not None:
                self._refused[1].add(partition.fingerprint)
        with self._record.contain(self._subject):
            self.values.save_stretch()
