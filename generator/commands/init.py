"""`leeway init`: write a first spec from the names and the columns of a log."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from exporter.errors import UsageError
from exporter.spec.schema import schema_text
from exporter.spec.value_types import Name
from generator.commands.terminal import say
from generator.commands.validate import validate
from generator.init.asking import ask_on_terminal, asked
from generator.init.data_sets import find
from generator.init.first_spec import SCHEMA_FILE, first_spec
from generator.init.guessing import guess
from generator.init.templates import model_name


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add = parser.add_argument
    add(
        "--from",
        dest="log",
        required=True,
        metavar="PATH",
        help="a Parquet, JSON Lines or CSV file, a folder of a log, or one with the folders of the log, its labels and"
        " its training data; or s3://bucket/key, gs://bucket/key or abfss://container@account.dfs.core.windows.net/path",
    )
    add("--name", metavar="NAME", help="the model's name (default: from the name of the file)")
    text = "the file to write (default: models/NAME.yaml); it must not exist"
    add("--out", type=Path, metavar="FILE", help=text)


def run(options: argparse.Namespace) -> int:
    """Write the spec, and beside it the schema that it names unless one is there; then validate the spec.

    On a terminal it asks what it cannot know; elsewhere the spec has the defaults, marked with `?`.

    Raises:
        UsageError: when the name is not one of a model, the log file cannot be read or has no column to watch, or the
            spec cannot be written.
    """
    name = _name(options.name) if options.name is not None else model_name(options.log)
    out = options.out or Path("models") / f"{name}.yaml"
    found = find(options.log)
    guessed = guess(found)
    if sys.stdin.isatty():
        guessed = asked(found, guessed, ask_on_terminal)
    text = first_spec(name, found, guessed, out.parent)
    _write(out, text)
    if not (schema := out.parent / SCHEMA_FILE).exists():
        _write(schema, schema_text())
    return validate([out])


def _name(text: str) -> str:
    try:
        return TypeAdapter(Name).validate_python(text)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UsageError(f"--name {text}: {message}") from None


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        raise UsageError(f"{path}: cannot be written: {problem.strerror}") from None
    say(f"written    {path}")
