"""Pieces of partitions: how they are cut, counted and merged, on any machine.

A piece is a file, or a part of the row groups of a large Parquet file; cutting reads nothing. The functions here run on
the machines that count. They take and return record batches, and do not depend on the framework that runs them.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, NamedTuple, TypeVar

import pyarrow as pa

from exporter.errors import LeewayError
from exporter.sources.formats.file_format import BY_NAME, FileFormat
from exporter.sources.reducing import Portion, Reduction
from exporter.sources.source import Partition, Selection, Source, StoredObject
from exporter.spec.file_names import Format

T = TypeVar("T")

PIECE_BYTES: Final = 64 * 2**20
"""A larger file is cut: this is about a second of work, compared with which the start of a task is cheap."""
FAN_IN: Final = 8
"""Pieces that are merged at a time: one machine then holds this many results in memory."""

COLUMNS: Final = "partition long, node long, piece long, failed boolean, content binary"
"""The columns of a result: the numbers of its partition, merging node and piece, and the packed content."""
_SCHEMA: Final = pa.schema(
    {"partition": pa.int64(), "node": pa.int64(), "piece": pa.int64(), "failed": pa.bool_(), "content": pa.binary()}
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a partition: its position, its stored object, the part of that object, and its share of all."""

    partition: int
    position: int
    item: StoredObject
    part: tuple[int, int]
    share: float


class PieceResult(NamedTuple):
    """The packed result of a piece; for a piece that failed, the pickled list of its file and its error."""

    partition: int
    node: int
    piece: int
    failed: bool
    content: bytes


@dataclass(frozen=True, slots=True)
class Task(Generic[T]):
    """The source, columns, reduction and pieces of one job."""

    source: Source
    selection: Selection
    reduction: Reduction[T]
    pieces: Sequence[Piece]

    def count(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Count the pieces with these numbers."""
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield _batch(self._counted(self.pieces[number]))

    def merge(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Merge the results of each node; all results of a node must be in these batches."""
        nodes: dict[tuple[int, int], list[PieceResult]] = {}
        for result in read_results(batches):
            nodes.setdefault((result.partition, result.node), []).append(result)
        for (partition, node), pieces in nodes.items():
            failed, content = self.merged(pieces)
            yield _batch(PieceResult(partition, node // FAN_IN, node, failed, content))

    def merged(self, pieces: Iterable[PieceResult]) -> tuple[bool, bytes]:
        """Return the merged result of pieces of a partition, packed, or that some failed, with all of their errors."""
        ordered = sorted(pieces, key=lambda result: result.piece)
        errors = [error for result in ordered if result.failed for error in unpack_errors(result.content)]
        if errors:
            return True, pickle.dumps(errors)
        if len(ordered) == 1:
            return False, ordered[0].content
        reduction = self.reduction
        return False, reduction.pack(reduction.merge([reduction.unpack(result.content) for result in ordered]))

    def outcome(self, failed: bool, content: bytes) -> T | LeewayError:  # noqa: FBT001 - as it travels
        """Return the unpacked result or the first error."""
        return unpack_errors(content)[0][1] if failed else self.reduction.unpack(content)

    def _counted(self, piece: Piece) -> PieceResult:
        partition = Partition(piece.item.path, (piece.item,))
        portion = Portion(piece.position, piece.share)
        selection, reduction = replace(self.selection, part=piece.part), self.reduction
        try:
            counted = self.source.profile(partition, selection, lambda rows: reduction.count(rows, portion))
            failed, content = False, reduction.pack(counted)
        except LeewayError as problem:
            failed, content = True, pickle.dumps([(piece.item, problem)])
        return PieceResult(piece.partition, piece.position // FAN_IN, piece.position, failed, content)


def unpack_errors(content: bytes) -> list[tuple[StoredObject, LeewayError]]:
    """Return the errors of pieces that failed, in their order, each with its file."""
    errors: list[tuple[StoredObject, LeewayError]] = pickle.loads(content)  # noqa: S301 - from our own code
    return errors


def cut_pieces(
    number: int, partition: Partition, piece_bytes: int = PIECE_BYTES, form: FileFormat = BY_NAME
) -> list[Piece]:
    """Return the pieces of a partition, which has a number, in the order of its files."""
    parts = [
        (item, (part, count))
        for item in partition.objects
        for count in [-(-item.size // piece_bytes) or 1 if form.of(item.path) is Format.PARQUET else 1]
        for part in range(count)
    ]
    total = max(partition.size, 1)
    return [
        Piece(number, position, item, part, max(item.size, 1) / part[1] / total)
        for position, (item, part) in enumerate(parts)
    ]


def merge_rounds(pieces: Iterable[Piece]) -> int:
    """Return the number of merges until each partition has at results `FAN_IN` results."""
    results, rounds = max((piece.position + 1 for piece in pieces), default=0), 0
    while results > FAN_IN:
        results, rounds = -(-results // FAN_IN), rounds + 1
    return rounds


def read_results(batches: Iterable[pa.RecordBatch]) -> Iterator[PieceResult]:
    """Yield the results in record batches."""
    for batch in batches:
        rows: list[Mapping[str, Any]] = batch.to_pylist()
        yield from (PieceResult(**row) for row in rows)


def _batch(result: PieceResult) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([result._asdict()], schema=_SCHEMA)
