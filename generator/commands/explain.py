"""`leeway explain`: print the error budget of each objective, and how soon its alerts fire."""

from __future__ import annotations

import argparse
import math
import sys
from typing import Final

from rich.console import Console
from rich.markup import escape

from exporter.spec.loading import load_all
from generator.commands.flags import add_specs
from generator.commands.terminal import EXIT_OK

SUMMARY: Final = "print the error budget of each objective, and how soon its alerts fire"

_ROWS: Final = (100.0, 300.0, 1000.0, 10_000.0)
_ABOVE: Final = 0.02
_BELOW: Final = 0.03
_WIDTH: Final = 120


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add_specs(parser)
    add = parser.add_argument
    text = (
        "labelled predictions in a week, for auroc and recall the positive ones; repeatable"
        " (default: 100, 300, 1000 and 10000)"
    )
    add("--rows", action="append", type=_positive, default=[], metavar="N", help=text)
    text = "the width of the 95 %% confidence interval, read off the gauges; used instead of --rows"
    add("--width", type=_positive, metavar="X", help=text)
    text = f"how far a healthy model is on the good side of its target (default: {_ABOVE})"
    add("--above", type=_positive, default=_ABOVE, metavar="X", help=text)
    text = f"how far a degraded model is on the bad side of its target (default: {_BELOW})"
    add("--below", type=_positive, default=_BELOW, metavar="X", help=text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def run(options: argparse.Namespace) -> int:
    """Explain the objectives of every spec.

    Raises:
        SpecError: when a spec is wrong; for an objective that one bad slice breaks, the message names what would hold.
    """
    from generator.commands.explanation import Assumptions, explanation  # noqa: PLC0415 - it imports scipy

    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    assumptions = Assumptions(tuple(options.rows) or _ROWS, options.width, options.above, options.below)
    for loaded in load_all(options.specs):
        if not loaded.spec.spec.slos:
            console.print(f"{escape(loaded.spec.name)}: no objectives: add spec.slos")
        for slo in loaded.spec.spec.slos:
            console.print(explanation(loaded.spec, slo, assumptions))
    return EXIT_OK
