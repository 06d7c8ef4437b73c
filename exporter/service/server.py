"""The HTTP server: `/metrics`, health, readiness, reload, the status page and the runbooks."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from exporter.errors import LeewayError
from exporter.service.html import runbooks
from exporter.service.refresh import Refresher
from exporter.service.web import status_page
from exporter.service.web.connections import BACKLOG, Connections, Listener, TimedProtocol, connection_limit
from exporter.service.web.expositions import Expositions
from exporter.service.web.security import Secured, Security

log = logging.getLogger(__name__)

_BODY_BYTES: Final = 2**16
"""The longest body of a request for a reload, which is not used."""

Reload = Callable[[], None]
"""Loads the specs again and passes them to the refresher; raises `LeewayError` if they are rejected."""


def application(refresher: Refresher, reload: Reload | None = None, telemetry_path: str = "/metrics") -> Starlette:
    """Return the exporter's web application.

    Args:
        refresher: what is served.
        reload: for `/-/reload`; None refuses it.
        telemetry_path: the path of the metrics.
    """
    reloads = Reloads(reload) if reload is not None else None
    expositions = Expositions(refresher)

    async def metrics(request: Request) -> Response:
        return await run_in_threadpool(expositions.response, request)

    async def healthy(_: Request) -> Response:
        if refresher.stalled:
            return PlainTextResponse("The refresh loop stands still: restart Leeway.\n", status_code=503)
        return PlainTextResponse("Leeway is healthy.\n")

    async def ready(_: Request) -> Response:
        if refresher.ready:
            unread = ", ".join(refresher.unread)
            return PlainTextResponse("Leeway is ready.\n" + (f"Not read yet: {unread}.\n" if unread else ""))
        return PlainTextResponse("Leeway is reading its first windows.\n", status_code=503)

    async def reloading(request: Request) -> Response:
        if reloads is None:
            message = "Reloads over HTTP are off: start with --web.enable-lifecycle, or send SIGHUP.\n"
            return PlainTextResponse(message, status_code=403)
        size = 0
        try:
            async for part in request.stream():  # else a request whose body is malformed or breaks off would reload
                size += len(part)
                if size > _BODY_BYTES:
                    return PlainTextResponse("A reload needs no body.\n", status_code=413)
        except ClientDisconnect:
            return PlainTextResponse("The request has no end.\n", status_code=400)
        return await reloads.run()

    async def index(_: Request) -> Response:
        page = await run_in_threadpool(status_page.render, refresher.states, refresher.mistakes, telemetry_path)
        return HTMLResponse(page)

    served = Starlette(
        routes=[
            Route("/", index),
            Route(telemetry_path, metrics),
            Route("/-/healthy", healthy),
            Route("/-/ready", ready),
            Route("/-/reload", reloading, methods=["POST", "PUT"]),
            *runbooks.routes(lambda: {name: state.loaded.path for name, state in refresher.states.items()}),
        ]
    )
    served.router.redirect_slashes = False  # it would lose the path and the scheme of a proxy
    return served


class Reloads:
    """Reloads by peers: one at a time, and four fifths of the time none."""

    def __init__(self, reload: Reload) -> None:
        self._reload = reload
        self._running = False
        self._next = 0.0

    async def run(self) -> Response:
        """Reload the specs, and return the response."""
        if self._running or time.monotonic() < self._next:
            wait = str(math.ceil(max(self._next - time.monotonic(), 1)))
            message = "A reload runs, or has just run: try again later.\n"
            return PlainTextResponse(message, status_code=429, headers={"Retry-After": wait})
        self._running, begin = True, time.monotonic()
        try:
            await run_in_threadpool(self._reload)
        except LeewayError:  # the message is in the log: it has paths and lines of specs
            message = "The new specs have mistakes: see the log and the page at /.\n"
            return PlainTextResponse(message, status_code=500)
        finally:
            self._running, self._next = False, time.monotonic() + 4 * (time.monotonic() - begin)
        return PlainTextResponse("The specs have been loaded.\n")


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


def listen(*addresses: str) -> list[Listener]:
    """Return sockets that are bound to `host:port`, `[v6]:port` or `:port`; port 0 is any free port.

    Raises:
        OSError: an address cannot be bound.
        ValueError: it is not an address.
    """
    connections, listeners = Connections(connection_limit()), list[Listener]()
    with ExitStack() as bound:
        for address in addresses:
            listeners.append(bound.enter_context(Listener(_bind(address), connections)))
        bound.pop_all()
    return listeners


def _bind(address: str) -> socket.socket:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{address} is not HOST:PORT")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host or not host else socket.AF_INET
    return socket.create_server(
        (host, int(port)), family=family, backlog=BACKLOG, dualstack_ipv6=not host and socket.has_dualstack_ipv6()
    )


def signals_before_serving() -> threading.Event:
    """Handle signals until `serve` does: SIGTERM and SIGINT end the process with code 0.

    Returns:
        An event that is set by SIGHUP, whose default would end the process; `serve` takes it.
    """
    hung_up = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: hung_up.set())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    return hung_up


def serve(
    refresher: Refresher,
    listeners: Sequence[socket.socket],
    reload: Reload,
    security: Security,
    *,
    lifecycle: bool = False,
    telemetry_path: str = "/metrics",
    hung_up: threading.Event | None = None,
) -> None:
    """Serve the exporter until SIGTERM or SIGINT; SIGHUP loads the specs again.

    Args:
        refresher: what is served.
        listeners: bound sockets.
        reload: loads the specs again.
        security: TLS, users and headers.
        lifecycle: whether peers may reload.
        telemetry_path: the path of the metrics.
        hung_up: whether SIGHUP has come before.
    """
    app = application(refresher, reload if lifecycle else None, telemetry_path)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, _reload_quietly, reload))
        if hung_up is not None and hung_up.is_set():
            loop.run_in_executor(None, _reload_quietly, reload)
        yield

    app.router.lifespan_context = lifespan
    run(app, listeners, security)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def run(app: ASGIApp, listeners: Sequence[socket.socket], security: Security | None = None) -> None:
    """Serve an application until SIGTERM or SIGINT."""
    security = security or Security()
    context = security.server_context
    config = uvicorn.Config(
        Secured(app, security),
        http=TimedProtocol,
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=2,
        ssl_context_factory=(lambda _config, _default: context) if context is not None else None,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a warning for each wrong request would fill the log
    _Server(config).run(sockets=list(listeners))


def _reload_quietly(reload: Reload) -> None:
    try:
        reload()
    except LeewayError:
        log.debug("the old specs stay in use")
