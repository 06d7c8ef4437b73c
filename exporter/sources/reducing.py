"""What a source adds that counts in pieces on several machines: pieces are counted apart, and their counts merged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from exporter.errors import LeewayError
from exporter.sources.source import Batch, Partition, Selection, Source

T = TypeVar("T")
K = TypeVar("K")


class Portion(NamedTuple):
    """Which piece of a partition some rows are, from 0, and its share of all by its size as stored: above 0, to 1."""

    place: int
    share: float


ALL: Final = Portion(0, 1.0)
"""The partition itself."""


@dataclass(frozen=True, slots=True)
class Reduction(Generic[T]):
    """How pieces of a partition are counted, and how what they come to is put together.

    All of it travels to other machines: functions of modules, or partial ones of them, and plain values.

    Attributes:
        count: what a piece's rows come to; may raise a `LeewayError`, which is then what the partition comes to.
        merge: what pieces that follow each other come to, together; at least one. It must not matter how often it is
            called on the way to the whole.
        pack: what a piece comes to, as bytes that travel.
        unpack: the inverse.
    """

    count: Callable[[Iterator[Batch], Portion], T]
    merge: Callable[[Sequence[T]], T]
    pack: Callable[[T], bytes]
    unpack: Callable[[bytes], T]


@runtime_checkable
class ReducingSource(Source, Protocol):
    """A source that counts partitions in pieces, several at a time."""

    def reduce(
        self, partitions: Mapping[K, Partition], selection: Selection, reduction: Reduction[T]
    ) -> Iterator[tuple[K, T | LeewayError]]:
        """What each partition comes to, in any order, or why it comes to nothing: one that fails costs only itself."""
        ...


def reduce_partition(source: ReducingSource, partition: Partition, selection: Selection, reduction: Reduction[T]) -> T:
    """What one partition comes to.

    Raises:
        LeewayError: why it comes to nothing.
    """
    ((_, found),) = source.reduce({None: partition}, selection, reduction)
    if isinstance(found, LeewayError):
        raise found
    return found
