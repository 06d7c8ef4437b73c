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

from exporter.profiles.binning import Floats
from exporter.profiles.columns import Mask
from exporter.profiles.predictions import Ids
from exporter.profiles.times import NEVER, Instants

Rows = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known of some ids, row by row; all arrays are (ids,).

    `labels` are NaN, and `labelled_at` is `NEVER`, where there is none. `rows` are the rows of the label log that named
    the id; `disputed` says that not all of them had the same label.
    """

    labels: Floats
    labelled_at: Instants
    rows: Rows
    disputed: Mask

    @classmethod
    def none(cls, ids: int) -> Self:
        """Nothing is known of so many ids."""
        return cls(np.full(ids, np.nan), np.full(ids, NEVER), np.zeros(ids, np.int32), np.zeros(ids, bool))

    @property
    def known(self) -> Mask:
        """Which ids have a label."""
        return self.rows > 0

    def take(self, positions: npt.NDArray[np.int64]) -> Answers:
        """Those at some positions."""
        return Answers(*(getattr(self, field.name)[positions] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some labels: `ids`, increasing and each once, and what they say of each."""

    ids: Ids
    answers: Answers


def chunk(ids: Ids, labels: Floats, labelled_at: Instants) -> Chunk:
    """Reduce rows of the label log, (rows,), in any order; the labels are finite."""
    rows = len(ids)
    # The zero turns -0.0 into 0.0: which of the two is the greater would be chance.
    return _reduced(ids, Answers(labels + 0.0, labelled_at, np.ones(rows, np.int32), np.zeros(rows, bool)))


def merged(chunks: Sequence[Chunk]) -> Chunk:
    """Several chunks as one; without any, one of no labels."""
    if len(chunks) == 1:
        return chunks[0]
    parts = [Answers.none(0), *(part.answers for part in chunks)]
    columns = (np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Answers))
    return _reduced(np.concatenate([np.zeros(0, np.uint64), *(part.ids for part in chunks)]), Answers(*columns))


def _reduced(ids: Ids, answers: Answers) -> Chunk:
    order = np.lexsort((answers.labels, answers.labelled_at, ids))
    ids, answers = ids[order], answers.take(order)
    starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1])[: len(ids)])
    if len(starts) == len(ids):
        return Chunk(ids, answers)
    newest = np.append(starts[1:], len(ids)) - 1
    differ = np.minimum.reduceat(answers.labels, starts) < np.maximum.reduceat(answers.labels, starts)
    return Chunk(
        ids[starts],
        Answers(
            answers.labels[newest],
            answers.labelled_at[newest],
            np.add.reduceat(answers.rows, starts),
            differ | np.logical_or.reduceat(answers.disputed, starts),
        ),
    )


@dataclass(frozen=True, slots=True)
class Gathered:
    """Several chunks as one, with what came from which.

    `labels` are those of all. Of each chunk's labels one by one `ids` are those, increasing, `source` is the chunk's
    position and `rows` are its rows of the label log; these are (entries,).
    """

    labels: Chunk
    ids: Ids
    source: Rows
    rows: Rows
    chunks: int


def gathered(chunks: Sequence[Chunk]) -> Gathered:
    """Some chunks, to be joined together."""
    ids = np.concatenate([np.zeros(0, np.uint64), *(part.ids for part in chunks)])
    source = np.repeat(np.arange(len(chunks), dtype=np.int32), [len(part.ids) for part in chunks])
    rows = np.concatenate([np.zeros(0, np.int32), *(part.answers.rows for part in chunks)])
    order = np.argsort(ids, kind="stable")
    return Gathered(merged(chunks), ids[order], source[order], rows[order], len(chunks))


def matched_rows(ids: Ids, labels: Gathered) -> npt.NDArray[np.int64]:
    """The rows of each chunk that belong to these predictions, (chunks,)."""
    first, last = np.searchsorted(labels.ids, ids), np.searchsorted(labels.ids, ids, side="right")
    many = last - first
    entries = np.repeat(first, many) + np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    rows = np.bincount(labels.source[entries], labels.rows[entries], labels.chunks)
    return rows.astype(np.int64)


def join(ids: Ids, before: Answers, labels: Chunk) -> Answers:
    """What is known of some predictions once a chunk of labels has come.

    Args:
        ids: of the predictions, in the order of `before`.
        before: what was known of them.
        labels: the chunk; what it says of other ids is not looked at.

    Returns:
        `before` itself when the chunk says nothing of these predictions.
    """
    if not len(labels.ids) or not len(ids):
        return before
    places = np.minimum(np.searchsorted(labels.ids, ids), len(labels.ids) - 1)
    found = np.flatnonzero(labels.ids[places] == ids)
    if not len(found):
        return before
    old, new = before.take(found), labels.answers.take(places[found])
    later = new.labelled_at > old.labelled_at
    wins = later | ((new.labelled_at == old.labelled_at) & (new.labels > old.labels)) | ~old.known
    changed = Answers(*(getattr(before, field.name).copy() for field in fields(before)))
    changed.labels[found[wins]] = new.labels[wins]
    changed.labelled_at[found[wins]] = new.labelled_at[wins]
    changed.rows[found] += new.rows
    changed.disputed[found] |= new.disputed | (old.known & (old.labels != new.labels))
    return changed
