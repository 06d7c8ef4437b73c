"""A Prometheus, or what speaks its HTTP API: the values of an expression at instants of the past.

The expression is the user's own and is sent as a form's field, whole: nothing is put into it, and it into nothing.
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
from exporter.sources.parquet import one_line

Values = npt.NDArray[np.float64]

MAX_INSTANTS: Final = 10_000
"""Instants of one question; Prometheus answers for 11,000 at most."""

_LARGEST: Final = 16 * 2**20
_PIECE: Final = 2**18
_BUSY: Final = (429, 500, 502, 503, 504)
_REFUSED: Final = (400, 422)
_UNKNOWN_CALLER: Final = (401, 403)


class Limits(NamedTuple):
    """How patient questions are: seconds to reach it, of silence, of a whole answer; how often one is tried."""

    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    answer_timeout: float = 60.0
    attempts: int = 3
    pause: float = 0.5


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Where questions go. Nothing is asked before the first call; proxies come from the ordinary environment.

    `credentials_file` holds a bearer token and is read for each question, so a token may be renewed.
    """

    url: str
    credentials_file: Path | None = None
    limits: Limits = DEFAULT_LIMITS

    def values(self, expression: str, first: datetime, step: timedelta, instants: int) -> Values:
        """The values at `first` and every `step` from there on.

        Args:
            expression: PromQL with one series, or a scalar.
            first: an aware instant.
            step: a positive time.
            instants: how many, `MAX_INSTANTS` at most.

        Returns:
            NaN where there is no sample, or one that is not finite; shape (instants,).

        Raises:
            SourceUnavailable: when it does not answer, or is too busy to: worth another try.
            SourceError: when it refuses the expression, or that has several series.
        """
        seconds, start = step.total_seconds(), first.timestamp()
        answer = self._ask(
            {
                "query": expression,
                "start": repr(start),
                "end": repr(start + (instants - 1) * seconds),
                "step": repr(seconds),
                "timeout": f"{math.ceil(self.limits.read_timeout)}s",
            }
        )
        values = np.full(instants, np.nan)
        for at, value in self._series(answer):
            place = round((at - start) / seconds)
            if math.isfinite(value) and 0 <= place < instants:
                values[place] = value
        return values

    def _series(self, answer: Any) -> list[tuple[float, float]]:
        try:
            series: list[Any] = answer["data"]["result"]
            if len(series) > 1:
                raise SourceError(f"the expression has {len(series)} series: aggregate it to one, as with sum(…)")
            return [(float(at), float(text)) for one in series for at, text in one["values"]]
        except (LookupError, TypeError, ValueError):
            raise SourceUnavailable(f"{self.url}: the answer is not that of Prometheus' HTTP API") from None

    def _ask(self, fields: dict[str, str]) -> Any:
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
        return self._judged(response.status, body)

    def _body(self, response: urllib3.BaseHTTPResponse) -> bytes:
        body, end = b"", time.monotonic() + self.limits.answer_timeout
        while len(body) <= _LARGEST and (piece := response.read1(_PIECE)):
            body += piece
            if time.monotonic() > end:
                raise SourceUnavailable(f"{self.url}: its answer takes longer than {self.limits.answer_timeout:g} s")
        return body

    def _judged(self, status: int, body: bytes) -> Any:
        """What an answer holds.

        Raises:
            SourceError: when it is none.
        """
        if len(body) > _LARGEST:
            raise SourceError("the answer is larger than 16 MiB: aggregate the expression to one series")
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        said = one_line(answer.get("error", "")) if isinstance(answer, dict) else ""
        if status in _REFUSED and said:
            raise SourceError(f"Prometheus refuses the expression: {said}")
        if status in _UNKNOWN_CALLER:
            raise SourceUnavailable(f"{self.url}: answers {status}: check prometheus.credentials_file")
        if status != 200:
            raise SourceUnavailable(f"{self.url}: answers {status}{said and f': {said}'}")
        return answer

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
            redirect=False,  # a question is answered where it was asked: a token goes nowhere else
            status_forcelist=_BUSY,
            allowed_methods=None,
            backoff_factor=limits.pause,
            raise_on_status=False,
            respect_retry_after_header=False,  # it may ask for hours
        )
        timeout = urllib3.Timeout(connect=limits.connect_timeout, read=limits.read_timeout)
        through = getproxies().get(parts.scheme)
        if through and not proxy_bypass(parts.netloc):
            return urllib3.ProxyManager(through, retries=retries, timeout=timeout)
        return urllib3.PoolManager(retries=retries, timeout=timeout)
