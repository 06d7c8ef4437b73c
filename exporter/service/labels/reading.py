"""Labels, brought up to date: what has arrived, which predictions it belongs to, and what became of those.

A partition of either log is read once and kept reduced: that of predictions in a pass of its own over the few columns
that labels need, since it is also read of hours whose profiles nobody needs any more. Labels that are new are joined
with every partition of predictions of the look-back, and those that they touch are judged again. One partition of
predictions and one chunk of labels are in memory at a time. What cannot be had costs only what is said of labels.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from exporter.errors import SourceError
from exporter.labels.counting import JoinSpec
from exporter.labels.evaluation import Evaluation
from exporter.labels.outcomes import UNKNOWN, Outcome, total
from exporter.labels.predictions import Predictions
from exporter.labels.rows import LabelRows
from exporter.profiles.binning import Binning
from exporter.profiles.group import Group
from exporter.samples.estimate_samples import gap_samples
from exporter.samples.estimators import Estimator
from exporter.samples.label_arrivals import arrival_samples, silence
from exporter.samples.labels import REJECTED_ROWS, MatureWindow, label_samples
from exporter.samples.provisional import OpenWindow, provisional_samples
from exporter.samples.slo import look_back, slo_samples
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt, Failed
from exporter.service.labels.counting import OutcomeCounter
from exporter.service.labels.joining import EvaluatedHour, Joiner
from exporter.service.labels.labelled_rows import REFERENCE_LABELS
from exporter.service.labels.log_fit import open_log_fit
from exporter.service.labels.logs import Listing, StoredLog
from exporter.service.labels.reductions import judgement, label_reduction, prediction_reduction
from exporter.service.labels.trailing_outcomes import FitInput, weeks_fitted
from exporter.sources.engine import CountingSource
from exporter.sources.opening import open_source
from exporter.sources.source import Partition, Source, Stream
from exporter.spec.loading import LoadedSpec
from exporter.spec.sections.logs import Labels
from exporter.spec.value_types import format_duration
from exporter.spec.windows import Window, newest_end, window
from exporter.sql.logs import NotCountable
from exporter.store.profiles import ProfileStore

STREAM: Final = "labels"
"""The `stream` of labels, beside that of predictions."""
SPARE: Final = timedelta(days=1)
"""How much farther back than the oldest window that is judged both logs are read."""
MOST_PARTITIONS: Final = 400
"""Partitions of a log that one refresh reads: a minute or two of waiting at most."""

log = logging.getLogger(__name__)


def open_labels(loaded: LoadedSpec, inference: Source, store: ProfileStore, failed: Failed) -> LabelReader | None:
    """What reads a model's labels; None where it has none, or none that this release evaluates."""
    body = loaded.spec.spec
    if body.labels is None or not body.labels_evaluated:
        return None
    return LabelReader(loaded, body.labels, inference, store, failed)


