"""What is read of the sources of one model: some rows, and what was found around them."""

from __future__ import annotations

from collections.abc import KeysView, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import pyarrow as pa

from exporter.sources.source import Batch, Partition
from exporter.spec.windows import Window
from exporter.validation.finding import Place


@dataclass(frozen=True)
class Rows:
    """Some rows of a partition.

    `batches` have all columns of their rows. `total` is the number of rows of the partition, estimated where not all
    were read; `whole` is whether all were. `skipped` are the files that could not be read, with the reason.
    """

    partition: Partition
    batches: tuple[Batch, ...]
    total: int
    whole: bool = True
    start: datetime | None = None
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """The rows that were read."""
        return sum(int(batch.table.num_rows) for batch in self.batches)

    @cached_property
    def names(self) -> KeysView[str]:
        """The names of the columns of the files, whether they were read or not."""
        return dict.fromkeys(name for batch in self.batches for name in batch.schema.names).keys()

    def column(self, name: str | None) -> list[pa.ChunkedArray]:
        """Return a column in pieces, whose types may differ; nothing where no file has it or none can decode it."""
        places = ((batch.table, columns.get(name)) for batch, columns in zip(self.batches, self._columns, strict=True))
        return [table.column(place) for table, place in places if place is not None]

    @cached_property
    def _columns(self) -> list[Mapping[str | None, int]]:
        """The position of each column in each table."""
        return [{name: place for place, name in enumerate(batch.table.column_names)} for batch in self.batches]


@dataclass(frozen=True, slots=True)
class LogSample:
    """A log, or the reference, which has no `wanted` partitions of its own.

    `place` is its source in the spec, and `template` the path or table there. `wanted` are the starts of the partitions
    that were looked for, `partitions` those that exist, and `nearby` says what lies there if none does. `rows` are of
    the newest that could be read. `unreadable` are the partitions that were tried in vain, with the reason, and
    `failure` is why the source could not be looked at. `requests` is what it took to list it.
    """

    place: Place
    template: str
    grain: timedelta = timedelta()
    delay: timedelta = timedelta()
    wanted: tuple[datetime, ...] = ()
    partitions: Mapping[datetime, Partition] = field(default_factory=dict)
    nearby: str = ""
    rows: Rows | None = None
    unreadable: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""
    requests: int = 0

    @property
    def span(self) -> Window | None:
        """The stretch of time of the partition whose rows were read."""
        if self.rows is None or self.rows.start is None:
            return None
        return Window(self.rows.start, self.rows.start + self.grain)


@dataclass(frozen=True, slots=True)
class IdSample:
    """Ids of predictions and of labels, as they are stored.

    `share` is the estimated share of the predictions of the look-back whose ids were read.
    """

    predictions: tuple[pa.ChunkedArray, ...]
    labels: tuple[pa.ChunkedArray, ...]
    share: float
