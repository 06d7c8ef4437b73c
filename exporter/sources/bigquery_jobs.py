"""The door to BigQuery's client: jobs with a price, a time limit and labels, and errors of ours for its own.

google-auth finds the credentials and the project that is billed as it does everywhere: GOOGLE_APPLICATION_CREDENTIALS,
the machine's or the workload's own identity, GOOGLE_CLOUD_PROJECT. With BIGQUERY_EMULATOR_HOST set, the client itself
goes there, and needs none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError as ResultTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import google.auth
import pyarrow as pa
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.table import RowIterator
from requests.exceptions import RequestException

from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.sources.engine import Parameter
from exporter.sources.parquet import one_line
from exporter.sources.source import Traffic
from exporter.spec.value_types import format_bytes

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.cloud.bigquery_storage import BigQueryReadClient

EMULATOR: Final = "BIGQUERY_EMULATOR_HOST"
"""The client's own variable for an endpoint that is not Google's."""

_MEGABYTE: Final = 2**20
_LABEL: Final = re.compile("[^a-z0-9_-]")
_REFUSED: Final = {
    "bytesBilledLimitExceeded",
    "invalid",
    "invalidQuery",
    "notFound",
    "resourcesExceeded",
    "responseTooLarge",
}
"""Reasons for which another try gives the same."""
_ADVICE: Final = {
    "accessDenied": "grant bigquery.jobs.create where queries are billed, and bigquery.tables.getData on the table",
    "bytesBilledLimitExceeded": "raise maximum_bytes_billed beside the table if that is worth it",
    "notFound": "check the table's name and its location, and that it has not been deleted",
    "quotaExceeded": "a quota is used up: the next refresh tries again",
    "rateLimitExceeded": "BigQuery is busy: the next refresh tries again",
    "stopped": "the job took too long: the next refresh tries again",
}


class Limits(NamedTuple):
    """How patient requests are, in seconds."""

    request: float = 30.0
    """For an answer to one request."""
    retries: float = 60.0
    """For a request with all its retries."""
    job: float = 240.0
    """For a query; after this BigQuery itself ends it."""


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class JobTerms:
    """On what terms a source runs its jobs: where, for whom, and the bytes that one query may be billed for."""

    location: str | None
    labels: Mapping[str, str]
    limit: int


class Query(NamedTuple):
    """GoogleSQL, and the values that it names."""

    text: str
    parameters: Mapping[str, Parameter]


class Jobs:
    """Runs statements, each after asking what it would cost. One thread uses it at a time."""

    def __init__(self, project: str, terms: JobTerms, traffic: Traffic, limits: Limits = DEFAULT_LIMITS) -> None:
        """Nothing is asked, and no credentials are needed, before the first call.

        Args:
            project: the table's, which is billed where the environment names none.
            terms: see there.
            traffic: where requests and bytes are counted.
            limits: how patient requests are.
        """
        self._project = project
        self._terms = terms
        self._traffic = traffic
        self._limits = limits
        self._retry = bigquery.DEFAULT_RETRY.with_timeout(limits.retries)

    @property
    def location(self) -> str | None:
        """Where queries run; None where the service finds it by the tables."""
        return self._terms.location

    def table(self, name: str) -> bigquery.Table:
        """What BigQuery says of a table; this costs nothing.

        Raises:
            SourceError: it says nothing.
        """
        self._traffic.requests += 1
        with asking(name):
            return self._connection().client.get_table(name, retry=self._retry, timeout=self._limits.request)

    def run(self, place: str, query: Query, priced: Query | None = None, tables: int = 1) -> RowIterator:
        """Run one query, unless it costs too much.

        Args:
            place: what it is about, for messages.
            query: what to run.
            priced: a shorter query that reads the same, of which the price is asked; left out, the query itself.
            tables: how many tables it reads.

        Raises:
            SourceUnavailable, PartitionUnreadable: as `exporter.sources.engine.CountingSource.count` says.
        """
        with asking(place):
            self._refuse_dear(place, priced or query)
            self._traffic.requests += 1
            # asked so, BigQuery answers with the rows, and does not repeat the query with all its values
            rows = self._connection().client.query_and_wait(
                query.text,
                job_config=self._config(query.parameters),
                location=self._terms.location,
                api_timeout=self._limits.request,
                wait_timeout=self._limits.job,
                retry=self._retry,
                job_retry=None,  # type: ignore[arg-type] # its body knows None
            )
            read = int(rows.total_bytes_processed or 0)
            self._traffic.bytes_read += read
            self._traffic.bytes_billed = (self._traffic.bytes_billed or 0) + billed(read, tables)
            return rows

    def batches(self, place: str, rows: RowIterator) -> Iterator[pa.RecordBatch]:
        """The rows of an answer, by the Storage Read API where its client is installed, or else page by page.

        Raises:
            SourceUnavailable, PartitionUnreadable: as `run`.
        """
        with asking(place):
            yield from rows.to_arrow_iterable(bqstorage_client=self._connection().reader)

    def _refuse_dear(self, place: str, query: Query) -> None:
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
                f"{format_bytes(self._terms.limit)}; {_ADVICE['bytesBilledLimitExceeded']}"
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


def billed(read: int, tables: int = 1) -> int:
    """What BigQuery bills for a query that read so many bytes of some tables: whole megabytes, ten a table at least.

    Nothing for an answer that it still had. Source: cloud.google.com/bigquery/pricing, on-demand queries.
    """
    return max(-(-read // _MEGABYTE), 10 * tables) * _MEGABYTE if read else 0


@dataclass(frozen=True, eq=False)
class Connection:
    """What the client made of Google's environment; safe to share among threads.

    `reader` is the client of the Storage Read API, where it is installed.
    """

    client: bigquery.Client
    reader: BigQueryReadClient | None


@lru_cache
def connect(project: str) -> Connection:
    """The connection of this process for tables of a project. A failure is not kept: the next call looks again.

    Raises:
        GoogleAuthError: there are no credentials.
    """
    if os.environ.get(EMULATOR):
        return Connection(bigquery.Client(project=project, credentials=AnonymousCredentials()), None)  # type: ignore[no-untyped-call]
    credentials, billed = google.auth.default(scopes=("https://www.googleapis.com/auth/cloud-platform",))
    return Connection(bigquery.Client(project=billed or project, credentials=credentials), _reader(credentials))


def _reader(credentials: Credentials) -> BigQueryReadClient | None:
    try:
        from google.cloud.bigquery_storage import BigQueryReadClient  # noqa: PLC0415 - need not be installed
    except ModuleNotFoundError:
        return None
    return BigQueryReadClient(credentials=credentials)  # type: ignore[no-untyped-call]


@contextmanager
def asking(place: str) -> Iterator[None]:
    """Make errors of ours of what goes wrong while BigQuery is asked about a place.

    Raises:
        PartitionUnreadable: another try would give the same.
        SourceUnavailable: it may not.
    """
    try:
        yield
    except GoogleAuthError as error:
        advice = "set GOOGLE_APPLICATION_CREDENTIALS, or give the machine or the workload an identity"
        raise SourceUnavailable(f"{place}: {one_line(error)}; {advice}") from None
    except exceptions.RetryError as error:
        raise _failure(place, error.cause or error) from None
    except (exceptions.GoogleAPIError, RequestException, ResultTimeout) as error:
        raise _failure(place, error) from None


def _failure(place: str, error: BaseException) -> SourceError:
    reason, words = _told(error)
    if reason in _REFUSED:
        return PartitionUnreadable("; ".join(filter(None, (f"{place}: {words}", _ADVICE.get(reason)))))
    return SourceUnavailable(f"{place}: {words}; {_ADVICE.get(reason, 'the next refresh tries again')}")


def _told(error: BaseException) -> tuple[str, str]:
    """Why, in the service's own word, or in that of its status, or in none; and what it says of it."""
    details = [each for each in getattr(error, "errors", None) or () if isinstance(each, Mapping)]
    statuses = {exceptions.NotFound: "notFound", exceptions.Forbidden: "accessDenied", exceptions.BadRequest: "invalid"}
    known = next((word for kind, word in statuses.items() if isinstance(error, kind)), "")
    detail = details[0] if details else {}
    words = one_line(detail.get("message") or error) or "no answer in time"
    return str(detail.get("reason") or known), words


def _parameter(name: str, parameter: Parameter) -> bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter:
    if isinstance(parameter.value, Sequence) and not isinstance(parameter.value, str):
        return bigquery.ArrayQueryParameter(name, parameter.kind, list(parameter.value))
    return bigquery.ScalarQueryParameter(name, parameter.kind, parameter.value)


def _label(value: str) -> str:
    """A label's value: BigQuery takes 63 lower-case letters, digits, _ and -."""
    return _LABEL.sub("-", value.lower())[:63]
