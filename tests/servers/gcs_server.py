"""A Google Cloud Storage over HTTP for tests: an emulator behind a proxy that counts requests and can fail.

The emulator knows neither preconditions nor pages; the proxy has them, as the service documents them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, unquote

from gcp_storage_emulator.exceptions import NotFound
from gcp_storage_emulator.handlers import objects
from gcp_storage_emulator.handlers.buckets import create_bucket
from gcp_storage_emulator.server import create_server
from werkzeug.wrappers import Response

from store_server import Refuse, StoreServer, forwarding

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class GcsServer(StoreServer):
    """A Cloud Storage endpoint on a free port of 127.0.0.1, empty until something is put there."""

    def start(self) -> Self:
        """See `StoreServer`."""
        self._emulator = create_server("127.0.0.1", 0, in_memory=True)
        self._emulator.start()
        while self._emulator._api._httpd is None:
            pass
        self._address = f"127.0.0.1:{self._emulator._api._httpd.server_port}"
        self._forward = forwarding(self._address)
        return super().start()

    def stop(self) -> None:
        """See `StoreServer`."""
        super().stop()
        self._emulator.stop()

    __enter__ = start

    def environment(self) -> dict[str, str]:
        """Return the variables of a process that must use this server."""
        return {"STORAGE_EMULATOR_HOST": self.url, "NO_PROXY": "127.0.0.1"}

    def put(self, bucket: str, name: str, content: bytes) -> None:
        """Store an object without the proxy. The bucket is created if needed."""
        if self._emulator._storage.get_bucket(bucket) is None:
            create_bucket(bucket, self._emulator._storage)
        size, kind = str(len(content)), "application/octet-stream"
        resource = objects._make_object_resource(f"http://{self._address}", bucket, name, kind, size)
        self._emulator._storage.create_file(bucket, name, content, objects._checksums(content, resource))

    def delete(self, bucket: str, name: str) -> None:
        """Remove an object without the proxy."""
        self._emulator._storage.delete_file(bucket, name)

    def wipe(self) -> None:
        """See `StoreServer`."""
        self._emulator.wipe()

    def refusal(self, fault: Refuse) -> Response:
        """See `StoreServer`; the code is a reason, such as `forbidden`."""
        error = {"code": fault.status, "message": fault.message, "errors": [{"reason": fault.code}]}
        return Response(json.dumps({"error": error}), status=fault.status, content_type="application/json")

    @property
    def store(self) -> WSGIApplication:
        """See `StoreServer`."""
        return self._answered

    def _answered(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        path = environ["REQUEST_URI"].partition("?")[0]
        if path.endswith("/o"):
            return self._page(Response.from_app(self._forward, environ), query)(environ, start_response)
        bucket, _, name = path.partition("/b/")[2].partition("/o/")
        wanted = query.get("ifGenerationMatch")
        if wanted is not None and self._generation(bucket, unquote(name)) not in {None, wanted}:
            words = "At least one of the pre-conditions you specified did not hold."
            return Response(words, status=412)(environ, start_response)
        return self._forward(environ, start_response)

    def _page(self, response: Response, query: dict[str, str]) -> Response:
        if response.status_code != 200:
            return response
        listing = json.loads(response.get_data())
        first, size = int(query.get("pageToken", 0)), int(query.get("maxResults", 1000))
        items = sorted(listing["items"], key=lambda item: item["name"])
        listing["items"] = items[first : first + size]
        if len(items) > first + size:
            listing["nextPageToken"] = str(first + size)
        return Response(json.dumps(listing), content_type="application/json")

    def _generation(self, bucket: str, name: str) -> str | None:
        try:
            return str(self._emulator._storage.get_file_obj(bucket, name)["generation"])
        except NotFound:
            return None
