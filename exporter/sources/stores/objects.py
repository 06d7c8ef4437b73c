"""Objects of a cloud's store as a source, whichever client lists them by prefix and fetches ranges of them.

Of a large object only the footer and the column chunks that are selected are fetched, near ones in one request.
"""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import pyarrow as pa

from exporter.errors import SourceUnavailable
from exporter.sources.deadline import Pool
from exporter.sources.formats.file_format import BY_NAME, FileFormat
from exporter.sources.source import Batch, Found, Selection, StoredObject
from exporter.sources.stores import templates
from exporter.sources.stores.file_source import FileSource
from exporter.sources.stores.files import READERS
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


class ObjectSource(FileSource):
    """Objects whose keys match a template."""

    def __init__(self, template: str, limits: Limits = DEFAULT_LIMITS, form: FileFormat = BY_NAME) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Args:
            template: the address of a bucket or container, and the key as in `exporter.sources.stores.templates`.
            limits: timeouts and attempts of requests.
            form: the format of the objects.
        """
        scheme, _, rest = template.partition("://")
        self._place, _, key = rest.partition("/")
        self._root = f"{scheme}://{self._place}/"
        self._limits = limits
        super().__init__(key, self._root, form, TableCheck(partial(self._list, depth=None)))

    @abstractmethod
    def _pages(self, prefix: str, delimiter: str = "") -> Iterator[Iterable[StoredObject]]:
        """Yield the objects whose keys begin with a prefix, page by page.

        With a delimiter, keys that have it after the prefix are one item: their part up to it, without size and tag.

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

    def folder(self, path: str) -> Iterator[StoredObject]:
        """Yield what is directly below a folder, by its whole path: its objects, and folders, which end in `/`.

        Raises:
            SourceUnavailable: the store does not answer, or refuses.
        """
        prefix = f"{path.removeprefix(self._root.rstrip('/')).strip('/')}/".lstrip("/")
        for page in self._pages(prefix, "/"):
            self.traffic.requests += 1
            yield from (item for item in page if item.path != self._root + prefix)

    def find_object(self, path: str) -> StoredObject | None:
        """Return the object of this path, if there is one.

        Raises:
            SourceUnavailable: the store does not answer, or refuses.
        """
        found = next(self._list(path, None), None)
        return found if found is not None and found.path == path else None

    def open_object(self, item: StoredObject) -> pa.NativeFile:
        """Return an object as a file, whose ranges are fetched as they are read."""
        return pa.PythonFile(StoredFile(item.size, partial(self._fetch_whole, item)), mode="r")

    def browse(self, limit: int) -> Found:
        """See `BrowsableSource`; where no key begins with the prefix, the first keys of the bucket are returned."""
        prefix = self._template.prefix.rpartition("/")[0] + "/"
        for place in dict.fromkeys((prefix, self._root)):
            if names := tuple(item.path for item in islice(self._list(place, None), limit)):
                return Found(place, names, templates.matching(self._template, self._list, limit))
        return Found(self._root, (), ())

    def _key(self, item: StoredObject) -> str:
        return item.path.removeprefix(self._root)

    def _list(self, prefix: str, depth: int | None) -> Iterator[StoredObject]:
        for page in self._pages(prefix.removeprefix(self._root)):
            self.traffic.requests += 1
            yield from page

    def read_file(self, item: StoredObject, selection: Selection) -> Generator[Batch]:
        """See `FileSource`."""
        return self._form.read(lambda: self._opened(item, selection), item, selection, lambda _item, _error: None)

    def _opened(self, item: StoredObject, selection: Selection) -> pa.NativeFile:
        if item.size <= (WHOLE_BYTES if selection.columns else FOOTER_BYTES):
            return pa.BufferReader(self._fetch_whole(item, 0, item.size) if item.size else b"")
        return self.open_object(item)

    def _fetch_whole(self, item: StoredObject, start: int, size: int) -> bytes:
        """Return a range of an object; fewer bytes do not make the object corrupt, so that it is read again.

        Raises:
            SourceError: as `_fetch`.
        """
        content = self._fetch(item, start, size)
        if len(content) != size:
            message = f"{item.path}: the store sent {len(content)} of {size} bytes; the next refresh tries again"
            raise SourceUnavailable(message)
        return content


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
        with Pool(min(len(ranges), PARTS), thread_name_prefix="fetch") as pool:
            return b"".join(pool.map(lambda each: self._fetch(*each), ranges))
