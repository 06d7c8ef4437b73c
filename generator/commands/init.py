"""`leeway init`: write a first spec from the columns of a log file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from exporter.errors import UsageError
from generator.commands.terminal import say
from generator.commands.validate import validate
from generator.init import log_columns
from generator.init.first_spec import first_spec, model_name

SUMMARY: Final = "write a first spec from the columns of a log file"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add = parser.add_argument
    add("--from", dest="log", required=True, metavar="FILE", help="a Parquet file, or s3://bucket/key")
    add("--name", metavar="NAME", help="the model's name (default: from the name of the file)")
    text = "the file to write (default: models/NAME.yaml); it must not exist"
    add("--out", type=Path, metavar="FILE", help=text)


def run(options: argparse.Namespace) -> int:
    """Write the spec, then validate it.

    Raises:
        UsageError: when the log file cannot be read or has no column to watch, or the spec cannot be written.
    """
    name = options.name or model_name(options.log)
    out = options.out or Path("models") / f"{name}.yaml"
    text = first_spec(name, options.log, log_columns.read(options.log), out.parent)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        raise UsageError(f"{out}: cannot be written: {problem.strerror}") from None
    say(f"written    {out}")
    return validate([out])
