"""Objects of a cloud's store as a source, whichever client lists them by prefix and fetches ranges of them.

Of a large object only the footer and the column chunks that are selected are fetched, near ones in one request.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import pyarrow as pa

from exporter.sources.formats.file_format import BY_NAME, FileFormat
from exporter.sources.formats.path_columns import with_path_columns
from exporter.sources.skipping import SkippedFiles
from exporter.sources.source import ROWS_ONLY, Batch, Found, Kernel, Partition, Selection, StoredObject, Traffic
from exporter.sources.stores import templates
from exporter.sources.stores.files import READERS, check_files, profile_files
from exporter.sources.stores.table_folders import TableCheck

T = TypeVar("T")

WHOLE_BYTES: Final = 2**20
"""An object up to this size is fetched with one request."""
FOOTER_BYTES: Final = 2**16
"""What is fetched of an object whose rows are counted, unless its footer is longer."""
PART_BYTES: Final = 8 * 2**20
"""The longest range of one request."""
PARTS: Final = 4
"""Ranges of an object that are fetched at a time."""
PAGE_OBJECTS: Final = 1000
"""Objects of a page of a listing: as many as every store allows."""
CONNECTIONS: Final = READERS * PARTS
"""Requests of a source at a time, at most: a client keeps so many connections open."""


class Limits(NamedTuple):
    """Timeouts and attempts of requests."""

    connect_timeout: float = 5.0
    """Seconds to connect to the store."""
    read_timeout: float = 30.0
    """Seconds without data after which a request fails."""
    attempts: int = 4
    """Attempts of a request, with growing pauses, before it fails."""


DEFAULT_LIMITS: Final = Limits()


class ObjectSource(ABC):
    """Objects whose keys match a template."""

    def __init__(self, root: str, key: str, form: FileFormat = BY_NAME) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Args:
            root: the address of the bucket or container, with a `/` at its end.
            key: see `exporter.sources.stores.templates`.
            form: the format of the objects.
        """
        self.traffic = Traffic()
        self.skipped = SkippedFiles()
        self._root = root
        self._form = form
        self._template = templates.parse(key, root, form.below_folder, form.reading)
        self._tables = TableCheck(partial(self._list, _depth=None))

    @abstractmethod
    def _pages(self, prefix: str) -> Iterator[Iterable[StoredObject]]:
        """Yield the objects whose keys begin with a prefix, page by page.

        Raises:
            SourceUnavailable: the store does not answer, or refuses.
        """

    @abstractmethod
    def _fetch(self, item: StoredObject, start: int, size: int) -> bytes:
        """Return a range of an object, unless it has changed since it was listed.

        Raises:
            FileUnreadable, FileUnavailable: the store refuses this object.
            SourceUnavailable: the store does not answer.
        """

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        found = templates.partitions(self._template, starts, self._list)
        self._tables.refuse(item for partition in found.values() for item in partition.objects)
        return found

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        found = templates.dataset(self._template, names, self._list)
        self._tables.refuse(found.objects if found else ())
        return found

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        for item in partition.objects:
            self.traffic.count_opened(item, read=self._form.reads_rows(item, selection))
        whole = self._form.whole(kernel, selection)
        return profile_files(partition, lambda item: self._read(item, selection), whole, self.skipped)

    def retry_skipped(self) -> None:
        """See `SkippingSource`."""
        self.skipped.retry(lambda items: check_files(items, lambda item: self._read(item, ROWS_ONLY)))

    def browse(self, limit: int) -> Found:
        """See `BrowsableSource`; where no key begins with the prefix, the first keys of the bucket are returned."""
        prefix = self._template.prefix.rpartition("/")[0] + "/"
        for place in dict.fromkeys((prefix, self._root)):
            if names := tuple(item.path for item in islice(self._list(place, None), limit)):
                return Found(place, names, templates.matching(self._template, self._list, limit))
        return Found(self._root, (), ())

    def _key(self, item: StoredObject) -> str:
        return item.path.removeprefix(self._root)

    def _list(self, prefix: str, _depth: int | None) -> Iterator[StoredObject]:
        for page in self._pages(prefix.removeprefix(self._root)):
            self.traffic.requests += 1
            yield from page

    def _read(self, item: StoredObject, selection: Selection) -> Generator[Batch]:
        yield from with_path_columns(self.read_object(item, selection), item.path, selection)

    def read_object(self, item: StoredObject, selection: Selection) -> Generator[Batch]:
        """Yield the batches of an object of this bucket, without columns of its path.

        Raises:
            FileUnreadable, FileUnavailable: the object cannot be read.
            SourceUnavailable: the store does not answer.
        """
        return self._form.read(lambda: self._opened(item, selection), item, selection, lambda _item, _error: None)

    def _opened(self, item: StoredObject, selection: Selection) -> pa.NativeFile:
        if item.size <= (WHOLE_BYTES if selection.columns else FOOTER_BYTES):
            return pa.BufferReader(self._fetch(item, 0, item.size) if item.size else b"")
        return pa.PythonFile(StoredFile(item.size, partial(self._fetch, item)), mode="r")


class StoredFile(io.RawIOBase):
    """An object as a file: each read is a request, or several at a time where it is long."""

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        """Save the arguments; `fetch` returns the bytes from a start, and as many as are asked for."""
        super().__init__()
        self._size = size
        self._fetch = fetch
        self._position = 0

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position, and return it."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(origin + offset, 0)
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Return the bytes at the position: as many as are asked for, or up to the end."""
        left = max(self._size - self._position, 0)
        end = self._position + (left if size < 0 else min(size, left))
        ranges = [(start, min(end - start, PART_BYTES)) for start in range(self._position, end, PART_BYTES)]
        self._position = end
        if len(ranges) < 2:
            return b"".join(self._fetch(*each) for each in ranges)
        with ThreadPoolExecutor(min(len(ranges), PARTS), thread_name_prefix="fetch") as pool:
            return b"".join(pool.map(lambda each: self._fetch(*each), ranges))
