"""Log lines as `logfmt` or JSON, and progress: a bar on a terminal, log lines elsewhere."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

Told = Callable[[str, int, int], None]
"""Told after each step of something long: what it is, how many steps are done, of how many."""

_EXTRA: Final = ("model", "stage", "decision")
_EVERY_SECONDS: Final = 10.0
_QUIET: Final = ("uvicorn", "uvicorn.error", "botocore", "boto3", "urllib3", "s3transfer", "asyncio")

log = logging.getLogger(__name__)


def set_up(level: str, style: str) -> None:
    """Send log lines to standard error, `logfmt` or `json`, from `level` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if style == "json" else _Logfmt())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _fields(record: logging.LogRecord) -> dict[str, str]:
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields = {"ts": when, "level": record.levelname.lower(), "msg": record.getMessage()}
    fields |= {name: str(getattr(record, name)) for name in _EXTRA if hasattr(record, name)}
    if record.exc_info:
        fields["trace"] = logging.Formatter().formatException(record.exc_info)
    return fields


class _Logfmt(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{name}={_quoted(value)}" for name, value in _fields(record).items())


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_fields(record), ensure_ascii=False)


def _quoted(value: str) -> str:
    plain = value.isprintable() and not set(value) & set(' "=') and value
    return value if plain else json.dumps(value, ensure_ascii=False)


@contextmanager
def progress() -> Iterator[Told]:
    """What to tell of something long while the block lasts: bars on a terminal, otherwise a line every ten seconds."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield log_progress()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield told


def log_progress() -> Told:
    """A line for each thing that takes longer than ten seconds, every ten seconds."""
    since: dict[str, float] = {}

    def told(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done <= 1 or what not in since:
            since[what] = now
        if now - since[what] >= _EVERY_SECONDS:
            since[what] = now
            log.info("%s: %d of %d", what, done, total)

    return told
