"""A Prometheus, or a server with its HTTP API: the values of an expression at past instants.

The user's expression is sent unchanged as a form field: nothing is inserted into it, and it is inserted into nothing.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import numpy as np
import numpy.typing as npt
import urllib3

from exporter.errors import SourceError, SourceUnavailable
from exporter.sources.formats.content import one_line

Values = npt.NDArray[np.float64]

MAX_INSTANTS: Final = 10_000
"""Instants of one query; Prometheus allows 11,000 at most."""

_MAX_BYTES: Final = 16 * 2**20
_CHUNK_BYTES: Final = 2**18
_BUSY: Final = (429, 500, 502, 503, 504)
_REFUSED: Final = (400, 422)
_UNAUTHORIZED: Final = (401, 403)


class Limits(NamedTuple):
    """Timeouts and attempts of a query."""

    connect_timeout: float = 5.0
    """Seconds to connect to the server."""
    read_timeout: float = 30.0
    """Seconds without data after which a request fails."""
    response_timeout: float = 60.0
    """Seconds for the whole response."""
    attempts: int = 3
    """Attempts of a request, with growing pauses, before it fails."""
    pause: float = 0.5
    """The factor of these pauses, in seconds."""


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus server. No request is sent before the first call; proxies come from the usual environment variables.

    `credentials_file` holds a bearer token and is read for each query, so a token may be renewed.
    """

    url: str
    credentials_file: Path | None = None
    limits: Limits = DEFAULT_LIMITS

    def values(self, expression: str, first: datetime, step: timedelta, instants: int) -> Values:
        """Return the values at `first` and at every `step` after it.

        Args:
            expression: PromQL with one series, or a scalar.
            first: an aware instant.
            step: a positive time.
            instants: the number of values, `MAX_INSTANTS` at most.

        Returns:
            NaN where there is no sample, or one that is not finite; shape (instants,).

        Raises:
            SourceUnavailable: when the server does not respond or is overloaded: a retry may help.
            SourceError: when it rejects the expression, or the expression has several series.
        """
        seconds, start = step.total_seconds(), first.timestamp()
        response = self._query(
            {
                "query": expression,
                "start": repr(start),
                "end": repr(start + (instants - 1) * seconds),
                "step": repr(seconds),
                "timeout": f"{math.ceil(self.limits.read_timeout)}s",
            }
        )
        values = np.full(instants, np.nan)
        for at, value in self._series(response):
            place = round((at - start) / seconds)
            if math.isfinite(value) and 0 <= place < instants:
                values[place] = value
        return values

    def _series(self, response: Any) -> list[tuple[float, float]]:
        try:
            series: list[Any] = response["data"]["result"]
            if len(series) > 1:
                raise SourceError(f"the expression has {len(series)} series: aggregate it to one, as with sum(…)")
            return [(float(at), float(text)) for each in series for at, text in each["values"]]
        except (LookupError, TypeError, ValueError):
            raise SourceUnavailable(f"{self.url}: the response is not that of Prometheus' HTTP API") from None

    def _query(self, fields: dict[str, str]) -> Any:
        try:
            response = self._pool().request(
                "POST",
                f"{self.url}/api/v1/query_range",
                fields=fields,
                encode_multipart=False,
                headers=self._headers(),
                preload_content=False,
            )
            body = self._body(response)
            response.release_conn()
        except urllib3.exceptions.HTTPError as problem:
            why = one_line(getattr(problem, "reason", None) or problem)
            raise SourceUnavailable(f"{self.url}: does not answer: {why}") from None
        return self._content(response.status, body)

    def _body(self, response: urllib3.BaseHTTPResponse) -> bytes:
        body, end = b"", time.monotonic() + self.limits.response_timeout
        while len(body) <= _MAX_BYTES and (chunk := response.read1(_CHUNK_BYTES)):
            body += chunk
            if time.monotonic() > end:
                raise SourceUnavailable(
                    f"{self.url}: its response takes longer than {self.limits.response_timeout:g} s"
                )
        return body

    def _content(self, status: int, body: bytes) -> Any:
        """Return the content of a response.

        Raises:
            SourceError: when it is an error.
        """
        if len(body) > _MAX_BYTES:
            raise SourceError("the response is larger than 16 MiB: aggregate the expression to one series")
        try:
            content = json.loads(body)
        except ValueError:
            content = None
        message = one_line(content.get("error", "")) if isinstance(content, dict) else ""
        if status in _REFUSED and message:
            raise SourceError(f"Prometheus rejects the expression: {message}")
        if status in _UNAUTHORIZED:
            raise SourceUnavailable(f"{self.url}: responds with {status}: check prometheus.credentials_file")
        if status != 200:
            raise SourceUnavailable(f"{self.url}: responds with {status}{message and f': {message}'}")
        return content

    def _headers(self) -> dict[str, str]:
        if self.credentials_file is None:
            return {}
        try:
            token = self.credentials_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            raise SourceUnavailable(f"{self.credentials_file}: cannot be read: {one_line(problem)}") from None
        return {"Authorization": f"Bearer {token}"}

    def _pool(self) -> urllib3.PoolManager:
        limits, parts = self.limits, urlsplit(self.url)
        retries = urllib3.Retry(
            total=limits.attempts - 1,
            redirect=False,  # the token is sent to no other server
            status_forcelist=_BUSY,
            allowed_methods=None,
            backoff_factor=limits.pause,
            raise_on_status=False,
            respect_retry_after_header=False,  # the header may say hours
        )
        timeout = urllib3.Timeout(connect=limits.connect_timeout, read=limits.read_timeout)
        through = getproxies().get(parts.scheme)
        if through and not proxy_bypass(parts.netloc):
            return urllib3.ProxyManager(through, retries=retries, timeout=timeout)
        return urllib3.PoolManager(retries=retries, timeout=timeout)
