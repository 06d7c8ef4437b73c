"""How many rows the log had in past weeks, partition by partition: of a file that nothing else needs only the footer.

What was profiled is known already; of what is older the footers are read, the newest first, each once: numbers of rows
are kept by the partition's fingerprint. What cannot be had costs only what is said of traffic.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from exporter.errors import PartitionUnreadable, SourceError
from exporter.profiles.kernel import PartitionProfile
from exporter.samples.traffic import LOOK_BACK, PartitionRows
from exporter.service.attempt import Attempt
from exporter.sources.source import ROWS_ONLY, Batch, Partition, Source
from exporter.spec.model import ModelSpec
from exporter.spec.windows import Window, newest_end
from exporter.statistics.traffic import with_quiet_hours
from exporter.store.profiles import Key, ProfileStore

LONGEST_QUIET: Final = timedelta(days=3)
"""A gap of the log that is longer was not a weekend."""
MOST_FILES: Final = 3000
"""Footers that one refresh reads: all that a log of hours needs, and minutes of waiting at most."""
_SAVE_EVERY: Final = 100

Failed = Callable[[str, str, object], None]
"""Told of a failure: its stage, what it is about, and why."""

log = logging.getLogger(__name__)


class TrafficReader:
    """Keeps the past row counts of one model's log at hand. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, source: Source, store: ProfileStore, failed: Failed) -> None:
        """Nothing of the log is read yet.

        Args:
            spec: the model.
            source: what reads its inference log.
            store: where counts are kept.
            failed: told of each failure; none is raised.
        """
        self._spec = spec
        self._source = source
        self._store = store
        self._failed = failed
        self._key = Key(f"{spec.name}/traffic", "rows", ())
        self._kept = store.counts(self._key) or {}
        self._counts = dict(self._kept)
        self._unreadable: set[str] = set()
        self._listed: tuple[date, Mapping[datetime, Partition]] | None = None

    def read(
        self, attempt: Attempt, partitions: Mapping[datetime, Partition], profiles: Mapping[datetime, PartitionProfile]
    ) -> PartitionRows:
        """The rows of every partition from the longest window's past to its end.

        Args:
            attempt: this refresh.
            partitions: those of the windows that exist.
            profiles: those of them that could be read.
        """
        body = self._spec.spec
        grain, end = body.inference.grain, newest_end(attempt.now, body.inference.delay, body.inference.grain)
        recent = end - max(body.windows)
        span = Window(newest_end(recent - LOOK_BACK, timedelta(), grain), end)
        past = {start: found for start, found in self._past(attempt, span).items() if span.start <= start < recent}
        names = {start: found.fingerprint for start, found in {**past, **partitions}.items()}
        self._counts |= {names[start]: profile.rows for start, profile in profiles.items()}
        self._count(attempt, {names[start]: past[start] for start in sorted(past, reverse=True)})
        self._keep()
        starts = span.partitions(grain)
        rows = np.array([self._counts.get(names.get(start, ""), np.nan) for start in starts])
        listed = np.array([start in names for start in starts])
        return PartitionRows(span.start, grain, with_quiet_hours(rows, listed, LONGEST_QUIET // grain))

    @property
    def past(self) -> Mapping[datetime, Partition]:
        """What is stored of past weeks, as `read` has last looked it up."""
        return self._listed[1] if self._listed else {}

    def _past(self, attempt: Attempt, span: Window) -> Mapping[datetime, Partition]:
        """What is stored of past weeks, looked up once a day, since that is a listing for each of their days."""
        today = attempt.now.date()
        if self._listed is None or self._listed[0] != today:
            try:
                listed = self._source.partitions(span.partitions(self._spec.spec.inference.grain))
            except SourceError as problem:
                self._failed("list", "past weeks of the log", problem)
            else:
                self._listed = (today, listed)
                self._forget({partition.fingerprint for partition in listed.values()})
        return self.past

    def _forget(self, wanted: set[str]) -> None:
        self._counts = {name: rows for name, rows in self._counts.items() if name in wanted}
        self._unreadable &= wanted

    def _count(self, attempt: Attempt, past: Mapping[str, Partition]) -> None:
        """Count what is not known yet, as far as this refresh goes."""
        done = self._counts.keys() | self._unreadable
        unknown = {name: partition for name, partition in past.items() if name not in done}
        try:
            read = self._read_footers(attempt, unknown)
        except SourceError as problem:
            self._failed("read", "past weeks of the log", problem)
            return
        if read < len(unknown):
            told = "%s: %d of %d partitions of past weeks are counted; the next refresh goes on"
            log.info(told, self._spec.name, read, len(unknown))

    def _read_footers(self, attempt: Attempt, unknown: Mapping[str, Partition]) -> int:
        """How many were dealt with before the time, or the number of files, was over."""
        files = 0
        for done, (name, partition) in enumerate(unknown.items(), start=1):
            if attempt.overdue() or files >= MOST_FILES:
                return done - 1
            files += len(partition.objects)
            try:
                self._counts[name] = self._source.profile(partition, ROWS_ONLY, _rows)
            except PartitionUnreadable as problem:
                self._unreadable.add(name)
                self._failed("read", f"partition {partition.name}", problem)
            attempt.progress(done, len(unknown))
            if done % _SAVE_EVERY == 0:
                self._keep()
        return len(unknown)

    def _keep(self) -> None:
        """Keep the counts, if there is anything new in them."""
        if self._counts == self._kept:
            return
        try:
            self._store.save_counts(self._key, self._counts)
            self._store.prune(self._key.group, [self._key])
        except OSError as problem:
            self._failed("store", "row counts of past weeks", problem)
        else:
            self._kept = dict(self._counts)


def _rows(batches: Iterator[Batch]) -> int:
    return sum(batch.table.num_rows for batch in batches if batch.first)
