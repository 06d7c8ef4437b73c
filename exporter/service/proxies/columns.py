"""The sums of columns that proxies are ratios of, partition by partition over past weeks: each is read once.

A pass of its own over few columns, since it is also read of weeks whose profiles nobody needs any more. What cannot be
had costs only what is said of proxies.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np

from exporter.errors import PartitionUnreadable, SourceError
from exporter.profiles.proxies import MOMENTS, Sums, ratio_selection, sum_moments
from exporter.samples.proxies import ProxyHistory
from exporter.samples.traffic import slot_of
from exporter.service.attempt import Attempt, Failed
from exporter.sources.source import Partition, Source
from exporter.spec.model import ModelSpec
from exporter.spec.sections.proxies import ColumnRatio, Proxy
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore
from exporter.store.proxies import load_sums, save_sums

MOST_PARTITIONS: Final = 400
"""Partitions that one refresh reads: a minute or two of waiting at most."""

log = logging.getLogger(__name__)


class ProxyColumns:
    """Keeps the sums of one model's log at hand. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, source: Source, store: ProfileStore, failed: Failed) -> None:
        """Nothing of the log is read yet.

        Args:
            spec: the model.
            source: what reads its inference log.
            store: where sums are kept.
            failed: told of each failure; none is raised.
        """
        self._spec = spec
        self._source = source
        self._store = store
        self._failed = failed
        self._proxies: list[Proxy] = [proxy for proxy in spec.spec.proxies if proxy.ratio]
        self._ratios: Sequence[ColumnRatio] = [proxy.ratio for proxy in self._proxies if proxy.ratio]
        content = tuple(ratio.model_dump_json() for ratio in self._ratios)
        self._key = Key(f"{spec.name}/proxy-columns", "sums", content)
        self._kept: dict[str, Sums] = load_sums(store, self._key, len(self._ratios)) if self._ratios else {}
        self._known = dict(self._kept)
        self._unreadable: dict[str, tuple[str, str]] = {}
        self._lacking: dict[str, str] = {}

    def read(
        self, attempt: Attempt, span: Window, past: Mapping[datetime, Partition], recent: Mapping[datetime, Partition]
    ) -> Iterator[ProxyHistory]:
        """Every proxy that is a ratio, as far as its past is read; the windows and then the newest are read first.

        Args:
            attempt: this refresh.
            span: from the longest window's past to its end.
            past: what is stored of it.
            recent: what is stored of the windows; of those a column that is missing is a failure.
        """
        if not self._ratios:
            return
        partitions = {start: found for start, found in (dict(past) | dict(recent)).items() if span.start <= start}
        names = {start: found.fingerprint for start, found in partitions.items()}
        self._forget(set(names.values()))
        try:
            self._read(attempt, dict(sorted(partitions.items(), reverse=True)), recent)
        except SourceError as problem:
            self._failed("read", "columns of proxies", problem)
        self._keep()
        self._lacking = dict(self._without_columns(recent))
        yield from self._histories(span, names)

    @property
    def problems(self) -> Mapping[str, str]:
        """The partitions that cannot be used, and those of the windows that lack a proxy's columns, with why."""
        return {**dict(self._unreadable.values()), **self._lacking}

    def _without_columns(self, recent: Mapping[datetime, Partition]) -> Iterator[tuple[str, str]]:
        known = [partition for partition in recent.values() if partition.fingerprint in self._known]
        for partition in known:
            for proxy, sums in zip(self._proxies, self._known[partition.fingerprint], strict=True):
                if np.isnan(sums).any():
                    yield f"partition {partition.name}, proxy {proxy.name}", "its columns are missing or cannot be used"

    def _forget(self, wanted: set[str]) -> None:
        self._known = {name: sums for name, sums in self._known.items() if name in wanted}
        self._unreadable = {name: told for name, told in self._unreadable.items() if name in wanted}

    def _read(
        self, attempt: Attempt, partitions: Mapping[datetime, Partition], recent: Mapping[datetime, Partition]
    ) -> None:
        done = self._known.keys() | self._unreadable.keys()
        new = [(start, found) for start, found in partitions.items() if found.fingerprint not in done]
        for count, (start, partition) in enumerate(new):
            if attempt.overdue() or count >= MOST_PARTITIONS:
                told = "%s: %d partitions are still to be read for proxies; the next refresh goes on"
                log.info(told, self._spec.name, len(new) - count)
                return
            self._take(partition, told=start in recent)
            attempt.progress(count + 1, len(new))

    def _take(self, partition: Partition, *, told: bool) -> None:
        try:
            sums, problems = self._source.profile(
                partition, ratio_selection(self._ratios), lambda rows: sum_moments(rows, self._ratios)
            )
        except PartitionUnreadable as problem:
            what = f"partition {partition.name}, for proxies"
            self._unreadable[partition.fingerprint] = (what, str(problem))
            self._failed("read", what, problem)
            return
        self._known[partition.fingerprint] = sums
        for place, why in problems.items() if told else ():  # a log may be older than its columns
            self._failed("column", f"partition {partition.name}, proxy {self._proxies[place].name}", why)

    def _keep(self) -> None:
        if self._known.keys() == self._kept.keys():
            return
        try:
            save_sums(self._store, self._key, self._known)
            self._store.prune(self._key.group, [self._key])
        except OSError as problem:
            self._failed("store", "columns of proxies", problem)
        else:
            self._kept = dict(self._known)

    def _histories(self, span: Window, names: Mapping[datetime, str]) -> Iterator[ProxyHistory]:
        grain = self._spec.spec.inference.grain
        nothing = np.zeros((len(self._ratios), MOMENTS))
        parts = [self._known.get(names.get(start, ""), nothing) for start in span.partitions(grain)]
        sums = np.nan_to_num(np.stack(parts), nan=0.0, posinf=0.0, neginf=0.0)
        each = round(grain / slot_of(grain))
        for place, proxy in enumerate(self._proxies):
            yield ProxyHistory(proxy, span.start, slot_of(grain), np.repeat(sums[:, place] / each, each, axis=0))
