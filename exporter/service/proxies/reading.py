"""Proxy metrics, brought up to date: ratios of the log's columns, and the results of PromQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from exporter.errors import UsageError
from exporter.samples.proxies import proxy_samples
from exporter.samples.traffic import LOOK_BACK
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt, Record
from exporter.service.proxies.columns import ProxyColumns
from exporter.service.proxies.queries import ProxyQueries
from exporter.sources.prometheus import Prometheus
from exporter.sources.source import Partition, Source
from exporter.spec.model import ModelSpec
from exporter.spec.windows import Window, newest_end
from exporter.store.profiles import ProfileStore


class ProxyReader:
    """Reads one model's proxies. One thread at a time may use it."""

    def __init__(
        self,
        spec: ModelSpec,
        source: Source,
        store: ProfileStore,
        record: Record,
        prometheus: str | None,
        *,
        queried: bool = True,
    ) -> None:
        """Nothing is read or queried yet.

        Args:
            spec: the model.
            source: its inference log.
            store: where sums and values are stored.
            record: the model's; every later failure is recorded there, and none is raised.
            prometheus: the address to query if the spec names none.
            queried: whether proxies that are PromQL are read at all.

        Raises:
            UsageError: a proxy is PromQL, and there is no address to query.
        """
        self._spec = spec
        self._columns = ProxyColumns(spec, source, store, record)
        server = _prometheus(spec, prometheus) if queried else None
        self._queries = ProxyQueries(spec, store, record, server) if server else None

    def read(
        self, attempt: Attempt, past: Mapping[datetime, Partition], recent: Mapping[datetime, Partition]
    ) -> list[Sample]:
        """Return every sample of proxies.

        Args:
            attempt: this refresh.
            past: the partitions of the past weeks.
            recent: the partitions of the windows.
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
        """The partitions that cannot be used, with the reason."""
        return self._columns.problems


def _prometheus(spec: ModelSpec, address: str | None) -> Prometheus | None:
    body = spec.spec
    if not any(proxy.promql for proxy in body.proxies):
        return None
    url = body.prometheus.url or address
    if url is None:
        raise UsageError("a proxy has promql: give spec.prometheus.url, or start the exporter with --prometheus.url")
    credentials = body.prometheus.credentials_file
    return Prometheus(url, Path(credentials) if credentials else None)
