"""All checks of a spec's sections against each other.

A check is skipped only when a section that it reads is itself wrong, so one run reports every mistake.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from exporter.spec.checks.columns import COLUMN_CHECKS
from exporter.spec.checks.logs import LOG_CHECKS
from exporter.spec.checks.mistakes import Checks, Mistakes
from exporter.spec.checks.objectives import OBJECTIVE_CHECKS
from exporter.spec.checks.reference import REFERENCE_CHECKS
from exporter.spec.checks.windows import WINDOW_CHECKS
from exporter.spec.model import Body

_CHECKS: Final[Checks] = {**LOG_CHECKS, **REFERENCE_CHECKS, **WINDOW_CHECKS, **COLUMN_CHECKS, **OBJECTIVE_CHECKS}


def mistakes(body: Body, broken: Collection[str] = ()) -> Mistakes:
    """Yield every inconsistency between the sections of a spec.

    Args:
        body: the part of the spec under `spec`.
        broken: keys whose sections are wrong and replaced by an example; checks that read them are skipped.

    Yields:
        Key paths from the document's root, each with a message.
    """
    for check, sections in _CHECKS.items():
        if sections.isdisjoint(broken):
            yield from ((("spec", *path), message) for path, message in check(body))
