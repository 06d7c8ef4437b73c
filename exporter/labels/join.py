"""Labels that arrive late, joined to their predictions in any order and as often as one likes.

Of the labels of one id the newest wins, and of those of one moment the greatest. That is a maximum, so it does not
depend on the order in which labels come, on how they are cut into chunks, or on one coming twice. The numbers of rows
beside it are sums: each chunk must be joined once to be counted once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from exporter.labels.predictions import Ids
from exporter.profiles.binning import Counts, Floats
from exporter.profiles.columns import Mask
from exporter.profiles.hashing import hash_order
from exporter.profiles.times import NO_TIME, Instants

Rows = npt.NDArray[np.int32]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KnownLabels:
    """What is known of some ids, row by row; all arrays are (ids,).

    `labels` are NaN and `labelled_at` is `NO_TIME` where there is none. `rows` are the rows of the label log that named
    the id; `disputed` says that not all of them had the same label.
    """

    labels: Floats
    labelled_at: Instants
    rows: Rows
    disputed: Mask

    @classmethod
    def none(cls, ids: int) -> Self:
        """Nothing is known of so many ids."""
        return cls(np.full(ids, np.nan), np.full(ids, NO_TIME), np.zeros(ids, np.int32), np.zeros(ids, bool))

    @property
    def known(self) -> Mask:
        """Which ids have a label."""
        return self.rows > 0

    def take(self, positions: Positions) -> KnownLabels:
        """Those at some positions."""
        return KnownLabels(*(getattr(self, field.name).take(positions) for field in fields(self)))

    def replaced(self, positions: Positions, others: KnownLabels) -> KnownLabels:
        """The same with others at some positions."""
        changed = KnownLabels(*(getattr(self, field.name).copy() for field in fields(self)))
        for field in fields(self):
            getattr(changed, field.name)[positions] = getattr(others, field.name)
        return changed


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some labels: `ids`, increasing and each once, and what they say of each."""

    ids: Ids
    answers: KnownLabels


def chunk(ids: Ids, labels: Floats, labelled_at: Instants) -> Chunk:
    """Reduce rows of the label log, (rows,), in any order; the labels are finite."""
    order = hash_order(ids)
    ordered = ids[order]
    again = ordered[1:] == ordered[:-1]
    if again.any():  # the newest last, and of those of one moment the greatest
        several = np.flatnonzero(np.append(again, False) | np.append(False, again))
        rows = order[several]
        order[several] = rows[np.lexsort((labels[rows], labelled_at[rows], ids[rows]))]
    # The zero turns -0.0 into 0.0: which of the two is the greater would be chance.
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
    """Several chunks, to be joined together: one entry for each chunk and id.

    `answers` are the chunks' own, one behind the other, and `source` is the chunk that each entry is of; `ids` are
    increasing, and `order` is the entry of each. All are (entries,).
    """

    ids: Ids
    order: Positions
    answers: KnownLabels
    source: Rows
    chunks: int


def merge_chunks(chunks: Sequence[Chunk]) -> MergedChunks:
    """Some chunks, to be joined together."""
    ids = np.concatenate([np.zeros(0, np.uint64), *(part.ids for part in chunks)])
    parts = [KnownLabels.none(0), *(part.answers for part in chunks)]
    answers = KnownLabels(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(KnownLabels))
    )
    order = np.argsort(ids, kind="stable")  # quick, since each chunk is in order
    source = np.repeat(np.arange(len(chunks), dtype=np.int32), [len(part.ids) for part in chunks])
    return MergedChunks(ids[order], order, answers, source, len(chunks))


@dataclass(frozen=True, slots=True)
class Matches:
    """Predictions that some labels are of: their `positions`, increasing, and the entry of a label of each."""

    positions: Positions
    entries: Positions


def matches(ids: Ids, labels: MergedChunks, wanted: Mask) -> list[Matches]:
    """The labels of some predictions: one for each that has any, a second for each that has two, and so on.

    Args:
        ids: those of the predictions, increasing and each once.
        labels: as they were gathered.
        wanted: which chunks to take labels from, (chunks,).
    """
    positions, places = np.arange(len(ids)), np.searchsorted(labels.ids, ids)
    found = []
    while len(positions):
        inside = np.searchsorted(places, len(labels.ids))
        there = np.flatnonzero(labels.ids[places[:inside]] == ids[positions[:inside]])
        positions, places = positions[there], places[there]
        entries = labels.order[places]
        new = wanted[labels.source[entries]]
        if new.any():
            found.append(Matches(positions[new], entries[new]))
        places = places + 1
    return found


def join(found: Sequence[Matches], before: KnownLabels, labels: MergedChunks) -> KnownLabels:
    """What is known of some predictions once more labels have come; `before` itself where none are theirs."""
    known = before
    for each in found:
        newer = _newer(known.take(each.positions), labels.answers.take(each.entries))
        known = known.replaced(each.positions, newer)
    return known


def matched_rows(found: Sequence[Matches], labels: MergedChunks) -> Counts:
    """The rows of each chunk that belong to these predictions, (chunks,)."""
    rows = np.zeros(labels.chunks)
    for each in found:
        rows += np.bincount(labels.source[each.entries], labels.answers.rows[each.entries], labels.chunks)
    return rows.astype(np.int64)


def _newer(old: KnownLabels, new: KnownLabels) -> KnownLabels:
    """What two say together, row by row; the new ones have a label."""
    later = new.labelled_at > old.labelled_at
    wins = later | ((new.labelled_at == old.labelled_at) & (new.labels > old.labels)) | ~old.known
    return KnownLabels(
        np.where(wins, new.labels, old.labels),
        np.where(wins, new.labelled_at, old.labelled_at),
        old.rows + new.rows,
        old.disputed | new.disputed | (old.known & (old.labels != new.labels)),
    )
