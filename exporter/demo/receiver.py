"""The receiver of the demo's pages: an HTTP server on loopback that keeps what Alertmanager sends to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any, Final

from rich.console import Group
from rich.markup import escape
from rich.panel import Panel

Page = dict[str, Any]
"""The body of a notification, as Alertmanager posts it to a webhook."""

_LIMIT: Final = 1_000_000
"""The longest body that is read, in bytes; that of the demo has a few thousand."""


class Pages:
    """The pages that have been received and not yet taken, and the address to send them to."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/page"
        self._queue = SimpleQueue[Page]()

    def add(self, body: bytes) -> None:
        """Keep a page.

        Raises:
            ValueError: when the body is not JSON.
        """
        self._queue.put(json.loads(body))

    def take(self) -> list[Page]:
        """Return the pages that have come since the last call."""
        return [self._queue.get() for _ in range(self._queue.qsize())]


@contextmanager
def receiver() -> Iterator[Pages]:
    """Receive pages on a free loopback port during the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                pages.add(self.rfile.read(min(int(self.headers["Content-Length"] or 0), _LIMIT)))
            except ValueError:
                self.send_error(400)
            else:
                self.send_response(200)
                self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the demo's output free of access logs."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        pages = Pages(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield pages
        finally:
            server.shutdown()
            thread.join()


def alert_names(page: Page) -> list[str]:
    """Return the names of the alerts of a page."""
    return [alert["labels"]["alertname"] for alert in page["alerts"]]


def panel(page: Page) -> Panel:
    """Return a page as a person receives it: the texts of its alerts, and their runbooks."""
    texts = [part for alert in page["alerts"] for part in _texts(alert["annotations"])]
    return Panel(Group(*texts), title=f"{page['status']} → {escape(page['receiver'])}", title_align="left")


def _texts(annotations: dict[str, str]) -> Iterator[str]:
    yield f"[bold]{escape(annotations['summary'])}[/bold]"
    yield escape(annotations["description"])
    if "runbook_url" in annotations:
        yield escape(annotations["runbook_url"])
