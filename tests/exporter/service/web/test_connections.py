"""What peers can do to a server: silence, dripped headers, unread responses, too many connections."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from exporter.service.web import connections
from exporter.service.web.connections import Connections, Listener, TimedProtocol, connection_limit
from stack import until

LIMIT = 4


async def _page(_: Request) -> PlainTextResponse:
    return PlainTextResponse("here")


async def _long_page(_: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * 2**25)


async def _slow_page(_: Request) -> PlainTextResponse:
    await asyncio.sleep(2)
    return PlainTextResponse("late")


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server with short times and a low limit."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.5)
    monkeypatch.setattr(connections, "RESPONSE_SECONDS", 0.5)
    monkeypatch.setattr(connections, "SEND_SECONDS", 0.5)
    app = Starlette(routes=[Route("/", _page), Route("/long", _long_page), Route("/slow", _slow_page)])
    config = uvicorn.Config(app, http=TimedProtocol, ws="none", log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    listener = Listener(socket.create_server(("127.0.0.1", 0)), Connections(LIMIT))
    with listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def _connect(port: int, sent: bytes = b"") -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", port), 10)
    peer.sendall(sent)
    return peer


def _get(port: int) -> bytes:
    with _connect(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") as peer:
        return b"".join(iter(lambda: peer.recv(1000), b""))


def _is_closed(peer: socket.socket) -> bool:
    """Whether the server has closed the connection; what it has sent before is read."""
    peer.settimeout(0.01)
    try:
        return not peer.recv(2**20)
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHo",
        b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx",
    ],
    ids=["silent", "half a header", "slow response", "half a second header", "half a body"],
)
def test_a_peer_that_takes_too_long_is_closed(port: int, sent: bytes) -> None:
    with _connect(port, sent) as peer:
        until(lambda: _is_closed(peer), within=10, what="the end of the connection")


def test_a_peer_that_drips_its_header_is_closed(port: int) -> None:
    def drip() -> bool:
        try:
            peer.sendall(b"a")
        except OSError:
            return True
        return _is_closed(peer)

    with _connect(port, b"GET / HTTP/1.1\r\nX: ") as peer:
        until(drip, within=10, what="the end of the connection")


def test_a_peer_that_does_not_read_is_closed(port: int) -> None:
    with _connect(port, b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n") as peer:
        peer.recv(100)

        def reset() -> bool:
            try:
                peer.sendall(b"x")
            except OSError:
                return True
            return False

        until(reset, within=10, what="the end of the connection")


def test_a_peer_in_time_is_served_again_and_again(port: int) -> None:
    with _connect(port) as peer:
        for _ in range(3):
            peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"here"):
                answer += peer.recv(1000)


def test_above_the_limit_the_oldest_connection_makes_room(port: int) -> None:
    silent = [_connect(port) for _ in range(LIMIT)]
    try:
        assert _get(port).endswith(b"here")
        assert _is_closed(silent[0])
        assert not _is_closed(silent[-1])
    finally:
        for peer in silent:
            peer.close()


def _admitted(limit: int, addresses: str) -> str:
    """The addresses of the connections that are left, after one from each address was admitted."""
    connections = Connections(limit)
    with ExitStack() as stack:
        pairs = [[stack.enter_context(each) for each in socket.socketpair()] for _ in addresses]
        for (left, _), address in zip(pairs, addresses, strict=True):
            connections.admit(left, address)
        return "".join(address for (_, right), address in zip(pairs, addresses, strict=True) if not _is_closed(right))


@pytest.mark.parametrize(
    ("addresses", "left"),
    [("aaaa", "aaaa"), ("aaaab", "aaab"), ("baaaa", "baaa"), ("abcde", "bcde"), ("aabbaab", "baab")],
)
def test_the_address_with_the_most_connections_loses_its_oldest(addresses: str, left: str) -> None:
    assert _admitted(LIMIT, addresses) == left


def test_closed_connections_do_not_count() -> None:
    admitted = Connections(1)
    left, right = socket.socketpair()
    with closing(left), closing(right):
        gone = socket.socket()
        gone.close()
        admitted.admit(gone, "a")
        admitted.admit(left, "a")
        left.sendall(b"x")
        assert right.recv(1) == b"x"


@pytest.mark.parametrize(("files", "expected"), [(1024, 128), (10**6, 128), (512, 64), (20, 8), (-1, 128)])
def test_the_limit_leaves_most_files_for_reads(monkeypatch: pytest.MonkeyPatch, files: int, expected: int) -> None:
    limits: Callable[[int], tuple[int, int]] = lambda _: (files, files)  # noqa: E731
    monkeypatch.setattr(connections.resource, "getrlimit", limits)
    assert connection_limit() == expected
