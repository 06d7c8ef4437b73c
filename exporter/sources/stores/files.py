"""The files of a partition as one stream of batches: several are read at a time, and each fails alone.

Files are read ahead within a limit of memory, and their batches are in the order of the files, so that the result does
not depend on which file comes first. A file that fails after some of its batches were passed on has rows in the
kernel: the partition is then read again without it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from typing import Final, TypeVar

from exporter.errors import FileUnavailable, FileUnreadable
from exporter.sources.deadline import Pool
from exporter.sources.formats.parquet import BATCH_BYTES
from exporter.sources.skipping import FileError, SkippedFiles
from exporter.sources.source import Batch, Kernel, Partition, StoredObject

T = TypeVar("T")

READERS: Final = 16
"""Files of a partition that are read at a time."""
_AHEAD_BYTES: Final = 2 * BATCH_BYTES
"""The approximate memory of the first batches that wait."""
_EXPANSION: Final = 4
"""How many times larger than its file a batch is assumed to be."""

Read = Callable[[StoredObject], Generator[Batch]]
"""Reads one file; may raise a `FileError` for the file, or `SourceUnavailable` for the store."""
Start = tuple[Batch | None, Generator[Batch]]
"""The first batch of a file, and those after it."""


class _PartlyReadError(Exception):
    """A file has failed after some of its batches were passed on."""


def profile_files(partition: Partition, read: Read, kernel: Kernel[T], skipped: SkippedFiles) -> T:
    """Return the kernel's result for the rows of all files that can be read.

    Args:
        partition: the files.
        read: reads one of them.
        kernel: is called again if a file fails in its middle.
        skipped: the files that could not be read are recorded here; those that are known to be corrupt are not read.

    Raises:
        FileUnreadable, FileUnavailable: no file can be read; the error is the first one's.
        SourceUnavailable: the store does not answer.
    """
    errors = skipped.corrupt(partition)
    while True:
        try:
            with closing(_batches(partition, read, errors, skipped)) as batches:
                result = kernel(batches)
        except _PartlyReadError:
            continue
        skipped.update(partition, errors)
        return result


def check_files(items: Collection[StoredObject], read: Read) -> Mapping[StoredObject, FileError]:
    """Return the errors of those files that cannot be opened.

    Raises:
        SourceUnavailable: the store does not answer.
    """
    errors: dict[StoredObject, FileError] = {}
    with closing(_read_ahead(list(items), read)) as files:
        for item, start in files:
            try:
                start.result()[1].close()
            except (FileUnreadable, FileUnavailable) as error:
                errors[item] = error
    return errors


def _batches(
    partition: Partition, read: Read, errors: dict[StoredObject, FileError], skipped: SkippedFiles
) -> Generator[Batch]:
    """Yield the batches of the files that have no error yet; the errors of others are added."""
    items = [item for item in partition.objects if item not in errors]
    with closing(_read_ahead(items, read)) as files:
        for item, start in files:
            try:
                first, rest = start.result()
            except (FileUnreadable, FileUnavailable) as error:
                errors[item] = error
                continue
            if first is not None:
                yield first
                yield from _rest(item, rest, errors)
    if errors and len(errors) == len(partition.objects):
        skipped.update(partition, errors)
        raise next(errors[item] for item in partition.objects)


def _rest(item: StoredObject, batches: Iterator[Batch], errors: dict[StoredObject, FileError]) -> Iterator[Batch]:
    try:
        yield from batches
    except (FileUnreadable, FileUnavailable) as error:
        errors[item] = error
        raise _PartlyReadError from None


def _read_ahead(items: Sequence[StoredObject], read: Read) -> Generator[tuple[StoredObject, Future[Start]]]:
    """Yield each file, in order, with its first batch."""
    if len(items) == 1:
        yield items[0], _done(read, items[0])
        return
    waiting: deque[tuple[StoredObject, Future[Start]]] = deque()
    with Pool(max(min(READERS, len(items)), 1), thread_name_prefix="read") as pool:
        try:
            for item in items:
                while waiting and not _has_room([each for each, _ in waiting], item):
                    yield waiting.popleft()
                waiting.append((item, pool.submit(_start, read, item)))
            while waiting:
                yield waiting.popleft()
        finally:
            _abandon(start for _, start in waiting)


def _has_room(waiting: Sequence[StoredObject], item: StoredObject) -> bool:
    total = sum(min(each.size * _EXPANSION, BATCH_BYTES) for each in (*waiting, item))
    return len(waiting) < READERS and total <= _AHEAD_BYTES


def _start(read: Read, item: StoredObject) -> Start:
    batches = read(item)
    return next(batches, None), batches


def _done(read: Read, item: StoredObject) -> Future[Start]:
    """Return the first batch of a file that is read in this thread."""
    done: Future[Start] = Future()
    try:
        done.set_result(_start(read, item))
    except BaseException as error:  # noqa: BLE001 - `result` raises it
        done.set_exception(error)
    return done


def _abandon(starts: Iterable[Future[Start]]) -> None:
    """Close the files that nobody will read."""
    for start in starts:
        if not start.cancel() and start.exception() is None:
            start.result()[1].close()
