"""`leeway backtest`: replay past logs, and report false alarms and how soon injected faults are detected."""

from __future__ import annotations

import argparse
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
from generator.commands.flags import add_specs
from generator.commands.terminal import EXIT_OK, EXIT_PROBLEM


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add_specs(parser)
    add = parser.add_argument
    text = "the first day to replay, in the model's time zone (default: 4 weeks ago)"
    add("--from", dest="first", type=_day, metavar="DAY", help=text)
    add("--to", dest="last", type=_day, metavar="DAY", help="the last day to replay (default: yesterday)")
    text = (
        "a fault to inject into the log: nulls, unit (x 100), rename (a category), shift (0.3 standard deviations),"
        " freeze; into the labels: flip, stop, late, positives, concept (other outcomes); or all; into every column"
        " unless COLUMN is given, from the middle of the period unless TIME is given; repeatable"
    )
    add("--inject", action="append", default=[], metavar="KIND[:COLUMN][@TIME]", help=text)
    text = "how soon a fault must be detected (default: 3h)"
    add("--within", type=_duration, default="3h", metavar="DURATION", help=text)
    text = "evaluate the spec as it is: do not solve the false-positive rate, and do not write it"
    add("--keep", action="store_true", help=text)
    text = "a folder in which profiles are kept for the next backtest (default: none)"
    add("--storage.path", dest="storage", type=Path, metavar="DIR", help=text)
    add("--report", type=Path, metavar="DIR", help="write MODEL.json and MODEL.html to this folder")


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


def run(options: argparse.Namespace) -> int:
    """Backtest every spec.

    Returns:
        1 unless all of them keep their false-alarm budgets and detect every fault in time.

    Raises:
        SpecError: when a spec is wrong.
        LeewayError: when a log cannot be replayed.
    """
    from exporter.backtest import backtest  # noqa: PLC0415 - it imports the whole exporter
    from exporter.backtest.injection import InjectionRequest  # noqa: PLC0415 - likewise

    try:
        inject = [InjectionRequest.parse(text) for text in options.inject]
    except ValueError as problem:
        raise UsageError(f"--inject: {problem}") from None
    question = backtest.BacktestOptions(options.first, options.last, inject, options.within, options.keep)
    ok = True
    with ExitStack() as stack:
        storage = options.storage or Path(stack.enter_context(TemporaryDirectory(prefix="leeway-")))
        progress = stack.enter_context(logs.progress())
        for loaded in load_all(options.specs):
            ok &= backtest.run(
                loaded,
                question,
                now=datetime.now(UTC),
                alert_timings=alert_timings(loaded.spec),
                storage=storage,
                report=options.report,
                console=Console(highlight=False),
                progress=progress,
            )
    return EXIT_OK if ok else EXIT_PROBLEM
