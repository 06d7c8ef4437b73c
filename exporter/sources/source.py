"""What every source can do, and the plain values that pass between a source and the profile kernel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import pyarrow as pa

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class StoredObject:
    """One file or object as its store lists it: enough to tell whether it has changed.

    `tag` is whatever the store changes with the content: an ETag, a modification time in nanoseconds.
    """

    path: str
    size: int
    tag: str


@dataclass(frozen=True, slots=True)
class Partition:
    """What is stored for one stretch of the log, or for a whole data set; `objects` is never empty."""

    name: str
    objects: tuple[StoredObject, ...]

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when an object is added, removed or rewritten."""
        lines = "".join(f"{item.path}\0{item.size}\0{item.tag}\n" for item in sorted(self.objects))
        return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()[:16]  # a file name may be any bytes

    @property
    def size(self) -> int:
        """Bytes as stored."""
        return sum(item.size for item in self.objects)


@dataclass(frozen=True, slots=True)
class Selection:
    """The columns that a reader wants.

    `keys` come with every batch, since rows are grouped by them; `categorical` are read as dictionaries where the file
    allows it, and so are keys that are not `plain` (ids, each of which is another). A column that a file does not have
    is left out of its batches: that is for the kernel to judge. `part` is the part of each file that is read, counted
    from 0, and how many there are: its row groups are shared out among them in their order.
    """

    keys: tuple[str, ...]
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    plain: tuple[str, ...] = ()
    part: tuple[int, int] = (0, 1)

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them; with none, a reader is told how many rows there are and no more."""
        return (*self.keys, *self.numeric, *self.categorical)


ROWS_ONLY: Final = Selection((), (), ())
"""No column: a batch then has its number of rows, which the footer of a file tells."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some columns of some rows.

    The columns of a wide stretch of rows come in several batches; every batch has the keys, every other column is in
    exactly one, and `first` marks the first batch of each stretch, so that its rows, and a key that is counted itself,
    are counted once. `schema` names all the columns that the file has, whether selected or not.
    """

    table: pa.Table
    first: bool
    schema: pa.Schema


Kernel = Callable[[Iterator[Batch]], T]


@dataclass(frozen=True, slots=True)
class Stream:
    """For whom rows are read, and, where they are in a table, how it is cut into partitions.

    A partition is `grain` of the column `timestamp`; both are `None` for a data set that is read whole.
    """

    model: str
    name: str
    timestamp: str | None = None
    grain: timedelta | None = None


class Source(Protocol):
    """A place where partitions are.

    Every call may raise `SourceUnavailable` (worth another try) or `PartitionUnreadable` (it is not); one that takes
    starts or names, a plain `SourceError` when the path in the spec cannot tell partitions apart or lacks a name.
    """

    @property
    def traffic(self) -> Traffic:
        """What has been asked of the store so far."""
        ...

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """Those of the partitions that begin at `starts` (UTC) that exist, with what is stored for each."""
        ...

    def dataset(self, **names: str) -> Partition | None:
        """All that the path names when it stands for one data set, `{version}` and its like filled in from `names`."""
        ...

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """What the kernel makes of a partition's rows; each row of each selected column is decoded once."""
        ...


@dataclass(slots=True)
class Traffic:
    """What a source has asked of its store so far; the numbers only grow. One thread uses a source at a time."""

    requests: int = 0
    """Listings (pages count) and objects opened."""
    bytes_read: int = 0
    """Size of what was read for its columns, as stored."""
    bytes_billed: int | None = None
    """What the store charges reading for; `None` where it does not."""

    def opened(self, item: StoredObject, selection: Selection) -> None:
        """Count an object that is opened; of one of which no column is wanted only the footer is fetched."""
        self.requests += 1
        self.bytes_read += item.size if selection.columns else 0
