"""One model, brought up to date: which partitions there are, which are new, what the windows come to.

A partition is profiled once and kept; one that was rewritten has another fingerprint and is profiled again, in the
other's place. What cannot be read costs only itself: a partition or a column fails alone, with its reason.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from exporter import catalogue
from exporter.errors import LeewayError, PartitionUnreadable, ReferenceUnusable, SourceError, SourceUnavailable
from exporter.evaluation import Sample, WindowProfile, evaluate
from exporter.profiles.binning import Binning
from exporter.profiles.kernel import PartitionProfile, profile_partition
from exporter.profiles.profile import merge
from exporter.profiles.reference import Reference, build_binning
from exporter.profiles.store import Key, ProfileStore
from exporter.sources.opening import open_source
from exporter.sources.source import Batch, Partition, Selection, Source
from exporter.spec.file import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.values import format_duration
from exporter.spec.windows import Window, window

log = logging.getLogger(__name__)

REFERENCE = "reference"
"""The `stream` of the reference, beside that of predictions."""


class RefreshFailed(LeewayError):  # noqa: N818 - what happened
    """A model could not be brought up to date; `stage` says where it stopped."""

    def __init__(self, stage: str, why: object) -> None:
        super().__init__(str(why))
        self.stage = stage


@dataclass(frozen=True, slots=True)
class Attempt:
    """One refresh: when it is, when its time is over, and who is told how far it is."""

    now: datetime
    overdue: Callable[[], bool] = lambda: False
    progress: Callable[[int, int], None] = lambda done, total: None
    """Told after each partition: how many are done, of how many."""


@dataclass(slots=True)
class Record:
    """What a model's refreshes have done so far; the counts only grow."""

    failures: Counter[str] = field(default_factory=Counter)
    built: Counter[str] = field(default_factory=Counter)
    reused: Counter[str] = field(default_factory=Counter)


