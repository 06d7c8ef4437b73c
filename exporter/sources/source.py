"""The interface of every source, and the plain values that pass between a source and the profile kernel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, NamedTuple, Protocol, TypeVar, runtime_checkable

import pyarrow as pa

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class StoredObject:
    """One file or object as its store lists it: enough to detect whether it has changed.

    `tag` is any value that the store changes with the content: an ETag, or a modification time in nanoseconds.
    """

    path: str
    size: int
    tag: str


@dataclass(frozen=True)
class Partition:
    """The stored objects of one time range of the log, or of a whole data set; `objects` is never empty.

    `reading` is how they are read, as far as it is not usual: other rows come of the same objects then.
    """

    name: str
    objects: tuple[StoredObject, ...]
    reading: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when an object is added, removed, rewritten or read otherwise."""
        lines = self.reading + "".join(f"{item.path}\0{item.size}\0{item.tag}\n" for item in sorted(self.objects))
        return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()[:16]  # a file name may be any bytes

    @property
    def size(self) -> int:
        """Bytes as stored."""
        return sum(item.size for item in self.objects)


@dataclass(frozen=True, slots=True)
class Selection:
    """The columns that a reader needs.

    `keys` are in every batch, because rows are grouped by them. `categorical` are read as dictionaries where the file
    allows it, and so are keys that are not `plain` (ids, which are all different). `numeric_keys` are the keys that
    hold numbers, which a file of texts does not tell. A column that a file does not have is missing from its batches;
    the kernel handles that. `part` is the part of each file that is read, counted from 0, and the number of parts: the
    row groups of a file are divided among them in order, and a file of texts is in the first as a whole.
    """

    keys: tuple[str, ...]
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    plain: tuple[str, ...] = ()
    part: tuple[int, int] = (0, 1)
    numeric_keys: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All selected columns; without any, a reader only gives the number of rows."""
        return (*self.keys, *self.numeric, *self.categorical)

    @property
    def numbers(self) -> frozenset[str]:
        """The columns that hold numbers."""
        return frozenset((*self.numeric, *self.numeric_keys))


ROWS_ONLY: Final = Selection((), (), ())
"""No column: a batch then only has its number of rows, which is in the footer of a file."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some columns of some rows.

    The columns of wide rows come in several batches. Every batch has the keys, and every other column is in exactly one
    batch. `first` marks the first batch of the same rows, so that the rows, and a key that is also a feature, are
    counted once. `schema` names all the columns of the file, whether selected or not. `problems` are the selected
    columns that are not in the table because Arrow cannot decode them, with the reason. `unreadable` is the reason why
    the lines of a file cannot be read whose rows these are; all values are then null.
    """

    table: pa.Table
    first: bool
    schema: pa.Schema
    problems: Mapping[str, str] = field(default_factory=dict)
    unreadable: str = ""


Kernel = Callable[[Iterator[Batch]], T]


@dataclass(frozen=True, slots=True)
class Stream:
    """The model and the log that rows are read for, and, where they are in a table, how it is cut into partitions.

    A partition is a range of `grain` of the column `timestamp`; both are `None` for a data set that is read whole.
    """

    model: str
    name: str
    timestamp: str | None = None
    grain: timedelta | None = None


class Source(Protocol):
    """A store of partitions.

    Every call may raise `SourceUnavailable` (a retry may help) or `PartitionUnreadable` (a retry does not help). A call
    with starts or names may raise a plain `SourceError`, when the path in the spec does not distinguish partitions or
    lacks a name.
    """

    @property
    def traffic(self) -> Traffic:
        """The requests to the store so far."""
        ...

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """Return those of the partitions that begin at `starts` (UTC) that exist, with their stored objects."""
        ...

    def dataset(self, **names: str) -> Partition | None:
        """Return all objects of a path that is one data set, with `{version}` and its like filled in from `names`."""
        ...

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """Return the kernel's result for a partition's rows; each row of each selected column is decoded once."""
        ...


class Found(NamedTuple):
    """What lies where a path looks."""

    place: str
    """The nearest folder or prefix of the path that holds anything."""
    names: tuple[str, ...]
    """The first names in it, sorted; a folder's ends in `/`."""
    matching: tuple[str, ...]
    """The first files that match the path, of any time."""


@runtime_checkable
class BrowsableSource(Source, Protocol):
    """A source of files that can say what lies where its path looks."""

    def browse(self, limit: int) -> Found:
        """Return what lies where the path looks, at most `limit` names of each kind."""
        ...


@dataclass(slots=True)
class Traffic:
    """The requests of a source to its store so far; the numbers only grow. One thread uses a source at a time."""

    requests: int = 0
    """Listings (one per page) and objects opened."""
    bytes_read: int = 0
    """Stored size of the objects that were read for their columns."""
    bytes_billed: int | None = None
    """Bytes that the store bills; `None` where reading is not billed."""

    def count_opened(self, item: StoredObject, *, read: bool) -> None:
        """Count an object that is opened; `read` is false where only its footer is read."""
        self.requests += 1
        self.bytes_read += item.size if read else 0
