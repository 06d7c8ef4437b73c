"""`leeway`: flags, commands and exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Final, Protocol

from exporter import logs
from exporter.errors import LeewayError, SpecError, UsageError
from generator.commands import backtest, check, demo, explain, generate, init, retrain_hook, schema, validate
from generator.commands.terminal import EXIT_PROBLEM, EXIT_USAGE, complain, flush_output


class Command(Protocol):
    """A module of `generator.commands`."""

    @property
    def SUMMARY(self) -> str:  # noqa: N802 - a constant of the module
        """One line for `--help`."""

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """Add the flags of the command."""

    def run(self, options: argparse.Namespace) -> int:
        """Run the command and return its exit code."""


_COMMANDS: Final[Mapping[str, Command]] = {
    "init": init,
    "validate": validate,
    "generate": generate,
    "check": check,
    "explain": explain,
    "backtest": backtest,
    "retrain-hook": retrain_hook,
    "schema": schema,
    "demo": demo,
}

_DESCRIPTION: Final = """\
Generate Prometheus rules, Alertmanager routes and Grafana dashboards, and the tests that prove them, from one YAML
spec per model.
"""

_EXAMPLES: Final = """\
examples:
  leeway init --from s3://logs/ --name fraud   write a first spec from the files of a log
  leeway validate models/                   check every spec in the folder
  leeway validate --data models/            also read a sample of their data: what would go wrong?
  leeway generate --out build models/       write all documents of every spec in the folder
  leeway generate --diff models/            print what would change, and write nothing
  leeway generate --prune models/           also remove the files of models whose spec is gone
  leeway check --out build models/          in CI: fail when build/ is out of date or a test fails
  leeway explain models/fraud.yaml          print error budgets, and how soon alerts fire
  leeway backtest --inject all models/      find false alarms and missed faults before deploying
  leeway retrain-hook --token.file token    log which retrainings would start; with --start, start them
  leeway schema > model.json                save the JSON Schema of a spec, for editors
  leeway demo                               try Leeway without data of your own

exit codes: 0 success, 1 a problem was found, 2 wrong usage, 3 only warnings (validate --data)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 for success, 1 for a problem, 2 for wrong usage.

    When the reader of standard output closes it early, as `head` does, the command still finishes its work.
    """
    try:
        return _run(_parser().parse_args(arguments))
    finally:
        flush_output()


def _run(options: argparse.Namespace) -> int:
    logs.set_up("info", "logfmt")
    try:
        return int(options.run(options))
    except SpecError as problems:
        complain("\n".join(map(str, problems.problems)))
        return EXIT_PROBLEM
    except UsageError as problem:
        complain(f"leeway: {problem}")
        return EXIT_USAGE
    except LeewayError as problem:
        complain(f"leeway: {problem}")
        return EXIT_PROBLEM


def _parser() -> argparse.ArgumentParser:
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "leeway", description=_DESCRIPTION, epilog=_EXAMPLES, formatter_class=style, allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"leeway {metadata.version('leeway')}")
    parsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in _COMMANDS.items():
        sentence = f"{command.SUMMARY[0].upper()}{command.SUMMARY[1:]}."
        added = parsers.add_parser(name, help=command.SUMMARY, description=sentence, allow_abbrev=False)
        command.add_flags(added)
        added.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
