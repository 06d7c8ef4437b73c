"""What fails while labels are read: it is reported, and costs only itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from exporter.errors import PartitionUnreadable, SourceError
from exporter.profiles.columns import ColumnMismatch
from exporter.service.attempt import Failed

UNUSABLE: Final = (PartitionUnreadable, ColumnMismatch)
"""What is raised for data that cannot be used: another try gives the same."""


def stage_of(problem: Exception) -> str:
    """Return the stage that failed: a column, the disk, or reading."""
    if isinstance(problem, ColumnMismatch):
        return "column"
    return "store" if isinstance(problem, OSError) else "read"


@contextmanager
def reported(failed: Failed, what: str) -> Iterator[None]:
    """Report what a source or the disk refuses, and go on after the block.

    Args:
        failed: called with each failure.
        what: the subject of the failure.
    """
    try:
        yield
    except (SourceError, OSError) as problem:
        failed(stage_of(problem), what, problem)
