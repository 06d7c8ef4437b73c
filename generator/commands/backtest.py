"""`leeway backtest`: its flags, and what they ask of the replay."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from exporter import logs
from exporter.errors import UsageError
from exporter.spec.loading import load_all
from exporter.spec.value_types import parse_duration
from generator.alert_timings import alert_timings


def add_flags(add: Callable[..., object]) -> None:
    """Add the flags with a parser's `add_argument`."""
    add("--from", dest="first", type=_day, metavar="DAY", help="the first day to replay, in the model's zone (4 weeks)")
    add("--to", dest="last", type=_day, metavar="DAY", help="the last day to replay (yesterday)")
    add(
        "--inject",
        action="append",
        default=[],
        metavar="KIND[:COLUMN][@TIME]",
        help="a fault to put into the log: all, nulls, unit (x 100), rename (a category), shift (0.3 sd) or freeze; of"
        " every column unless one is named, from the middle of the stretch unless a time is; may be given again",
    )
    add("--within", type=_duration, default="3h", metavar="DURATION", help="how soon a fault must be seen (3h)")
    add("--keep", action="store_true", help="judge the spec as it stands: solve no false-positive rate, write none")
    add("--storage.path", dest="storage", type=Path, metavar="DIR", help="keep profiles there for the next backtest")
    add("--report", type=Path, metavar="DIR", help="write <model>.json and <model>.html there")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a day such as 2026-11-20") from None


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def run(options: argparse.Namespace) -> bool:
    """Backtest every spec; whether all of them keep their budgets and see every fault in time.

    Raises:
        SpecError: when a spec is wrong.
        LeewayError: when a log cannot be replayed as asked.
    """
    from exporter.backtest import backtest  # noqa: PLC0415 - it brings the whole exporter with it
    from exporter.backtest.injection import InjectionRequest  # noqa: PLC0415 - likewise

    try:
        inject = [InjectionRequest.parse(text) for text in options.inject]
    except ValueError as problem:
        raise UsageError(f"--inject: {problem}") from None
    question = backtest.BacktestOptions(options.first, options.last, inject, options.within, options.keep)
    ok = True
    with ExitStack() as stack:
        storage = options.storage or Path(stack.enter_context(TemporaryDirectory(prefix="leeway-")))
        told = stack.enter_context(logs.progress())
        for loaded in load_all(options.specs):
            ok &= backtest.run(
                loaded,
                question,
                now=datetime.now(UTC),
                alert_timings=alert_timings(loaded.spec),
                storage=storage,
                report=options.report,
                console=Console(highlight=False),
                progress=told,
            )
    return ok
