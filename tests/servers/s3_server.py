"""An S3 over HTTP for tests: moto's server behind a proxy that counts requests, and can fail as real stores do."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import S3Backend, s3_backends
from werkzeug.wrappers import Response

from store_server import Alter, Drip, Fault, Faults, Hang, Refuse, Request, StoreServer, Truncate, always, once

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Alter", "Drip", "Fault", "Faults", "Hang", "Refuse", "Request", "S3Server", "Truncate", "always", "once"]


class S3Server(StoreServer):
    """An S3 endpoint on a free port of 127.0.0.1, empty until something is put there.

    It takes AWS's other services' requests too, as far as moto has them: STS, for one.

    Example:
        with S3Server() as server:
            server.put("logs", "a/b.parquet", content)
            subprocess.run([...], env={**os.environ, **server.environment()})
            assert not [request for request in server.requests if request.method == "PUT"]
    """

    handler = MotoRequestHandler

    def __init__(self, tls: tuple[str, str] | None = None) -> None:
        super().__init__(tls)
        self.signers: list[str] = []
        """The credential of each request: access key, date, region, service and `aws4_request`, joined by slashes."""
        self._moto: WSGIApplication = DomainDispatcherApplication(create_backend_app)

    @property
    def store(self) -> WSGIApplication:
        """See `StoreServer`."""
        return self._moto

    def refusal(self, fault: Refuse) -> Response:
        """See `StoreServer`."""
        body = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
        return Response(body, status=fault.status, content_type="application/xml")

    def wipe(self) -> None:
        """See `StoreServer`."""
        self._backend.reset()

    def reset_counts(self) -> None:
        """See `StoreServer`."""
        super().reset_counts()
        self.signers.clear()

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
        """See `StoreServer`."""
        signed = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2]
        self.signers.append(signed.partition(",")[0])
        return super().__call__(environ, start_response)
