"""Connections of peers: how many there may be, and how long each may take.

Peers never use up the files of the process: above the limit a connection is closed for each new one, the oldest of the
address that has the most. So a new scrape is always served, however many peers are silent or do not read, and peers of
one address only close each other's connections. The limit holds before TLS and HTTP.
"""

from __future__ import annotations

import asyncio
import resource
import socket
from collections import Counter
from contextlib import suppress
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS: Final = 10.0
"""From a connection, or the first byte of a further request, to the end of the request's header."""
RESPONSE_SECONDS: Final = 60.0
"""From the header to the end of the response."""
SEND_SECONDS: Final = 30.0
"""From the end of the response until the peer has read it."""
BACKLOG: Final = 64
"""Connections that wait to be accepted; so many are accepted at a time."""
_MOST: Final = 128


def connection_limit() -> int:
    """Return how many connections there may be: an eighth of the files of the process, 128 at most.

    The rest is for reads: a refresh has up to 64 connections to a store, and files of profiles.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if files == resource.RLIM_INFINITY else max(8, min(_MOST, files // 8))


class Connections:
    """The connections of one or several listeners. Only the thread of the event loop uses it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: list[tuple[socket.socket, str]] = []
        """In the order in which they came, with the addresses of the peers."""

    def admit(self, connection: socket.socket, address: str) -> None:
        """Add a connection; above the limit another one is shut down, which its transport then closes."""
        self._open = [each for each in self._open if each[0].fileno() >= 0]
        self._open.append((connection, address))
        while len(self._open) > self._limit:
            ((most, _),) = Counter(peer for _, peer in self._open).most_common(1)
            oldest = next(each for each in self._open if each[1] == most)
            self._open.remove(oldest)
            _shut_down(oldest[0])


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):  # its peer has left
        connection.shutdown(socket.SHUT_RDWR)


class Listener(socket.socket):
    """A socket that listens and admits what it accepts."""

    def __init__(self, bound: socket.socket, connections: Connections) -> None:
        """Take over a bound socket, which must not be used any more."""
        super().__init__(bound.family, bound.type, bound.proto, bound.detach())
        self._connections = connections

    def accept(self) -> tuple[socket.socket, Any]:
        """See `socket.socket`."""
        connection, address = super().accept()
        self._connections.admit(connection, address[0])
        return connection, address


class TimedProtocol(H11Protocol):
    """HTTP whose connections are closed when a request, its response or the reading of it takes too long."""

    _timer: asyncio.TimerHandle | None = None
    _idle = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._within(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Begin to wait for the end of a header that begins; later bytes of it do not begin anew."""
        if self._idle:
            self._idle = False
            self._within(HEADER_SECONDS)
        super().data_received(data)

    def handle_events(self) -> None:
        """Begin to wait for the response to a request that is complete."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before and not self.cycle.response_complete:
            self._idle = False
            self._within(RESPONSE_SECONDS)

    def on_response_complete(self) -> None:
        """Begin to wait until the peer has read the response, or sends another request."""
        self._idle = True
        self._within(SEND_SECONDS)
        super().on_response_complete()

    def _within(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self.transport.abort)
