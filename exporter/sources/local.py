"""Partitions in a folder of this machine, or of one that is mounted."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from exporter.errors import SourceUnavailable
from exporter.sources import templates
from exporter.sources.parquet import parquet_errors, read_batches
from exporter.sources.source import Batch, Kernel, Partition, Selection, StoredObject, Traffic

T = TypeVar("T")

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}


class Local:
    """Files whose paths a template gives.

    A folder that does not exist has no partitions. Symbolic links are followed. A file is taken for another when its
    size or its time of modification differs. A writer should write under a hidden or temporary name and rename: what
    is found half written is unreadable, and is read again when it has changed.
    """

    def __init__(self, template: str, folder: Path) -> None:
        """Remember where to look; nothing is read.

        Args:
            template: see `exporter.sources.templates`.
            folder: where a relative template begins; its own letters have no meaning in the template.
        """
        self.traffic = Traffic()
        root = "" if template.startswith("/") else f"{folder}/".replace("//", "/")
        self._template = templates.parse(re.sub("/+", "/", template), root)

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        return templates.partitions(self._template, starts, self._list)

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        return templates.dataset(self._template, names, self._list)

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        with closing(self._batches(partition, selection)) as stream:
            return kernel(stream)

    def _batches(self, partition: Partition, selection: Selection) -> Generator[Batch]:
        for item in partition.objects:
            self.traffic.opened(item, selection)
            # read, not mapped: a mapped file that another process cuts short would end this process
            with parquet_errors(item, _judge), _opened(item.path) as file:
                yield from read_batches(file, item, selection)

    def _list(self, prefix: str, depth: int | None) -> Iterator[StoredObject]:
        self.traffic.requests += 1
        return _walk(prefix[: prefix.rindex("/") + 1], prefix, depth)


def _walk(
    folder: str, prefix: str, depth: int | None, above: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[StoredObject]:
    """The files below a folder, each folder entered once on a way down: symbolic links may make circles."""
    here = _asked(Path.stat, folder)
    if here is None or (here.st_dev, here.st_ino) in above:
        return
    for name in _asked(_names, folder) or []:
        path = folder + name
        found = _asked(Path.stat, path) if path.startswith(prefix) else None
        if found and stat.S_ISREG(found.st_mode):
            yield StoredObject(path, found.st_size, str(found.st_mtime_ns))
        elif found and stat.S_ISDIR(found.st_mode) and (depth is None or path.count("/") < depth):
            yield from _walk(f"{path}/", prefix, depth, above | {(here.st_dev, here.st_ino)})


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries)


def _asked(question: Callable[[Path], T], path: str) -> T | None:
    """The answer; `None` for what is not there or leads nowhere."""
    try:
        return question(Path(path))
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise _refused(path, error) from None


def _opened(path: str) -> pa.NativeFile:
    return pa.OSFile(os.fsencode(path))


def _judge(item: StoredObject, error: OSError) -> SourceUnavailable | None:
    """The store's fault, if the operating system gave a reason: a content that is not Parquet has none."""
    return None if error.errno is None else _refused(item.path, error)


def _refused(path: str, error: OSError) -> SourceUnavailable:
    hint = "; let the exporter's user read it" if isinstance(error, PermissionError) else ""
    return SourceUnavailable(f"{path}: {os.strerror(error.errno or 0)}{hint}")
