"""Command lines of the two programs, as files in `deploy/` have them, read by the programs' own parsers."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import PurePath

from exporter import cli as exporter_cli
from generator import cli as generator_cli


def parsed(command: Sequence[str]) -> Namespace:
    """Return the options of a command line, whose first word is the program or its path; a wrong one is SystemExit."""
    program, *arguments = command
    if PurePath(program).name == "leeway-exporter":
        return exporter_cli._parser().parse_args(arguments)
    assert PurePath(program).name == "leeway"
    return generator_cli._parser(arguments).parse_args(arguments)
