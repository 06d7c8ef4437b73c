"""Partitions in Azure Blob Storage and Azure Data Lake Storage.

AZURE_STORAGE_CONNECTION_STRING is used for the account that it names: it may have a key, a signature or another
endpoint. For other accounts azure-identity finds the credentials as usual: the AZURE_... variables of a service
principal or a workload identity, or the managed identity of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from azure.core import MatchConditions
from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobPrefix, BlobServiceClient, ContainerClient, ExponentialRetry
from requests import Session
from requests.adapters import HTTPAdapter

from exporter.sources.formats.content import one_line
from exporter.sources.formats.file_format import BY_NAME, FileFormat
from exporter.sources.source import StoredObject
from exporter.sources.stores import objects
from exporter.sources.stores.azure_errors import failure, unavailable
from exporter.sources.stores.objects import DEFAULT_LIMITS, Limits, ObjectSource

CONNECTION: Final = "AZURE_STORAGE_CONNECTION_STRING"
"""Azure's own variable for an account with its credentials and endpoints."""
_FOLDER: Final = "hdi_isfolder"
"""The metadata of a folder, which is listed like a blob where an account has a hierarchical namespace."""


class Azure(ObjectSource):
    """Blobs of a container whose names match a template."""

    def __init__(self, template: str, limits: Limits = DEFAULT_LIMITS, form: FileFormat = BY_NAME) -> None:
        """See `ObjectSource`; the template is `abfss://container@account.dfs.core.windows.net/name`."""
        super().__init__(template, limits, form)
        self._container, _, host = self._place.partition("@")
        self._endpoint = f"https://{host.replace('.dfs.', '.blob.', 1)}"

    def _pages(self, prefix: str, delimiter: str = "") -> Iterator[Iterable[StoredObject]]:
        """See `ObjectSource`."""
        with self._connected(self._root) as container:
            options: dict[str, Any] = {"include": ["metadata"], "results_per_page": objects.PAGE_OBJECTS}
            listing = (
                container.walk_blobs(prefix, delimiter=delimiter, **options)
                if delimiter
                else container.list_blobs(prefix, **options)
            )
            for page in listing.by_page():
                yield [
                    StoredObject(self._root + blob.name, 0, "")
                    if isinstance(blob, BlobPrefix)
                    else StoredObject(self._root + blob.name, blob.size, blob.etag.strip('"'))
                    for blob in page
                    if isinstance(blob, BlobPrefix) or (blob.metadata or {}).get(_FOLDER) != "true"
                ]

    def _fetch(self, item: StoredObject, start: int, size: int) -> bytes:
        """See `ObjectSource`."""
        with self._connected(item.path) as container:
            blob = container.get_blob_client(self._key(item))
            download = blob.download_blob(
                start, size, etag=f'"{item.tag}"', match_condition=MatchConditions.IfNotModified
            )
            return download.readall()

    @contextmanager
    def _connected(self, place: str) -> Iterator[ContainerClient]:
        """Yield the client of the container, and turn its errors into errors of this package."""
        try:
            yield connect(self._endpoint, self._limits).get_container_client(self._container)
        except AzureError as error:
            raise failure(place, error) from None
        except ValueError as error:  # of a setting in the environment
            raise unavailable(place, one_line(error)) from None


@lru_cache
def connect(endpoint: str, limits: Limits) -> BlobServiceClient:
    """Return the client of an account in this process, which is safe to share among threads. A failure is not cached.

    Raises:
        ValueError: the environment has an invalid setting.
    """
    session = Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=objects.CONNECTIONS))
    waits = {"connection_timeout": limits.connect_timeout, "read_timeout": limits.read_timeout}
    options: dict[str, Any] = {
        "transport": RequestsTransport(session=session, **waits),
        "retry_policy": ExponentialRetry(0, 2, retry_total=limits.attempts - 1, random_jitter_range=1),
    }
    account = endpoint.removeprefix("https://").partition(".")[0]
    if text := os.environ.get(CONNECTION):
        client = BlobServiceClient.from_connection_string(text, **options)
        if client.account_name == account:
            return client
    credential = DefaultAzureCredential(retry_total=limits.attempts - 1, **waits)
    return BlobServiceClient(endpoint, credential, **options)
