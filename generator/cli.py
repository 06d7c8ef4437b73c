"""`leeway`: specs in, documents out. Flags, wiring, exit codes."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Final

import yaml
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from exporter import logs
from exporter.errors import LeewayError, SpecError, UsageError
from exporter.spec.loading import LoadedSpec, load_all
from exporter.spec.schema import json_schema
from exporter.spec.value_types import Url
from generator import overlays
from generator.commands import backtest, explain, retrain_hook
from generator.documents import render
from generator.init import log_columns
from generator.init.first_spec import first_spec, model_name
from generator.layout import MERGED, ROUTING, Documents
from generator.notes import notes
from generator.options import load
from generator.proof.check import prove
from generator.proof.expressions import expressions
from generator.routing.proof import simulate
from generator.targets import documents as targets
from generator.targets import merging
from generator.writing import Change, plan, write

EXIT_OK, EXIT_PROBLEM, EXIT_USAGE = 0, 1, 2

_OF_THE_PLACE: Final = ("namespace", "grafana", "alertmanager_config", "merge_with", "smarthost", "sender")

Command = Callable[[argparse.Namespace], int]

_DESCRIPTION: Final = """\
From one YAML spec per model: Prometheus rules, Alertmanager routes and Grafana dashboards, and what proves them.
"""

_EXAMPLES: Final = """\
examples:
  leeway init --from s3://logs/2026-11-22T10.parquet --name fraud   write a first spec from a log file
  leeway validate models/                     are the specs right, and what do they leave open?
  leeway generate --out build models/         write everything for every spec in the folder
  leeway generate --diff models/fraud.yaml    show what would change, write nothing
  leeway check --out build models/            in CI: is build/ up to date, and does it prove itself?
  leeway explain models/fraud.yaml            what does an objective allow, and how soon does it page?
  leeway backtest --inject all models/        would it have paged for nothing, or missed a fault?
  leeway retrain-hook --token.file token      what would be retrained? --start does it
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
    check.add_argument("--no-tools", action="store_true", help="run neither promtool nor amtool")
    about = "what does an objective allow, what spends its budget, and how soon would anybody hear?"
    explain.add_flags(command("explain", _explain, about, specs).add_argument)
    first = command("init", _init, "write a first spec, guessed from the columns of a log file")
    first.add_argument("--from", dest="log", required=True, metavar="FILE", help="a Parquet file, or s3://bucket/key")
    first.add_argument("--name", metavar="NAME", help="the model's name (that of the file)")
    first.add_argument("--out", type=Path, metavar="FILE", help="where to write (models/NAME.yaml); it must not exist")
    command("schema", _schema, "print the JSON Schema of a spec")
    about = "how often would a spec have alarmed, and how soon would it have seen a fault?"
    backtest.add_flags(command("backtest", _backtest, about, specs).add_argument)
    about = "start a retraining when Alertmanager says so, once per incident, and only if the spec's gate holds"
    retrain_hook.add_flags(command("retrain-hook", _retrain_hook, about, specs).add_argument)
    demo = command("demo", _demo, "see it work, on a simulated model that drifts")
    demo.add_argument("--folder", type=Path, default=Path("demo"), metavar="DIR", help="where to work (demo)")
    return parser


def _specs() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    told = "specs, or folders of them (models)"
    parser.add_argument("specs", nargs="*", type=Path, metavar="SPEC", default=[Path("models")], help=told)
    return parser


def _output() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add = parser.add_argument
    add("--out", type=Path, default=Path("build"), metavar="DIR", help="the output folder (build)")
    told = "a file of options, over which those given here go (generator.yaml, if there is one)"
    add("--options", type=Path, metavar="FILE", help=told)
    add("--overlays", type=Path, metavar="DIR", help="a folder of *.jsonnet overlays (overlays, if there is one)")
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
    add("--alertmanager-config", metavar="VERSION", help="of an AlertmanagerConfig: v1alpha1 (if not said) or v1beta1")
    told = "an alertmanager.yml that is there: alertmanager/merged.yml below --out is it, with our routes in it"
    add("--merge-with", metavar="FILE", help=told)
    add("--smarthost", metavar="HOST:PORT", help="the mail server")
    add("--sender", metavar="ADDRESS", help="whom mail is from")
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
    steps = plan(_render(options, load_all(options.specs)), options.out)
    if options.diff:
        sys.stdout.writelines(step.diff() for step in steps)
        return EXIT_OK
    for step in steps:
        write(step, options.out)
        _say(f"{step.change:9}  {options.out / step.path}")
        for warning in targets.warnings(step.new or "") if step.change is Change.WRITTEN else ():
            _complain(f"{options.out / step.path}: warning: {warning}")
    counts = Counter(step.change for step in steps)
    _say(", ".join(f"{counts[change]} {change}" for change in Change))
    return EXIT_OK


def _check(options: argparse.Namespace) -> int:
    specs = load_all(options.specs)
    documents = _render(options, specs)
    stale = [step for step in plan(documents, options.out) if step.change is not Change.UNCHANGED]
    for step in stale:
        sys.stdout.write(step.diff())
        _complain(f"{options.out / step.path}: stale: run leeway generate")
    failed = False
    proofs = () if options.no_tools else prove(documents | expressions(specs))
    for outcome in chain(simulate(documents), proofs):
        failed |= not outcome.ok
        (_say if outcome.ok else _complain)(str(outcome))
    return EXIT_PROBLEM if stale or failed else EXIT_OK


def _render(options: argparse.Namespace, specs: Sequence[LoadedSpec]) -> Documents:
    given = {name: getattr(options, name) for name in _OF_THE_PLACE}
    place = load(_named(options.options, "generator.yaml"), given | {"labels": dict(options.label)})
    overlaid = overlays.found(_named(options.overlays, "overlays"))
    with logs.progress() as told:
        documents = render(specs, place, overlaid=overlaid, told=told)
    return documents | (_merged(Path(place.merge_with), documents) if place.merge_with else {})


def _merged(theirs: Path, documents: Documents) -> Documents:
    if ROUTING not in documents:
        raise UsageError(f"{theirs}: there are no routes to merge: an overlay has taken {ROUTING} away")
    return {MERGED: merging.merged(merging.read(theirs), yaml.safe_load(documents[ROUTING]), str(theirs))}


def _named(given: Path | None, default: str) -> Path:
    """A file or folder that must be there when it is named, and need not be when it is not."""
    if given is not None and not given.exists():
        raise UsageError(f"{given}: does not exist")
    return given or Path(default)


def _explain(options: argparse.Namespace) -> int:
    explain.run(options, Console(width=None if sys.stdout.isatty() else 120, highlight=False))
    return EXIT_OK


def _init(options: argparse.Namespace) -> int:
    name = options.name or model_name(options.log)
    out = options.out or Path("models") / f"{name}.yaml"
    text = first_spec(name, options.log, log_columns.read(options.log), out.parent)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        raise UsageError(f"{out}: cannot be written: {problem.strerror}") from None
    _say(f"written    {out}")
    return _validate(argparse.Namespace(specs=[out]))


def _schema(_: argparse.Namespace) -> int:
    _say(json.dumps(json_schema(), indent=2))
    return EXIT_OK


def _backtest(options: argparse.Namespace) -> int:
    return EXIT_OK if backtest.run(options) else EXIT_PROBLEM


def _retrain_hook(options: argparse.Namespace) -> int:
    retrain_hook.run(options)
    return EXIT_OK


def _demo(options: argparse.Namespace) -> int:
    from exporter.demo.demo import run  # noqa: PLC0415 - it brings the whole exporter with it

    return run(options.folder, render=render)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
