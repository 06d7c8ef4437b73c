"""`leeway check`: compare the output folder with the specs, and test the documents."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from itertools import chain

from exporter.spec.loading import load_all
from generator.commands import output
from generator.commands.terminal import EXIT_OK, EXIT_PROBLEM, complain, say, show
from generator.proof.check import prove
from generator.proof.expressions import expressions
from generator.routing.merged import prove_merged
from generator.routing.proof import simulate
from generator.writing import Change, plan


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    output.add_flags(parser)
    parser.add_argument("--no-tools", action="store_true", help="do not run promtool and amtool")


def run(options: argparse.Namespace) -> int:
    """Print a diff of every document that is out of date, and the outcome of every test.

    Returns:
        1 when a document is out of date or a test fails.

    Raises:
        LeewayError: when a spec or a flag is wrong, when the output folder holds files of other models and `--prune`
            is not given, or when a document cannot be made or read.
    """
    specs = load_all(options.specs, datetime.now(UTC))
    documents = output.render_output(options, specs)
    steps = plan(documents, options.out, prune=options.prune)
    outdated = [step for step in steps if step.change is not Change.UNCHANGED]
    for step in outdated:
        show(step.diff())
        complain(f"{options.out / step.path}: out of date: run leeway generate{' --prune' if options.prune else ''}")
    failed = False
    proofs = () if options.no_tools else prove(documents | expressions(specs))
    for outcome in chain(simulate(documents), prove_merged(documents), proofs):
        failed |= not outcome.ok
        (say if outcome.ok else complain)(str(outcome))
    return EXIT_PROBLEM if outdated or failed else EXIT_OK
