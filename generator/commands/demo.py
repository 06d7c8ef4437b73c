"""`leeway demo`: run Leeway on a simulated model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from exporter.spec.instant import instant
from exporter.spec.loading import LoadedSpec
from generator.documents import render
from generator.layout import Documents
from generator.options import Exporter, Options


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    text = "the folder to work in (default: demo)"
    parser.add_argument("--folder", type=Path, default=Path("demo"), metavar="DIR", help=text)
    text = "the time of the demo, such as 2026-11-21T17:05:00Z (default: the same for everybody)"
    parser.add_argument("--now", type=instant, metavar="TIME", help=text)


def run(options: argparse.Namespace) -> int:
    """Run the demo and return its exit code."""
    from exporter.demo import demo  # noqa: PLC0415 - it imports the whole exporter
    from exporter.demo.scenario import NOW  # noqa: PLC0415 - likewise

    return demo.run(options.folder, render=_render, now=options.now or NOW)


def _render(specs: Sequence[LoadedSpec], exporter: str) -> Documents:
    """Return the documents of specs; alerts link to the runbooks of the exporter at this address."""
    return render(specs, Options(exporter=Exporter(url=f"http://{exporter}", targets=(exporter,))))
