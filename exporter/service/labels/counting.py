"""Labels of a log whose engine joins them: what became of predictions is asked again where new labels touch it.

What was told is remembered, not kept on disk: after a restart it is asked anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from exporter.labels.counting import (
    JoinSpec,
    LogPartitions,
    PartitionOutcomes,
    count_labels,
    count_outcomes,
    touched_partitions,
)
from exporter.labels.outcomes import Evaluation
from exporter.service.attempt import Attempt
from exporter.service.labels.joining import Judged
from exporter.service.labels.logs import StoredPartition
from exporter.sources.engine import CountingSource
from exporter.sources.source import Partition
from exporter.store.profiles import Key

ASKED_AT_ONCE: Final = 24
"""Partitions of predictions that one statement is about."""


class OutcomeCounter:
    """Keeps what became of one model's predictions at hand. One thread at a time may use it."""

    def __init__(
        self,
        made: tuple[CountingSource, timedelta],
        arrived: tuple[CountingSource, timedelta],
        about: JoinSpec,
        group: str,
    ) -> None:
        """Nothing is asked yet.

        Args:
            made: the log of predictions, and its grain.
            arrived: that of labels, of a source that the first one joins.
            about: their columns.
            group: the model.
        """
        self.hours: dict[datetime, Judged] = {}
        self.predictions: dict[datetime, StoredPartition] = {}
        self.labels: dict[datetime, StoredPartition] = {}
        self._made = made
        self._arrived = arrived
        self._about = about
        self._group = group
        self._judgement: Evaluation | None = None

    def bring_up_to_date(
        self,
        attempt: Attempt,
        made: Mapping[datetime, Partition],
        arrived: Mapping[datetime, Partition],
        judgement: Evaluation,
        span_start: datetime,
    ) -> bool:
        """Ask what is not known yet.

        Args:
            attempt: this refresh.
            made: the partitions of predictions that there are.
            arrived: those of labels.
            judgement: how predictions are judged.
            span_start: the start of a partition of labels, which need not be there.

        Returns:
            Whether there was time for all.

        Raises:
            NotCounted: the rows must be read.
            SourceError: as `CountingSource.count`.
        """
        if self._judgement is None or not judgement.like(self._judgement):
            self.hours = {}
        self._judgement = judgement
        keys = {start: self._key("predictions", start, partition) for start, partition in made.items()}
        self.hours = {start: hour for start, hour in self.hours.items() if keys.get(start) == hour.key}
        self.predictions = {start: kept for start, kept in self.predictions.items() if start in self.hours}
        if made:
            self._heed_labels(made, arrived)
        there = arrived or {span_start: self._arrived[0].partition_at(span_start)}
        for run in _runs([start for start in made if start not in self.hours]):
            if attempt.overdue():
                return False
            cut = LogPartitions(self._made[0], {start: made[start] for start in run}, self._made[1])
            found = count_outcomes(
                cut, LogPartitions(self._arrived[0], there, self._arrived[1]), self._about, judgement
            )
            for start in run:
                self._remember(start, keys[start], found.get(start, PartitionOutcomes()), min(there))
        return True

    def _heed_labels(self, made: Mapping[datetime, Partition], arrived: Mapping[datetime, Partition]) -> None:
        """Count the labels that are new, and forget what they touch."""
        keys = {start: self._key("labels", start, partition) for start, partition in arrived.items()}
        gone = [start for start, kept in self.labels.items() if start in arrived and keys[start] != kept.key]
        self.labels = {start: kept for start, kept in self.labels.items() if keys.get(start) == kept.key}
        new = {start: partition for start, partition in arrived.items() if start not in self.labels}
        if not new:
            return
        labels = LogPartitions(self._arrived[0], new, self._arrived[1])
        known = {start: made[start] for start in self.hours}
        counted = count_labels(LogPartitions(self._made[0], known or made, self._made[1]), labels, self._about)
        told = set(known) if gone else set()  # what was joined may have been rewritten
        if known and not gone:
            told = touched_partitions(LogPartitions(self._made[0], known, self._made[1]), labels, self._about)
        self.hours = {start: hour for start, hour in self.hours.items() if start not in told}
        for start in new:
            rows, left_out = counted.get(start, (0, {}))
            self.labels[start] = StoredPartition(keys[start], rows, left_out)

    def _remember(self, start: datetime, key: Key, told: PartitionOutcomes, first: datetime) -> None:
        grain = self._arrived[1]
        joined = {first + place * grain: rows for place, rows in told.joined.items()}
        names = {self.labels[at].key.path.name: rows for at, rows in joined.items() if at in self.labels}
        self.hours[start] = Judged(key, names, frozenset(names), told.outcomes, told.segments, told.rejected_rows)
        self.predictions[start] = StoredPartition(key, told.rows, told.left_out)

    def _key(self, log: str, start: datetime, partition: Partition) -> Key:
        return Key(f"{self._group}/{log}", f"{start:%Y%m%dT%H%M}", (partition.fingerprint,))


def _runs(starts: Sequence[datetime]) -> Iterator[Sequence[datetime]]:
    for place in range(0, len(starts), ASKED_AT_ONCE):
        yield starts[place : place + ASKED_AT_ONCE]
