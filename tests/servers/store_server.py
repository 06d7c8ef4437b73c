"""A cloud's object store over HTTP for tests, which counts requests, and can fail as real stores do."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, Self

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Request(NamedTuple):
    """A request of a client: `GET`, `/bucket/key`, `list-type=2&prefix=...`."""

    method: str
    path: str
    query: str

    @property
    def lists(self) -> bool:
        """Whether it lists objects, of any of the stores."""
        return self.method == "GET" and (
            "list-type=2" in self.query or "comp=list" in self.query or self.path.endswith("/o")
        )


@dataclass(frozen=True)
class Refuse:
    """Respond with an error in the store's format."""

    status: int
    code: str
    message: str = "as the test wants it"


@dataclass(frozen=True)
class Hang:
    """Accept the request and send nothing until the client gives up."""


@dataclass(frozen=True)
class Truncate:
    """Announce the whole body, send its first `size` bytes and drop the connection.

    With `announced` false nothing tells the length of the body, and it ends as if it were whole.
    """

    size: int
    announced: bool = True


@dataclass(frozen=True)
class Drip:
    """Send a byte of the body every now and then, for ever: again and again the first."""

    pause: float = 0.02


@dataclass(frozen=True)
class Alter:
    """Let the test change the store's response: a corrupt body, another header."""

    change: Callable[[Response], None]


Fault = Refuse | Hang | Truncate | Drip | Alter
Faults = Callable[[Request], Fault | None]


def always(fault: Fault, where: Callable[[Request], bool] = lambda _: True) -> Faults:
    """Every request that `where` accepts fails."""
    return lambda request: fault if where(request) else None


def once(fault: Fault, where: Callable[[Request], bool] = lambda _: True) -> Faults:
    """The first request that `where` accepts fails, and none after it."""
    left = [fault]
    return lambda request: left.pop() if left and where(request) else None


class KeepAlive(WSGIRequestHandler):
    """Keeps connections open, as real stores do."""

    protocol_version = "HTTP/1.1"


class StoreServer(ABC):
    """A store's endpoint on a free port of 127.0.0.1.

    Args:
        tls: the paths of a certificate and its key, to serve https.
    """

    handler: ClassVar[type[WSGIRequestHandler]] = KeepAlive

    def __init__(self, tls: tuple[str, str] | None = None) -> None:
        self.requests: list[Request] = []
        """The requests since the last reset, in order."""
        self.sent = 0
        """The bytes of response bodies since the last reset."""
        self.faults: Faults | None = None
        """Decides for each request whether and how it fails."""
        self.delay = 0.0
        """Seconds that every request waits, as on the way to a store far away."""
        self._tls = tls
        self._released = threading.Event()

    @property
    @abstractmethod
    def store(self) -> WSGIApplication:
        """The store that answers requests that do not fail."""

    @abstractmethod
    def refusal(self, fault: Refuse) -> Response:
        """Return an error in the store's format."""

    @abstractmethod
    def wipe(self) -> None:
        """Drop everything that is stored."""

    def start(self) -> Self:
        """Start to listen, and return the server."""
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self._server = make_server(
            "127.0.0.1", 0, self, threaded=True, request_handler=self.handler, ssl_context=self._tls
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Forget everything and stop listening."""
        self.reset()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()

    def reset(self) -> None:
        """Drop all buckets, faults and counts; release requests that hang."""
        self._released.set()
        self._released = threading.Event()
        self.faults, self.delay = None, 0.0
        self.reset_counts()
        self.wipe()

    def reset_counts(self) -> None:
        """Forget the requests, and nothing else."""
        self.sent = 0
        self.requests.clear()

    @property
    def url(self) -> str:
        """The address: `http://127.0.0.1:<port>`, or with `https://`."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.port}"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Count, fail if a fault says so, or pass on to the store."""
        request = Request(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
        self.requests.append(request)
        time.sleep(self.delay)
        fault = self.faults(request) if self.faults else None
        return self._counted(self._answer(fault, environ)(environ, start_response))

    def _answer(self, fault: Fault | None, environ: WSGIEnvironment) -> WSGIApplication:
        match fault:
            case None:
                return self.store
            case Refuse():
                return self.refusal(fault)
            case Hang():
                self._released.wait(60)
                return Response(status=500)
            case Truncate():
                return _cut(Response.from_app(self.store, environ, buffered=True), fault)
            case Drip():
                response = Response.from_app(self.store, environ, buffered=True)
                headers = [pair for pair in response.headers if pair[0] != "Content-Length"]
                return Response(self._drops(fault.pause), status=response.status, headers=headers)
            case Alter():
                response = Response.from_app(self.store, environ, buffered=True)
                fault.change(response)
                return response

    def _drops(self, pause: float) -> Iterator[bytes]:
        while not self._released.wait(pause):
            yield b"P"

    def _counted(self, body: Iterable[bytes]) -> Iterator[bytes]:
        for part in body:
            self.sent += len(part)
            yield part


def _cut(response: Response, fault: Truncate) -> Response:
    body = response.get_data()
    if not fault.announced:
        headers = [pair for pair in response.headers if pair[0] != "Content-Length"]
        return Response(iter([body[: fault.size]]), status=response.status, headers=headers)

    def parts() -> Iterator[bytes]:
        yield body[: fault.size]
        raise ConnectionResetError

    answer = Response(parts(), status=response.status, headers=response.headers)
    answer.headers["Content-Length"] = str(len(body))
    return answer


def forwarding(address: str) -> WSGIApplication:
    """Return an application that passes each request on to a server, as it came."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        names = {name: name.removeprefix("HTTP_") for name in environ if name.startswith("HTTP_")}
        names |= {name: name for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
        headers = {name.replace("_", "-"): environ[key] for key, name in names.items()}
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        connection = HTTPConnection(address, timeout=30)
        connection.request(environ["REQUEST_METHOD"], environ["REQUEST_URI"], body, headers)
        with connection.getresponse() as response:
            content = response.read()
            kept = [pair for pair in response.getheaders() if pair[0].lower() not in _OF_CONNECTION]
        connection.close()
        return Response(content, status=response.status, headers=kept)(environ, start_response)

    return application


_OF_CONNECTION: Final = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
