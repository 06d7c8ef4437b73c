"""The outcomes of a period of the log that may be long past: read once, beside the newest predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from exporter.labels.outcomes import Outcome
from exporter.profiles.binning import Binning
from exporter.profiles.group import Group
from exporter.service.attempt import Attempt, Failed
from exporter.service.labels.joined_logs import JoinedLogs
from exporter.service.labels.reductions import evaluation_of
from exporter.sources.source import Source
from exporter.spec.model import ModelSpec
from exporter.spec.sections.logs import Labels
from exporter.spec.windows import Window, newest_end
from exporter.store.profiles import ProfileStore

MOST_PARTITIONS: Final = 200
"""Partitions of each log that one refresh reads for a period, beside the newest ones."""


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
            labels: its section about labels.
            period: of the inference log; labels are read from its start until its last prediction is mature.
            sources: the sources of the inference log and of the label log.
            store: where both are stored until they are joined.
            failed: called with each partition that cannot be used.
        """
        self.problem: str | None = None
        self._spec = spec
        self._labels = labels
        self._period = period
        end = newest_end(period.end + labels.maturity + labels.grain, timedelta(microseconds=1), labels.grain)
        self._arrival = Window(newest_end(period.start, timedelta(), labels.grain), end)
        self._logs = JoinedLogs(spec, labels, sources, store, failed, look_back=self._arrival.length, prefix="period-")

    def read(
        self, attempt: Attempt, binning: Binning, mature: datetime
    ) -> dict[datetime, Mapping[Group, Outcome]] | None:
        """Return the outcomes of each partition, by its start; None until all is read and the predictions are mature.

        Args:
            attempt: this refresh.
            binning: of the reference, with the fine bins of the score.
            mature: the end of mature predictions.

        Raises:
            SourceError: when a source does not answer.
            OSError: when the disk refuses.
        """
        if mature < self._period.end:
            due = self._period.end + self._labels.maturity
            self.problem = f"the labels of its period are not mature before {due:%Y-%m-%d %H:%M} UTC"
            return None
        self.problem = "the labels of its period are being read"
        self._logs.look_up(attempt.now, self._period, self._arrival)
        return self._joined(attempt, binning) if not self._logs.read(attempt, MOST_PARTITIONS) else None

    def _joined(self, attempt: Attempt, binning: Binning) -> dict[datetime, Mapping[Group, Outcome]] | None:
        evaluation = evaluation_of(self._spec, self._labels, binning)
        self._logs.evaluate_by(replace(evaluation, segments={}, tolerances=()))
        if not self._logs.join(attempt, self._arrival.start):
            return None
        self.problem = "no prediction of its period has a label"
        return {start: hour.outcomes for start, hour in self._logs.hours.items() if hour.outcomes}

    def clear(self) -> None:
        """Keep nothing of what was read: its outcomes are summed.

        Raises:
            OSError: when the disk refuses.
        """
        self._logs.clear()
