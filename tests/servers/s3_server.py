"""An S3 over HTTP for tests: moto's server behind a proxy that counts requests, and can fail as real stores do."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import S3Backend, s3_backends
from werkzeug.serving import make_server
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
        """Whether it lists a bucket."""
        return self.method == "GET" and "list-type=2" in self.query


@dataclass(frozen=True)
class Refuse:
    """Respond with an error in S3's format."""

    status: int
    code: str
    message: str = "as the test wants it"


@dataclass(frozen=True)
class Hang:
    """Accept the request and send nothing until the client gives up."""


@dataclass(frozen=True)
class Truncate:
    """Announce the whole body, send its first `size` bytes and drop the connection."""

    size: int


@dataclass(frozen=True)
class Alter:
    """Let the test change the store's response: a corrupt body, another header."""

    change: Callable[[Response], None]


Fault = Refuse | Hang | Truncate | Alter
Faults = Callable[[Request], Fault | None]


def always(fault: Fault, where: Callable[[Request], bool] = lambda _: True) -> Faults:
    """Every request that `where` accepts fails."""
    return lambda request: fault if where(request) else None


def once(fault: Fault, where: Callable[[Request], bool] = lambda _: True) -> Faults:
    """The first request that `where` accepts fails, and none after it."""
    left = [fault]
    return lambda request: left.pop() if left and where(request) else None


class S3Server:
    """An S3 endpoint on a free port of 127.0.0.1, empty until something is put there.

    It takes AWS's other services' requests too, as far as moto has them: STS, for one.

    Args:
        tls: the paths of a certificate and its key, to serve https.

    Example:
        with S3Server() as server:
            server.put("logs", "a/b.parquet", content)
            subprocess.run([...], env={**os.environ, **server.environment()})
            assert not [request for request in server.requests if request.method == "PUT"]
    """

    def __init__(self, tls: tuple[str, str] | None = None) -> None:
        self.requests: list[Request] = []
        """The requests since the last reset, in order."""
        self.signers: list[str] = []
        """The credential of each request: access key, date, region, service and `aws4_request`, joined by slashes."""
        self.sent = 0
        """The bytes of response bodies since the last reset."""
        self.faults: Faults | None = None
        """Decides for each request whether and how it fails."""
        self.delay = 0.0
        """Seconds that every request waits, as on the way to a store far away."""
        self._tls = tls
        self._moto: WSGIApplication = DomainDispatcherApplication(create_backend_app)
        self._released = threading.Event()

    def start(self) -> Self:
        """Start to listen, and return the server."""
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self._server = make_server(
            "127.0.0.1", 0, self, threaded=True, request_handler=MotoRequestHandler, ssl_context=self._tls
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
        self._backend.reset()

    def reset_counts(self) -> None:
        """Forget the requests, and nothing else."""
        self.sent = 0
        self.requests.clear()
        self.signers.clear()

    @property
    def url(self) -> str:
        """The address: `http://127.0.0.1:<port>`, or with `https://`."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.port}"

    def environment(self) -> dict[str, str]:
        """Return the AWS variables of a process that must use this server and nothing of the machine's own settings."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Store an object without the proxy: it is not counted and does not fail. The bucket is created if needed."""
        if bucket not in self._backend.buckets:
            self._backend.create_bucket(bucket, "us-east-1")
        self._backend.put_object(bucket, key, content)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object without the proxy."""
        self._backend.delete_object(bucket, key)

    @property
    def _backend(self) -> S3Backend:
        return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Count, fail if a fault says so, or pass on to moto."""
        request = Request(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
        signed = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2]
        self.requests.append(request)
        self.signers.append(signed.partition(",")[0])
        time.sleep(self.delay)
        fault = self.faults(request) if self.faults else None
        return self._counted(self._answer(fault, environ)(environ, start_response))

    def _answer(self, fault: Fault | None, environ: WSGIEnvironment) -> WSGIApplication:
        match fault:
            case None:
                return self._moto
            case Refuse():
                return _refusal(fault)
            case Hang():
                self._released.wait(60)
                return Response(status=500)
            case Truncate():
                return _cut(Response.from_app(self._moto, environ, buffered=True), fault.size)
            case Alter():
                response = Response.from_app(self._moto, environ, buffered=True)
                fault.change(response)
                return response

    def _counted(self, body: Iterable[bytes]) -> Iterator[bytes]:
        for part in body:
            self.sent += len(part)
            yield part


def _refusal(fault: Refuse) -> Response:
    body = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
    return Response(body, status=fault.status, content_type="application/xml")


def _cut(response: Response, size: int) -> Response:
    body = response.get_data()

    def parts() -> Iterator[bytes]:
        yield body[:size]
        raise ConnectionResetError

    answer = Response(parts(), status=response.status, headers=response.headers)
    answer.headers["Content-Length"] = str(len(body))
    return answer
