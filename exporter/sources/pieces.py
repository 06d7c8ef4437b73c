"""Pieces of partitions: how they are cut, counted and merged, wherever that is done.

A piece is a file, or where a file is large a part of its row groups; nothing is read to tell them apart. The functions
here run on the machines that count. They take and give record batches, and know nothing of who runs them.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, NamedTuple, TypeVar

import pyarrow as pa

from exporter.errors import LeewayError
from exporter.sources.reducing import Portion, Reduction
from exporter.sources.source import Partition, Selection, Source, StoredObject

T = TypeVar("T")

PIECE_BYTES: Final = 64 * 2**20
"""A larger file is cut: about a second's work, beside which it costs little to start it."""
FAN_IN: Final = 8
"""Pieces that are merged at a time: one machine then holds this many of what a piece comes to."""

COLUMNS: Final = "partition long, node long, piece long, failed boolean, content binary"
"""What travels: which piece of which partition (numbers), the node that merges it, and what it comes to."""
_SCHEMA: Final = pa.schema(
    {"partition": pa.int64(), "node": pa.int64(), "piece": pa.int64(), "failed": pa.bool_(), "content": pa.binary()}
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a partition: its place, what is stored, which part of it, and its share of the partition."""

    partition: int
    place: int
    item: StoredObject
    part: tuple[int, int]
    share: float


class PieceResult(NamedTuple):
    """What a piece came to, packed; or, of one that failed, its error."""

    partition: int
    node: int
    piece: int
    failed: bool
    content: bytes


@dataclass(frozen=True, slots=True)
class Task(Generic[T]):
    """What is done with each piece."""

    source: Source
    selection: Selection
    reduction: Reduction[T]
    pieces: Sequence[Piece]

    def count(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Count the pieces whose numbers these are."""
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield _batch(self._counted(self.pieces[number]))

    def merge(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Merge what belongs to the same node; all that does must be here."""
        nodes: dict[tuple[int, int], list[PieceResult]] = {}
        for found in read_results(batches):
            nodes.setdefault((found.partition, found.node), []).append(found)
        for (partition, node), pieces in nodes.items():
            failed, content = self.merged(pieces)
            yield _batch(PieceResult(partition, node // FAN_IN, node, failed, content))

    def merged(self, pieces: Iterable[PieceResult]) -> tuple[bool, bytes]:
        """What pieces of a partition come to, packed; or whether one failed, and the error of the first."""
        ordered = sorted(pieces, key=lambda found: found.piece)
        failed = next((found for found in ordered if found.failed), None)
        if failed is not None:
            return True, failed.content
        if len(ordered) == 1:
            return False, ordered[0].content
        reduction = self.reduction
        return False, reduction.pack(reduction.merge([reduction.unpack(found.content) for found in ordered]))

    def outcome(self, failed: bool, content: bytes) -> T | LeewayError:  # noqa: FBT001 - as it travels
        """What was packed."""
        if not failed:
            return self.reduction.unpack(content)
        error: LeewayError = pickle.loads(content)  # noqa: S301 - from a machine that runs our own code
        return error

    def _counted(self, piece: Piece) -> PieceResult:
        partition = Partition(piece.item.path, (piece.item,))
        portion = Portion(piece.place, piece.share)
        selection, reduction = replace(self.selection, part=piece.part), self.reduction
        try:
            counted = self.source.profile(partition, selection, lambda rows: reduction.count(rows, portion))
            failed, content = False, reduction.pack(counted)
        except LeewayError as problem:
            failed, content = True, pickle.dumps(problem)
        return PieceResult(piece.partition, piece.place // FAN_IN, piece.place, failed, content)


def cut_pieces(number: int, partition: Partition, most: int = PIECE_BYTES) -> list[Piece]:
    """The pieces of a partition, which is called by a number, in the order of its files."""
    parts = [
        (item, (part, count))
        for item in partition.objects
        for count in [-(-item.size // most) or 1]
        for part in range(count)
    ]
    total = max(partition.size, 1)
    return [
        Piece(number, place, item, part, max(item.size, 1) / part[1] / total)
        for place, (item, part) in enumerate(parts)
    ]


def merge_rounds(pieces: Iterable[Piece]) -> int:
    """How often pieces are merged before at most `FAN_IN` are left of any partition."""
    most, needed = max((piece.place + 1 for piece in pieces), default=0), 0
    while most > FAN_IN:
        most, needed = -(-most // FAN_IN), needed + 1
    return needed


def read_results(batches: Iterable[pa.RecordBatch]) -> Iterator[PieceResult]:
    """What record batches say."""
    for batch in batches:
        rows: list[Mapping[str, Any]] = batch.to_pylist()
        yield from (PieceResult(**row) for row in rows)


def _batch(found: PieceResult) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([found._asdict()], schema=_SCHEMA)
