"""`leeway`: flags, commands and exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final

from exporter import logs
from exporter.errors import LeewayError, SpecError, UsageError
from exporter.installation import VERSION
from generator.commands.terminal import EXIT_PROBLEM, EXIT_USAGE, complain, flush_output

_COMMANDS: Final[Mapping[str, str]] = {
    "init": "write a first spec from the names and the columns of a log",
    "validate": "check specs, note what they leave unset, and with --data check their data",
    "generate": "write rules, routes and dashboards, with their tests",
    "check": "fail when the output is out of date, or when a test of a rule or a route fails",
    "explain": "print how soon each alert is sent, and the error budget of each objective",
    "backtest": "replay past logs: count the alerts, and measure how soon injected faults are detected",
    "retrain-hook": "start retrainings for Alertmanager: one per incident, and only if the gate of the spec holds",
    "schema": "print the JSON Schema of a spec",
    "demo": "run everything on one machine, for a simulated model that drifts",
}
"""What each command does. Each is a module of `generator.commands`: its flags, and the function that runs it."""

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
  leeway explain models/fraud.yaml          print how soon alerts are sent, and error budgets
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
        given = sys.argv[1:] if arguments is None else arguments
        return _run(_parser(given).parse_args(given))
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


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of `leeway`; only the command that is asked for is imported, since most import much."""
    asked = next((each for each in arguments if not each.startswith("-")), None)
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "leeway", description=_DESCRIPTION, epilog=_EXAMPLES, formatter_class=style, allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"leeway {VERSION}")
    parsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in _COMMANDS.items():
        sentence = f"{summary[0].upper()}{summary[1:]}."
        added = parsers.add_parser(name, help=summary, description=sentence, allow_abbrev=False)
        if name == asked:
            command = import_module(f"generator.commands.{name.replace('-', '_')}")
            command.add_flags(added)
            added.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
