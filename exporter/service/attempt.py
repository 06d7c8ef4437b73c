"""One refresh of a model, the record of all of them, and how a failure is contained.

An expected error either ends the refresh (`required`) or costs only the part that needed the data (`Record.contain`).
Whether a part is tried again depends on the error: `PERMANENT` ones come back until the data change, so their parts are
remembered and left out; all others are tried again by the next refresh.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from exporter.errors import LeewayError, PartitionUnreadable, ReferenceUnusable, SourceError
from exporter.profiles.columns import ColumnMismatch

PERMANENT: Final = (PartitionUnreadable, ColumnMismatch)
"""Errors that another try gives again, as long as the data are the same."""
EXPECTED: Final = (SourceError, ColumnMismatch, ReferenceUnusable, OSError)
"""Errors of a source, of its data and of the disk; any other is a bug."""

STAGES: Final = ("list", "read", "query", "column", "reference", "evaluate", "store", "timeout")
"""Where a refresh can fail; each has a count from the start, so that the first failure is an increase."""

Failed = Callable[[str, str, object], None]
"""Records a failure: its stage, what failed, and why. See `Record.fail`."""

log = logging.getLogger(__name__)


class RefreshFailed(LeewayError):  # noqa: N818 - what happened
    """A model could not be brought up to date; `stage` is where it stopped."""

    def __init__(self, stage: str, why: object) -> None:
        super().__init__(str(why))
        self.stage = stage


@dataclass(frozen=True, slots=True)
class Attempt:
    """One refresh: its time, whether its timeout is over, and a callback for its progress.

    One that is `unlimited` reads all partitions that are left, instead of some now and some at the next refresh.
    """

    now: datetime
    overdue: Callable[[], bool] = lambda: False
    progress: Callable[[int, int], None] = lambda done, total: None
    """Called after each partition with the number of those that are done, and of all."""
    unlimited: bool = False


@dataclass(slots=True)
class Record:
    """The counts of a model's refreshes, which only grow, and the problems of the last one."""

    model: str
    failures: Counter[str] = field(default_factory=Counter)
    """How many, by stage."""
    problems: dict[str, str] = field(default_factory=dict)
    """What could not be used at the last refresh, with the reason; the status page shows them."""
    built: int = 0
    reused: int = 0
    waiting: dict[str, int] = field(default_factory=dict)
    """Partitions of the past that the last refresh has not read, by what they are read for."""

    def fail(self, stage: str, what: str, why: object) -> None:
        """Count and log a failure, and add it to the problems."""
        self.failures[stage] += 1
        self.problems[what] = str(why)
        log.warning("%s: %s: %s", self.model, what, why, extra={"model": self.model, "stage": stage})

    def contain(self, what: str, stage: str = "read", errors: tuple[type[Exception], ...] = EXPECTED) -> Containment:
        """Return a context that records an expected error of its block instead of raising it.

        Args:
            what: what the block is about, for the log and the status page.
            stage: where it fails; an error of the disk or of a column has a stage of its own.
            errors: those to contain.
        """
        return Containment(self, what, stage, errors)


@dataclass(slots=True)
class Containment:
    """A context that ends with the first expected error of its block; `problem` is that error."""

    record: Record
    what: str
    stage: str
    errors: tuple[type[Exception], ...]
    problem: Exception | None = None

    def __enter__(self) -> Self:
        """Begin the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        """Record an expected error; any other is raised."""
        if not isinstance(error, self.errors):
            return False
        self.problem = error
        self.record.fail(stage_of(error, self.stage), self.what, error)
        return True


@contextmanager
def required(stage: str) -> Iterator[None]:
    """A context without which a refresh cannot succeed.

    Raises:
        RefreshFailed: for an expected error of the block.
    """
    try:
        yield
    except EXPECTED as problem:
        raise RefreshFailed(stage_of(problem, stage), problem) from problem


def stage_of(problem: Exception, stage: str) -> str:
    """Return the stage of a failure: `store` for the disk, `column` for a column, otherwise `stage`."""
    if isinstance(problem, OSError):
        return "store"
    return "column" if isinstance(problem, ColumnMismatch) else stage
