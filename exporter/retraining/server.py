"""The hook's HTTP side: `/retrain` for Alertmanager, `/metrics` for Prometheus, health."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter import catalogue
from exporter.errors import UsageError
from exporter.retraining.hook import Decided, Decision, Hook
from exporter.retraining.notification import NotANotification, read

PATH: Final = "/retrain"
"""Where Alertmanager posts."""

_LONGEST: Final = 4 * 2**20
"""Bytes of a notification; thousands of alerts are less."""
_STATUS: Final = {Decision.UNAUTHORIZED: 401, Decision.UNREADABLE: 400}

log = logging.getLogger(__name__)

disable_created_metrics()  # type: ignore[no-untyped-call] # the catalogue knows no such series


class Counters:
    """What has been decided, as Prometheus reads it; every decision of every model is there from the start."""

    def __init__(self, models: Iterable[str]) -> None:
        """Begin at 0."""
        self._registry = CollectorRegistry()
        decisions, last = catalogue.HOOK_METRICS
        self._decisions = Counter(decisions.name, decisions.help, decisions.labels, registry=self._registry)
        self._last = Gauge(last.name, last.help, last.labels, registry=self._registry)
        for model in models:
            for decision in Decision:
                self._decisions.labels(model, decision)

    def count(self, decided: Decided) -> None:
        """Count one; what is about no model of the specs is counted under an empty name."""
        self._decisions.labels(decided.model, decided.decision).inc()

    def exposition(self, last_starts: Mapping[str, datetime]) -> bytes:
        """All of it, with the time of each model's last start, where there was one."""
        for model, at in last_starts.items():
            self._last.labels(model).set(at.timestamp())
        return generate_latest(self._registry)


def secret(path: Path) -> str:
    """The token in a file.

    Raises:
        UsageError: when the file cannot be read, or holds none.
    """
    try:
        token = path.read_text().strip()
    except OSError as problem:
        raise UsageError(f"{path}: cannot be read: {problem.strerror}") from None
    if not token:
        raise UsageError(f"{path}: holds no token, and the hook answers nobody without one")
    return token


def application(hook: Hook, counters: Counters, token: Callable[[], str]) -> Starlette:
    """The hook's web application.

    Args:
        hook: decides.
        counters: counts.
        token: what a request must bear, read anew for each so that it can be changed; while it raises `UsageError`,
            nobody is let in.
    """

    async def retrain(request: Request) -> Response:
        decided = await _received(request, hook, token)
        counters.count(decided)
        _tell(decided)
        status = 503 if decided.decision.again else _STATUS.get(decided.decision, 200)
        return PlainTextResponse(f"{decided.decision}: {decided.reason}\n", status_code=status)

    async def metrics(_: Request) -> Response:
        return Response(counters.exposition(hook.last_starts()), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("Leeway's retraining hook is healthy.\n")

    return Starlette(
        routes=[
            Route(PATH, retrain, methods=["POST"]),
            Route("/metrics", metrics),
            Route("/-/healthy", healthy),
            Route("/-/ready", healthy),
        ]
    )


async def _received(request: Request, hook: Hook, token: Callable[[], str]) -> Decided:
    given = request.headers.get("authorization", "")
    try:
        expected = f"Bearer {token()}"
    except UsageError as problem:
        return Decided(Decision.UNAUTHORIZED, "", str(problem))
    if not hmac.compare_digest(given.encode(), expected.encode()):
        return Decided(Decision.UNAUTHORIZED, "", "the token is missing or another")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            return Decided(Decision.UNREADABLE, "", f"longer than {_LONGEST} bytes")
    try:
        notification = read(json.loads(bytes(body)))
    except (NotANotification, ValueError) as problem:
        return Decided(Decision.UNREADABLE, "", str(problem))
    return await run_in_threadpool(hook.decide, notification)


def _tell(decided: Decided) -> None:
    level = logging.WARNING if decided.decision.again or decided.decision in _STATUS else logging.INFO
    log.log(level, decided.reason, extra={"model": decided.model or "none", "decision": decided.decision.value})
