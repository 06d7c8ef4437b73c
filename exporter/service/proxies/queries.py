"""The values of proxies that are PromQL, hour by hour over past weeks: each is asked for once and kept.

So a past that Prometheus itself has dropped is still known, and a Prometheus that is away costs only these proxies.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt

from exporter.errors import SourceError, SourceUnavailable
from exporter.profiles.proxies import MOMENTS, Moment
from exporter.samples.proxies import ProxyHistory
from exporter.samples.traffic import WEEK, slot_of
from exporter.service.attempt import Attempt, Failed
from exporter.service.labels.logs import RECENT
from exporter.sources.prometheus import MAX_INSTANTS, Prometheus
from exporter.spec.model import ModelSpec
from exporter.spec.sections.proxies import Proxy
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore


class ProxyQueries:
    """Keeps the values of one model's PromQL at hand. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, store: ProfileStore, failed: Failed, prometheus: Prometheus) -> None:
        """Nothing is asked yet.

        Args:
            spec: the model.
            store: where values are kept.
            failed: told of each failure; none is raised.
            prometheus: what is asked.
        """
        self._store = store
        self._failed = failed
        self._prometheus = prometheus
        self._slot = slot_of(spec.spec.inference.grain)
        self._group = f"{spec.name}/proxy-queries"
        self._proxies = [proxy for proxy in spec.spec.proxies if proxy.promql]
        self._known = {proxy.name: self._kept(proxy) for proxy in self._proxies}
        self._whole: dict[str, date] = {}

    def read(self, attempt: Attempt, span: Window) -> Iterator[ProxyHistory]:
        """Every proxy that is PromQL, as far as its values are known.

        Args:
            attempt: this refresh.
            span: from the longest window's past to its end.
        """
        away = False
        for proxy in self._proxies:
            away = away or not self._ask(attempt, proxy, span)
            yield ProxyHistory(proxy, span.start, self._slot, self._sums(proxy, span))
        self._prune()

    def _ask(self, attempt: Attempt, proxy: Proxy, span: Window) -> bool:
        """Ask for what is missing, the newest first; whether Prometheus is there."""
        before, known = dict(self._known[proxy.name]), self._known[proxy.name]
        try:
            for first, count in self._missing(proxy, attempt.now.date(), span):
                if attempt.overdue():
                    return True
                values = self._prometheus.values(proxy.promql or "", first, self._slot, count)
                ends = (first + step * self._slot for step in range(count))
                known |= {end: value for end, value in zip(ends, values.tolist(), strict=True) if np.isfinite(value)}
            self._whole[proxy.name] = attempt.now.date()
        except SourceError as problem:
            self._failed("query", f"proxy {proxy.name}", problem)
            return not isinstance(problem, SourceUnavailable)
        finally:
            self._known[proxy.name] = {end: value for end, value in known.items() if end > span.start}
            if self._known[proxy.name] != before:
                self._keep(proxy)
        return True

    def _missing(self, proxy: Proxy, today: date, span: Window) -> Iterator[tuple[datetime, int]]:
        """Stretches of slots' ends to ask for: near the end those not known, and farther back as well once a day."""
        known, slot = self._known[proxy.name], self._slot
        begin = span.end - RECENT if self._whole.get(proxy.name) == today else span.start
        longest = min(MAX_INSTANTS, WEEK // slot)
        ends = [span.end - step * slot for step in range(max((span.end - begin) // slot, 1))]
        for place in range(0, len(ends), longest):
            missing = [end for end in ends[place : place + longest] if end not in known]
            if missing:
                yield missing[-1], (missing[0] - missing[-1]) // slot + 1

    def _sums(self, proxy: Proxy, span: Window) -> npt.NDArray[np.float64]:
        """Each value as a slot's numerator over a denominator of 1: of no rows, so that it has no chance of its own."""
        known = self._known[proxy.name]
        values = [known.get(start + self._slot, np.nan) for start in span.partitions(self._slot)]
        there = np.isfinite(values)
        sums = np.zeros((len(values), MOMENTS))
        sums[:, Moment.ROWS] = sums[:, Moment.DENOMINATOR] = there
        sums[:, Moment.NUMERATOR] = np.where(there, values, 0)
        return sums

    # -------------------------------------------------------------------------------------------- on disk

    def _key(self, proxy: Proxy) -> Key:
        return Key(self._group, proxy.name, (proxy.promql or "", str(self._slot)))

    def _kept(self, proxy: Proxy) -> dict[datetime, float]:
        kept = self._store.load_arrays(self._key(proxy))
        if kept is None:
            return {}
        arrays, _ = kept
        ends = (datetime.fromtimestamp(seconds, UTC) for seconds in arrays["ends"].tolist())
        return dict(zip(ends, arrays["values"].tolist(), strict=True))

    def _keep(self, proxy: Proxy) -> None:
        known = dict(sorted(self._known[proxy.name].items()))
        ends = np.array([end.timestamp() for end in known])
        try:
            self._store.save_arrays(self._key(proxy), {"ends": ends, "values": np.array(list(known.values()))}, {})
        except OSError as problem:
            self._failed("store", f"values of proxy {proxy.name}", problem)

    def _prune(self) -> None:
        try:
            self._store.prune(self._group, map(self._key, self._proxies))
        except OSError as problem:
            self._failed("store", "values of proxies", problem)
