"""Outcomes of a log whose engine joins the labels: they are counted again where new labels touch the predictions.

They are in memory and not on disk: after a restart the engine counts all of them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from exporter.labels.evaluation import Evaluation
from exporter.labels.plan import Joined
from exporter.labels.sql.counting import JoinSpec, LogPartitions, count_labels, count_outcomes, touched_partitions
from exporter.labels.sql.result import PartitionOutcomes
from exporter.service.attempt import Attempt
from exporter.service.labels.joining import EvaluatedHour
from exporter.service.labels.logs import StoredPartition
from exporter.sources.engine import CountingSource
from exporter.sources.source import Partition
from exporter.store.profiles import Key

Partitions = Mapping[datetime, Partition]

_BATCH: Final = 24
"""Partitions of predictions that one statement counts."""


class OutcomeCounter:
    """Counts the outcomes of one model's predictions. One thread at a time may use it."""

    def __init__(
        self,
        predictions: tuple[CountingSource, timedelta],
        labels: tuple[CountingSource, timedelta],
        spec: JoinSpec,
        group: str,
    ) -> None:
        """Nothing is counted yet.

        Args:
            predictions: the log of predictions, and its grain.
            labels: the log of labels, which the engine of the first one joins, and its grain.
            spec: their columns.
            group: the model.
        """
        self.hours: dict[datetime, EvaluatedHour] = {}
        self.predictions: dict[datetime, StoredPartition] = {}
        self.labels: dict[datetime, StoredPartition] = {}
        self._prediction_log = predictions
        self._label_log = labels
        self._spec = spec
        self._group = group
        self._evaluation: Evaluation | None = None

    def bring_up_to_date(
        self,
        attempt: Attempt,
        predictions: Partitions,
        labels: Partitions,
        evaluation: Evaluation,
        span_start: datetime,
    ) -> bool:
        """Count what is not known yet.

        Args:
            attempt: this refresh.
            predictions: the partitions of predictions that there are.
            labels: the partitions of labels that there are.
            evaluation: how predictions are evaluated.
            span_start: the start of a partition of labels, which need not exist.

        Returns:
            Whether there was time for all.

        Raises:
            NotCountable: the rows must be read.
            SourceError: as `CountingSource.count`.
        """
        if self._evaluation is None or not evaluation.counts_like(self._evaluation):
            self.hours = {}
        self._evaluation = evaluation
        keys = {start: self._key("predictions", start, partition) for start, partition in predictions.items()}
        self.hours = {start: hour for start, hour in self.hours.items() if keys.get(start) == hour.key}
        self.predictions = {start: stored for start, stored in self.predictions.items() if start in self.hours}
        if predictions:
            self._count_labels(predictions, labels)
        label_log = self._labels_of(labels or {span_start: self._label_log[0].partition_at(span_start)})
        for batch in _batches([start for start in predictions if start not in self.hours]):
            if attempt.overdue():
                return False
            counted = count_outcomes(self._predictions_of(predictions, batch), label_log, self._spec, evaluation)
            for start in batch:
                self._add(start, keys[start], counted.get(start, PartitionOutcomes()), label_log.first)
        return True

    def _count_labels(self, predictions: Partitions, labels: Partitions) -> None:
        """Count the labels that are new, and drop the hours that they touch."""
        keys = {start: self._key("labels", start, partition) for start, partition in labels.items()}
        rewritten = any(start in keys and keys[start] != stored.key for start, stored in self.labels.items())
        self.labels = {start: stored for start, stored in self.labels.items() if keys.get(start) == stored.key}
        new = {start: partition for start, partition in labels.items() if start not in self.labels}
        if not new:
            return
        log = self._labels_of(new)
        counted = count_labels(self._predictions_of(predictions, self.hours or predictions), log, self._spec)
        touched = set(self.hours)  # the rewritten partition may have been joined to any of them
        if self.hours and not rewritten:
            touched = touched_partitions(self._predictions_of(predictions, self.hours), log, self._spec)
        self.hours = {start: hour for start, hour in self.hours.items() if start not in touched}
        for start in new:
            rows, left_out = counted.get(start, (0, {}))
            self.labels[start] = StoredPartition({keys[start]: rows}, left_out)

    def _add(self, start: datetime, key: Key, counted: PartitionOutcomes, first: datetime) -> None:
        starts = {first + place * self._label_log[1]: rows for place, rows in counted.joined.items()}
        rows = {self.labels[at].key.path.name: number for at, number in starts.items() if at in self.labels}
        labels = Joined(rows, frozenset(rows))
        self.hours[start] = EvaluatedHour(key, labels, counted.outcomes, counted.segments, counted.rejected_rows)
        self.predictions[start] = StoredPartition({key: counted.rows}, counted.left_out)

    def _predictions_of(self, partitions: Partitions, starts: Iterable[datetime]) -> LogPartitions:
        source, grain = self._prediction_log
        return LogPartitions(source, {start: partitions[start] for start in starts}, grain)

    def _labels_of(self, partitions: Partitions) -> LogPartitions:
        source, grain = self._label_log
        return LogPartitions(source, partitions, grain)

    def _key(self, log: str, start: datetime, partition: Partition) -> Key:
        return Key(f"{self._group}/{log}", f"{start:%Y%m%dT%H%M}", (partition.fingerprint,))


def _batches(starts: Sequence[datetime]) -> Iterator[Sequence[datetime]]:
    for place in range(0, len(starts), _BATCH):
        yield starts[place : place + _BATCH]
