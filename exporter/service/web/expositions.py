"""The responses to scrapes: in the format and compression that the scraper accepts."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import AsyncIterator, Iterable
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from exporter.service.refresh import Refresher
from exporter.service.snapshot import Snapshot
from exporter.service.web.negotiation import prefers

_SLICE_BYTES: Final = 1 << 18
_CACHED_SECONDS: Final = 1.0

_OPENMETRICS = ("application/openmetrics-text", "application/*", "*/*")
_TEXT = ("text/plain", "text/*", "*/*")


class Expositions:
    """The expositions of the last second, by format and compression; scrapers that come at once share one.

    So peers that ask for metrics as fast as they can cost no more than one that asks each second.
    """

    def __init__(self, refresher: Refresher) -> None:
        """Nothing is rendered yet; any thread may use it."""
        self._refresher = refresher
        self._lock = threading.Lock()
        self._cached: dict[tuple[bool, bool], tuple[float, Snapshot | None, tuple[list[bytes], str]]] = {}

    def response(self, request: Request) -> Response:
        """Return the response to a scrape: 503 before the first snapshot."""
        accept = ",".join(request.headers.getlist("accept"))
        encodings = ",".join(request.headers.getlist("accept-encoding"))
        openmetrics = prefers(accept, _OPENMETRICS, _TEXT)
        compressed = prefers(encodings, ("gzip", "*"), ("identity", "*"))
        exposition = self._exposition(openmetrics, compressed)
        if exposition is None:
            return PlainTextResponse("Leeway is reading its first windows.\n", status_code=503)
        pieces, content_type = exposition
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        if compressed:
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(sum(map(len, pieces)))
        return StreamingResponse(_slices(pieces), headers=headers)

    def _exposition(self, openmetrics: bool, compressed: bool) -> tuple[list[bytes], str] | None:  # noqa: FBT001 - a key
        key = openmetrics, compressed
        with self._lock:
            made, snapshot, exposition = self._cached.get(key, (-math.inf, None, ([], "")))
            if time.monotonic() - made < _CACHED_SECONDS and snapshot is self._refresher.snapshot:
                return exposition
            new = self._refresher.exposition(openmetrics=openmetrics, compressed=compressed)
            if new is not None:
                self._cached[key] = time.monotonic(), self._refresher.snapshot, new
            return new


async def _slices(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the body in slices, so that a slow peer holds one of them in memory and not a copy of the whole."""
    for piece in pieces:
        for start in range(0, len(piece), _SLICE_BYTES):
            yield piece[start : start + _SLICE_BYTES]
