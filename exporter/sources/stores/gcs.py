"""Partitions in Google Cloud Storage.

google-auth finds the credentials as usual: GOOGLE_APPLICATION_CREDENTIALS, or the identity of the workload or the
machine. With STORAGE_EMULATOR_HOST set, the client uses that endpoint and needs no credentials.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage  # type: ignore[attr-defined]
from google.cloud.storage.exceptions import InvalidResponse
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, RequestException, Timeout
from requests.exceptions import ConnectionError as NoConnection
from urllib3.exceptions import HTTPError, ProtocolError

from exporter.sources.formats.content import one_line
from exporter.sources.source import StoredObject
from exporter.sources.stores import objects
from exporter.sources.stores.gcs_errors import refusal, unavailable
from exporter.sources.stores.objects import Limits, ObjectSource

_FIELDS: Final = "items(name,size,generation),prefixes,nextPageToken"
_TEMPORARY: Final = {408, 429, 500, 502, 503, 504}
"""Statuses after which a request is tried again."""
_NETWORK: Final = (ChunkedEncodingError, NoConnection, ProtocolError, Timeout)
"""Errors without a status after which it is; google-auth itself repeats requests for an access token."""
_NO_METADATA: Final = "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"
"""The client's variable against a request of its own for each bucket, which only its traces need."""


class Gcs(ObjectSource):
    """Objects whose names match a template, `gs://bucket/name`."""

    def _pages(self, prefix: str, delimiter: str = "") -> Iterator[Iterable[StoredObject]]:
        """See `ObjectSource`."""
        with _translated_errors(self._root, "storage.objects.list"):
            listing = connect().list_blobs(
                self._place,
                prefix=prefix,
                delimiter=delimiter or None,
                fields=_FIELDS,
                page_size=objects.PAGE_OBJECTS,
                timeout=self._limits[:2],
                retry=_retry(self._limits),
            )
            for page in listing.pages:
                yield [
                    *(StoredObject(self._root + each, 0, "") for each in page.prefixes),
                    *(StoredObject(self._root + blob.name, blob.size, str(blob.generation)) for blob in page),
                ]

    def _fetch(self, item: StoredObject, start: int, size: int) -> bytes:
        """See `ObjectSource`."""
        with _translated_errors(item.path, "storage.objects.get"):
            content: bytes = (
                connect()
                .bucket(self._place)
                .blob(self._key(item))
                .download_as_bytes(
                    start=start,
                    end=start + size - 1,
                    raw_download=True,  # an object that is stored compressed comes as it was listed
                    if_generation_match=int(item.tag),
                    timeout=self._limits[:2],
                    retry=_retry(self._limits),
                    checksum=None,
                )
            )
            return content


@lru_cache
def connect() -> storage.Client:
    """Return the client of this process, which is safe to share among threads. A failure is not cached.

    Raises:
        GoogleAuthError: there are no credentials.
    """
    os.environ.setdefault(_NO_METADATA, "true")
    client = storage.Client(project=None)  # a bucket is found without its project
    for scheme in ("https://", "http://"):  # the service's own advice for more than ten connections
        client._http.mount(scheme, HTTPAdapter(pool_maxsize=objects.CONNECTIONS))  # noqa: SLF001
    return client


def _retry(limits: Limits) -> Retry:
    """Return the rule by which one request is tried again."""
    left = iter(range(limits.attempts - 1))
    return Retry(
        predicate=lambda error: _is_temporary(error) and next(left, None) is not None,
        initial=0.5,
        maximum=8,
        timeout=limits.attempts * limits.read_timeout,
        on_error=_release,
    )


def _is_temporary(error: Exception) -> bool:
    if isinstance(error, InvalidResponse):
        return error.response.status_code in _TEMPORARY
    return isinstance(error, _NETWORK) or getattr(error, "code", None) in _TEMPORARY


def _release(error: Exception) -> None:
    """Close a response that is an error: the client leaves it open when it tries again."""
    if isinstance(error, InvalidResponse):
        error.response.close()


@contextmanager
def _translated_errors(place: str, permission: str) -> Iterator[None]:
    """Turn the client's errors, in a request that needs a permission, into errors of this package."""
    try:
        yield
    except GoogleAuthError as error:
        raise unavailable(place, f"no access token: {one_line(error)}") from None
    except exceptions.RetryError as error:
        raise _failure(place, permission, error.cause or error) from None
    except (exceptions.GoogleAPIError, RequestException, HTTPError, ValueError) as error:
        raise _failure(place, permission, error) from None


def _failure(place: str, permission: str, error: BaseException) -> Exception:
    if isinstance(error, exceptions.GoogleAPICallError):
        return refusal(place, permission, error)
    return unavailable(place, one_line(error))
