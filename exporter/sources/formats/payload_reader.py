"""Payload logs as batches: lines become payloads, and requests are joined to their responses in a partition.

A file gives its payloads as they are. What reads the whole partition joins them by id, in the order of the files, so it
does not matter whether a request and its response are in one file. One whose other half is in another partition, or
nowhere, is a row of which nothing can be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from exporter.sources.formats.json_objects import ObjectDecoder, blocks, columns_of
from exporter.sources.formats.payload_rows import PayloadMismatch, Row
from exporter.sources.formats.payloads import Payload, Shape
from exporter.sources.formats.text_file import TextStream, text_schema, unreadable_rows
from exporter.sources.source import Batch, Selection, StoredObject

_BLOCK_BYTES: Final = 2 * 2**20
"""Bytes of text that are decoded at a time: as objects of Python they need some twenty times as much memory."""
MOST_WAITING: Final = 100_000
"""Requests and responses that wait for their other half; beyond it the oldest are given up."""
_ONE_ROW: Final = pa.table({"": pa.nulls(1)}).select([])


@dataclass(frozen=True, slots=True)
class PayloadBatch(Batch):
    """The payloads of some lines, before they are rows.

    The table has one row, which stands for all of them: a column that it has is one of all rows.
    """

    payloads: Sequence[Payload] = ()


def read_payloads(
    file: pa.NativeFile, item: StoredObject, selection: Selection, shape: Shape, block_bytes: int = _BLOCK_BYTES
) -> Iterator[Batch]:
    """Read an open file, compressed or not: `joined_payloads` makes rows of what is yielded.

    Args:
        file: the content.
        item: the file as it was listed.
        selection: the columns.
        shape: of the lines.
        block_bytes: bytes of text that are decoded at a time.

    Raises:
        FileUnreadable: as `read_json_lines`, and if most lines have another shape.
        OSError: the compressed content is damaged.
    """
    stream = TextStream(file, item)
    if selection.part[0]:
        return
    decoder = ObjectDecoder(item.path, shape.payload)
    for block in blocks(stream, item.path, block_bytes):
        payloads = decoder.decode(block)
        if payloads:
            yield PayloadBatch(_ONE_ROW, first=True, schema=_ONE_ROW.schema, payloads=payloads)
    decoder.bad.check(decoder.objects, "JSON Lines")
    yield from decoder.bad.batch(pa.schema([(name, pa.string()) for name in selection.columns]), selection)


def joined_payloads(batches: Iterable[Batch], selection: Selection) -> Iterator[Batch]:
    """Yield the rows of a partition's payloads; those without their other half come last, as nulls."""
    joiner, names = _Joiner(), dict[str, None]()
    for batch in batches:
        if not isinstance(batch, PayloadBatch):
            yield batch
            continue
        rows = joiner.rows(_with_columns(batch))
        names |= dict.fromkeys(name for row in rows for name in row)
        if rows:
            present = [name for name in selection.columns if name in names]
            yield Batch(columns_of(rows, present, selection), first=True, schema=text_schema(names, selection))
    if count := joiner.finish():
        yield unreadable_rows(count, text_schema(names, selection), selection, joiner.why)


def _with_columns(batch: PayloadBatch) -> Iterable[Payload]:
    if not batch.table.num_columns:
        return batch.payloads
    (columns,) = batch.table.to_pylist()
    return [payload._replace(shared=columns | payload.shared) for payload in batch.payloads]


@dataclass(slots=True)
class _Joiner:
    """The payloads that wait for their other half, and what is lost."""

    _waiting: dict[tuple[str, bool], Payload] = field(default_factory=dict)
    """By the id, and whether it is the request; the oldest first."""
    _lost: int = 0
    _first: str = ""

    def rows(self, payloads: Iterable[Payload]) -> list[Row]:
        """Return the rows of the payloads that are complete or become so."""
        rows: list[Row] = []
        for payload in payloads:
            whole = payload if payload.complete else self._completed(payload)
            if whole is not None:
                try:
                    rows += whole.rows()
                except PayloadMismatch as error:
                    self._lose(whole, str(error))
        while len(self._waiting) > MOST_WAITING:
            self._give_up(next(iter(self._waiting)))
        return rows

    def _completed(self, payload: Payload) -> Payload | None:
        """Return a payload together with its other half; None if that is still to come."""
        is_request = payload.request is not None
        other = self._waiting.pop((payload.id, not is_request), None)
        if other is None:
            self._waiting[payload.id, is_request] = payload  # a repeated one replaces the first
            return None
        request, response = (payload, other) if is_request else (other, payload)
        return request._replace(response=response.response, shared=response.shared | request.shared)

    def finish(self) -> int:
        """Give up all that wait, and return the number of lost rows."""
        for key in list(self._waiting):
            self._give_up(key)
        return self._lost

    @property
    def why(self) -> str:
        """The reason for the first that was lost, and how many rows are."""
        return f"{self._lost} rows of requests and responses cannot be used; the first: {self._first}"

    def _give_up(self, key: tuple[str, bool]) -> None:
        payload, is_request = self._waiting.pop(key), key[1]
        halves = ("request", "response") if is_request else ("response", "request")
        self._lose(payload, f"this {halves[0]} has no {halves[1]} in its partition")

    def _lose(self, payload: Payload, why: str) -> None:
        self._first = self._first or f"id {payload.id[:200]!r}: {why}"
        self._lost += max(len(payload.request or ()), len(payload.response or ()), 1)
