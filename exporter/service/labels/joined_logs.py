"""A model's predictions and labels: both logs are listed, read and joined."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from exporter.labels.evaluation import Evaluation
from exporter.labels.predictions import Predictions
from exporter.labels.rows import LabelRows
from exporter.service.attempt import Attempt, Failed
from exporter.service.labels.joining import EvaluatedHour, Joiner
from exporter.service.labels.logs import Listing, StoredLog
from exporter.service.labels.reductions import evaluation_of, label_reduction, prediction_reduction
from exporter.sources.source import Partition, Source
from exporter.spec.model import ModelSpec
from exporter.spec.sections.logs import Labels
from exporter.spec.windows import Window
from exporter.store.profiles import ProfileStore


class JoinedLogs:
    """Both logs of one model. One thread at a time may use it.

    `prediction_list` and `label_list` are the partitions that exist, `predictions` and `labels` those in the store.
    """

    def __init__(
        self,
        spec: ModelSpec,
        labels: Labels,
        sources: tuple[Source, Source],
        store: ProfileStore,
        failed: Failed,
        *,
        look_back: timedelta,
        prefix: str = "",
    ) -> None:
        """Nothing is read yet.

        Args:
            spec: the model.
            labels: its section about labels.
            sources: the sources of the inference log and of the label log.
            store: where both are stored.
            failed: called with each partition that cannot be used.
            look_back: how much older than its arrival a label may be.
            prefix: of the names of the store's groups.
        """
        self._groups = tuple(f"{spec.name}/{prefix}{kind}" for kind in ("predictions", "labels", "answers"))
        self._store = store
        self.prediction_list = Listing(sources[0], spec.spec.inference.grain)
        self.label_list = Listing(sources[1], labels.grain)
        self.predictions: StoredLog[Predictions] = StoredLog(
            self._groups[0], sources[0], store, failed, prediction_reduction(spec, store.temporary_file)
        )
        self.labels: StoredLog[LabelRows] = StoredLog(
            self._groups[1], sources[1], store, failed, label_reduction(spec, labels, look_back, store.temporary_file)
        )
        self._joiner = Joiner(self._groups[2], store, evaluation_of(spec, labels, None))

    @property
    def hours(self) -> Mapping[datetime, EvaluatedHour]:
        """The partitions of predictions, by start."""
        return self._joiner.hours

    @property
    def problems(self) -> Mapping[str, str]:
        """The partitions of both logs that cannot be used, with the reason."""
        return {**self.predictions.problems, **self.labels.problems}

    def evaluate_by(self, evaluation: Evaluation) -> None:
        """Evaluate all predictions in this way from now on."""
        self._joiner.evaluate_by(evaluation)

    def look_up(
        self, now: datetime, predictions: Window, labels: Window, listed: Mapping[datetime, Partition] | None = None
    ) -> None:
        """Look up which partitions exist.

        Args:
            now: the time of this refresh.
            predictions: the stretch of the inference log.
            labels: the stretch of the label log.
            listed: as in `Listing.read`, of predictions.

        Raises:
            SourceError: when a source does not answer.
        """
        self.prediction_list.read(now, predictions, listed)
        self.label_list.read(now, labels)

    def read(self, attempt: Attempt, most: int) -> int:
        """Read partitions that are not in the store, at most so many of each log; how many are left.

        Raises:
            SourceUnavailable: when a source does not answer.
            OSError: when the disk refuses.
        """
        left = self.predictions.read(attempt, self.prediction_list.partitions, most)
        return left + self.labels.read(attempt, self.label_list.partitions, most)

    def join(self, attempt: Attempt, start: datetime, with_segments: Collection[datetime] = ()) -> bool:
        """Join all that is in the store; whether it is complete. What is missing there is read by the next refresh.

        Args:
            attempt: this refresh.
            start: the start of the label log's stretch.
            with_segments: as in `Joiner.bring_up_to_date`.

        Raises:
            OSError: when the disk refuses.
        """
        first = f"{start:%Y%m%dT%H%M}"
        done = self._joiner.bring_up_to_date(attempt, self.predictions.known, self.labels.known, first, with_segments)
        for log in (self.predictions, self.labels):
            log.forget(self._joiner.missing)
        return done

    def clear(self) -> None:
        """Keep nothing of both logs, in memory or on disk.

        Raises:
            OSError: when the disk refuses.
        """
        self._joiner.clear()
        self.predictions.known = {}
        self.labels.known = {}
        for group in self._groups:
            self._store.prune(group, [])
