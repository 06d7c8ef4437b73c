"""The hook's HTTP server: `/retrain` for Alertmanager, `/metrics` for Prometheus, and health."""

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
from exporter.retraining.hook import Decision, DecisionRecord, Hook
from exporter.retraining.notification import InvalidNotification, read

PATH: Final = "/retrain"
"""The path to which Alertmanager posts."""

_MAX_BYTES: Final = 4 * 2**20
"""The maximum size of a notification; thousands of alerts are smaller."""
_STATUS: Final = {Decision.UNAUTHORIZED: 401, Decision.UNREADABLE: 400}

log = logging.getLogger(__name__)

disable_created_metrics()  # type: ignore[no-untyped-call] # the catalogue has no such series


class Counters:
    """The counters of decisions for Prometheus; every decision of every model is exposed from the start."""

    def __init__(self, models: Iterable[str]) -> None:
        """Start all counters at 0."""
        self._registry = CollectorRegistry()
        decisions, last = catalogue.HOOK_METRICS
        self._decisions = Counter(decisions.name, decisions.help, decisions.labels, registry=self._registry)
        self._last = Gauge(last.name, last.help, last.labels, registry=self._registry)
        for model in models:
            for decision in Decision:
                self._decisions.labels(model, decision)

    def count(self, record: DecisionRecord) -> None:
        """Count a decision; one without a model of the specs is counted under an empty name."""
        self._decisions.labels(record.model, record.decision).inc()

    def exposition(self, last_starts: Mapping[str, datetime]) -> bytes:
        """Return the metrics, with the time of each model's last start, if any."""
        for model, at in last_starts.items():
            self._last.labels(model).set(at.timestamp())
        return generate_latest(self._registry)


def secret(path: Path) -> str:
    """Read the token from a file.

    Raises:
        UsageError: when the file cannot be read or is empty.
    """
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{path}: cannot be read: {problem}") from None
    if not token:
        raise UsageError(f"{path}: contains no token: the hook refuses every request without one")
    return token


def application(hook: Hook, counters: Counters, token: Callable[[], str]) -> Starlette:
    """Return the hook's web application.

    Args:
        hook: decides on notifications.
        counters: counts the decisions.
        token: returns the bearer token, read for every request so that it can change; while it raises `UsageError`,
            every request is refused.
    """

    async def retrain(request: Request) -> Response:
        record = await _decide(request, hook, token)
        counters.count(record)
        _log_decision(record)
        status = 503 if record.decision.should_retry else _STATUS.get(record.decision, 200)
        return PlainTextResponse(f"{record.decision}: {record.reason}\n", status_code=status)

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


async def _decide(request: Request, hook: Hook, token: Callable[[], str]) -> DecisionRecord:
    given = request.headers.get("authorization", "")
    try:
        expected = f"Bearer {token()}"
    except UsageError as problem:
        return DecisionRecord(Decision.UNAUTHORIZED, "", str(problem))
    if not hmac.compare_digest(given.encode(), expected.encode()):
        return DecisionRecord(Decision.UNAUTHORIZED, "", "the token is missing or wrong")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BYTES:
            return DecisionRecord(Decision.UNREADABLE, "", f"longer than {_MAX_BYTES} bytes")
    try:
        notification = read(json.loads(bytes(body)))
    except (InvalidNotification, ValueError, RecursionError) as problem:
        return DecisionRecord(Decision.UNREADABLE, "", str(problem))
    return await run_in_threadpool(hook.decide, notification)


def _log_decision(record: DecisionRecord) -> None:
    level = logging.WARNING if record.decision.should_retry or record.decision in _STATUS else logging.INFO
    log.log(level, record.reason, extra={"model": record.model or "none", "decision": record.decision.value})
