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

    def replaced(self, positions: npt.NDArray[np.int64], others: Answers) -> Answers:
        """The same with others at some positions."""
        changed = Answers(*(getattr(self, field.name).copy() for field in fields(self)))
        for field in fields(self):
            getattr(changed, field.name)[positions] = getattr(others, field.name)
        return changed

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
    answers = Answers(labels + 0.0, labelled_at, np.ones(rows, np.int32), np.zeros(rows, bool))
    return _reduced(ids, answers, np.argsort(ids))


def _together(chunks: Sequence[Chunk]) -> tuple[Ids, Answers]:
    """All that chunks say, one behind the other."""
    parts = [Answers.none(0), *(part.answers for part in chunks)]
    columns = (np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Answers))
    return np.concatenate([np.zeros(0, np.uint64), *(part.ids for part in chunks)]), Answers(*columns)


def _reduced(ids: Ids, answers: Answers, order: npt.NDArray[np.int64]) -> Chunk:
    """What rows say of each id, given their order by id."""
    again = ids[order[1:]] == ids[order[:-1]]
    if again.any():  # the newest last, and of those of one moment the greatest
        several = np.flatnonzero(np.append(again, False) | np.append(False, again))
        rows = order[several]
        order = order.copy()
        order[several] = rows[np.lexsort((answers.labels[rows], answers.labelled_at[rows], ids[rows]))]
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

    `labels` are those of all. Of each chunk's labels one by one, in the order of their ids, `source` is the chunk's
    position and `rows` are its rows of the label log; these are (entries,). Those of the label at a place in `labels`
    lie from `starts` at this place on, up to that at the next; (labels + 1,).
    """

    labels: Chunk
    starts: npt.NDArray[np.int64]
    source: Rows
    rows: Rows
    chunks: int


def gathered(chunks: Sequence[Chunk]) -> Gathered:
    """Some chunks, to be joined together."""
    ids, answers = _together(chunks)
    order = np.argsort(ids, kind="stable")  # quick, since each chunk is in order
    ordered = ids[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    source = np.repeat(np.arange(len(chunks), dtype=np.int32), [len(part.ids) for part in chunks])
    return Gathered(
        _reduced(ids, answers, order),
        np.append(starts, len(ordered)),
        source[order],
        answers.rows[order],
        len(chunks),
    )


@dataclass(frozen=True, slots=True)
class Matches:
    """Which of some ids have a label: their `positions`, increasing, and the `places` of their labels in the chunk."""

    positions: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]


def matches(ids: Ids, labels: Chunk) -> Matches:
    """The predictions with these ids, increasing, that a chunk speaks of."""
    if not len(labels.ids) or not len(ids):
        return Matches(np.zeros(0, np.int64), np.zeros(0, np.int64))
    places = np.minimum(np.searchsorted(labels.ids, ids), len(labels.ids) - 1)
    found = np.flatnonzero(labels.ids[places] == ids)
    return Matches(found, places[found])


def matched_rows(found: Matches, labels: Gathered) -> npt.NDArray[np.int64]:
    """The rows of each chunk that belong to these predictions, (chunks,)."""
    first = labels.starts[found.places]
    many = labels.starts[found.places + 1] - first
    entries = first
    if len(many) and many.max() > 1:
        entries = np.repeat(first, many) + np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    rows = np.bincount(labels.source[entries], labels.rows[entries], labels.chunks)
    return rows.astype(np.int64)


def join(found: Matches, before: Answers, labels: Chunk) -> Answers:
    """What is known of some predictions once a chunk of labels has come.

    Args:
        found: those that the chunk speaks of.
        before: what was known of all of them.
        labels: the chunk.

    Returns:
        `before` itself when the chunk says nothing of these predictions.
    """
    at = found.positions
    if not len(at):
        return before
    old, new = before.take(at), labels.answers.take(found.places)
    later = new.labelled_at > old.labelled_at
    wins = later | ((new.labelled_at == old.labelled_at) & (new.labels > old.labels)) | ~old.known
    either = Answers(
        np.where(wins, new.labels, old.labels),
        np.where(wins, new.labelled_at, old.labelled_at),
        old.rows + new.rows,
        old.disputed | new.disputed | (old.known & (old.labels != new.labels)),
    )
    return before.replaced(at, either)
