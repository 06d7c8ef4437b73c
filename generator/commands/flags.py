"""Flags that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_specs(parser: argparse.ArgumentParser) -> None:
    """Add the positional arguments that name specs."""
    text = "spec files, or folders of them (default: models)"
    parser.add_argument("specs", nargs="*", type=Path, metavar="SPEC", default=[Path("models")], help=text)
