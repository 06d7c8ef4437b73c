"""`leeway`: specs in, documents out. Flags, wiring, exit codes."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from exporter import logs
from exporter.errors import LeewayError, SpecError, UsageError
from exporter.spec.file import load_all
from exporter.spec.schema import json_schema
from exporter.spec.values import Url
from generator import backtesting, explaining
from generator.arguments import Options
from generator.check import prove
from generator.documents import Documents, render
from generator.notes import notes
from generator.writing import Change, plan, write

EXIT_OK, EXIT_PROBLEM, EXIT_USAGE = 0, 1, 2

Command = Callable[[argparse.Namespace], int]

_DESCRIPTION: Final = """\
From one YAML spec per model: Prometheus rules, Alertmanager routes and Grafana dashboards, and what proves them.
"""

_EXAMPLES: Final = """\
examples:
  leeway validate models/                     are the specs right, and what do they leave open?
  leeway generate --out build models/         write everything for every spec in the folder
  leeway generate --diff models/fraud.yaml    show what would change, write nothing
  leeway check --out build models/            in CI: is build/ up to date, and does it prove itself?
  leeway explain models/fraud.yaml            what does an objective allow, and how soon does it page?
  leeway backtest --inject all models/        would it have paged for nothing, or missed a fault?
  leeway schema > model.json                  the JSON Schema of a spec, for editors
  leeway demo                                 see it work

exit codes: 0 all is well, 1 there are problems, 2 wrong usage
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 for problems that it has told, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    logs.set_up("info", "logfmt")
    try:
        return int(options.command(options))
    except SpecError as problems:
        _complain("\n".join(map(str, problems.problems)))
        return EXIT_PROBLEM
    except UsageError as problem:
        _complain(f"leeway: {problem}")
        return EXIT_USAGE
    except LeewayError as problem:
        _complain(f"leeway: {problem}")
        return EXIT_PROBLEM


def _parser() -> argparse.ArgumentParser:
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "leeway", description=_DESCRIPTION, epilog=_EXAMPLES, formatter_class=style, allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"leeway {metadata.version('leeway')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Command, about: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=parents, help=about, description=about, allow_abbrev=False)
        added.set_defaults(command=run)
        return added

    specs, output = _specs(), _output()
    command("validate", _validate, "are the specs right, and what do they leave open?", specs)
    generate = command("generate", _generate, "write rules, routes and dashboards", specs, output)
    generate.add_argument("--diff", action="store_true", help="show what would change and write nothing")
    check = command("check", _check, "is the output up to date, and does it prove itself?", specs, output)
    check.add_argument("--no-tools", action="store_true", help="do not run promtool and amtool")
    about = "what does an objective allow, what spends its budget, and how soon would anybody hear?"
    explaining.add_flags(command("explain", _explain, about, specs).add_argument)
    command("schema", _schema, "print the JSON Schema of a spec")
    about = "how often would a spec have alarmed, and how soon would it have seen a fault?"
    backtesting.add_flags(command("backtest", _backtest, about, specs).add_argument)
    demo = command("demo", _demo, "see it work, on a simulated model that drifts")
    demo.add_argument("--folder", type=Path, default=Path("demo"), metavar="DIR", help="where to work (demo)")
    return parser


def _specs() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    told = "specs, or folders of them (models)"
    parser.add_argument("specs", nargs="*", type=Path, metavar="SPEC", default=[Path("models")], help=told)
    return parser


def _output() -> argparse.ArgumentParser:
    parser, default = argparse.ArgumentParser(add_help=False, allow_abbrev=False), Options()
    add = parser.add_argument
    add("--out", type=Path, default=Path("build"), metavar="DIR", help="the output folder (build)")
    add("--grafana", type=_url, metavar="URL", help="where Grafana is served, for specs that do not say")
    add("--namespace", metavar="NAME", help="the namespace of Kubernetes objects")
    add(
        "--label",
        action="append",
        type=_label,
        default=[],
        metavar="NAME=VALUE",
        help="a label of Kubernetes objects, such as release=prometheus; may be given again",
    )
    add("--smarthost", default=default.smarthost, metavar="HOST:PORT", help=f"the mail server ({default.smarthost})")
    add("--sender", default=default.sender, metavar="ADDRESS", help=f"whom mail is from ({default.sender})")
    return parser


def _label(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError("must be NAME=VALUE")
    return name, value


def _url(text: str) -> str:
    try:
        return TypeAdapter(Url).validate_python(text)
    except ValidationError:
        raise argparse.ArgumentTypeError("must be an http:// or https:// address") from None


def _validate(options: argparse.Namespace) -> int:
    for loaded in load_all(options.specs):
        _say(f"{loaded.path}: ok")
        for note in notes(loaded.spec):
            _say(f"{loaded.path}: note: {note}")
    return EXIT_OK


def _generate(options: argparse.Namespace) -> int:
    steps = plan(_render(options), options.out)
    if options.diff:
        sys.stdout.writelines(step.diff() for step in steps)
        return EXIT_OK
    for step in steps:
        write(step, options.out)
        _say(f"{step.change:9}  {options.out / step.path}")
    counts = Counter(step.change for step in steps)
    _say(", ".join(f"{counts[change]} {change}" for change in Change))
    return EXIT_OK


def _check(options: argparse.Namespace) -> int:
    documents = _render(options)
    stale = [step for step in plan(documents, options.out) if step.change is not Change.UNCHANGED]
    for step in stale:
        sys.stdout.write(step.diff())
        _complain(f"{options.out / step.path}: stale: run leeway generate")
    failed = False
    for outcome in () if options.no_tools else prove(documents):
        failed |= not outcome.ok
        (_say if outcome.ok else _complain)(str(outcome))
    return EXIT_PROBLEM if stale or failed else EXIT_OK


def _render(options: argparse.Namespace) -> Documents:
    place = Options(options.namespace, dict(options.label), options.grafana, options.smarthost, options.sender)
    with logs.progress() as told:
        return render(load_all(options.specs), place, told=told)


def _explain(options: argparse.Namespace) -> int:
    explaining.run(options, Console(width=None if sys.stdout.isatty() else 120, highlight=False))
    return EXIT_OK


def _schema(_: argparse.Namespace) -> int:
    _say(json.dumps(json_schema(), indent=2))
    return EXIT_OK


def _backtest(options: argparse.Namespace) -> int:
    return EXIT_OK if backtesting.run(options) else EXIT_PROBLEM


def _demo(options: argparse.Namespace) -> int:
    from exporter.replay.demo import run  # noqa: PLC0415 - it brings the whole exporter with it

    return run(options.folder, render=render)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
