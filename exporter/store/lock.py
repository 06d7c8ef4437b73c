"""A lock on a folder or a file: one process at a time may use it, and the lock ends with the process."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.errors import UsageError


@contextmanager
def locked(path: Path, taken: str) -> Iterator[None]:
    """Hold the lock of a file, which is made for it, for the length of the block. On a read-only disk there is none.

    Args:
        path: the file that is locked; nothing else is in it.
        taken: the message when another process has the lock.

    Raises:
        UsageError: another process has it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("ab")
    except OSError:  # nobody can write here, so nothing needs a lock
        yield
        return
    with opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(taken) from None
        yield
