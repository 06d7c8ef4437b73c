"""Objectives that the inference log tells by itself: how soon each slice was evaluated, and how far it had drifted.

A slice's drift is worked out once, from the profiles of its partitions, and anew when one of them is rewritten; when it
was first evaluated can be told at no other time. Both are noted in the store, since a period is longer than the windows
whose profiles are at hand. What ended before there were notes, and is not at hand any more, is unknown.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.profiles.profile import most_frequent
from exporter.samples.slo import EvaluatedSlice, objective_samples
from exporter.samples.windows import Sample
from exporter.sources.source import Partition
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import FRESHNESS, Slo
from exporter.spec.windows import Window, newest_end
from exporter.statistics.performance import Estimate
from exporter.statistics.slo import Verdict, slice_tally, verdict
from exporter.store.profiles import Key, ProfileStore

Evaluate = Callable[[Window], Sequence[Sample]]
"""What the exporter says of a stretch of the log."""

_BEGUN: Final = "begun"


@dataclass(frozen=True, slots=True)
class Noted:
    """What is known of a slice: how long after its end it was first evaluated, its rows and drift share by version.

    Those of challengers are left out; of a version that serves in several roles it is the greatest share.

    `made_from` is a fingerprint of its partitions.
    """

    seconds: float
    made_from: str
    rows: Mapping[str, float]
    shares: Mapping[str, float]


class SliceNotes:
    """Notes of one model's slices. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, store: ProfileStore) -> None:
        """Nothing is read yet."""
        self._spec = spec
        self._store = store
        self._group = f"{spec.name}/slices"

    def samples(self, now: datetime, partitions: Mapping[datetime, Partition], evaluate: Evaluate) -> Iterator[Sample]:
        """Bring the notes up to date, and tell every sample of the objectives.

        Args:
            now: this refresh.
            partitions: those of the inference log that are at hand.
            evaluate: what is said of a stretch of them.

        Raises:
            OSError: when the disk refuses.
        """
        for slo in self._spec.spec.slos_of_log:
            yield from objective_samples(self._spec, slo, self._ledger(slo, now, partitions, evaluate))
        self._store.prune(self._group, [self._key(slo) for slo in self._spec.spec.slos_of_log])

    def _ledger(
        self, slo: Slo, now: datetime, partitions: Mapping[datetime, Partition], evaluate: Evaluate
    ) -> list[EvaluatedSlice]:
        inference = self._spec.spec.inference
        newest = newest_end(now, inference.delay, inference.grain)
        last = newest_end(newest, timedelta(), slo.slice)
        period, at_hand = Window(last - slo.period, last), newest - max(self._spec.spec.windows)
        begun, before = self._kept(slo, now)
        notes = {start: before[start] for start in period.partitions(slo.slice) if start in before}
        for start in period.partitions(slo.slice):
            span = Window(start, start + slo.slice)
            fingerprint = _fingerprint(span.partitions(inference.grain), partitions) if start >= at_hand else ""
            if fingerprint and (start not in notes or notes[start].made_from != fingerprint):
                seconds = notes[start].seconds if start in notes else (now - span.end).total_seconds()
                found = _noted(seconds, fingerprint, evaluate(span))
                notes |= {start: found} if found.rows else {}
        if notes != before or begun == now:
            self._keep(slo, begun, notes)
        return [self._judged(slo, start, notes.get(start), begun, now) for start in period.partitions(slo.slice)]

    def _judged(self, slo: Slo, start: datetime, noted: Noted | None, begun: datetime, now: datetime) -> EvaluatedSlice:
        """A slice; what was not evaluated yet has been waiting until now."""
        end = start + slo.slice
        counts = {name: int(count) for name, count in noted.rows.items()} if noted else {}
        rows = most_frequent(counts, self._spec.spec.limits.versions)
        if slo.metric == FRESHNESS:
            waited = (now - end).total_seconds()
            late = noted is None and end >= begun and waited > slo.target
            value = noted.seconds if noted and end >= begun else waited if late else math.nan
            values = {next(iter(rows), catalogue.UNKNOWN_VERSION): value}
        else:
            values = {version: noted.shares.get(version, math.nan) for version in rows} if noted else {}
        judged = {name: (value, slice_tally(_verdict(value, slo.target))) for name, value in values.items()}
        return EvaluatedSlice(end, next(iter(judged), ""), judged)

    def _key(self, slo: Slo) -> Key:
        return Key(self._group, slo.name, (slo.metric, str(slo.slice)))

    def _kept(self, slo: Slo, now: datetime) -> tuple[datetime, dict[datetime, Noted]]:
        """Since when there are notes, and what they say by the slices' starts."""
        kept = self._store.load_arrays(self._key(slo))
        if kept is None:
            return now, {}
        told: dict[str, Any] = kept[1]
        begun = datetime.fromisoformat(told[_BEGUN])
        return begun, {datetime.fromisoformat(start): Noted(**noted) for start, noted in told["slices"].items()}

    def _keep(self, slo: Slo, begun: datetime, notes: Mapping[datetime, Noted]) -> None:
        slices = {
            start.isoformat(): {
                "seconds": noted.seconds,
                "made_from": noted.made_from,
                "rows": dict(noted.rows),
                "shares": dict(noted.shares),
            }
            for start, noted in sorted(notes.items())
        }
        self._store.save_arrays(self._key(slo), {}, {_BEGUN: begun.isoformat(), "slices": slices})


def _verdict(value: float, target: float) -> Verdict:
    return verdict(Estimate(value, value, value), target, at_least=False)


def _fingerprint(starts: Sequence[datetime], partitions: Mapping[datetime, Partition]) -> str:
    """What a slice's partitions are, those that exist; empty without any."""
    found = [partitions[start].fingerprint for start in starts if start in partitions]
    return hashlib.sha256("".join(found).encode()).hexdigest()[:16] if found else ""


def _noted(seconds: float, made_from: str, samples: Sequence[Sample]) -> Noted:
    rows = {version: sum(each) for version, each in _served(samples, catalogue.VERSION_ROWS).items()}
    shares = {version: max(each) for version, each in _served(samples, catalogue.DATA_DRIFT_SHARE).items()}
    return Noted(seconds, made_from, rows, shares)


def _served(samples: Sequence[Sample], metric: Metric) -> dict[str, list[float]]:
    """The values of each version in the roles in which it serves, without its segments'."""
    found: dict[str, list[float]] = {}
    for one in samples:
        if one.metric is metric:
            labels = dict(zip(metric.labels, one.labels, strict=True))
            if labels[catalogue.ROLE] != catalogue.CHALLENGER and not labels[catalogue.SEGMENT]:
                found.setdefault(labels[catalogue.VERSION], []).append(one.value)
    return found