class LabelReader:
    """Keeps what became of one model's predictions at hand. One thread at a time may use it."""

    def __init__(
        self, loaded: LoadedSpec, labels: Labels, inference: Source, store: ProfileStore, failed: Failed
    ) -> None:
        """Open the label log; nothing is read yet.

        Args:
            loaded: the model's spec.
            labels: its part about labels.
            inference: what reads its inference log.
            store: where what was read is kept.
            failed: told of each failure; none is raised later on.

        Raises:
            SourceError: this release does not read that kind of source.
        """
        spec = loaded.spec
        stream = Stream(loaded.spec.name, STREAM, labels.columns.timestamp, labels.grain)
        self.source = open_source(labels.source, loaded.folder, stream)
        self._spec = spec
        self._labels = labels
        self._failed = failed
        oldest = max(*spec.spec.windows, look_back(spec.spec), weeks_fitted(spec.spec))
        self._look_back = labels.maturity + oldest + labels.grain + SPARE
        self._made = Listing(inference, spec.spec.inference.grain)
        self._arrived = Listing(self.source, labels.grain)
        self._predictions: StoredLog[Predictions] = StoredLog(
            f"{spec.name}/predictions", inference, store, failed, prediction_reduction(spec)
        )
        self.log: StoredLog[LabelRows] = StoredLog(
            f"{spec.name}/labels", self.source, store, failed, label_reduction(spec, labels, self._look_back)
        )
        self._joiner = Joiner(f"{spec.name}/answers", store, judgement(spec, labels, None))
        self._counter = self._engine(inference)
        self.learned: Estimator | None = None
        self._learner = open_log_fit(loaded, labels, (inference, self.source), store, failed)
        self._complete = False

    def _engine(self, inference: Source) -> OutcomeCounter | None:
        """What asks an engine that has both logs; None where rows must be read."""
        arrived, body = self.source, self._spec.spec
        if not (isinstance(inference, CountingSource) and isinstance(arrived, CountingSource)):
            return None
        if not inference.can_join(arrived):
            return None
        about = JoinSpec(body.inference.columns, self._labels.columns, body.task, self._look_back)
        made = inference, body.inference.grain
        return OutcomeCounter(made, (arrived, self._labels.grain), about, self._spec.name)

    def read(
        self,
        attempt: Attempt,
        partitions: Mapping[datetime, Partition],
        binning: Binning,
        learned: Estimator | None = None,
        fingerprint: str = "",
    ) -> list[Sample]:
        """What there is to say of labels; nothing until all that has arrived was joined once.

        Args:
            attempt: this refresh.
            partitions: those of the inference log's windows that exist.
            binning: the reference's, whose fine bins of the score are counted in.
            learned: what the labels of a reference that is a data set teach; of another, these labels do.
            fingerprint: of the reference's rows.
        """
        judged = judgement(self._spec, self._labels, binning)
        self._joiner.evaluate_by(judged)
        try:
            self._complete = self._bring_up_to_date(attempt, partitions, judged) or self._complete
        except SourceError as problem:
            self._failed("read", "labels", problem)
        except OSError as problem:
            self._failed("store", "labels", problem)
        self.learned = learned or self._learn(attempt, binning, fingerprint)
        samples = list(self._samples(attempt.now, judged)) if self._complete else []
        self._heed(samples, attempt.now)
        return samples

    def _learn(self, attempt: Attempt, binning: Binning, fingerprint: str) -> Estimator | None:
        """What the outcomes of the reference's hours teach, once today's are told."""
        if self._learner is None or not self._complete:
            return None
        moment = FitInput(attempt, binning, fingerprint, self._known_hours(), self._mature(attempt.now))
        try:
            return self._learner.learn(moment)
        except SourceError as problem:
            self._failed("read", REFERENCE_LABELS, problem)
        except OSError as problem:
            self._failed("store", REFERENCE_LABELS, problem)
        return None

    def _heed(self, samples: list[Sample], now: datetime) -> None:
        try:
            if self._learner is not None:
                self._learner.exclude_alarming_week(samples, self._mature(now))
        except OSError as problem:
            self._failed("store", REFERENCE_LABELS, problem)

    def _known_hours(self) -> dict[datetime, Mapping[Group, Outcome]]:
        return {start: hour.outcomes for start, hour in self._hours.items() if hour.outcomes}

    def _samples(self, now: datetime, judged: Evaluation) -> Iterator[Sample]:
        mature = self._windows(now)
        yield from label_samples(self._spec, mature, self._odd_rows(now), self._class_names())
        yield from gap_samples(self._spec, self.learned, mature) if self.learned else ()
        yield from provisional_samples(self._spec, self._open_windows(now), judged.edges)
        arrived = {start: kept.rows for start, kept in self.log.known.items()}
        due = min(self._hours) + self._labels.maturity if self._hours else None
        yield from arrival_samples(
            self._spec, silence(arrived, self._labels.grain, self._span(now, self._labels.grain).end, due)
        )
        yield from slo_samples(self._spec, self._known_hours(), self._mature(now))

    @property
    def problems(self) -> Mapping[str, str]:
        """The partitions of both logs that cannot be used, with why, and why nothing is learned from them."""
        why = self._learner.problem if self._learner is not None and self._complete else None
        return {**self._predictions.problems, **self.log.problems, **({REFERENCE_LABELS: why} if why else {})}

    @property
    def _hours(self) -> Mapping[datetime, EvaluatedHour]:
        return self._joiner.hours if self._counter is None else self._counter.hours

    def _class_names(self) -> set[str]:
        """The classes that either log names."""
        kept = (*self._predictions.known.values(), *self.log.known.values())
        return {name for names in {each.names for each in kept} for name in names}

    def _bring_up_to_date(self, attempt: Attempt, partitions: Mapping[datetime, Partition], judged: Evaluation) -> bool:
        """Whether all that has arrived is read, joined and judged."""
        inference = self._spec.spec.inference
        arrivals = self._span(attempt.now, self._labels.grain)
        self._made.read(attempt.now, self._span(attempt.now, inference.grain), partitions)
        self._arrived.read(attempt.now, arrivals)
        if self._counter is not None:
            try:
                return self._count(self._counter, attempt, judged, arrivals.start)
            except NotCountable as why:
                log.info("%s: labels are joined from rows: %s", self._spec.name, why)
                self._counter = None
        left = self._predictions.read(attempt, self._made.partitions, MOST_PARTITIONS)
        left += self.log.read(attempt, self._arrived.partitions, MOST_PARTITIONS)
        if left:
            told = "%s: %d partitions are still to be read for labels; the next refresh goes on"
            log.info(told, self._spec.name, left)
            return False
        first = f"{arrivals.start:%Y%m%dT%H%M}"
        mature = self._mature(attempt.now)
        divided = Window(mature - max(self._spec.spec.windows), mature).partitions(inference.grain)
        done = self._joiner.bring_up_to_date(attempt, self._predictions.known, self.log.known, first, set(divided))
        for kept in (self._predictions, self.log):
            kept.forget(self._joiner.missing)
        return done

    def _count(self, counter: OutcomeCounter, attempt: Attempt, judged: Evaluation, start: datetime) -> bool:
        before = set(counter.labels)
        made, arrived = self._made.partitions, self._arrived.partitions
        done = counter.bring_up_to_date(attempt, made, arrived, judged, start)
        self._predictions.known, self.log.known = counter.predictions, counter.labels
        self.log.built += len(counter.labels.keys() - before)
        return done

    def _span(self, now: datetime, grain: timedelta) -> Window:
        """The whole partitions of the look-back."""
        end = newest_end(now, self._spec.spec.inference.delay, grain)
        return Window(newest_end(end - self._look_back, timedelta(), grain), end)

    def _windows(self, now: datetime) -> list[MatureWindow]:
        """The newest windows whose predictions are all mature."""
        grain, hours, end = self._spec.spec.inference.grain, self._hours, self._mature(now)
        windows = []
        for length in self._spec.spec.windows:
            starts = Window(end - length, end).partitions(grain)
            judged = [hours[start] for start in starts if start in hours]
            found = [part for hour in judged for part in (hour.outcomes, hour.segments) if part]
            windows.append(MatureWindow(format_duration(length), end, total(found)))
        return windows

    def _open_windows(self, now: datetime) -> list[OpenWindow]:
        """The newest windows of the inference log, whose labels are still coming."""
        log_, hours = self._spec.spec.inference, self._hours
        windows = []
        for length in self._spec.spec.windows:
            starts = reversed(window(now, length, log_.delay, log_.grain).partitions(log_.grain))
            found = (hours[start].outcomes for start in starts if start in hours)
            windows.append(OpenWindow(format_duration(length), [each for each in found if each]))
        return windows

    def _mature(self, now: datetime) -> datetime:
        """Until when predictions are mature."""
        arrived = self._span(now, self._labels.grain).end
        return newest_end(arrived - self._labels.maturity, timedelta(), self._spec.spec.inference.grain)

    def _odd_rows(self, now: datetime) -> Mapping[str, int]:
        """The rows of both logs, within the look-back, that tell nothing new of a prediction, by what they are."""
        hours, arrived = self._hours.values(), self.log.known.values()
        odd = Counter(dict.fromkeys(REJECTED_ROWS, 0))
        for kept in (*arrived, *self._predictions.known.values()):
            odd.update(kept.left_out)
        for hour in hours:
            odd.update(hour.rejected_rows or {})
        # Labels that came at the beginning of the look-back are of predictions before it: they are not odd.
        settled = self._span(now, self._labels.grain).start + self._labels.maturity
        recent = {kept.key.path.name: kept.rows for start, kept in self.log.known.items() if start >= settled}
        matched = sum(rows for hour in hours for name, rows in hour.joined.rows.items() if name in recent)
        odd[UNKNOWN] = max(sum(recent.values()) - matched, 0)  # an id that was used twice matches twice
        return odd
