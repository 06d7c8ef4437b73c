"""One model's refresh: its reference, the profiles of its windows, and all samples that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from exporter import catalogue
from exporter.comparison.accepted import AcceptedFeatures
from exporter.profiles.binning import Binning
from exporter.profiles.kernel import LINES
from exporter.reference.reference import Reference
from exporter.samples.calendar import calendar_samples, season_sample
from exporter.samples.conditions import conditions
from exporter.samples.labels.estimates import estimate_samples
from exporter.samples.labels.estimators import Estimator
from exporter.samples.new_categories import new_category_samples
from exporter.samples.traffic import traffic_samples
from exporter.samples.windows import Sample, evaluate
from exporter.service.attempt import STAGES, Attempt, Record, required
from exporter.service.labels import reading as label_reading
from exporter.service.labels.labelled_rows import REFERENCE_LABELS
from exporter.service.labels.noise import NOTHING, Fitted
from exporter.service.labels.reference_fit import EstimatorFit
from exporter.service.missing_data import missing_data, spec_columns
from exporter.service.profile_reading import ProfileReader
from exporter.service.proxies.reading import ProxyReader
from exporter.service.references.accepted import AcceptedReader, accepted_samples
from exporter.service.references.reading import ReferenceReader
from exporter.service.references.source import STREAM
from exporter.service.skip_report import SkipReport
from exporter.service.slo_reading import ObjectiveReader
from exporter.service.traffic_reading import TrafficReader
from exporter.service.window_sums import WindowSums
from exporter.sources.opening import open_log
from exporter.sources.skipping import without_skipped
from exporter.sources.source import Partition, Source
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import Calendar
from exporter.spec.value_types import format_duration
from exporter.spec.windows import Window, newest_end, window
from exporter.store.profiles import ProfileStore


class ModelReader:
    """Reads one model's windows. One thread at a time may use it."""

    def __init__(
        self,
        loaded: LoadedSpec,
        store: ProfileStore,
        source: Source | None = None,
        prometheus: str | None = None,
        labels: Source | None = None,
    ) -> None:
        """Open the model's sources; nothing is read yet.

        Args:
            loaded: the model's spec.
            store: where profiles are stored.
            source: an inference log to replay, instead of the one that the spec names; Prometheus is then not queried,
                and labels are left out unless they are replayed too.
            prometheus: the address to query for proxies if the spec names none.
            labels: a label log to replay, instead of the one that the spec names.

        Raises:
            LeewayError: the spec needs what this release does not do.
        """
        self.loaded = loaded
        self.spec = loaded.spec
        self.record = Record(self.spec.name)
        body, live = self.spec.spec, source is None
        self._source = source or open_log(loaded, catalogue.INFERENCE)
        self._log = ProfileReader(self.spec, self._source, store, self.record)
        self._reference = ReferenceReader(loaded, store)
        self._store = store
        self._accepted = AcceptedReader(self.spec, store, self.record)
        fits_data_set = body.estimated and body.reference.source is not None
        self._fit = EstimatorFit(self.spec, store, self.record.fail) if fits_data_set else None
        self._traffic = TrafficReader(self.spec, self._source, store, self.record)
        self._labels = (
            label_reading.open_labels(loaded, self._source, store, self.record.fail, labels)
            if live or labels is not None
            else None
        )
        self._proxies = ProxyReader(self.spec, self._source, store, self.record, prometheus, queried=live)
        self._objectives = ObjectiveReader(self.spec, store) if body.slos_of_log else None
        sources = {catalogue.INFERENCE: self._source, STREAM: self._reference.source}
        if self._labels is not None:
            sources[label_reading.STREAM] = self._labels.source
        self._skips = SkipReport(self.record, sources)
        self._sums = WindowSums(Calendar.of(body.seasonality), body.inference.grain)

    @property
    def problems(self) -> dict[str, str]:
        """What could not be used at the last refresh, with the reason."""
        return self.record.problems

    @property
    def notes(self) -> dict[str, str]:
        """What is not wrong at the last refresh, but should be known."""
        return dict(self._labels.notes) if self._labels is not None else {}

    def read(self, attempt: Attempt) -> list[Sample]:
        """Return every sample of the model's windows.

        Raises:
            RefreshFailed: a source does not answer, or the reference is unusable; what was profiled is stored.
        """
        self.record.problems = {}
        try:
            with self._skips.refresh():
                return self._read(attempt)
        finally:
            if (refused := self._store.refusal(self.spec.name)) is not None:
                self.record.fail("store", "files that are stored", refused)

    def _read(self, attempt: Attempt) -> list[Sample]:
        with required("reference"):
            reference = self.reference(attempt.now)
        with required("list"):
            windows = _windows(self.spec, attempt.now)
            starts = _starts(self.spec, windows.values())
            of_changes = self._accepted.missing_starts(reference, attempt.now)
            listed = self._source.partitions(sorted({*starts, *of_changes}))
        with required("read"):
            all_profiles = self._log.read(listed, reference.binning, attempt)
        partitions = {start: listed[start] for start in starts if start in listed}
        with required("store"):
            estimator = self._fit_reference(attempt.now)
        labels, estimator = self._read_labels(attempt, partitions, reference.binning, estimator)
        with required("read"):
            all_profiles = self._log.without_corrupt(all_profiles, listed, reference.binning, attempt)
        profiles = {start: all_profiles[start] for start in starts if start in all_profiles}
        readable = {start: without_skipped(self._source, partition) for start, partition in partitions.items()}
        self.record.problems |= self._log.problems
        rows = self._traffic.read(attempt, partitions, profiles)
        proxies = self._read_proxies(attempt, partitions)
        self._sums.update(all_profiles)
        with required("store"):
            accepted = self._accepted.read(reference, attempt.now, self._sums.window)
        with required("evaluate"):
            merged = [self._sums.window(name, span) for name, span in windows.items()]
            samples = [*evaluate(self.spec, reference, merged, accepted), *traffic_samples(self.spec, rows)]
            longest = max(merged, key=lambda each: each.window.length)
            parts = {start: profile.groups for start, profile in profiles.items()}
            samples += new_category_samples(self.spec, reference, longest, parts, accepted)
            samples += accepted_samples(self.spec, attempt.now)
            samples += estimate_samples(self.spec, estimator, reference.binning, merged) if estimator else []
        with required("store"):
            # Labels are about past weeks, and proxies about the world: neither makes a week of the log alarming.
            self._exclude_alarming_week(samples, attempt.now)
            objectives = list(self._objective_samples(attempt.now, readable, reference, accepted))
        return [*samples, *labels, *objectives, *proxies, *self._calendar(reference, attempt.now)]

    @property
    def left(self) -> int:
        """Partitions of predictions and labels that the last refresh has not read, without which labels are unknown."""
        return self._labels.left if self._labels is not None else 0

    def missing_data(self, now: datetime) -> list[str]:
        """Return what the spec names and the inference log does not have: partitions, columns.

        What the last reading has found is not looked up again.

        Raises:
            SourceError: the log cannot be listed, or does not answer.
        """
        if spec_columns(self.spec.spec).keys() <= self._log.readable_columns():
            return []
        return missing_data(self.spec.spec, self._source, _starts(self.spec, _windows(self.spec, now).values()))

    def reference(self, now: datetime) -> Reference:
        """Return the reference of the windows at `now`.

        Raises:
            SourceError, ReferenceUnusable: there is none.
        """
        built = self._reference.built
        reference = self._reference.read(now)
        for column, why in reference.problems.items():
            what = f"column {column} of the reference" if column != LINES else "some lines of the reference"
            self.record.problems[what] = why
            if self._reference.built > built:
                self.record.fail("reference", what, why)
        return reference

    def own_samples(self) -> Iterator[Sample]:
        """Yield the samples about the reader itself: failures, requests to sources, and profiles."""
        for stage in STAGES:
            yield Sample(catalogue.REFRESH_FAILURES_TOTAL, (self.spec.name, stage), self.record.failures[stage])
        yield Sample(catalogue.PARTITIONS_WAITING, (self.spec.name,), self.left + sum(self.record.waiting.values()))
        yield from self._skips.samples()
        reference, own = self._reference, self.record
        streams = [
            (catalogue.INFERENCE, self._source.traffic, own.built, own.reused),
            (STREAM, reference.traffic, reference.built, reference.reused),
        ]
        if self._labels is not None:
            log = self._labels.log
            streams.append((label_reading.STREAM, self._labels.source.traffic, log.built, log.reused))
        for stream, traffic, built, reused in streams:
            labels = (self.spec.name, stream)
            yield Sample(catalogue.SOURCE_REQUESTS_TOTAL, labels, traffic.requests)
            yield Sample(catalogue.SOURCE_READ_BYTES_TOTAL, labels, traffic.bytes_read)
            if traffic.bytes_billed is not None:
                yield Sample(catalogue.SOURCE_BILLED_BYTES_TOTAL, labels, traffic.bytes_billed)
            yield Sample(catalogue.PROFILES_BUILT_TOTAL, labels, built)
            yield Sample(catalogue.PROFILES_REUSED_TOTAL, labels, reused)

    def _fit_reference(self, now: datetime) -> Estimator | None:
        """Return the estimator that is fitted to the labels of the reference, if it has any."""
        labelled = self._reference.labelled
        if self._fit is None or labelled is None:
            return None
        estimator = self._fit.fit(*labelled, lambda: self._reference.times(now))
        if self._fit.problem:
            self.record.problems[REFERENCE_LABELS] = self._fit.problem
        return estimator

    def _read_labels(
        self,
        attempt: Attempt,
        partitions: Mapping[datetime, Partition],
        binning: Binning,
        estimator: Estimator | None,
    ) -> tuple[list[Sample], Estimator | None]:
        """Return the samples of labels, and the estimator with what labels of the log add to it."""
        if self._labels is None:
            return [], estimator
        fitted = Fitted(estimator, self._fit.noise) if self._fit is not None else NOTHING
        samples = self._labels.read(attempt, partitions, binning, fitted, self._reference.fingerprint)
        self.record.problems |= self._labels.problems
        return samples, self._labels.estimator

    def _read_proxies(self, attempt: Attempt, partitions: Mapping[datetime, Partition]) -> list[Sample]:
        samples = self._proxies.read(attempt, self._traffic.past, partitions)
        self.record.problems |= self._proxies.problems
        return samples

    def _objective_samples(
        self,
        now: datetime,
        partitions: Mapping[datetime, Partition],
        reference: Reference,
        accepted: AcceptedFeatures,
    ) -> Iterator[Sample]:
        def evaluate_span(span: Window) -> list[Sample]:
            window = self._sums.window(format_duration(span.length), span)
            return evaluate(self.spec, reference, [window], accepted)

        yield from self._objectives.samples(now, partitions, evaluate_span) if self._objectives else ()

    def _exclude_alarming_week(self, samples: Sequence[Sample], now: datetime) -> None:
        log = self.spec.spec.inference
        if conditions(samples, self.spec.spec.alert_window_names):
            self._reference.exclude_alarming_week(newest_end(now, log.delay, log.grain) - timedelta(microseconds=1))

    def _calendar(self, reference: Reference, now: datetime) -> Iterator[Sample]:
        log = self.spec.spec.inference
        yield from calendar_samples(self.spec, now)
        yield season_sample(self.spec, reference, newest_end(now, log.delay, log.grain))


def _windows(spec: ModelSpec, now: datetime) -> dict[str, Window]:
    log = spec.spec.inference
    return {format_duration(length): window(now, length, log.delay, log.grain) for length in spec.spec.windows}


def _starts(spec: ModelSpec, windows: Iterable[Window]) -> list[datetime]:
    grain = spec.spec.inference.grain
    return sorted({start for span in windows for start in span.partitions(grain)})
