"""Objectives of the inference log itself: how soon each slice was evaluated, and how far it had drifted.

The drift of a slice is computed once, from the profiles of its partitions, and again when one of them is rewritten. The
time of its first evaluation can only be measured then. Both are stored, since a period is longer than the windows whose
profiles are stored. A slice that ended before the ledger began, and has left the windows, is unknown.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.profiles.profile import most_frequent
from exporter.samples.slo import EvaluatedSlice, objective_samples
from exporter.samples.windows import Sample
from exporter.sources.source import Partition
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import FRESHNESS, Slo
from exporter.spec.windows import Window, newest_end
from exporter.statistics.labels.performance import Estimate
from exporter.statistics.objectives.slo import Verdict, slice_tally, verdict
from exporter.store.profiles import Key, ProfileStore
from exporter.store.slo import Ledger, Slice

Evaluate = Callable[[Window], Sequence[Sample]]
"""Returns the samples of a stretch of the log."""


class ObjectiveReader:
    """Keeps the ledgers of one model's objectives. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, store: ProfileStore) -> None:
        """Nothing is loaded yet; `store` is where the ledgers are stored."""
        self._spec = spec
        self._store = store
        self._group = slices_group(spec.name)
        self._ledgers: dict[str, Ledger] = {}

    def samples(self, now: datetime, partitions: Mapping[datetime, Partition], evaluate: Evaluate) -> Iterator[Sample]:
        """Bring the ledgers up to date, and yield every sample of the objectives.

        Args:
            now: this refresh.
            partitions: the partitions of the windows that exist.
            evaluate: returns the samples of a stretch of the windows.

        Raises:
            OSError: the disk refuses.
        """
        for slo in self._spec.spec.slos_of_log:
            ledger = self._update(slo, now, partitions, evaluate)
            starts = self._period(slo, now).partitions(slo.slice)
            yield from objective_samples(self._spec, slo, [self._judged(slo, start, ledger, now) for start in starts])
        self._store.prune(self._group, [self._key(slo) for slo in self._spec.spec.slos_of_log])

    def _update(self, slo: Slo, now: datetime, partitions: Mapping[datetime, Partition], evaluate: Evaluate) -> Ledger:
        """Evaluate the slices that are new or were rewritten, and save the ledger."""
        if slo.name not in self._ledgers:
            self._ledgers[slo.name] = Ledger(self._store, self._key(slo), now)
        ledger, inference = self._ledgers[slo.name], self._spec.spec.inference
        slices, starts = ledger.slices, self._period(slo, now).partitions(slo.slice)
        slices.keep_only(set(starts).__contains__)
        windows_start = newest_end(now, inference.delay, inference.grain) - max(self._spec.spec.windows)
        for start in (start for start in starts if start >= windows_start):
            span, known = Window(start, start + slo.slice), slices.get(start)
            fingerprint = _fingerprint(span.partitions(inference.grain), partitions)
            if fingerprint and (known is None or known.made_from != fingerprint):
                seconds = known.seconds if known is not None else (now - span.end).total_seconds()
                evaluated = _slice(seconds, fingerprint, evaluate(span))
                if evaluated.rows:
                    slices.add(start, evaluated)
        ledger.save()
        return ledger

    def _period(self, slo: Slo, now: datetime) -> Window:
        """Return the newest period of whole slices."""
        inference = self._spec.spec.inference
        end = newest_end(newest_end(now, inference.delay, inference.grain), timedelta(), slo.slice)
        return Window(end - slo.period, end)

    def _judged(self, slo: Slo, start: datetime, ledger: Ledger, now: datetime) -> EvaluatedSlice:
        """Judge a slice by its target."""
        slice_ = ledger.slices.get(start)
        counts = {version: int(rows) for version, rows in slice_.rows.items()} if slice_ else {}
        versions = list(most_frequent(counts, self._spec.spec.limits.versions))
        if slo.metric == FRESHNESS:
            version = versions[0] if versions else catalogue.UNKNOWN_VERSION
            values = {version: _freshness(slo, start + slo.slice, slice_, ledger.begun, now)}
        else:
            values = {version: slice_.shares.get(version, math.nan) for version in versions} if slice_ else {}
        judged = {version: (value, slice_tally(_verdict(value, slo.target))) for version, value in values.items()}
        return EvaluatedSlice(start + slo.slice, next(iter(judged), ""), judged)

    def _key(self, slo: Slo) -> Key:
        return Key(self._group, slo.name, (slo.metric, str(slo.slice)))


def slices_group(model: str) -> str:
    """Return the group of the store in which a model's ledgers are."""
    return f"{model}/slices"


def _freshness(slo: Slo, end: datetime, slice_: Slice | None, begun: datetime, now: datetime) -> float:
    """Return the seconds from the end of a slice to its evaluation, or until now if it is late; NaN if unknown."""
    if end < begun:
        return math.nan
    if slice_ is not None:
        return slice_.seconds
    waiting = (now - end).total_seconds()
    return waiting if waiting > slo.target else math.nan


def _verdict(value: float, target: float) -> Verdict:
    return verdict(Estimate(value, value, value), target, at_least=False)


def _fingerprint(starts: Sequence[datetime], partitions: Mapping[datetime, Partition]) -> str:
    """Return a fingerprint of a slice's partitions that exist; empty without any."""
    fingerprints = [partitions[start].fingerprint for start in starts if start in partitions]
    return hashlib.sha256("".join(fingerprints).encode()).hexdigest()[:16] if fingerprints else ""


def _slice(seconds: float, made_from: str, samples: Sequence[Sample]) -> Slice:
    rows = {version: sum(each) for version, each in _by_version(samples, catalogue.VERSION_ROWS).items()}
    shares = {version: max(each) for version, each in _by_version(samples, catalogue.DATA_DRIFT_SHARE).items()}
    return Slice(seconds, made_from, rows, shares)


def _by_version(samples: Sequence[Sample], metric: Metric) -> dict[str, list[float]]:
    """Return the values of each version in its roles but that of a challenger, without its segments'."""
    values: dict[str, list[float]] = {}
    for sample in samples:
        if sample.metric is metric:
            labels = dict(zip(metric.labels, sample.labels, strict=True))
            if labels[catalogue.ROLE] != catalogue.CHALLENGER and not labels[catalogue.SEGMENT]:
                values.setdefault(labels[catalogue.VERSION], []).append(sample.value)
    return values
