"""`leeway schema`: print the JSON Schema of a spec."""

from __future__ import annotations

import argparse
import json

from exporter.spec.schema import json_schema
from generator.commands.terminal import EXIT_OK, say


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add no flags: the command has none."""


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    say(json.dumps(json_schema(), indent=2))
    return EXIT_OK
