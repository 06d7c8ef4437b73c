"""A lock on a folder in S3: one process at a time has it, and it expires when that process stops renewing it.

The lock is an object that is written only if it is as it was read (`If-None-Match`, `If-Match`). Whether it has expired
is told by the store's clock alone. Its holder trusts it for as long as others must, from before the write was sent.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from exporter.errors import SourceError, UsageError
from exporter.sources.stores.s3_folder import S3Folder

SECONDS: Final = 60.0
"""How long a lock holds without being renewed."""

_NAME: Final = "lock"
_RENEWALS: Final = 3
"""Renewals in the time that a lock holds."""

_OTHER_TAG: Final = f'"{"0" * 32}"'
"""The tag of no lock."""

_ROUNDING: Final = 2.0
"""Seconds by which an age may be wrong: it is the difference of two times of the store, each in whole seconds."""

log = logging.getLogger(__name__)


class Lease:
    """The lock of one process on a folder; only the thread that renews it calls its methods."""

    def __init__(self, folder: S3Folder, seconds: float = SECONDS) -> None:
        """Nothing is read or written yet; `seconds` is how long it holds without being renewed."""
        self.holder: Final = f"{socket.gethostname()}, process {os.getpid()}, {secrets.token_hex(4)}"
        self.term = 0
        """Goes up when the lock is taken, and not when it is renewed."""
        self._folder = folder
        self._seconds = seconds
        self._tag: str | None = None
        self._until = -float("inf")
        self._writes = 0

    @property
    def held(self) -> bool:
        """Whether no other process can have the lock."""
        return time.monotonic() < self._until

    def take(self) -> bytes | None:
        """Take or renew the lock; return None, or the lock of the other process that has it.

        Raises:
            SourceError: the store does not answer or refuses.
        """
        self._writes += 1
        content = json.dumps({"holder": self.holder, "seconds": self._seconds, "write": self._writes}).encode()
        asked, tag = time.monotonic(), None
        if self._tag is not None:
            tag = self._folder.replace(_NAME, content, self._tag)
        if tag is None:
            tag = self._folder.create(_NAME, content)
        if tag is None and (found := self._folder.get(_NAME)) is not None:
            holder, seconds = _read(found.content)
            own = holder == self.holder  # the response to a write was lost
            if own or found.age > seconds + _ROUNDING:
                tag = self._folder.replace(_NAME, content, found.tag)
            if tag is None:
                self._tag, self._until = None, -float("inf")
                return found.content
        if tag is None:  # it was removed a moment ago
            return b""
        self.term += self._tag is None
        self._tag, self._until = tag, asked + self._seconds
        return None

    def refuse_a_store_without_conditions(self) -> None:
        """Raise `UsageError` if the store writes in place of the lock that this process has, although told not to."""
        written = {
            "If-None-Match": self._folder.create(_NAME, b"{}"),
            "If-Match": self._folder.replace(_NAME, b"{}", _OTHER_TAG),
        }
        if ignored := " and ".join(condition for condition, tag in written.items() if tag is not None):
            raise UsageError(
                f"{self._folder}: the store ignores {ignored}, so it cannot keep two exporters apart: "
                "give a folder as --storage.path"
            )

    def release(self) -> None:
        """Remove the lock, if this process has it."""
        if self.held:
            self._until = -float("inf")
            self._folder.delete(_NAME)


@contextmanager
def leased(folder: S3Folder, taken: str, seconds: float = SECONDS) -> Iterator[Lease]:
    """Hold the lock of a folder in S3 for the length of the block; wait for one that nobody renews any more.

    Args:
        folder: what is locked.
        taken: the message when another process has the lock.
        seconds: how long the lock holds without being renewed, by which it outlives a killed process.

    Raises:
        UsageError: another process has it, or the store cannot lock.
        SourceError: the store does not answer or refuses.
    """
    lease, done = Lease(folder, seconds), threading.Event()
    _wait_for(lease, folder, taken, seconds)
    lease.refuse_a_store_without_conditions()
    keeper = threading.Thread(target=_keep, args=(lease, folder, done, seconds), name="lease", daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        done.set()
        keeper.join(seconds / _RENEWALS)
        try:
            lease.release()
        except SourceError as problem:
            log.warning("the lock is left until it expires: %s", problem)


def _wait_for(lease: Lease, folder: S3Folder, taken: str, seconds: float) -> None:
    """Take the lock; one that is not renewed for as long as it holds is of a process that was killed."""
    first = other = lease.take()
    end = time.monotonic() + 2 * seconds
    if first:
        log.warning("%s: %s has the lock: waiting until it is renewed or expires", folder, _read(first)[0])
    while other is not None:
        if other != first or time.monotonic() > end:
            raise UsageError(f"{taken} ({_read(other)[0]})")
        time.sleep(seconds / _RENEWALS / 4)
        other = lease.take()


def _keep(lease: Lease, folder: S3Folder, done: threading.Event, seconds: float) -> None:
    """Renew the lock until done; one that is lost is taken again as soon as its new holder lets go."""
    lost = False
    while not done.wait(seconds / _RENEWALS):
        try:
            other = lease.take()
        except SourceError as problem:
            log.warning("the lock cannot be renewed: %s", problem)
            continue
        if other is not None and not lost:
            message = "%s: %s has taken the lock, so nothing is written until it ends"
            log.error(message, folder, _read(other)[0])
        lost = other is not None


def _read(content: bytes) -> tuple[str, float]:
    """Return the holder of a lock and for how many seconds it holds; what is not readable holds as long as others."""
    try:
        document = json.loads(content)
        return str(document["holder"]), float(document["seconds"])
    except (LookupError, TypeError, ValueError):
        return "somebody", SECONDS
