"""`leeway explain`: its flags, and what they ask of each objective."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.markup import escape

from exporter.spec.loading import load_all

_ROWS: Final = (100.0, 300.0, 1000.0, 10_000.0)
_ABOVE: Final = 0.02
_BELOW: Final = 0.03


def add_flags(add: Callable[..., object]) -> None:
    """Add the flags with a parser's `add_argument`."""
    told = "labelled predictions in a week, of auroc and recall the positives; may be given again (100 to 10000)"
    add("--rows", action="append", type=_positive, default=[], metavar="N", help=told)
    add("--width", type=_positive, metavar="X", help="the width of the interval at 95 %%, as the gauges tell it")
    better = f"how much better than its target the model truly is ({_ABOVE})"
    add("--above", type=_positive, default=_ABOVE, metavar="X", help=better)
    worse = f"how much worse than its target a model is that has fallen ({_BELOW})"
    add("--below", type=_positive, default=_BELOW, metavar="X", help=worse)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def run(options: argparse.Namespace, console: Console) -> None:
    """Explain the objectives of every spec.

    Raises:
        SpecError: when a spec is wrong; an objective that one bad slice breaks is told with what would hold.
    """
    from generator.commands.explanation import Assumptions, explanation  # noqa: PLC0415 - it brings scipy with it

    question = Assumptions(tuple(options.rows) or _ROWS, options.width, options.above, options.below)
    for loaded in load_all(options.specs):
        if not loaded.spec.spec.slos:
            console.print(f"{escape(loaded.spec.name)}: no objectives: add spec.slos")
        for slo in loaded.spec.spec.slos:
            console.print(explanation(loaded.spec, slo, question))
