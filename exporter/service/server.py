"""The HTTP server: `/metrics`, health, readiness, reload, the status page and the runbooks."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from exporter.errors import LeewayError
from exporter.service.html import runbooks
from exporter.service.refresh import Refresher
from exporter.service.web import status_page
from exporter.service.web.negotiation import prefers

log = logging.getLogger(__name__)

Reload = Callable[[], None]
"""Loads the specs again and passes them to the refresher; raises `LeewayError` if they are rejected."""

_SLICE_BYTES = 1 << 18

_OPENMETRICS = ("application/openmetrics-text", "application/*", "*/*")
_TEXT = ("text/plain", "text/*", "*/*")


def application(refresher: Refresher, reload: Reload) -> Starlette:
    """Return the exporter's web application."""

    async def metrics(request: Request) -> Response:
        return await run_in_threadpool(_metrics, request, refresher)

    async def healthy(_: Request) -> Response:
        if refresher.stalled:
            return PlainTextResponse("The refresh loop stands still: restart Leeway.\n", status_code=503)
        return PlainTextResponse("Leeway is healthy.\n")

    async def ready(_: Request) -> Response:
        if refresher.ready:
            unread = ", ".join(refresher.unread)
            return PlainTextResponse("Leeway is ready.\n" + (f"Not read yet: {unread}.\n" if unread else ""))
        return PlainTextResponse("Leeway is reading its first windows.\n", status_code=503)

    async def reloading(_: Request) -> Response:
        try:
            await run_in_threadpool(reload)
        except LeewayError as problem:
            return PlainTextResponse(f"{problem}\n", status_code=500)
        return PlainTextResponse("The specs have been loaded.\n")

    async def index(_: Request) -> Response:
        return HTMLResponse(await run_in_threadpool(status_page.render, refresher.states, refresher.rejected))

    return Starlette(
        routes=[
            Route("/", index),
            Route("/metrics", metrics),
            Route("/-/healthy", healthy),
            Route("/-/ready", ready),
            Route("/-/reload", reloading, methods=["POST", "PUT"]),
            *runbooks.routes(lambda: {name: state.loaded.path for name, state in refresher.states.items()}),
        ]
    )


def _metrics(request: Request, refresher: Refresher) -> Response:
    accept = ",".join(request.headers.getlist("accept"))
    compressed = prefers(",".join(request.headers.getlist("accept-encoding")), ("gzip", "*"), ("identity", "*"))
    openmetrics = prefers(accept, _OPENMETRICS, _TEXT)
    exposition = refresher.exposition(openmetrics=openmetrics, compressed=compressed)
    if exposition is None:
        return PlainTextResponse("Leeway is reading its first windows.\n", status_code=503)
    pieces, content_type = exposition
    headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
    if compressed:
        headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(sum(map(len, pieces)))
    return StreamingResponse(_slices(pieces), headers=headers)


async def _slices(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the body in slices, so that a slow peer holds one of them in memory and not a copy of the whole."""
    for piece in pieces:
        for start in range(0, len(piece), _SLICE_BYTES):
            yield piece[start : start + _SLICE_BYTES]


EXIT_SECONDS: Final = 6.0
"""After a signal the process ends by itself, or is ended after this time: a library's thread may hang in a read."""


class _Server(uvicorn.Server):
    """A server that exits with code 0 on SIGTERM and SIGINT, as a supervisor expects."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._exit, number)
        yield

    def _exit(self, number: int) -> None:
        self.handle_exit(number, None)
        last_resort = threading.Timer(EXIT_SECONDS, _leave)
        last_resort.daemon = True
        last_resort.start()


def _leave() -> None:
    """End the process at once; all that is on disk is written whole or not at all."""
    log.warning("some reads do not end, and are left")
    os._exit(0)


def listen(address: str) -> socket.socket:
    """Return a socket that is bound to `host:port`, `[v6]:port` or `:port`; port 0 is any free port.

    Raises:
        OSError: the address cannot be bound.
        ValueError: it is not an address.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{address} is not HOST:PORT")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host or not host else socket.AF_INET
    return socket.create_server(
        (host, int(port)), family=family, backlog=128, dualstack_ipv6=not host and socket.has_dualstack_ipv6()
    )


def serve(refresher: Refresher, bound: socket.socket, reload: Reload) -> None:
    """Serve the exporter on a bound socket until SIGTERM or SIGINT; SIGHUP loads the specs again."""
    app = application(refresher, reload)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, _reload_quietly, reload))
        yield

    app.router.lifespan_context = lifespan
    run(app, bound)


def run(app: Starlette, bound: socket.socket) -> None:
    """Serve an application on a bound socket until SIGTERM or SIGINT."""
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=2)
    _Server(config).run(sockets=[bound])


def _reload_quietly(reload: Reload) -> None:
    try:
        reload()
    except LeewayError:
        log.debug("the old specs stay in use")
