"""A lock on a folder or a file: one process at a time may use it, and the lock ends with the process."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from exporter.errors import UsageError

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
"""Errors of a disk on which no new file can be made, and where others may still write."""


@contextmanager
def locked(path: Path, taken: str) -> Iterator[None]:
    """Hold the lock of a file, which is made for it, for the length of the block. On a read-only disk there is none.

    The folder is locked too, which needs no new file: a disk without space or inodes has a lock as well.

    Args:
        path: the file that is locked; nothing else is in it.
        taken: the message when another process has the lock.

    Raises:
        UsageError: another process has it.
    """
    with ExitStack() as held:
        if (file := _opened(path, taken, held)) is not None:
            _lock(file.fileno(), taken)
        yield


def _opened(path: Path, taken: str, held: ExitStack) -> BinaryIO | None:
    """Return the file, opened, with its folder locked; None if it cannot be made, and no lock where none is needed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        held.callback(os.close, folder)
        with suppress(OSError):  # NFS locks files only
            _lock(folder, taken)
        return held.enter_context(path.open("ab"))
    except OSError as problem:
        if problem.errno not in _FULL:  # nobody can write here
            held.close()
        return None


def _lock(file: int, taken: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(taken) from None