class ModelReader:
    """Reads one model's windows. One thread at a time may use it."""

    def __init__(self, loaded: LoadedSpec, store: ProfileStore) -> None:
        """Open the model's sources; nothing is read yet.

        Raises:
            LeewayError: when the spec asks for what this release does not do.
        """
        self.loaded = loaded
        self.spec = loaded.spec
        self.record = Record()
        self.problems: dict[str, str] = {}
        self._store = store
        self._source = open_source(self.spec.spec.inference.source, loaded.folder)
        self._reference_source = _open_reference(loaded)
        self._reference: tuple[Key, Reference] | None = None
        self._known: dict[Key, PartitionProfile | PartitionUnreadable] = {}

    def read(self, attempt: Attempt) -> list[Sample]:
        """Every sample of the model's windows.

        Raises:
            RefreshFailed: when a source does not answer, or the reference cannot serve; what was profiled is kept.
        """
        self.problems = {}
        with _stage("reference"):
            reference = self._current_reference()
        with _stage("list"):
            windows = _windows(self.spec, attempt.now)
            partitions = self._source.partitions(_starts(self.spec, windows.values()))
        with _stage("read"):
            profiles = self._profiles(partitions, reference.binning, attempt)
        with _stage("evaluate"):
            grain = self.spec.spec.inference.grain
            return evaluate(
                self.spec,
                reference,
                [
                    _sum(name, span, profiles, reference.binning, span.partitions(grain))
                    for name, span in windows.items()
                ],
            )

    def own_samples(self) -> Iterator[Sample]:
        """What the reader has asked of its sources, and made of the answers."""
        for stage, count in sorted(self.record.failures.items()):
            yield Sample(catalogue.REFRESH_FAILURES_TOTAL, (self.spec.name, stage), count)
        for stream, source in ((catalogue.INFERENCE, self._source), (REFERENCE, self._reference_source)):
            labels = (self.spec.name, stream)
            yield Sample(catalogue.SOURCE_REQUESTS_TOTAL, labels, source.traffic.requests)
            yield Sample(catalogue.SOURCE_READ_BYTES_TOTAL, labels, source.traffic.bytes_read)
            yield Sample(catalogue.PROFILES_BUILT_TOTAL, labels, self.record.built[stream])
            yield Sample(catalogue.PROFILES_REUSED_TOTAL, labels, self.record.reused[stream])

    def fail(self, stage: str, what: str, why: object) -> None:
        """Count and log one failure, and remember it for the status page."""
        self.record.failures[stage] += 1
        self.problems[what] = str(why)
        log.warning("%s: %s: %s", self.spec.name, what, why, extra={"model": self.spec.name, "stage": stage})

    # -------------------------------------------------------------------------------------------- the reference

    def _current_reference(self) -> Reference:
        data = self._reference_source.dataset()
        if data is None:
            raise ReferenceUnusable(f"there is nothing at {self._reference_source_name()}")
        key = self._reference_key(data)
        if self._reference is None or self._reference[0] != key:
            self._reference = (key, self._kept_reference(key) or self._build_reference(data, key))
            self._store.prune(key.group, [key])
        for column, why in self._reference[1].problems.items():
            self.problems[f"column {column} of the reference"] = why
        return self._reference[1]

    def _kept_reference(self, key: Key) -> Reference | None:
        kept = self._store.reference(key)
        self.record.reused[REFERENCE] += kept is not None
        return kept

    def _build_reference(self, data: Partition, key: Key) -> Reference:
        selection, limit = _selection(self.spec, keys=()), self.spec.spec.limits.categories
        log.info("%s: reading the reference, %d bytes", self.spec.name, data.size)

        def binning(batches: Iterator[Batch]) -> tuple[Binning, dict[str, str]]:
            return build_binning(batches, selection, limit)

        made, problems = self._reference_source.profile(data, selection, binning)
        counted = self._reference_source.profile(
            data, selection, lambda batches: profile_partition(batches, made, None)
        )
        for column, why in problems.items():
            self.fail("reference", f"column {column} of the reference", why)
        reference = Reference(made, merge(made, counted.versions.values()), problems)
        self._store.keep_reference(key, reference)
        self.record.built[REFERENCE] += 1
        return reference

    def _reference_key(self, data: Partition) -> Key:
        columns = repr([(feature.name, feature.type) for feature in self.spec.spec.features])
        score, limit = str(self.spec.spec.inference.columns.score), str(self.spec.spec.limits.categories)
        return Key(f"{self.spec.name}/{REFERENCE}", REFERENCE, (data.fingerprint, columns, score, limit))

    def _reference_source_name(self) -> str:
        source = self.spec.spec.reference.source
        return source.template if source else ""

    # -------------------------------------------------------------------------------------------- the log

    def _profiles(
        self, partitions: Mapping[datetime, Partition], binning: Binning, attempt: Attempt
    ) -> dict[datetime, PartitionProfile]:
        keys = {start: self._partition_key(start, partition, binning) for start, partition in partitions.items()}
        self._known = {key: known for key, known in self._known.items() if key in set(keys.values())}
        profiles = {}
        for done, start in enumerate(sorted(partitions), start=1):
            if attempt.overdue():
                timeout = format_duration(self.spec.spec.refresh.timeout)
                raise SourceUnavailable(f"gave up after {timeout} with {done - 1} of {len(keys)} partitions profiled")
            profile = self._profile(partitions[start], keys[start], binning)
            if profile is not None:
                profiles[start] = profile
            attempt.progress(done, len(keys))
        self._store.prune(f"{self.spec.name}/{catalogue.INFERENCE}", keys.values())
        return profiles

    def _profile(self, partition: Partition, key: Key, binning: Binning) -> PartitionProfile | None:
        if key not in self._known:
            kept = self._store.partition(key)
            self._known[key] = self._build(partition, key, binning) if kept is None else kept
            self.record.reused[catalogue.INFERENCE] += kept is not None
        known = self._known[key]
        if isinstance(known, PartitionUnreadable):
            self.problems[f"partition {partition.name}"] = str(known)
            return None
        for column, why in known.problems.items():
            self.problems[f"partition {partition.name}, column {column}"] = why
        return known

    def _build(self, partition: Partition, key: Key, binning: Binning) -> PartitionProfile | PartitionUnreadable:
        version = self.spec.spec.inference.columns.model_version
        selection = _selection(self.spec, keys=(version,) if version else ())
        try:
            profile = self._source.profile(partition, selection, lambda rows: profile_partition(rows, binning, version))
        except PartitionUnreadable as problem:
            self.fail("read", f"partition {partition.name}", problem)
            return problem
        self.record.built[catalogue.INFERENCE] += 1
        for column, why in profile.problems.items():
            self.fail("column", f"partition {partition.name}, column {column}", why)
        self._store.keep_partition(key, profile)
        return profile

    def _partition_key(self, start: datetime, partition: Partition, binning: Binning) -> Key:
        version = str(self.spec.spec.inference.columns.model_version)
        group = f"{self.spec.name}/{catalogue.INFERENCE}"
        return Key(group, f"{start:%Y%m%dT%H%M}", (partition.fingerprint, binning.fingerprint, version))


@contextmanager
def _stage(name: str) -> Iterator[None]:
    try:
        yield
    except (SourceError, ReferenceUnusable) as problem:
        raise RefreshFailed(name, problem) from problem
    except OSError as problem:
        raise RefreshFailed("store", problem) from problem


def _open_reference(loaded: LoadedSpec) -> Source:
    source = loaded.spec.spec.reference.source
    if source is None:
        raise ReferenceUnusable("reference.period and reference.trailing are not evaluated yet: give reference.source")
    return open_source(source, loaded.folder)


def _selection(spec: ModelSpec, keys: tuple[str, ...]) -> Selection:
    features = spec.spec.features
    numeric = [feature.name for feature in features if feature.type == "numeric"]
    score = spec.spec.inference.columns.score
    return Selection(
        keys=keys,
        numeric=tuple(dict.fromkeys([*numeric, *([score] if score else [])])),
        categorical=tuple(feature.name for feature in features if feature.type == "categorical"),
    )


def _windows(spec: ModelSpec, now: datetime) -> dict[str, Window]:
    log_ = spec.spec.inference
    return {format_duration(length): window(now, length, log_.delay, log_.grain) for length in spec.spec.windows}


def _starts(spec: ModelSpec, windows: Iterable[Window]) -> list[datetime]:
    grain = spec.spec.inference.grain
    return sorted({start for span in windows for start in span.partitions(grain)})


def _sum(
    name: str,
    span: Window,
    profiles: Mapping[datetime, PartitionProfile],
    binning: Binning,
    starts: Iterable[datetime],
) -> WindowProfile:
    present = [profiles[start].versions for start in starts if start in profiles]
    versions = sorted({version for part in present for version in part})
    merged = {version: merge(binning, (part[version] for part in present if version in part)) for version in versions}
    return WindowProfile(name, span, merged)
