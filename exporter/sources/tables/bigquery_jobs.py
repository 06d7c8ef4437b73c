"""Jobs of BigQuery: queries with a price check, a time limit and labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import pyarrow as pa
from google.cloud import bigquery
from google.cloud.bigquery.table import RowIterator

from exporter.errors import PartitionUnreadable
from exporter.sources.engine import Parameter
from exporter.sources.source import Traffic
from exporter.sources.tables.bigquery_client import ADVICE, Connection, connect, translated_errors
from exporter.sources.tables.sql_table import Query
from exporter.spec.value_types import format_bytes

_MEGABYTE: Final = 2**20
_LABEL: Final = re.compile("[^a-z0-9_-]")


class Limits(NamedTuple):
    """Timeouts of requests, in seconds."""

    request: float = 30.0
    """For one request."""
    retries: float = 60.0
    """For a request with all its retries."""
    job: float = 240.0
    """For a query; BigQuery itself cancels it after this time."""


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class JobTerms:
    """Location and labels of a source's jobs, and the bytes that one query may be billed for."""

    location: str | None
    labels: Mapping[str, str]
    limit: int


class Jobs:
    """Runs queries, each after a dry run for its price. One thread uses it at a time."""

    def __init__(self, project: str, terms: JobTerms, traffic: Traffic, limits: Limits = DEFAULT_LIMITS) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Args:
            project: the table's project, which is billed where the environment names none.
            terms: location, labels and billing limit of the jobs.
            traffic: where requests and bytes are counted.
            limits: timeouts of requests.
        """
        self._project = project
        self._terms = terms
        self._traffic = traffic
        self._limits = limits
        self._retry = bigquery.DEFAULT_RETRY.with_timeout(limits.retries)

    @property
    def location(self) -> str | None:
        """Where queries run; None where BigQuery derives it from the tables."""
        return self._terms.location

    def table(self, name: str) -> bigquery.Table:
        """Return BigQuery's metadata of a table; this is not billed.

        Raises:
            SourceError: the metadata cannot be read.
        """
        self._traffic.requests += 1
        with translated_errors(name):
            return self._connection().client.get_table(name, retry=self._retry, timeout=self._limits.request)

    def run(self, place: str, query: Query, priced: Query | None = None, tables: int = 1) -> RowIterator:
        """Run one query, unless it costs too much.

        Args:
            place: what it reads, for messages.
            query: the query.
            priced: a shorter query that reads the same, for the dry run; by default the query itself.
            tables: the number of tables that it reads.

        Raises:
            SourceUnavailable, PartitionUnreadable: as `exporter.sources.engine.CountingSource.count`.
        """
        with translated_errors(place):
            self._refuse_expensive(place, priced or query)
            self._traffic.requests += 1
            # query_and_wait returns the rows without a second request that repeats the query and its parameters
            rows = self._connection().client.query_and_wait(
                query.text,
                job_config=self._config(query.parameters),
                location=self._terms.location,
                api_timeout=self._limits.request,
                wait_timeout=self._limits.job,
                retry=self._retry,
                job_retry=None,  # type: ignore[arg-type] # None is allowed, despite its type
            )
            read = int(rows.total_bytes_processed or 0)
            self._traffic.bytes_read += read
            self._traffic.bytes_billed = (self._traffic.bytes_billed or 0) + bytes_billed(read, tables)
            return rows

    def batches(self, place: str, rows: RowIterator) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a result, by the Storage Read API where its client is installed, otherwise page by page.

        Raises:
            SourceUnavailable, PartitionUnreadable: as `run`.
        """
        with translated_errors(place):
            yield from rows.to_arrow_iterable(bqstorage_client=self._connection().reader)

    def _refuse_expensive(self, place: str, query: Query) -> None:
        self._traffic.requests += 1
        config = self._config(query.parameters)
        config.dry_run = True
        estimate = self._connection().client.query(
            query.text,
            job_config=config,
            location=self._terms.location,
            retry=self._retry,
            timeout=self._limits.request,
            job_retry=None,
        )
        price = int(estimate.total_bytes_processed or 0)
        if price > self._terms.limit:
            raise PartitionUnreadable(
                f"{place}: not read, since the query would read {format_bytes(price)}, and maximum_bytes_billed is "
                f"{format_bytes(self._terms.limit)}; {ADVICE['bytesBilledLimitExceeded']}"
            )

    def _config(self, parameters: Mapping[str, Parameter]) -> bigquery.QueryJobConfig:
        config = bigquery.QueryJobConfig(
            query_parameters=[_parameter(name, parameter) for name, parameter in parameters.items()],
            labels={name: _label(value) for name, value in self._terms.labels.items()},
            maximum_bytes_billed=self._terms.limit,
            use_legacy_sql=False,
        )
        config.job_timeout_ms = int(self._limits.job * 1000)
        return config

    def _connection(self) -> Connection:
        return connect(self._project)


def bytes_billed(read: int, tables: int = 1) -> int:
    """Return the bytes that BigQuery bills for a query: whole megabytes, ten for each table at least.

    A cached result is not billed. Source: cloud.google.com/bigquery/pricing, on-demand queries.
    """
    return max(-(-read // _MEGABYTE), 10 * tables) * _MEGABYTE if read else 0


def _parameter(name: str, parameter: Parameter) -> bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter:
    if isinstance(parameter.value, Sequence) and not isinstance(parameter.value, str):
        return bigquery.ArrayQueryParameter(name, parameter.kind, list(parameter.value))
    return bigquery.ScalarQueryParameter(name, parameter.kind, parameter.value)


def _label(value: str) -> str:
    """Return a valid label value: BigQuery allows 63 lower-case letters, digits, _ and -."""
    return _LABEL.sub("-", value.lower())[:63]
