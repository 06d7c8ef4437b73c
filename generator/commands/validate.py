"""`leeway validate`: check specs, note what they leave unset, and with `--data` check the data that they name."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

from exporter import logs
from exporter.errors import SpecError, UsageError
from exporter.spec.instant import instant
from exporter.spec.loading import LoadedSpec, load_all
from exporter.validation.finding import Finding, Place, Severity
from exporter.validation.report import Report, count, json_text, text_lines
from generator.commands.flags import add_specs
from generator.commands.terminal import EXIT_OK, EXIT_PROBLEM, EXIT_WARNING, say, show
from generator.notes import notes

_SPEC: Final = "spec"
"""The `check` of findings that need no data."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add_specs(parser)
    add = parser.add_argument
    text = (
        "also read a sample of each source (some rows of the newest partition, and ids), and report what would go"
        " wrong; the exit code is 0 without errors and warnings, 1 with errors, 3 with warnings only"
    )
    add("--data", action="store_true", help=text)
    add("--now", type=instant, metavar="TIME", help="with --data: look for partitions up to this time (default: now)")
    add("--json", action="store_true", help="print all findings as one JSON document; see docs/validate.md")


def run(options: argparse.Namespace) -> int:
    """Print the findings of each spec, as text or as JSON.

    Returns:
        0 when no finding is above a note, 1 with errors, 3 with warnings only.

    Raises:
        SpecError: with every mistake of every spec; with `--json` they are findings.
        UsageError: `--now` is given without `--data`.
    """
    if options.now is not None and not options.data:
        raise UsageError("--now needs --data")
    now = options.now or datetime.now(UTC)
    try:
        specs = load_all(options.specs, now)
    except SpecError as error:
        if not options.json:
            raise
        show(json_text(list(_rejected(error))))
        return EXIT_PROBLEM
    reports = _checked(specs, now) if options.data else list(map(_noted, specs))
    if options.json:
        show(json_text(reports))
    else:
        for line in (line for report in reports for line in text_lines(report)):
            say(line)
    return _exit_code(reports)


def validate(paths: list[Path]) -> int:
    """Check the specs at some paths without their data.

    Raises:
        SpecError: with every mistake of every spec.
    """
    reports = [_noted(loaded) for loaded in load_all(paths)]
    for line in (line for report in reports for line in text_lines(report)):
        say(line)
    return _exit_code(reports)


def _exit_code(reports: Sequence[Report]) -> int:
    if count(reports, Severity.ERROR):
        return EXIT_PROBLEM
    return EXIT_WARNING if count(reports, Severity.WARNING) else EXIT_OK


def _noted(loaded: LoadedSpec, findings: Sequence[Finding] = ()) -> Report:
    """Return the report of a spec: what is found in its data, and the notes on the spec itself."""
    parts = (note.partition(": ") for note in notes(loaded.spec))
    of_spec = [Place(key=key).note(_SPEC, message) for key, _, message in parts]
    return Report(str(loaded.path), loaded.spec.name, (*findings, *of_spec))


def _checked(specs: Sequence[LoadedSpec], now: datetime) -> list[Report]:
    from exporter.validation.checking import check  # noqa: PLC0415 - it imports the whole exporter

    with logs.progress() as progress:
        return [_noted(loaded, check(loaded, now, partial(progress, loaded.spec.name))) for loaded in specs]


def _rejected(error: SpecError) -> Iterator[Report]:
    for file, problems in groupby(error.problems, key=lambda problem: problem.file):
        found = (Finding(Severity.ERROR, _SPEC, each.message, key=each.path, line=each.line) for each in problems)
        yield Report(file, "", tuple(found))
