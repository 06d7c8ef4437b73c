"""Where the files of the store are: a folder of this machine, or one in S3."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, Protocol, TypeVar

from exporter.errors import FileUnavailable, SourceError, SourceUnavailable
from exporter.profiles.sealing import replace_file
from exporter.sources.stores.s3_folder import S3Folder
from exporter.store.lease import Lease

_PAUSE: Final = 10.0
"""Seconds without a request after one that the store has refused or not answered: each may wait as long for nothing."""

T = TypeVar("T")


class StoreUnavailable(SourceUnavailable, OSError):  # noqa: N818 - named after a state
    """A store that is not on this machine does not answer or refuses: another try may succeed."""


class Place(Protocol):
    """Files by their path in it, each written whole or not at all. Several threads may use it, but not for one path.

    Each call raises `OSError` when the place refuses; `str` is its name in messages.
    """

    @property
    def folder(self) -> Path | None:
        """The folder, if it is one of this machine, whose files can be read in part."""

    def read(self, path: Path) -> bytes | None:
        """Return the content of a file; None if there is none."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a file in place of what was there."""

    def remove(self, path: Path) -> None:
        """Remove a file, if there is one."""

    def names(self, folder: str) -> Collection[str]:
        """Return the names of the files directly below a folder."""


class Folder:
    """A folder of this machine."""

    def __init__(self, folder: Path, *, flush: bool = True) -> None:
        """Nothing is read or written yet; `flush` as in `replace_file`."""
        self.folder: Final[Path | None] = folder
        self._folder: Final = folder
        self._flush: Final = flush

    def __str__(self) -> str:
        return str(self._folder)

    def read(self, path: Path) -> bytes | None:
        """See `Place`."""
        try:
            return (self._folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, path: Path, data: bytes) -> None:
        """See `Place`."""
        replace_file(self._folder / path, data, flush=self._flush)

    def remove(self, path: Path) -> None:
        """See `Place`."""
        try:
            (self._folder / path).unlink(missing_ok=True)
        except NotADirectoryError:
            return

    def names(self, folder: str) -> Collection[str]:
        """See `Place`."""
        try:
            return [path.name for path in (self._folder / folder).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return ()


class Bucket:
    """A folder in S3, of which this process has the lease.

    Nobody else writes there, so each folder is listed once, and no request is sent for a file that is not there.
    """

    def __init__(self, folder: S3Folder, lease: Lease) -> None:
        """Nothing is read or written yet."""
        self.folder: Final[Path | None] = None
        self._folder = folder
        self._lease = lease
        self._term = lease.term
        self._names: dict[str, set[str]] = {}
        self._lock = threading.Lock()
        self._paused_until, self._problem = 0.0, ""

    def __str__(self) -> str:
        return str(self._folder)

    def read(self, path: Path) -> bytes | None:
        """See `Place`."""
        if path.name not in self.names(path.parent.as_posix()):
            return None
        stored = self._answer(lambda: self._folder.get(path.as_posix()))
        return None if stored is None else stored.content

    def write(self, path: Path, data: bytes) -> None:
        """See `Place`."""
        self._refuse_without_lease()
        self._answer(lambda: self._folder.put(path.as_posix(), data))
        self.names(path.parent.as_posix()).add(path.name)

    def remove(self, path: Path) -> None:
        """See `Place`."""
        names = self.names(path.parent.as_posix())
        if path.name not in names:
            return
        self._refuse_without_lease()
        self._answer(lambda: self._folder.delete(path.as_posix()))
        names.discard(path.name)

    def names(self, folder: str) -> set[str]:
        """See `Place`; they are listed again once another process may have written."""
        with self._lock:
            if self._lease.term != self._term:
                self._term = self._lease.term
                self._names.clear()
            if folder not in self._names:
                self._names[folder] = self._answer(lambda: self._folder.names(folder))
            return self._names[folder]

    def _refuse_without_lease(self) -> None:
        if not self._lease.held:
            raise StoreUnavailable(f"{self}: the lock is lost, so nothing is written: another exporter may use it")

    def _answer(self, request: Callable[[], T]) -> T:
        """Return the response to a request; for some seconds after one that failed, others fail without being sent."""
        if time.monotonic() < self._paused_until:
            raise StoreUnavailable(self._problem)
        try:
            return request()
        except SourceError as problem:
            if not isinstance(problem, FileUnavailable):  # which is about one object
                self._paused_until, self._problem = time.monotonic() + _PAUSE, str(problem)
            raise StoreUnavailable(str(problem)) from None
