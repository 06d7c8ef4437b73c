"""Folders and files of this machine and of object stores, for a look around: what is in a folder, and a file's content.

A store is asked for one folder at a time, by the client that reads logs from it, so settings, permissions and errors
are the same. Each request has a time limit, and of a very large folder only the first part is listed.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import Final, NamedTuple, Protocol

import pyarrow as pa

from exporter.errors import SourceError
from exporter.sources.opening import open_objects
from exporter.sources.source import StoredObject
from exporter.sources.stores.objects import Limits, ObjectSource

QUICK: Final = Limits(connect_timeout=5.0, read_timeout=15.0, attempts=2)
"""Limits of requests while somebody waits for the answer."""
MOST: Final = 50_000
"""The entries of a folder that are listed, at most: 50 requests."""


class Entry(NamedTuple):
    """A file or a folder by its whole path, without a slash at its end."""

    path: str
    is_folder: bool

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


class Files(Protocol):
    """A place of files; paths are as the user writes them."""

    def is_folder(self, path: str) -> bool:
        """Return whether there is a folder at a path, or a prefix of files.

        Raises:
            OSError, SourceError: the place cannot be read.
        """
        ...

    def entries(self, folder: str) -> list[Entry]:
        """Return what is directly in a folder, in the order of the paths.

        Raises:
            OSError, SourceError: the place cannot be read.
        """
        ...

    def opened(self, path: str) -> pa.NativeFile:
        """Return a file, open for reading anywhere in it.

        Raises:
            OSError, SourceError: there is none, or it cannot be read.
        """
        ...


def files_at(address: str) -> Files:
    """Return the place of a path on this machine, or of `s3://`, `gs://` or `abfss://`.

    Raises:
        SourceError: the address is of another store, or the client of the store is not installed.
    """
    return StoredFiles(open_objects(address, QUICK)) if "://" in address else LocalFiles()


class LocalFiles:
    """Files of this machine."""

    def is_folder(self, path: str) -> bool:
        """See `Files`."""
        return os.path.isdir(path)  # noqa: PTH112 - paths stay as the user writes them

    def entries(self, folder: str) -> list[Entry]:
        """See `Files`."""
        with os.scandir(folder) as found:
            return sorted(Entry(each.path, each.is_dir()) for each in found)

    def opened(self, path: str) -> pa.NativeFile:
        """See `Files`."""
        return pa.OSFile(path)


class StoredFiles:
    """Objects of a bucket or container; a prefix up to a slash is a folder."""

    def __init__(self, source: ObjectSource) -> None:
        """Save the source; no request is sent yet."""
        self._source = source

    def is_folder(self, path: str) -> bool:
        """See `Files`."""
        return any(True for _ in self._source.folder(path))

    def entries(self, folder: str) -> list[Entry]:
        """See `Files`; an object whose name ends in a slash stands for a folder and is none of its files."""
        listed = islice(self._source.folder(folder), MOST)
        return sorted({Entry(item.path.rstrip("/"), item.path.endswith("/")) for item in listed})

    def opened(self, path: str) -> pa.NativeFile:
        """See `Files`."""
        return self._source.open_object(self._object(path))

    def _object(self, path: str) -> StoredObject:
        found = self._source.find_object(path)
        if found is None:
            raise SourceError(f"{path}: there is no such object")
        return found
