"""`leeway generate`: write every document of the specs."""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import UTC, datetime

from exporter.spec.loading import load_all
from generator.commands import output
from generator.commands.terminal import EXIT_OK, complain, say, show
from generator.missing_links import missing_links
from generator.targets.documents import warnings
from generator.writing import Change, plan, write


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    output.add_flags(parser)
    parser.add_argument("--diff", action="store_true", help="print what would change, and write nothing")


def run(options: argparse.Namespace) -> int:
    """Write the documents that changed, remove those that no spec asks for any more, and list all of them.

    Raises:
        LeewayError: when a spec or a flag is wrong, when the output folder holds files of other models and `--prune`
            is not given, or when a document cannot be made or written.
    """
    specs = load_all(options.specs, datetime.now(UTC))
    deployment = output.deployment_options(options)
    steps = plan(output.render_output(options, specs), options.out, prune=options.prune)
    if options.diff:
        for step in steps:
            show(step.diff())
        return EXIT_OK
    for step in steps:
        write(step, options.out)
        say(f"{step.change:9}  {options.out / step.path}")
        # They are about an AlertmanagerConfig, whose first lines say them too: for others they are noise.
        for warning in warnings(step.new or "") if step.change is Change.WRITTEN and deployment.for_kubernetes else ():
            complain(f"{options.out / step.path}: warning: {warning}")
    counts = Counter(step.change for step in steps)
    say(", ".join(f"{counts[change]} {change}" for change in Change))
    if missing := missing_links([loaded.spec for loaded in specs], deployment):
        complain(missing)
    return EXIT_OK
