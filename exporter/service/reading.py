"""One model, brought up to date: which partitions there are, and what the windows come to."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import numpy as np

from exporter import catalogue
from exporter.errors import ReferenceUnusable, SourceError
from exporter.profiles.binning import Binning, Floats
from exporter.profiles.group import Group
from exporter.profiles.kernel import PartitionProfile, group_binning
from exporter.profiles.profile import Profile, merge_profiles
from exporter.reference.reference import Reference
from exporter.samples.calendar import calendar_samples, season_sample
from exporter.samples.conditions import conditions
from exporter.samples.estimate_samples import estimate_samples
from exporter.samples.estimators import Estimator
from exporter.samples.traffic import traffic_samples
from exporter.samples.windows import Sample, WindowProfile, evaluate
from exporter.service.attempt import Attempt, Record, RefreshFailed
from exporter.service.labels import reading as label_reading
from exporter.service.labels.labelled_rows import REFERENCE_LABELS
from exporter.service.labels.reference_fit import EstimatorFit
from exporter.service.profile_reading import ProfileReader
from exporter.service.proxies.reading import ProxyReader
from exporter.service.reference_reading import ReferenceReader
from exporter.service.reference_source import STREAM
from exporter.service.slo_reading import SliceNotes
from exporter.service.traffic_reading import TrafficReader
from exporter.sources.opening import open_log
from exporter.sources.source import Partition, Source
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import HOURS_OF_WEEK, Calendar, partition_cells
from exporter.spec.value_types import format_duration
from exporter.spec.windows import Window, newest_end, window
from exporter.store.profiles import ProfileStore

log = logging.getLogger(__name__)


class ModelReader:
    """Reads one model's windows. One thread at a time may use it."""

    def __init__(
        self, loaded: LoadedSpec, store: ProfileStore, source: Source | None = None, prometheus: str | None = None
    ) -> None:
        """Open the model's sources; nothing is read yet.

        Args:
            loaded: the model's spec.
            store: where profiles are kept.
            source: the inference log; left out, the one that the spec names. A log that is given is one that is
                replayed, and its labels and proxies are not read, nor its objectives judged.
            prometheus: the address that proxies are asked of where the spec names none.

        Raises:
            LeewayError: when the spec asks for what this release does not do.
        """
        self.loaded = loaded
        self.spec = loaded.spec
        self.record = Record()
        self.problems: dict[str, str] = {}
        self._source = source or open_log(loaded, catalogue.INFERENCE)
        self._log = ProfileReader(self.spec, self._source, store, self.record, self.fail)
        self._reference = ReferenceReader(loaded, store)
        of_data_set = self.spec.spec.estimated and self.spec.spec.reference.source is not None
        self._learner = EstimatorFit(self.spec, store, self.fail) if of_data_set else None
        self._traffic = TrafficReader(self.spec, self._source, store, self.fail)
        self._labels = label_reading.open_labels(loaded, self._source, store, self.fail) if source is None else None
        self._proxies = ProxyReader(self.spec, self._source, store, self.fail, prometheus) if source is None else None
        self._slices = SliceNotes(self.spec, store) if source is None and self.spec.spec.slos_of_log else None

    def read(self, attempt: Attempt) -> list[Sample]:
        """Every sample of the model's windows.

        Raises:
            RefreshFailed: when a source does not answer, or the reference cannot serve; what was profiled is kept.
        """
        self.problems = {}
        with _stage("reference"):
            reference = self.reference(attempt.now)
        with _stage("list"):
            windows = _windows(self.spec, attempt.now)
            partitions = self._source.partitions(_starts(self.spec, windows.values()))
        with _stage("read"):
            profiles = self._log.read(partitions, reference.binning, attempt)
        self.problems |= self._log.problems
        rows = self._traffic.read(attempt, partitions, profiles)
        with _stage("store"):
            learned = self._learned()
        labels: list[Sample] = []
        if self._labels is not None:
            labels = self._labels.read(attempt, partitions, reference.binning, learned, self._reference.fingerprint)
            self.problems |= self._labels.problems
            learned = self._labels.learned
        proxies = self._proxies.read(attempt, self._traffic.past, partitions) if self._proxies else []
        self.problems |= self._proxies.problems if self._proxies else {}
        with _stage("evaluate"):
            summed = [_sum(self.spec, name, span, profiles, reference.binning) for name, span in windows.items()]
            samples = [*evaluate(self.spec, reference, summed), *traffic_samples(self.spec, rows)]
            samples += estimate_samples(self.spec, learned, reference.binning, summed) if learned else []
        with _stage("store"):
            self._heed(samples, attempt.now)  # without labels, which speak of weeks ago, and what the world makes of it
            told = [*labels, *self._objectives(attempt.now, partitions, profiles, reference)]
        return [*samples, *told, *proxies, *self._calendar(reference, attempt.now)]

    def _objectives(
        self,
        now: datetime,
        partitions: Mapping[datetime, Partition],
        profiles: Mapping[datetime, PartitionProfile],
        reference: Reference,
    ) -> Iterator[Sample]:
        def told(span: Window) -> list[Sample]:
            name = format_duration(span.length)
            return evaluate(self.spec, reference, [_sum(self.spec, name, span, profiles, reference.binning)])

        yield from self._slices.samples(now, partitions, told) if self._slices else ()

    def _heed(self, samples: Sequence[Sample], now: datetime) -> None:
        log_ = self.spec.spec.inference
        if conditions(samples, self.spec.spec.alert_window_names):
            self._reference.leave_out(newest_end(now, log_.delay, log_.grain) - timedelta(microseconds=1))

    def _calendar(self, reference: Reference, now: datetime) -> Iterator[Sample]:
        log_ = self.spec.spec.inference
        yield from calendar_samples(self.spec, now)
        yield season_sample(self.spec, reference, newest_end(now, log_.delay, log_.grain))

    def own_samples(self) -> Iterator[Sample]:
        """What the reader has asked of its sources, and made of the answers."""
        for stage, count in sorted(self.record.failures.items()):
            yield Sample(catalogue.REFRESH_FAILURES_TOTAL, (self.spec.name, stage), count)
        reference, own = self._reference, self.record
        streams = [
            (catalogue.INFERENCE, self._source.traffic, own.built, own.reused),
            (STREAM, reference.traffic, reference.built, reference.reused),
        ]
        if self._labels is not None:
            arrived = self._labels.log
            streams.append((label_reading.STREAM, self._labels.source.traffic, arrived.built, arrived.reused))
        for stream, traffic, built, reused in streams:
            labels = (self.spec.name, stream)
            yield Sample(catalogue.SOURCE_REQUESTS_TOTAL, labels, traffic.requests)
            yield Sample(catalogue.SOURCE_READ_BYTES_TOTAL, labels, traffic.bytes_read)
            if traffic.bytes_billed is not None:
                yield Sample(catalogue.SOURCE_BILLED_BYTES_TOTAL, labels, traffic.bytes_billed)
            yield Sample(catalogue.PROFILES_BUILT_TOTAL, labels, built)
            yield Sample(catalogue.PROFILES_REUSED_TOTAL, labels, reused)

    def fail(self, stage: str, what: str, why: object) -> None:
        """Count and log one failure, and remember it for the status page."""
        self.record.failures[stage] += 1
        self.problems[what] = str(why)
        log.warning("%s: %s: %s", self.spec.name, what, why, extra={"model": self.spec.name, "stage": stage})

    def reference(self, now: datetime) -> Reference:
        """What the windows are compared with at `now`.

        Raises:
            SourceError, ReferenceUnusable: when there is none.
        """
        built = self._reference.built
        reference = self._reference.read(now)
        for column, why in reference.problems.items():
            what = f"column {column} of the reference"
            self.problems[what] = why
            if self._reference.built > built:
                self.fail("reference", what, why)
        return reference

    def _learned(self) -> Estimator | None:
        """What the labels of the reference teach, if there are any."""
        labelled = self._reference.labelled
        if self._learner is None or labelled is None:
            return None
        learned = self._learner.learn(*labelled)
        if self._learner.problem:
            self.problems[REFERENCE_LABELS] = self._learner.problem
        return learned


