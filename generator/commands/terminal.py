"""What commands print: results on standard output, problems on standard error; and the exit codes."""

from __future__ import annotations

import math
import os
import sys

EXIT_OK, EXIT_PROBLEM, EXIT_USAGE, EXIT_WARNING = 0, 1, 2, 3


def show(text: str) -> None:
    """Write text to standard output; when its reader has closed it, as `head` does, drop this and all later output."""
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        _discard_output()


def say(text: str) -> None:
    """Write a line to standard output."""
    show(f"{text}\n")


def readable(number: float, digits: int = 3) -> str:
    """Return a number as a person writes it: rounded to so many significant digits, or whole; never with an exponent.

    5310.4 is 5,310, and 0.000012 is itself.
    """
    if not number or not math.isfinite(number):
        return f"{number:g}"
    decimals = max(digits - 1 - math.floor(math.log10(abs(number))), 0)
    text = f"{number:,.{decimals}f}"
    return text.rstrip("0").removesuffix(".") if decimals else text


def complain(text: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(f"{text}\n")


def flush_output() -> None:
    """Flush standard output, so that a closed pipe is noticed here and not by the interpreter at exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()


def _discard_output() -> None:
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
