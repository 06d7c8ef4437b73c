"""Proxy metrics, brought up to date: the columns of the log that they are ratios of, and what Prometheus answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from exporter.errors import UsageError
from exporter.samples.proxies import proxy_samples
from exporter.samples.traffic import LOOK_BACK
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt, Failed
from exporter.service.proxies.columns import ProxyColumns
from exporter.service.proxies.queries import ProxyQueries
from exporter.sources.prometheus import Prometheus
from exporter.sources.source import Partition, Source
from exporter.spec.model import ModelSpec
from exporter.spec.windows import Window, newest_end
from exporter.store.profiles import ProfileStore


class ProxyReader:
    """Keeps one model's proxies at hand. One thread at a time may use it."""

    def __init__(
        self, spec: ModelSpec, source: Source, store: ProfileStore, failed: Failed, prometheus: str | None
    ) -> None:
        """Nothing is read or asked yet.

        Args:
            spec: the model.
            source: what reads its inference log.
            store: where what was read is kept.
            failed: told of each failure; none is raised later on.
            prometheus: the address to ask where the spec names none.

        Raises:
            UsageError: when a proxy is PromQL and nobody says where to ask it.
        """
        self._spec = spec
        self._columns = ProxyColumns(spec, source, store, failed)
        asked = _prometheus(spec, prometheus)
        self._queries = ProxyQueries(spec, store, failed, asked) if asked else None

    def read(
        self, attempt: Attempt, past: Mapping[datetime, Partition], recent: Mapping[datetime, Partition]
    ) -> list[Sample]:
        """What there is to say of proxies.

        Args:
            attempt: this refresh.
            past: what is stored of past weeks.
            recent: what is stored of the windows.
        """
        inference = self._spec.spec.inference
        end = newest_end(attempt.now, inference.delay, inference.grain)
        start = newest_end(end - max(self._spec.spec.windows) - LOOK_BACK, timedelta(), inference.grain)
        span = Window(start, end)
        histories = list(self._columns.read(attempt, span, past, recent))
        histories += self._queries.read(attempt, span) if self._queries else ()
        return list(proxy_samples(self._spec, histories))

    @property
    def problems(self) -> Mapping[str, str]:
        """The partitions that cannot be used, with why."""
        return self._columns.problems


def _prometheus(spec: ModelSpec, address: str | None) -> Prometheus | None:
    asked, body = spec.spec.prometheus, spec.spec
    if not any(proxy.promql for proxy in body.proxies):
        return None
    url = asked.url or address
    if url is None:
        raise UsageError("a proxy has promql: give spec.prometheus.url, or start the exporter with --prometheus.url")
    return Prometheus(url, Path(asked.credentials_file) if asked.credentials_file else None)
