"""What commands print: results on standard output, problems on standard error; and the exit codes."""

from __future__ import annotations

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
