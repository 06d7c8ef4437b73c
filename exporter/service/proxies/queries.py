"""The values of proxies that are PromQL, slot by slot over past weeks: each is queried once and stored.

A past that Prometheus itself has dropped stays known, and a Prometheus that does not answer costs only these proxies.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from exporter.errors import SourceUnavailable
from exporter.profiles.proxies import MOMENTS, Moment
from exporter.samples.proxies import ProxyHistory
from exporter.samples.traffic import WEEK, slot_of
from exporter.service.attempt import Attempt, Record
from exporter.service.labels.logs import RECENT
from exporter.sources.prometheus import MAX_INSTANTS, Prometheus
from exporter.spec.model import ModelSpec
from exporter.spec.sections.proxies import Proxy
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore
from exporter.store.proxies import QUERY_VALUES
from exporter.store.sums import Sums


class ProxyQueries:
    """Queries the PromQL of one model's proxies. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, store: ProfileStore, record: Record, prometheus: Prometheus) -> None:
        """Nothing is queried yet.

        Args:
            spec: the model.
            store: where values are stored.
            record: the model's; every failure is recorded there, and none is raised.
            prometheus: where to send queries.
        """
        self._store = store
        self._record = record
        self._prometheus = prometheus
        self._slot = slot_of(spec.spec.inference.grain)
        self._group = f"{spec.name}/proxy-queries"
        self._proxies = [proxy for proxy in spec.spec.proxies if proxy.promql]
        self._values = {proxy.name: Sums(store, self._key(proxy), QUERY_VALUES) for proxy in self._proxies}
        self._complete: dict[str, date] = {}
        """By proxy, the day on which its whole past was last queried."""

    def read(self, attempt: Attempt, span: Window) -> Iterator[ProxyHistory]:
        """Yield the history of every proxy that is PromQL, as far as its values are known.

        Args:
            attempt: this refresh.
            span: from the longest window's past to the end of the windows.
        """
        away = False
        for proxy in self._proxies:
            if not away:
                away = isinstance(self._query(attempt, proxy, span), SourceUnavailable)
            yield ProxyHistory(proxy, span.start, self._slot, self._sums(proxy, span))
        with self._record.contain("values of proxies"):
            self._store.prune(self._group, map(self._key, self._proxies))

    def _query(self, attempt: Attempt, proxy: Proxy, span: Window) -> Exception | None:
        """Query the missing values of a proxy, the newest first; return the error that stopped it, if any."""
        values = self._values[proxy.name]
        with self._record.contain(f"proxy {proxy.name}", "query") as query:
            for first, count in self._missing(proxy, attempt.now.date(), span):
                if attempt.overdue():
                    break
                self._add(proxy, first, count)
            else:
                self._complete[proxy.name] = attempt.now.date()
        values.keep_only(lambda end: end > span.start)
        with self._record.contain(f"values of proxy {proxy.name}"):
            values.save()
        return query.problem

    def _add(self, proxy: Proxy, first: datetime, count: int) -> None:
        """Query the values of so many slots, the first of which ends at `first`."""
        values = self._values[proxy.name]
        result = self._prometheus.values(proxy.promql or "", first, self._slot, count).tolist()
        for step, value in enumerate(result):
            end = first + step * self._slot
            if np.isfinite(value) and values.get(end) != value:
                values.add(end, value)

    def _missing(self, proxy: Proxy, today: date, span: Window) -> Iterator[tuple[datetime, int]]:
        """Yield the stretches of slots to query, as the end of the first slot and their number.

        Missing values near the end of the span are queried at every refresh, older ones once a day.
        """
        begin = span.end - RECENT if self._complete.get(proxy.name) == today else span.start
        longest = min(MAX_INSTANTS, WEEK // self._slot)
        ends = [span.end - step * self._slot for step in range(max((span.end - begin) // self._slot, 1))]
        for place in range(0, len(ends), longest):
            missing = self._values[proxy.name].missing(ends[place : place + longest])
            if missing:
                yield missing[-1], (missing[0] - missing[-1]) // self._slot + 1

    def _sums(self, proxy: Proxy, span: Window) -> npt.NDArray[np.float64]:
        """Return each value as the numerator of a slot over a denominator of 1.

        The sums of squares are 0, so the value has no sampling noise of its own.
        """
        known = self._values[proxy.name]
        values = [known.get(start + self._slot, np.nan) for start in span.partitions(self._slot)]
        there = np.isfinite(values)
        sums = np.zeros((len(values), MOMENTS))
        sums[:, Moment.ROWS] = sums[:, Moment.DENOMINATOR] = there
        sums[:, Moment.NUMERATOR] = np.where(there, values, 0)
        return sums

    def _key(self, proxy: Proxy) -> Key:
        return Key(self._group, proxy.name, (proxy.promql or "", str(self._slot)))
