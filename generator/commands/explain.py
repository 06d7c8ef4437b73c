"""`leeway explain`: print how soon each alert is sent, the error budget of each objective, and how soon it is spent."""

from __future__ import annotations

import argparse
import math
import sys
from typing import Final

from rich.console import Console
from rich.markup import escape

from exporter import catalogue
from exporter.spec.loading import load_all
from generator.commands.flags import add_specs
from generator.commands.terminal import EXIT_OK

_ROWS: Final = (100.0, 300.0, 1000.0, 10_000.0)
_WIDTH: Final = 120
DEFAULT_EFFECT: Final = 3.0
"""The design effect that is assumed where none is given."""


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
    scale = "of the target, or of what it lacks to 1; a share by at most"
    text = f"how far a healthy model is on the good side of its target (default: a quarter {scale} 0.02)"
    add("--above", type=_positive, metavar="X", help=text)
    text = f"how far a degraded model is on the bad side of its target (default: a third {scale} 0.03)"
    add("--below", type=_positive, metavar="X", help=text)
    text = (
        "how many times the variance of a day's value is that of independent labels, as"
        f" {catalogue.LABEL_DESIGN_EFFECT.name} shows"
        f" (default: {DEFAULT_EFFECT:g})"
    )
    add("--design-effect", type=_effect, default=DEFAULT_EFFECT, metavar="X", help=text)


def _effect(text: str) -> float:
    value = _positive(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1, which is the effect of independent labels")
    return value


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def run(options: argparse.Namespace) -> int:
    """Explain the alerts and objectives of every spec.

    Raises:
        SpecError: when a spec is wrong; for an objective that one bad slice breaks, the message names what would hold.
    """
    from generator.commands.delays import delays  # noqa: PLC0415 - it evaluates jsonnet
    from generator.commands.expectation import Assumptions  # noqa: PLC0415 - it imports scipy
    from generator.commands.explanation import explanation  # noqa: PLC0415 - it imports scipy

    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    rows, effect = tuple(options.rows) or _ROWS, options.design_effect
    assumptions = Assumptions(rows, options.width, options.above, options.below, effect)
    for loaded in load_all(options.specs):
        console.print(delays(loaded.spec))
        if not loaded.spec.spec.slos:
            console.print(f"{escape(loaded.spec.name)}: no objectives: add spec.slos")
        for slo in loaded.spec.spec.slos:
            console.print(explanation(loaded.spec, slo, assumptions))
    return EXIT_OK
