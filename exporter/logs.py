"""Log lines in logfmt or JSON, and progress: a bar on a terminal, log lines elsewhere."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

Progress = Callable[[str, int, int], None]
"""Called after each step of a long task: its name, how many steps are done, and of how many."""

model: Final = ContextVar[str]("model")
"""The model that the present thread works for: it is a field of each of its log lines."""

_EXTRA: Final = ("model", "stage", "decision")
_EVERY_SECONDS: Final = 10.0
_QUIET: Final = ("uvicorn", "uvicorn.error", "botocore", "boto3", "urllib3", "s3transfer", "asyncio", "azure", "google")

log = logging.getLogger(__name__)


def set_up(level: str, style: str) -> None:
    """Write log lines of `level` and above to standard error, as `logfmt` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if style == "json" else _Logfmt())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _fields(record: logging.LogRecord) -> dict[str, str]:
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields = {"ts": when, "level": record.levelname.lower(), "msg": record.getMessage()}
    extra = {name: str(getattr(record, name)) for name in _EXTRA if hasattr(record, name)}
    if (own := model.get("")) and "model" not in extra:
        extra = {"model": own, **extra}
    fields |= extra
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
def progress() -> Iterator[Progress]:
    """Yield a progress callback for the block: bars on a terminal, otherwise a log line every ten seconds."""
    from rich import progress as bars  # noqa: PLC0415 - slow to import, and `--help` does not need it
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True)
    if not console.is_terminal:
        yield log_progress()
        return
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console, transient=True) as display:
        tasks: dict[str, bars.TaskID] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = display.add_task(name, total=total)
            display.update(tasks[name], completed=done, total=total)

        yield show


def log_progress() -> Progress:
    """Return a progress callback that logs a line every ten seconds, for each task that takes longer."""
    last_logged: dict[str, float] = {}

    def log_line(name: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done <= 1 or name not in last_logged:
            last_logged[name] = now
        if now - last_logged[name] >= _EVERY_SECONDS:
            last_logged[name] = now
            log.info("%s: %d of %d", name, done, total)

    return log_line
