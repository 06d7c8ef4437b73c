"""The number of rows of every partition of the past weeks; of a file that is not profiled only the footer is read.

Partitions of the windows are counted when they are profiled. The footers of older ones are read once, the newest first.
A failure costs only the traffic metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

import numpy as np

from exporter.profiles.kernel import PartitionProfile
from exporter.samples.traffic import LOOK_BACK, PartitionRows
from exporter.service.attempt import Attempt, Record
from exporter.service.past_reading import PastPartitions
from exporter.sources.skipping import without_skipped
from exporter.sources.source import ROWS_ONLY, Batch, Partition, Source
from exporter.spec.model import ModelSpec
from exporter.spec.windows import Window, newest_end
from exporter.statistics.traffic import with_quiet_hours
from exporter.store.profiles import Key, ProfileStore
from exporter.store.traffic import ROW_COUNTS

LONGEST_QUIET: Final = timedelta(days=3)
"""The longest gap of the log that can be a weekend; a longer one is an outage."""
MOST_FILES: Final = 3000
"""The most footers that one refresh reads: enough for a log with a file an hour, and a few minutes at most."""

_SUBJECT: Final = "row counts of past weeks"


class TrafficReader:
    """Counts the rows of one model's log. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, source: Source, store: ProfileStore, record: Record) -> None:
        """Nothing is read yet.

        Args:
            spec: the model.
            source: its inference log.
            store: where counts are stored.
            record: the model's; every failure is recorded there, and none is raised.
        """
        self._spec = spec
        self._source = source
        self._record = record
        self._readable = partial(without_skipped, source)
        key = Key(f"{spec.name}/traffic", "rows", ())
        self._counts = PastPartitions(record, store, key, ROW_COUNTS, _SUBJECT, readable=self._readable)
        self._listed: tuple[date, Mapping[datetime, Partition]] | None = None

    def read(
        self, attempt: Attempt, partitions: Mapping[datetime, Partition], profiles: Mapping[datetime, PartitionProfile]
    ) -> PartitionRows:
        """Return the rows of every partition, from `LOOK_BACK` before the longest window to the end of the windows.

        Args:
            attempt: this refresh.
            partitions: the partitions of the windows that exist.
            profiles: those of them that could be read.
        """
        body = self._spec.spec
        grain, end = body.inference.grain, newest_end(attempt.now, body.inference.delay, body.inference.grain)
        recent = end - max(body.windows)
        span = Window(newest_end(recent - LOOK_BACK, timedelta(), grain), end)
        self._list(attempt.now.date(), span)
        listed_past = self.past.items()
        past = {start: self._readable(each) for start, each in listed_past if span.start <= start < recent}
        counts = self._counts.values
        for start in profiles:
            name = self._readable(partitions[start]).fingerprint
            if name not in counts:
                counts.add(name, profiles[start].rows)
        newest_first = (past[start] for start in sorted(past, reverse=True))
        self._counts.read(attempt, newest_first, self._rows, MOST_FILES, cost=lambda partition: len(partition.objects))
        listed_partitions = {**past, **partitions}
        names = {start: self._readable(partition).fingerprint for start, partition in listed_partitions.items()}
        starts = span.partitions(grain)
        rows = np.array([counts.get(names.get(start, ""), np.nan) for start in starts])
        listed = np.array([start in names for start in starts])
        return PartitionRows(span.start, grain, with_quiet_hours(rows, listed, LONGEST_QUIET // grain))

    @property
    def past(self) -> Mapping[datetime, Partition]:
        """The partitions of the past weeks, as the last `read` has listed them."""
        return self._listed[1] if self._listed else {}

    def _list(self, today: date, span: Window) -> None:
        """List the past weeks once a day: that takes a request for each of their days."""
        if self._listed is not None and self._listed[0] == today:
            return
        with self._record.contain(_SUBJECT, "list"):
            listed = self._source.partitions(span.partitions(self._spec.spec.inference.grain))
            self._listed = (today, listed)
            self._counts.keep_only({self._readable(partition).fingerprint for partition in listed.values()})

    def _rows(self, partition: Partition) -> int:
        return self._source.profile(partition, ROWS_ONLY, _count)


def _count(batches: Iterator[Batch]) -> int:
    return sum(batch.table.num_rows for batch in batches if batch.first)