@contextmanager
def _stage(name: str) -> Iterator[None]:
    try:
        yield
    except (SourceError, ReferenceUnusable) as problem:
        raise RefreshFailed(name, problem) from problem
    except OSError as problem:
        raise RefreshFailed("store", problem) from problem


def _windows(spec: ModelSpec, now: datetime) -> dict[str, Window]:
    log_ = spec.spec.inference
    return {format_duration(length): window(now, length, log_.delay, log_.grain) for length in spec.spec.windows}


def _starts(spec: ModelSpec, windows: Iterable[Window]) -> list[datetime]:
    grain = spec.spec.inference.grain
    return sorted({start for span in windows for start in span.partitions(grain)})


def _sum(
    spec: ModelSpec, name: str, span: Window, profiles: Mapping[datetime, PartitionProfile], binning: Binning
) -> WindowProfile:
    grain, calendar = spec.spec.inference.grain, Calendar.of(spec.spec.seasonality)
    parts: dict[Group, list[Profile]] = {}
    hours: dict[Group, Floats] = {}
    for start in span.partitions(grain):
        cells = partition_cells(calendar, start, grain)
        for group, profile in profiles[start].groups.items() if start in profiles else ():
            parts.setdefault(group, []).append(profile)
            np.add.at(hours.setdefault(group, np.zeros(HOURS_OF_WEEK)), cells, profile.rows / len(cells))
    merged = {group: merge_profiles(group_binning(binning, group), parts[group]) for group in sorted(parts)}
    return WindowProfile(name, span, merged, hours)
