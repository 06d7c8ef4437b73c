"""The interface of a source that counts pieces on several machines and merges their counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from exporter.errors import LeewayError
from exporter.sources.source import Batch, Partition, Selection, Source

T = TypeVar("T")
K = TypeVar("K")


class Portion(NamedTuple):
    """The position of a piece in a partition, from 0, and its share of the stored size, above 0 and at most 1."""

    position: int
    share: float


ALL: Final = Portion(0, 1.0)
"""The whole partition."""


@dataclass(frozen=True, slots=True)
class Reduction(Generic[T]):
    """How pieces of a partition are counted, and how their results are merged.

    All of it is sent to other machines: it must be functions of modules, or partial ones of them, and plain values.

    Attributes:
        count: returns the result of a piece's rows; may raise a `LeewayError`, which then is the result of the
            partition.
        merge: returns the merged result of consecutive pieces, at least one. The number of merges must not change the
            result.
        pack: returns a result as bytes.
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
        """Yield the result of each partition, in any order, or its error; an error does not affect other partitions."""
        ...


def reduce_partition(source: ReducingSource, partition: Partition, selection: Selection, reduction: Reduction[T]) -> T:
    """Return the result of one partition.

    Raises:
        LeewayError: its error.
    """
    ((_, result),) = source.reduce({None: partition}, selection, reduction)
    if isinstance(result, LeewayError):
        raise result
    return result
