"""The HTTP server: `/metrics`, health, readiness, reload, the status page and the runbooks."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from exporter.errors import LeewayError
from exporter.service import status_page
from exporter.service.html import runbooks
from exporter.service.negotiation import prefers
from exporter.service.refresh import Refresher

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
        return PlainTextResponse("Leeway is healthy.\n")

    async def ready(_: Request) -> Response:
        if refresher.ready:
            return PlainTextResponse("Leeway is ready.\n")
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
    snapshot = refresher.snapshot
    if snapshot is None:
        return PlainTextResponse("Leeway is reading its first windows.\n", status_code=503)
    accept = ",".join(request.headers.getlist("accept"))
    compressed = prefers(",".join(request.headers.getlist("accept-encoding")), ("gzip", "*"), ("identity", "*"))
    openmetrics = prefers(accept, _OPENMETRICS, _TEXT)
    pieces, content_type = snapshot.exposition(openmetrics=openmetrics, compressed=compressed)
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


class _Server(uvicorn.Server):
    """A server that exits with code 0 on SIGTERM and SIGINT, as a supervisor expects."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, partial(self.handle_exit, number, None))
        yield


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
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5)
    _Server(config).run(sockets=[bound])


def _reload_quietly(reload: Reload) -> None:
    try:
        reload()
    except LeewayError:
        log.debug("the old specs stay in use")
