"""Labels in a refresh: both logs are read and joined, and predictions are evaluated.

Each partition of either log is read once and stored reduced. Predictions have a pass of their own over the few columns
that labels need, since predictions are also needed of hours whose profiles are no longer needed. New labels are joined
with every partition of predictions in the look-back, and the partitions that they touch are evaluated again. One
partition of predictions and one chunk of labels are in memory at a time. A failure costs only the metrics of labels.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from exporter import catalogue
from exporter.labels.evaluation import Evaluation
from exporter.labels.outcomes import Outcome
from exporter.labels.rows import LabelRows
from exporter.labels.sql.counting import JoinSpec
from exporter.profiles.binning import Binning
from exporter.profiles.group import Group
from exporter.samples.labels.arrivals import arrival_samples, silence
from exporter.samples.labels.coverage import UNKNOWN as UNKNOWN_COVERAGE
from exporter.samples.labels.coverage import UsualCoverage
from exporter.samples.labels.estimates import gap_samples
from exporter.samples.labels.estimators import Estimator
from exporter.samples.labels.labels import MatureWindow, label_samples
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise, fit_log
from exporter.samples.labels.outcome_sums import OutcomeSums
from exporter.samples.labels.provisional import provisional_samples
from exporter.samples.labels.rates import rate_samples
from exporter.samples.slo import look_back, slo_samples
from exporter.samples.usable_rows import usable_rows, usable_samples
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt, Failed
from exporter.service.labels import remarks
from exporter.service.labels.counting import OutcomeCounter
from exporter.service.labels.failures import reported
from exporter.service.labels.joined_logs import JoinedLogs
from exporter.service.labels.labelled_rows import REFERENCE_LABELS
from exporter.service.labels.log_fit import open_log_fit
from exporter.service.labels.logs import StoredLog
from exporter.service.labels.noise import NOTHING, SUBJECT, UNKNOWN, Fitted, LogFits, past_hours
from exporter.service.labels.reductions import evaluation_of, label_rule
from exporter.service.labels.trailing_outcomes import FitInput, weeks_fitted
from exporter.service.labels.windows import Hours, mature_windows, open_windows, rejected_rows
from exporter.sources.engine import CountingSource
from exporter.sources.opening import open_source
from exporter.sources.source import Partition, Source, Stream
from exporter.spec.loading import LoadedSpec
from exporter.spec.sections.logs import Labels
from exporter.spec.windows import Window, newest_end
from exporter.sql.logs import NotCountable
from exporter.store.profiles import ProfileStore

STREAM: Final = catalogue.LABEL_LOG
"""The `stream` of labels, beside that of predictions."""
SPARE: Final = timedelta(days=1)
"""How much farther back than the oldest window both logs are read."""
MOST_PARTITIONS: Final = 400
"""Partitions of each log that one refresh reads: a minute or two at most."""

log = logging.getLogger(__name__)


def open_labels(
    loaded: LoadedSpec, inference: Source, store: ProfileStore, failed: Failed, source: Source | None = None
) -> LabelReader | None:
    """Return the reader of a model's labels; None where it has none, or none that this release evaluates.

    Args:
        loaded: the model's spec.
        inference: the source of its inference log.
        store: where both logs are stored.
        failed: called with each failure of a refresh.
        source: a label log to replay, instead of the one that the spec names.

    Raises:
        SourceError: this release does not read that kind of source.
    """
    body = loaded.spec.spec
    if body.labels is None or not body.labels_evaluated:
        return None
    sources = inference, source or open_label_log(loaded, body.labels)
    return LabelReader(loaded, body.labels, sources, store, failed)


def open_label_log(loaded: LoadedSpec, labels: Labels) -> Source:
    """Return the source of a model's label log.

    Raises:
        SourceError: this release does not read that kind of source.
    """
    stream = Stream(loaded.spec.name, STREAM, labels.columns.timestamp, labels.grain)
    return open_source(labels.source, loaded.folder, stream)


class LabelReader:
    """Reads one model's labels and evaluates its predictions. One thread at a time may use it."""

    def __init__(
        self,
        loaded: LoadedSpec,
        labels: Labels,
        sources: tuple[Source, Source],
        store: ProfileStore,
        failed: Failed,
    ) -> None:
        """Nothing is read yet.

        Args:
            loaded: the model's spec.
            labels: its section about labels.
            sources: the sources of its inference log and of its label log.
            store: where both logs are stored.
            failed: called with each failure; none is raised later on.
        """
        spec, inference = loaded.spec, sources[0]
        self.source = sources[1]
        self.left = 0
        """Partitions that the last refresh has not read, of both logs together."""
        self.estimator: Estimator | None = None
        self._spec = spec
        self._labels = labels
        self._failed = failed
        oldest = max(*spec.spec.windows, look_back(spec.spec), weeks_fitted(spec.spec))
        self._look_back = labels.maturity + oldest + labels.grain + SPARE
        self._logs = JoinedLogs(spec, labels, sources, store, failed, look_back=self._look_back)
        self._rule = label_rule(spec.spec)
        self._counter = self._engine(inference)
        self._fit = open_log_fit(loaded, labels, sources, store, failed)
        self._log_noise = LogFits(partial(fit_log, spec))
        self._log_coverage = LogFits(partial(UsualCoverage.of, spec))
        self._noise = INDEPENDENT
        self._noise_parts = INDEPENDENT, INDEPENDENT
        self._usual_coverage = UNKNOWN_COVERAGE
        self._noted = False
        self._sums = OutcomeSums(spec.spec.inference.grain)
        self._complete = False
        self._remarks: dict[str, str] = {}

    def _engine(self, inference: Source) -> OutcomeCounter | None:
        """The counter of an engine that has both logs; None where rows must be read."""
        source, body = self.source, self._spec.spec
        if not (isinstance(inference, CountingSource) and isinstance(source, CountingSource)):
            return None
        if not inference.can_join(source):
            return None
        spec = JoinSpec(body.inference.columns, self._labels.columns, self._rule, self._look_back)
        return OutcomeCounter((inference, body.inference.grain), (source, self._labels.grain), spec, self._spec.name)

    @property
    def log(self) -> StoredLog[LabelRows]:
        """The label log."""
        return self._logs.labels

    @property
    def problems(self) -> Mapping[str, str]:
        """What cannot be used of both logs, why performance is withheld, and why no estimator is fitted."""
        reason = self._fit.problem if self._fit is not None and self._complete else None
        return {**self._logs.problems, **self._remarks, **({REFERENCE_LABELS: reason} if reason else {})}

    @property
    def notes(self) -> Mapping[str, str]:
        """What is not wrong, but should be known: that no days of labels show how much performance varies."""
        return {SUBJECT: UNKNOWN} if self._complete and not self._noise.excess else {}

    def read(
        self,
        attempt: Attempt,
        partitions: Mapping[datetime, Partition],
        binning: Binning,
        fitted: Fitted = NOTHING,
        fingerprint: str = "",
    ) -> list[Sample]:
        """Return the samples of labels; none until all that has arrived was joined once.

        Args:
            attempt: this refresh.
            partitions: those of the inference log's windows that exist.
            binning: of the reference, with the fine bins of the score.
            fitted: on a reference that is a data set; else the estimator is fitted on these labels.
            fingerprint: of the reference's rows.
        """
        evaluation = evaluation_of(self._spec, self._labels, binning)
        self._logs.evaluate_by(evaluation)
        with reported(self._failed, "labels"):
            self._complete = self._bring_up_to_date(attempt, partitions, evaluation) or self._complete
        self.estimator, of_reference = fitted.estimator, fitted.noise
        if fitted.estimator is None and self._fit is not None and self._complete:
            fit_input = FitInput(attempt, binning, fingerprint, self._outcomes(), self._mature(attempt.now))
            with reported(self._failed, REFERENCE_LABELS):
                self.estimator = self._fit.fit(fit_input)
            of_reference = self._fit.noise
        if self._complete:
            past = past_hours(self._spec, self._outcomes(), self._mature(attempt.now))
            self._noise = self._both(of_reference, self._log_noise.fit(past))
            self._usual_coverage = self._log_coverage.fit(past)
            self._log_notes()
        samples = list(self._samples(attempt.now, evaluation)) if self._complete else []
        if self._fit is not None:
            with reported(self._failed, REFERENCE_LABELS):
                self._fit.exclude_alarming_week(samples, self._mature(attempt.now))
        return samples

    def _both(self, of_reference: LabelNoise, of_log: LabelNoise) -> LabelNoise:
        """What both show; the same object as long as they are, so that slices are not evaluated again."""
        if self._noise_parts[0] is not of_reference or self._noise_parts[1] is not of_log:
            self._noise_parts = of_reference, of_log
            return of_reference.before(of_log)
        return self._noise

    def _log_notes(self) -> None:
        for subject, note in self.notes.items() if not self._noted else ():
            log.info("%s: %s: %s", self._spec.name, subject, note, extra={"model": self._spec.name})
        self._noted = bool(self.notes)

    def _bring_up_to_date(
        self, attempt: Attempt, partitions: Mapping[datetime, Partition], evaluation: Evaluation
    ) -> bool:
        """Whether all that has arrived is read, joined and evaluated."""
        grain, arrivals = self._spec.spec.inference.grain, self._span(attempt.now, self._labels.grain)
        self._logs.look_up(attempt.now, self._span(attempt.now, grain), arrivals, partitions)
        if self._counter is not None:
            try:
                return self._count(self._counter, attempt, evaluation, arrivals.start)
            except NotCountable as reason:
                log.info("%s: labels are joined from rows: %s", self._spec.name, reason)
                self._counter = None
        self.left = self._logs.read(attempt, MOST_PARTITIONS)
        if self.left:
            message = "%s: %d partitions are still to be read for labels; the next refresh goes on"
            log.info(message, self._spec.name, self.left)
            return False
        mature = self._mature(attempt.now)
        with_segments = Window(mature - max(self._spec.spec.windows), mature).partitions(grain)
        return self._logs.join(attempt, arrivals.start, set(with_segments))

    def _count(self, counter: OutcomeCounter, attempt: Attempt, evaluation: Evaluation, start: datetime) -> bool:
        before, logs = set(counter.labels), self._logs
        done = counter.bring_up_to_date(
            attempt, logs.prediction_list.partitions, logs.label_list.partitions, evaluation, start
        )
        logs.predictions.known, logs.labels.known = counter.predictions, counter.labels
        logs.labels.built += len(counter.labels.keys() - before)
        return done

    def _samples(self, now: datetime, evaluation: Evaluation) -> Iterator[Sample]:
        spec, hours, grain = self._spec, self._hours, self._labels.grain
        predictions, labels = self._logs.predictions.known, self._logs.labels.known
        span, mature = self._span(now, grain), self._mature(now)
        self._sums.update(self._outcomes())
        windows = list(mature_windows(spec, hours, self._sums, mature))
        rejected = rejected_rows(hours.values(), predictions.values(), labels, span.start + self._labels.maturity)
        class_names = {name for names in self._class_names() for name in names}
        delays = self._labels.columns.timestamp is not None or not remarks.by_prediction(spec, hours, grain)
        self._remark(windows, delays=delays)
        noise, usual = self._noise, self._usual_coverage
        yield from label_samples(spec, windows, rejected, class_names, delays=delays, noise=noise, usual=usual)
        yield from rate_samples(spec, self.estimator, windows, noise)
        yield from gap_samples(spec, self.estimator, windows, noise) if self.estimator else ()
        yield from provisional_samples(spec, list(open_windows(spec, hours, now)), evaluation.edges, noise)
        rows = {start: stored.rows for start, stored in labels.items()}
        due = min(hours) + self._labels.maturity if hours else None
        yield from arrival_samples(spec, silence(rows, grain, span.end, due))
        yield from self._usable_samples(now)
        yield from slo_samples(spec, self._sums, mature, noise)

    def _remark(self, windows: Iterable[MatureWindow], *, delays: bool) -> None:
        """Collect the remarks of this refresh, and log those with a new subject."""
        logs = remarks.Logs(self._logs.predictions.known, self._logs.labels.known)
        found = [
            *remarks.withheld(self._spec, self._rule, windows),
            *remarks.unseen_positive(self._spec, self._rule, logs.labels.values()),
            *remarks.shifted(logs),
            *([] if delays else [remarks.delay_unknown(self._labels.grain)]),
        ]
        new = {subject: reason for subject, reason in found if subject not in self._remarks}
        for subject, reason in new.items():
            log.warning("%s: %s: %s", self._spec.name, subject, reason, extra={"model": self._spec.name})
        self._remarks = dict(found)

    def _usable_samples(self, now: datetime) -> Iterator[Sample]:
        logs, grain = self._logs, self._spec.spec.inference.grain
        streams = (
            (catalogue.INFERENCE, logs.predictions, grain),
            (catalogue.LABEL_LOG, logs.labels, self._labels.grain),
        )
        for stream, stored, length in streams:
            every = {**stored.known, **stored.unusable}
            rows = {start: usable_rows(each.rows, each.left_out) for start, each in every.items()}
            yield from usable_samples(self._spec, stream, rows, length, self._span(now, length).end)

    def _class_names(self) -> set[tuple[str, ...]]:
        """The names of classes in either log; most partitions have the same."""
        return {each.names for each in (*self._logs.predictions.known.values(), *self._logs.labels.known.values())}

    @property
    def _hours(self) -> Hours:
        return self._logs.hours if self._counter is None else self._counter.hours

    def _outcomes(self) -> dict[datetime, Mapping[Group, Outcome]]:
        return {start: hour.outcomes for start, hour in self._hours.items() if hour.outcomes}

    def _span(self, now: datetime, grain: timedelta) -> Window:
        """The whole partitions of the look-back."""
        end = newest_end(now, self._spec.spec.inference.delay, grain)
        return Window(newest_end(end - self._look_back, timedelta(), grain), end)

    def _mature(self, now: datetime) -> datetime:
        """The end of mature predictions."""
        arrived = self._span(now, self._labels.grain).end
        return newest_end(arrived - self._labels.maturity, timedelta(), self._spec.spec.inference.grain)
