"""The join of late labels with their predictions, in any order and in any pieces.

Of the labels of one id the newest wins; of labels with the same time the greatest wins. This is a maximum, so it does
not depend on the order of labels, on the chunks that they come in, or on a label that comes twice. The numbers of rows
are sums: each chunk must be joined exactly once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from exporter.labels.ids import Ids
from exporter.profiles.binning import Counts, Floats
from exporter.profiles.columns import Mask
from exporter.profiles.hashing import hash_order
from exporter.profiles.times import NO_TIME, Instants

Rows = npt.NDArray[np.int32]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KnownLabels:
    """The labels of some ids, row by row; all arrays are (ids,).

    `labels` are NaN and `labelled_at` is `NO_TIME` where an id has no label; a label that is none of the model's is
    infinite, see `exporter.labels.truths`. `rows` are the number of its rows in the
    label log; `disputed` marks ids whose rows do not all have the same label.
    """

    labels: Floats
    labelled_at: Instants
    rows: Rows
    disputed: Mask

    @classmethod
    def none(cls, ids: int) -> Self:
        """Return so many ids without a label."""
        return cls(np.full(ids, np.nan), np.full(ids, NO_TIME), np.zeros(ids, np.int32), np.zeros(ids, bool))

    @property
    def known(self) -> Mask:
        """Which ids have a label."""
        return self.rows > 0

    def take(self, positions: Positions) -> KnownLabels:
        """Return the labels at some positions."""
        return KnownLabels(*(getattr(self, field.name).take(positions) for field in fields(self)))

    def replaced(self, positions: Positions, others: KnownLabels) -> KnownLabels:
        """Return a copy with other labels at some positions."""
        changed = KnownLabels(*(getattr(self, field.name).copy() for field in fields(self)))
        for field in fields(self):
            getattr(changed, field.name)[positions] = getattr(others, field.name)
        return changed


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some labels: `ids`, increasing and each once, and the label of each."""

    ids: Ids
    known: KnownLabels


def chunk(ids: Ids, labels: Floats, labelled_at: Instants) -> Chunk:
    """Reduce rows of the label log, (rows,), in any order, to a chunk; no label is NaN."""
    order = hash_order(ids)
    ordered = ids[order]
    again = ordered[1:] == ordered[:-1]
    if again.any():  # the newest last, and of those of one moment the greatest
        several = np.flatnonzero(np.append(again, False) | np.append(False, again))
        rows = order[several]
        order[several] = rows[np.lexsort((labels[rows], labelled_at[rows], ids[rows]))]
    # The zero turns -0.0 into 0.0: they are equal, so it would be chance which of them wins.
    labels, labelled_at = labels[order] + 0.0, labelled_at[order]
    if not again.any():
        return Chunk(ordered, KnownLabels(labels, labelled_at, np.ones(len(ids), np.int32), np.zeros(len(ids), bool)))
    starts = np.flatnonzero(np.append(True, ~again))
    many = np.diff(starts, append=len(order))
    newest = starts + many - 1
    differ = np.minimum.reduceat(labels, starts) < np.maximum.reduceat(labels, starts)
    return Chunk(ordered[starts], KnownLabels(labels[newest], labelled_at[newest], many.astype(np.int32), differ))


@dataclass(frozen=True, slots=True)
class MergedChunks:
    """Several chunks that are joined at once: one entry for each chunk and id.

    `known` are the labels of all chunks, chunk after chunk, and `source` is the chunk of each entry. `ids` are
    increasing, and `order` is the entry of each. All are (entries,).
    """

    ids: Ids
    order: Positions
    known: KnownLabels
    source: Rows
    chunks: int


def merge_chunks(chunks: Sequence[Chunk]) -> MergedChunks:
    """Merge some chunks, so that they are joined at once."""
    ids = np.concatenate([np.zeros(0, np.uint64), *(part.ids for part in chunks)])
    parts = [KnownLabels.none(0), *(part.known for part in chunks)]
    known = KnownLabels(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(KnownLabels))
    )
    order = np.argsort(ids, kind="stable")  # quick, since each chunk is in order
    source = np.repeat(np.arange(len(chunks), dtype=np.int32), [len(part.ids) for part in chunks])
    return MergedChunks(ids[order], order, known, source, len(chunks))


@dataclass(frozen=True, slots=True)
class Matches:
    """Predictions that have a label: their `positions`, increasing, and the entry of one label of each."""

    positions: Positions
    entries: Positions


def matches(ids: Ids, labels: MergedChunks, wanted: Mask) -> list[Matches]:
    """Find the labels of some predictions: one for each that has any, a second for each that has two, and so on.

    Args:
        ids: those of the predictions, increasing and each once.
        labels: the merged chunks.
        wanted: the chunks that are searched, (chunks,).
    """
    positions, places = np.arange(len(ids)), np.searchsorted(labels.ids, ids)
    matched = []
    while len(positions):
        inside = np.searchsorted(places, len(labels.ids))
        there = np.flatnonzero(labels.ids[places[:inside]] == ids[positions[:inside]])
        positions, places = positions[there], places[there]
        entries = labels.order[places]
        new = wanted[labels.source[entries]]
        if new.any():
            matched.append(Matches(positions[new], entries[new]))
        places = places + 1
    return matched


def join(matched: Sequence[Matches], before: KnownLabels, labels: MergedChunks) -> KnownLabels:
    """Return the labels of some predictions after more labels came; `before` itself where none match."""
    known = before
    for each in matched:
        newer = _newer(known.take(each.positions), labels.known.take(each.entries))
        known = known.replaced(each.positions, newer)
    return known


def matched_rows(matched: Sequence[Matches], labels: MergedChunks) -> Counts:
    """Count the rows of each chunk that belong to these predictions, (chunks,)."""
    rows = np.zeros(labels.chunks)
    for each in matched:
        rows += np.bincount(labels.source[each.entries], labels.known.rows[each.entries], labels.chunks)
    return rows.astype(np.int64)


def _newer(old: KnownLabels, new: KnownLabels) -> KnownLabels:
    """Merge two, row by row; all new ones have a label."""
    later = new.labelled_at > old.labelled_at
    wins = later | ((new.labelled_at == old.labelled_at) & (new.labels > old.labels)) | ~old.known
    return KnownLabels(
        np.where(wins, new.labels, old.labels),
        np.where(wins, new.labelled_at, old.labelled_at),
        old.rows + new.rows,
        old.disputed | new.disputed | (old.known & (old.labels != new.labels)),
    )
