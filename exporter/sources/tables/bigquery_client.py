"""The client of BigQuery, and its errors as errors of this package.

google-auth finds the credentials and the billed project as usual: GOOGLE_APPLICATION_CREDENTIALS, the identity of the
machine or the workload, GOOGLE_CLOUD_PROJECT. With BIGQUERY_EMULATOR_HOST set, the client uses that endpoint and needs
no credentials.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import TimeoutError as ResultTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import google.auth
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from requests.exceptions import RequestException

from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.sources.formats.content import one_line

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.cloud.bigquery_storage import BigQueryReadClient

EMULATOR: Final = "BIGQUERY_EMULATOR_HOST"
"""The client's own variable for an endpoint other than Google's."""

_REFUSED: Final = {
    "bytesBilledLimitExceeded",
    "invalid",
    "invalidQuery",
    "notFound",
    "resourcesExceeded",
    "responseTooLarge",
}
"""Reasons for which a retry fails in the same way."""
ADVICE: Final = {
    "accessDenied": "grant bigquery.jobs.create where queries are billed, and bigquery.tables.getData on the table",
    "bytesBilledLimitExceeded": "raise maximum_bytes_billed next to the table in the spec if the query is worth it",
    "notFound": "check the table's name and its location, and that it has not been deleted",
    "quotaExceeded": "a quota is used up: the next refresh tries again",
    "rateLimitExceeded": "BigQuery is busy: the next refresh tries again",
    "stopped": "the job took too long: the next refresh tries again",
}
"""What the user can do about an error, by its reason."""


@dataclass(frozen=True, eq=False)
class Connection:
    """The clients of this process; safe to share among threads.

    `reader` is the client of the Storage Read API, where it is installed.
    """

    client: bigquery.Client
    reader: BigQueryReadClient | None


@lru_cache
def connect(project: str) -> Connection:
    """Return the connection of this process for tables of a project. A failure is not cached.

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
def translated_errors(place: str) -> Iterator[None]:
    """Turn errors of BigQuery's client, in a request about a place, into errors of this package.

    Raises:
        PartitionUnreadable: a retry would fail in the same way.
        SourceUnavailable: a retry may succeed.
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
    reason, message = _reason_and_message(error)
    if reason in _REFUSED:
        return PartitionUnreadable("; ".join(filter(None, (f"{place}: {message}", ADVICE.get(reason)))))
    return SourceUnavailable(f"{place}: {message}; {ADVICE.get(reason, 'the next refresh tries again')}")


def _reason_and_message(error: BaseException) -> tuple[str, str]:
    """Return the reason of an error as BigQuery's code or that of its HTTP status, or empty, and its message."""
    details = [each for each in getattr(error, "errors", None) or () if isinstance(each, Mapping)]
    statuses = {exceptions.NotFound: "notFound", exceptions.Forbidden: "accessDenied", exceptions.BadRequest: "invalid"}
    known = next((word for kind, word in statuses.items() if isinstance(error, kind)), "")
    detail = details[0] if details else {}
    message = one_line(detail.get("message") or error) or "no response in time"
    return str(detail.get("reason") or known), message
