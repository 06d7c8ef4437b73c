"""`leeway demo`: run Leeway on a simulated model."""

from __future__ import annotations

import argparse
from pathlib import Path

from generator.documents import render


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    text = "the folder to work in (default: demo)"
    parser.add_argument("--folder", type=Path, default=Path("demo"), metavar="DIR", help=text)


def run(options: argparse.Namespace) -> int:
    """Run the demo and return its exit code."""
    from exporter.demo import demo  # noqa: PLC0415 - it imports the whole exporter

    return demo.run(options.folder, render=render)
