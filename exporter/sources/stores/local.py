"""Partitions in a local or mounted folder."""

from __future__ import annotations

import errno
import os
import re
import stat
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator
from functools import cache
from itertools import islice, takewhile
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from exporter.errors import FileUnavailable, SourceUnavailable
from exporter.sources.formats.file_format import BY_NAME, FileFormat
from exporter.sources.source import Batch, Found, Selection, StoredObject
from exporter.sources.stores import templates
from exporter.sources.stores.file_source import FileSource
from exporter.sources.stores.table_folders import TableCheck

T = TypeVar("T")

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
_OF_FILE = {errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE}
"""Refusals of one file; other numbers are about the machine, such as too many open files."""


class Local(FileSource):
    """Files whose paths match a template.

    A folder that does not exist has no partitions. Symbolic links are followed. A file counts as changed when its size
    or its modification time changes. A writer should write to a hidden or temporary name and rename: a file that is
    half written is unreadable, and is read again when it has changed.
    """

    def __init__(self, template: str, folder: Path, form: FileFormat = BY_NAME) -> None:
        """Save the arguments; nothing is read.

        Args:
            template: see `exporter.sources.stores.templates`.
            folder: where a relative template begins; its own characters have no meaning in the template.
            form: the format of the files.
        """
        root = "" if template.startswith("/") else f"{folder}/".replace("//", "/")
        super().__init__(re.sub("/+", "/", template), root, form, TableCheck(_below, root))

    def browse(self, limit: int) -> Found:
        """See `BrowsableSource`."""
        folder = Path(self._template.prefix.rpartition("/")[0] or "/")
        while not _is_folder(folder):
            folder = folder.parent
        names = [f"{name}/" if _is_folder(folder / name) else name for name in _if_present(_names, str(folder)) or []]
        return Found(f"{folder}/", tuple(names[:limit]), templates.matching(self._template, self._list, limit))

    def _list(self, prefix: str, depth: int | None) -> Iterator[StoredObject]:
        yield from self._listing()(prefix, depth)

    def _listing(self) -> templates.Listing:
        """Return a listing that reads each folder once: a folder with a file for every hour has thousands."""
        names = cache(_names)

        def listing(prefix: str, depth: int | None) -> Iterator[StoredObject]:
            self.traffic.requests += 1
            return _walk(prefix[: prefix.rindex("/") + 1], prefix, depth, names)

        return listing

    def read_file(self, item: StoredObject, selection: Selection) -> Generator[Batch]:
        """See `FileSource`."""
        return read_file(item, selection, self._form)


def read_file(item: StoredObject, selection: Selection, form: FileFormat = BY_NAME) -> Generator[Batch]:
    """Yield the batches of a file; see `FileSource.read_file`."""
    # read, not mapped: if another process truncated a mapped file, this process would crash
    return form.read(lambda: _opened(item.path), item, selection, _store_error)


def _walk(
    folder: str,
    prefix: str,
    depth: int | None,
    names: Callable[[Path], list[str]],
    above: frozenset[tuple[int, int]] = frozenset(),
) -> Iterator[StoredObject]:
    """Yield the files below a folder; each folder is entered once per path, because symbolic links may be circular."""
    here = _if_present(Path.stat, folder)
    if here is None or (here.st_dev, here.st_ino) in above:
        return
    for name in _beginning(_if_present(names, folder) or [], prefix[len(folder) :]):
        path = folder + name
        status = _if_present(Path.stat, path)
        if status and stat.S_ISREG(status.st_mode):
            yield StoredObject(path, status.st_size, str(status.st_mtime_ns))
        elif status and stat.S_ISDIR(status.st_mode) and (depth is None or path.count("/") < depth):
            yield from _walk(f"{path}/", prefix, depth, names, above | {(here.st_dev, here.st_ino)})


def _beginning(names: list[str], text: str) -> Iterator[str]:
    """Yield those of some sorted names that begin with a text."""
    return takewhile(lambda name: name.startswith(text), islice(names, bisect_left(names, text), None))


def _below(folder: str) -> Iterator[StoredObject]:
    return _walk(folder, folder, None, _names)


def _is_folder(path: Path) -> bool:
    status = _if_present(Path.stat, str(path))
    return status is not None and stat.S_ISDIR(status.st_mode)


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries)


def _if_present(call: Callable[[Path], T], path: str) -> T | None:
    """Return the result of a call; `None` for a path that does not exist or leads nowhere."""
    try:
        return call(Path(path))
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise _unavailable(path, error) from None


def _opened(path: str) -> pa.NativeFile:
    return pa.OSFile(os.fsencode(path))


def _store_error(item: StoredObject, error: OSError) -> SourceUnavailable | None:
    """Return an error of the store if the operating system gave a reason; content that is not Parquet has none."""
    if error.errno is None:
        return None
    return _unavailable(item.path, error, FileUnavailable if error.errno in _OF_FILE else SourceUnavailable)


def _unavailable(path: str, error: OSError, kind: type[SourceUnavailable] = SourceUnavailable) -> SourceUnavailable:
    hint = "; let the exporter's user read it" if isinstance(error, PermissionError) else ""
    return kind(f"{path}: {os.strerror(error.errno or 0)}{hint}")
