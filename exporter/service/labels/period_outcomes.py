"""What became of the predictions of a period of the log that may be long past: read once, apart from today's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from exporter.labels.evaluation import Evaluation
from exporter.labels.outcomes import Outcome
from exporter.labels.predictions import Predictions
from exporter.labels.rows import LabelRows
from exporter.profiles.binning import Binning
from exporter.profiles.group import Group
from exporter.service.attempt import Attempt, Failed
from exporter.service.labels.joining import Joiner
from exporter.service.labels.logs import Listing, StoredLog
from exporter.service.labels.reductions import judgement, label_reduction, prediction_reduction
from exporter.sources.source import Source
from exporter.spec.model import ModelSpec
from exporter.spec.sections.logs import Labels
from exporter.spec.windows import Window, newest_end
from exporter.store.profiles import ProfileStore

MOST_PARTITIONS: Final = 200
"""Partitions of a log that one refresh reads for it, beside today's."""


class PeriodOutcomes:
    """Reads a period's predictions and their labels, and joins them. One thread at a time may use it."""

    def __init__(
        self,
        spec: ModelSpec,
        labels: Labels,
        period: Window,
        sources: tuple[Source, Source],
        store: ProfileStore,
        *,
        failed: Failed,
    ) -> None:
        """Nothing is read yet.

        Args:
            spec: the model.
            labels: its part about labels.
            period: of the inference log; labels are read from its start until its last prediction is mature.
            sources: what reads the inference log, and the label log.
            store: where both are kept until they are joined.
            failed: told of each partition that cannot be used.
        """
        self.problem: str | None = None
        self._spec = spec
        self._labels = labels
        self._period = period
        end = newest_end(period.end + labels.maturity + labels.grain, timedelta(microseconds=1), labels.grain)
        self._arrival = Window(newest_end(period.start, timedelta(), labels.grain), end)
        self._groups = tuple(f"{spec.name}/period-{kind}" for kind in ("predictions", "labels", "answers"))
        self._store = store
        shapes = prediction_reduction(spec), label_reduction(spec, labels, self._arrival.length)
        self._made = Listing(sources[0], spec.spec.inference.grain)
        self._arrived = Listing(sources[1], labels.grain)
        self._predictions: StoredLog[Predictions] = StoredLog(self._groups[0], sources[0], store, failed, shapes[0])
        self._log: StoredLog[LabelRows] = StoredLog(self._groups[1], sources[1], store, failed, shapes[1])
        self._joiner = Joiner(self._groups[2], store, self._judgement(None))

    def read(self, attempt: Attempt, binning: Binning, mature: datetime) -> list[Mapping[Group, Outcome]] | None:
        """What became of the predictions of each partition; None while not all is read, or they are not mature.

        Args:
            attempt: this refresh.
            binning: the reference's, whose fine bins of the score are counted in.
            mature: until when predictions are mature.

        Raises:
            SourceError: when a source does not answer.
            OSError: when the disk refuses.
        """
        if mature < self._period.end:
            due = self._period.end + self._labels.maturity
            self.problem = f"the labels of its period are not mature before {due:%Y-%m-%d %H:%M} UTC"
            return None
        self.problem = "the labels of its period are being read"
        self._made.read(attempt.now, self._period)
        self._arrived.read(attempt.now, self._arrival)
        left = self._predictions.read(attempt, self._made.partitions, MOST_PARTITIONS)
        left += self._log.read(attempt, self._arrived.partitions, MOST_PARTITIONS)
        return self._joined(attempt, binning) if not left else None

    def _joined(self, attempt: Attempt, binning: Binning) -> list[Mapping[Group, Outcome]] | None:
        self._joiner.evaluate_by(self._judgement(binning))
        first = f"{self._arrival.start:%Y%m%dT%H%M}"
        done = self._joiner.bring_up_to_date(attempt, self._predictions.known, self._log.known, first)
        for kept in (self._predictions, self._log):
            kept.forget(self._joiner.missing)
        if not done:
            return None
        self.problem = "no prediction of its period has a label"
        return [hour.outcomes for hour in self._joiner.hours.values() if hour.outcomes]

    def let_go(self) -> None:
        """Keep nothing of what was read: all that it teaches is told.

        Raises:
            OSError: when the disk refuses.
        """
        self._joiner.hours = {}
        for kept in (self._predictions, self._log):
            kept.known = {}
        for group in self._groups:
            self._store.prune(group, [])

    def _judgement(self, binning: Binning | None) -> Evaluation:
        return replace(judgement(self._spec, self._labels, binning), segments={}, tolerances=())
