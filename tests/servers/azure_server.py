"""An Azure Blob Storage over HTTP for tests: Azurite behind a proxy that counts requests and can fail."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient
from werkzeug.wrappers import Response

from store_server import Refuse, StoreServer, forwarding

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

AZURITE: Final = Path(__file__).parents[2] / ".azurite/node_modules/azurite/dist/src/blob/main.js"
ACCOUNT: Final = "devstoreaccount1"
KEY: Final = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account and the key that Azurite documents for everybody."""


class AzureServer(StoreServer):
    """A Blob Storage endpoint on a free port of 127.0.0.1, empty until something is put there."""

    def start(self) -> Self:
        """See `StoreServer`."""
        if not AZURITE.exists():
            raise FileNotFoundError(f"{AZURITE} is missing: run make azure")
        options = ["--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--silent"]
        self._process = subprocess.Popen(
            ["node", AZURITE, "--blobHost", "127.0.0.1", "--blobPort", "0", *options], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = next(line for line in self._process.stdout if "listens on" in line)
        address = line.rpartition("http://")[2].strip()
        self._forward = forwarding(address)
        self._client = BlobServiceClient.from_connection_string(_connection(f"http://{address}"))
        return super().start()

    def stop(self) -> None:
        """See `StoreServer`."""
        super().stop()
        self._client.close()
        self._process.terminate()
        self._process.communicate()

    __enter__ = start

    def environment(self) -> dict[str, str]:
        """Return the variables of a process that must use this server."""
        return {"AZURE_STORAGE_CONNECTION_STRING": _connection(self.url), "NO_PROXY": "127.0.0.1"}

    def put(self, container: str, name: str, content: bytes, metadata: dict[str, str] | None = None) -> None:
        """Store a blob without the proxy. The container is created if needed."""
        with suppress(ResourceExistsError):
            self._client.create_container(container)
        self._client.get_blob_client(container, name).upload_blob(content, overwrite=True, metadata=metadata)

    def delete(self, container: str, name: str) -> None:
        """Remove a blob without the proxy."""
        self._client.get_blob_client(container, name).delete_blob()

    def wipe(self) -> None:
        """See `StoreServer`."""
        for container in self._client.list_containers():
            for blob in self._client.get_container_client(container.name).list_blobs():
                self.delete(container.name, blob.name)

    def refusal(self, fault: Refuse) -> Response:
        """See `StoreServer`."""
        body = f"<?xml version='1.0'?><Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
        headers = {"x-ms-error-code": fault.code}
        return Response(body, status=fault.status, headers=headers, content_type="application/xml")

    @property
    def store(self) -> WSGIApplication:
        """See `StoreServer`."""
        return self._forward


def _connection(url: str) -> str:
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={url}/{ACCOUNT};"
