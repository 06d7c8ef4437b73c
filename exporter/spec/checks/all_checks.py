"""All checks of a spec's sections against each other.

A check is skipped only when a value that it reads is itself wrong, so one run reports every mistake that can be known.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from exporter.spec.checks.accepted import ACCEPTED_CHECKS
from exporter.spec.checks.columns import COLUMN_CHECKS
from exporter.spec.checks.logs import LOG_CHECKS
from exporter.spec.checks.mistakes import Checks, Mistakes
from exporter.spec.checks.objectives import OBJECTIVE_CHECKS
from exporter.spec.checks.reference import REFERENCE_CHECKS
from exporter.spec.checks.windows import WINDOW_CHECKS
from exporter.spec.messages import KeyPath
from exporter.spec.model import Body

_CHECKS: Final[Checks] = {
    **LOG_CHECKS,
    **REFERENCE_CHECKS,
    **WINDOW_CHECKS,
    **COLUMN_CHECKS,
    **ACCEPTED_CHECKS,
    **OBJECTIVE_CHECKS,
}


def mistakes(body: Body, unknown: Collection[KeyPath] = ()) -> Mistakes:
    """Yield every inconsistency between the sections of a spec.

    Args:
        body: the part of the spec under `spec`.
        unknown: paths under `spec` whose values are wrong and replaced; checks that read them are skipped.

    Yields:
        Key paths from the document's root, each with a message.
    """
    for check, reads in _CHECKS.items():
        hidden = [_hidden(read, path) for read in reads for path in unknown]
        if () not in hidden:
            for path, message in check(body):
                if path[:2] not in hidden:
                    yield ("spec", *path), message


def _hidden(read: str, unknown: KeyPath) -> KeyPath | None:
    """Return what an unknown path hides of a check: the path of a list's item, `()` for everything, or None."""
    name, each, rest = read.removesuffix("?").partition("[]")
    keys = tuple(name.split("."))
    if keys[: len(unknown)] != unknown[: len(keys)]:
        return None
    if len(unknown) <= len(keys):
        return ()
    if not each:
        return None if read.endswith("?") else ()
    inner, below = tuple(filter(None, rest.split("."))), unknown[2:]
    return unknown[:2] if inner[: len(below)] == below[: len(inner)] else None
