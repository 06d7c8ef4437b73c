"""The files of the store: each is written whole or not at all, belongs to its path, and outlives a disk that refuses.

A file ends with a mark of its own path, so one that was copied into the place of another is not taken for it. What the
disk refuses, since it is full or read-only, stays in memory and is written later: only a restart needs it on disk.
"""

from __future__ import annotations

import hashlib
import logging
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from exporter.store.place import Folder, Place

_MARK_BYTES: Final = 8
_MAX_UNSAVED: Final = 2**28
"""Bytes that stay in memory while the disk refuses; beyond them the oldest are dropped, and are read anew."""

FileState = tuple[int, int, int]
"""The number, size and time of change of a file: another content has another state."""

log = logging.getLogger(__name__)


class Files:
    """Files of a place, by their path in it. Several threads may use it, but not for one path."""

    def __init__(self, place: Path | Place, *, flush: bool = True) -> None:
        """Nothing is read or written yet; `flush` is for a folder, as in `replace_file`."""
        self.place: Final[Place] = Folder(place, flush=flush) if isinstance(place, Path) else place
        self._unsaved: dict[Path, bytes | None] = {}
        """What the disk has refused: contents, or None for a file that could not be removed."""
        self._refusals: dict[str, OSError] = {}

    def read(self, path: Path) -> bytes | None:
        """Return the content of a file; None if there is none.

        Raises:
            OSError: the disk refuses.
            ValueError: the file was written as another one.
        """
        if path in self._unsaved:
            return self._unsaved[path]
        data = self.place.read(path)
        if data is None:
            return None
        if data[-_MARK_BYTES:] != _mark(path):
            raise ValueError("it was written as another file")
        return data[:-_MARK_BYTES]

    def state(self, path: Path) -> FileState | None:
        """Return the state of a file on the disk; None if there is none, or its content is not on this machine's."""
        if path in self._unsaved or self.place.folder is None:
            return None
        try:
            found = (self.place.folder / path).stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def write(self, path: Path, data: bytes) -> None:
        """Write a file in place of what was there, or keep it in memory; see `refusal`."""
        self._unsaved.pop(path, None)
        try:
            self.place.write(path, data + _mark(path))
        except OSError as problem:
            self._keep(path, data, problem)

    def remove(self, path: Path) -> None:
        """Remove a file, if there is one; it is gone for this process even if the disk refuses."""
        self._unsaved.pop(path, None)
        try:
            self.place.remove(path)
        except OSError as problem:
            self._keep(path, None, problem)

    def of(self, folder: str, *patterns: str) -> list[Path]:
        """Return the files of a folder that match one of the patterns, in memory too."""
        try:
            names = sorted(self.place.names(folder))
        except OSError:
            names = []
        stored = [Path(folder, name) for pattern in patterns for name in names if fnmatchcase(name, pattern)]
        kept = [path for path, data in list(self._unsaved.items()) if data is not None and str(path.parent) == folder]
        return list(dict.fromkeys([*stored, *kept]))

    def unsaved(self, folder: str) -> list[Path]:
        """Return the paths below a folder whose content is in memory only."""
        return [path for path, data in list(self._unsaved.items()) if data is not None and path.parts[0] == folder]

    def refusal(self, folder: str) -> OSError | None:
        """Write again what was refused below a top folder; return why the disk has refused or still does, or None."""
        refused = self._refusals.pop(folder, None)
        for path in self.unsaved(folder):
            data = self._unsaved.get(path)
            if data is not None:
                self.write(path, data)
        return self._refusals.pop(folder, None) or refused

    def note(self, folder: str, problem: OSError) -> None:
        """Note a refusal below a top folder."""
        self._refusals[folder] = problem

    def _keep(self, path: Path, data: bytes | None, problem: OSError) -> None:
        self.note(path.parts[0], problem)
        self._unsaved[path] = data
        while sum(len(each or b"") for each in self._unsaved.values()) > _MAX_UNSAVED:
            del self._unsaved[next(iter(self._unsaved))]


def _mark(path: Path) -> bytes:
    return hashlib.sha256(path.as_posix().encode()).digest()[:_MARK_BYTES]
