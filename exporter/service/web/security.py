"""Who may read what the exporter serves: TLS, users and headers, taken anew when their files change."""

from __future__ import annotations

import binascii
import hashlib
import logging
import ssl
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import anyio
import bcrypt
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.errors import LeewayError
from exporter.service.web.config import WebConfig, load

log = logging.getLogger(__name__)

_WAITING: Final = 16
"""Passwords that wait to be checked; each takes a processor for a tenth of a second, one at a time."""


_Stamp = tuple[Path, object]
"""A file, and what changes with it."""


class Security:
    """The content of the web configuration. Only the thread of the event loop uses it after it was made."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file, if there is any.

        Raises:
            SpecError: with all mistakes in it.
            UsageError: a certificate or key cannot be used.
        """
        self._path = path
        self._seen: tuple[_Stamp, ...] = ()
        """The files that were read at last, also in vain, as they were before."""
        self._config, self._context = self._read()

    @property
    def config(self) -> WebConfig:
        """The newest content of the file that can be used."""
        self._update()
        return self._config

    @property
    def server_context(self) -> ssl.SSLContext | None:
        """The context of a server, each of whose connections has the newest certificates; None without TLS."""
        return _NewestContext(self) if self._context is not None else None

    def context(self) -> ssl.SSLContext:
        """Return the newest context; there is TLS."""
        self._update()
        if self._context is None:
            raise AssertionError("TLS was configured at the start")
        return self._context

    def _read(self) -> tuple[WebConfig, ssl.SSLContext | None]:
        if self._path is None:
            return WebConfig(), None
        self._seen = (_stamp(self._path),)
        config = load(self._path)
        tls = config.tls_server_config
        if tls is not None:
            self._seen += tuple(map(_stamp, tls.files(self._path.parent)))
        return config, tls.context(self._path.parent) if tls else None

    def _update(self) -> None:
        if all(_stamp(path) == (path, state) for path, state in self._seen):
            return
        try:
            config, context = self._read()
        except LeewayError as problem:
            log.error("%s is not taken over, the old content stays in use: %s", self._path, problem)  # noqa: TRY400
            return
        if (context is None) is not (self._context is None):
            log.error("%s is not taken over: TLS is turned on or off at a start only", self._path)
            return
        self._config, self._context = config, context
        log.info("%s has been loaded again", self._path)


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError as error:
        return path, error.errno
    return path, (found.st_mtime_ns, found.st_size, found.st_ino)


class _NewestContext(ssl.SSLContext):
    """A context that takes the newest one for each connection."""

    _security: Security

    def __new__(cls, security: Security) -> Self:
        self = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        self._security = security
        return self

    def __init__(self, security: Security) -> None:
        """See `__new__`."""

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """See `ssl.SSLContext`; asyncio calls it for each connection."""
        return self._security.context().wrap_bio(*arguments, **named)


class Secured:
    """An application behind passwords, whose responses have the headers of the configuration."""

    def __init__(self, application: ASGIApp, security: Security) -> None:
        self._application = application
        self._security = security
        self._admitted: set[bytes] = set()
        self._one_at_a_time = anyio.CapacityLimiter(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        config = self._security.config
        lines = config.http_server_config.headers.lines()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(lines)
            await send(message)

        users = config.basic_auth_users
        refusal = await self._refusal(Headers(scope=scope).get("authorization", ""), users) if users else None
        await (refusal or self._application)(scope, receive, send_with_headers)

    async def _refusal(self, authorization: str, users: Mapping[str, str]) -> PlainTextResponse | None:
        credentials = _credentials(authorization)
        if credentials is not None:
            user, password = credentials
            hashed = users.get(user)
            key = hashlib.sha256(f"{user}\0{hashed}\0".encode() + password).digest()
            if key in self._admitted:
                return None
            if self._one_at_a_time.statistics().tasks_waiting >= _WAITING:
                return PlainTextResponse("Too many passwords are being checked.\n", 503, {"Retry-After": "5"})
            check = hashed or next(iter(users.values()))  # an unknown user takes as long as a known one
            equal = await anyio.to_thread.run_sync(_matches, password, check, limiter=self._one_at_a_time)
            if equal and hashed:
                self._admitted.add(key)
                return None
        return PlainTextResponse("Unauthorized\n", 401, {"WWW-Authenticate": 'Basic realm="Leeway"'})


def _credentials(authorization: str) -> tuple[str, bytes] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = b64decode(encoded, validate=True).partition(b":")
        return user.decode(), password
    except (binascii.Error, UnicodeDecodeError):
        return None


def _matches(password: bytes, hashed: str) -> bool:
    try:
        return bcrypt.checkpw(password, hashed.encode())
    except ValueError:  # longer than bcrypt takes
        return False
