"""`leeway validate`: check specs, and note what they leave unset."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from exporter.spec.loading import load_all
from generator.commands.flags import add_specs
from generator.commands.terminal import EXIT_OK, say
from generator.notes import notes

SUMMARY: Final = "check specs, and note what they leave unset"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add_specs(parser)


def run(options: argparse.Namespace) -> int:
    """Print each spec with its notes; a spec that is wrong is a `SpecError`."""
    return validate(options.specs)


def validate(paths: list[Path]) -> int:
    """Check the specs at some paths.

    Raises:
        SpecError: with every mistake of every spec.
    """
    for loaded in load_all(paths):
        say(f"{loaded.path}: ok")
        for note in notes(loaded.spec):
            say(f"{loaded.path}: note: {note}")
    return EXIT_OK
