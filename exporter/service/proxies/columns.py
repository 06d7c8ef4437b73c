"""The sums of columns that proxies are ratios of, by partition over past weeks: each partition is read once.

This is a pass of its own over few columns, since it also reads weeks whose profiles are no longer needed. A failure
costs only the proxy metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import numpy as np

from exporter.profiles.proxies import MOMENTS, Sums, ratio_selection, sum_moments
from exporter.samples.proxies import ProxyHistory
from exporter.samples.traffic import slot_of
from exporter.service.attempt import Attempt, Record
from exporter.service.past_reading import PastPartitions
from exporter.sources.skipping import without_skipped
from exporter.sources.source import Partition, Source
from exporter.spec.model import ModelSpec
from exporter.spec.sections.proxies import ColumnRatio, Proxy
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore
from exporter.store.proxies import column_sums

MOST_PARTITIONS: Final = 400
"""The most partitions that one refresh reads: one or two minutes."""

_SUBJECT: Final = "columns of proxies"


class ProxyColumns:
    """Sums up the columns of one model's log. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, source: Source, store: ProfileStore, record: Record) -> None:
        """Nothing is read yet.

        Args:
            spec: the model.
            source: its inference log.
            store: where sums are stored.
            record: the model's; every failure is recorded there, and none is raised.
        """
        self._spec = spec
        self._source = source
        self._record = record
        self._proxies: list[Proxy] = [proxy for proxy in spec.spec.proxies if proxy.ratio]
        self._ratios: Sequence[ColumnRatio] = [proxy.ratio for proxy in self._proxies if proxy.ratio]
        key = Key(f"{spec.name}/proxy-columns", "sums", tuple(ratio.model_dump_json() for ratio in self._ratios))
        self._readable = partial(without_skipped, source)
        self._sums = PastPartitions(
            record, store, key, column_sums(len(self._ratios)), _SUBJECT, readable=self._readable
        )
        self._without_columns: dict[str, str] = {}

    def read(
        self, attempt: Attempt, span: Window, past: Mapping[datetime, Partition], recent: Mapping[datetime, Partition]
    ) -> Iterator[ProxyHistory]:
        """Yield the history of every proxy that is a ratio, as far as it is read; the newest partitions are read first.

        Args:
            attempt: this refresh.
            span: from the longest window's past to the end of the windows.
            past: the partitions of the past weeks.
            recent: the partitions of the windows; only there a missing column is a failure.
        """
        if not self._ratios:
            return
        partitions = {start: self._readable(partition) for start, partition in {**past, **recent}.items()}
        newest_first = sorted((start for start in partitions if start >= span.start), reverse=True)
        names = {start: partitions[start].fingerprint for start in newest_first}
        self._sums.keep_only(set(names.values()))
        in_windows = {partitions[start].fingerprint for start in recent}
        self._sums.read(
            attempt,
            (partitions[start] for start in newest_first),
            lambda partition: self._summed(partition, in_window=partition.fingerprint in in_windows),
            MOST_PARTITIONS,
        )
        names = {start: self._readable(partitions[start]).fingerprint for start in newest_first}
        self._without_columns = dict(self._find_without_columns(recent))
        yield from self._histories(span, names)

    @property
    def problems(self) -> Mapping[str, str]:
        """The partitions that cannot be read, and those of the windows without a proxy's columns, with the reason."""
        return {**self._sums.problems, **self._without_columns}

    def _find_without_columns(self, recent: Mapping[datetime, Partition]) -> Iterator[tuple[str, str]]:
        for partition in recent.values():
            sums = self._sums.values.get(self._readable(partition).fingerprint, ())
            for proxy, row in zip(self._proxies, sums, strict=False):
                if np.isnan(row).any():
                    yield f"partition {partition.name}, proxy {proxy.name}", "its columns are missing or cannot be used"

    def _summed(self, partition: Partition, *, in_window: bool) -> Sums:
        sums, problems = self._source.profile(
            partition, ratio_selection(self._ratios), lambda rows: sum_moments(rows, self._ratios)
        )
        for place, why in problems.items() if in_window else ():  # an old partition may be older than its columns
            self._record.fail("column", f"partition {partition.name}, proxy {self._proxies[place].name}", why)
        return sums

    def _histories(self, span: Window, names: Mapping[datetime, str]) -> Iterator[ProxyHistory]:
        grain = self._spec.spec.inference.grain
        nothing = np.zeros((len(self._ratios), MOMENTS))
        parts = [self._sums.values.get(names.get(start, ""), nothing) for start in span.partitions(grain)]
        sums = np.nan_to_num(np.stack(parts), nan=0.0, posinf=0.0, neginf=0.0)
        slots = round(grain / slot_of(grain))
        for place, proxy in enumerate(self._proxies):
            yield ProxyHistory(proxy, span.start, slot_of(grain), np.repeat(sums[:, place] / slots, slots, axis=0))
