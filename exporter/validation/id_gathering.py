"""Gathers ids of labels, and of predictions of any age that these may have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import pyarrow as pa

from exporter.sources.engine import CountingSource
from exporter.sources.source import Partition, Selection, Source
from exporter.spec.model import Body
from exporter.spec.windows import Window, newest_end
from exporter.validation.reading import read_rows, spread
from exporter.validation.sample import IdSample, LogSample, Rows

LONGEST: Final = timedelta(days=35)
"""How far back labels, and the predictions that they belong to, are looked for."""
LABEL_TRIES: Final = 12
"""The newest partitions of labels that are read where they have few rows, or none: labels may pause."""

_LABELS: Final = 1000
"""Ids of labels that are enough."""
_PARTITIONS: Final = (6, 18)
"""Partitions of predictions: the newest, and others at even distances over the look-back."""
_PIECES: Final = 2
_DAY: Final = timedelta(days=1)


def gather_ids(body: Body, source: Source, log: LogSample, label_source: Source, labels: LogSample) -> IdSample | None:
    """Return ids of both logs; None where no label was found, or predictions have no ids.

    Args:
        body: the spec.
        source: the source of the inference log.
        log: what was found there.
        label_source: the source of the label log.
        labels: what was found there.
    """
    column, span = body.inference.columns.prediction_id, labels.span
    if body.labels is None or column is None or span is None or labels.rows is None or not labels.rows.count:
        return None
    length = min(body.labels.maturity + _DAY, LONGEST)
    end = newest_end(span.end, timedelta(), log.grain)
    wanted = Window(end - max(length // log.grain, 1) * log.grain, end).partitions(log.grain)
    newest, others = wanted[-_PARTITIONS[0] :], wanted[: -_PARTITIONS[0]]
    chosen = [*spread(others, _PARTITIONS[1]), *newest]
    read = list(_ids(source, list(source.partitions(chosen).values()), column))
    total, seen = sum(rows.total for rows in read), sum(rows.count for rows in read)
    share = len(chosen) / len(wanted) * (seen / total if total else 0.0)
    predictions = tuple(piece for rows in read for piece in rows.column(column))
    label_ids = tuple(_label_ids(label_source, labels, labels.rows, body.labels.columns.prediction_id))
    return IdSample(predictions, label_ids, share)


def _label_ids(source: Source, labels: LogSample, first: Rows, column: str) -> Iterator[pa.ChunkedArray]:
    """Yield the ids of the partition that was read, and where these are few, of some before it."""
    ids = first.column(column)
    yield from ids
    count = sum(map(len, ids))
    starts = sorted((start for start in labels.partitions if first.start is None or start < first.start), reverse=True)
    before = [labels.partitions[start] for start in starts[:LABEL_TRIES]] if count < _LABELS else []
    for rows in _ids(source, before, column):
        yield from rows.column(column)
        count += rows.count
        if count >= _LABELS:
            return


def _ids(source: Source, partitions: Sequence[Partition], column: str) -> Iterator[Rows]:
    """Yield ids of the partitions that can be read; what cannot be read is the subject of other checks."""
    parts = partitions
    if parts and isinstance(source, CountingSource):  # one query for all of them
        parts = [Partition("ids", tuple(item for part in partitions for item in part.objects))]
    for part in parts:
        try:
            rows = read_rows(source, part, Selection((), (), (column,), (column,)), pieces=_PIECES)
        except Exception:  # noqa: BLE001, S112 - no content may stop the other checks
            continue
        yield rows
