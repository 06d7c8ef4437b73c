"""Ids of predictions as numbers.

An id is named like a category, so 7, 7.0 and "7" are the same id. Its name is hashed to 64 bits: with a hundred million
predictions, one label in a hundred billion finds the wrong one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exporter.profiles.columns import Mask, arrow_errors, category_codes, is_text
from exporter.profiles.hashing import hash_order, text_hashes

Ids = npt.NDArray[np.uint64]
K = TypeVar("K", bound=Hashable)

_SPARSE_BITS: Final = 5
"""A table of leading bits is at least 32 times as large as the ids in it."""
_MOST_BITS: Final = 24
_TOGETHER: Final = 2**15
"""Rows of small parts that are looked at together."""


def hashed(column: pa.ChunkedArray) -> tuple[Ids, Mask]:
    """Return the hash of each row's id, and whether it has an id.

    Raises:
        ColumnMismatch: when the column is of no type that `category_codes` names.
    """
    kind = column.type
    if is_text(kind) or pa.types.is_integer(kind):
        with arrow_errors(kind):
            parts = [text_hashes(chunk) for chunk in column.chunks]
            return np.concatenate([np.zeros(0, np.uint64), *parts]), column.is_valid().to_numpy()
    names, codes = category_codes(column)
    hashes = text_hashes(pa.array([name or "" for name in names], pa.large_string()))
    present = np.array([name is not None for name in names], dtype=bool)
    return hashes[codes], present[codes]


def without_any(parts: Iterable[tuple[K, Ids]], ids: Ids) -> frozenset[K]:
    """Return those of some parts, by key, that have none of some ids; all ids are increasing.

    Nearly all ids of a part are told apart by one look at a table of the ids' leading bits, as in a Bloom filter (1970)
    with one hash; the others are searched. Small parts are looked at together.
    """
    shift = np.uint64(64 - min(max(len(ids), 1).bit_length() + _SPARSE_BITS, _MOST_BITS))
    table = np.zeros(1 << (64 - int(shift)), np.bool_)
    table[(ids >> shift).view(np.int64)] = True
    without: list[K] = []
    waiting: list[tuple[K, Ids]] = []
    rows = 0

    def look() -> None:
        every = waiting[0][1] if len(waiting) == 1 else np.concatenate([own for _, own in waiting])
        places = np.flatnonzero(table.take((every >> shift).view(np.int64)))
        found = ids[np.minimum(np.searchsorted(ids, every[places]), len(ids) - 1)] == every[places]
        ends = np.cumsum([len(own) for _, own in waiting])
        holders = set(np.searchsorted(ends, places[found], side="right").tolist())
        without.extend(key for number, (key, _) in enumerate(waiting) if number not in holders)

    for key, own in parts:
        if not len(ids) or not len(own) or own[-1] < ids[0] or own[0] > ids[-1]:
            without.append(key)
            continue
        waiting.append((key, own))
        rows += len(own)
        if rows >= _TOGETHER:
            look()
            waiting, rows = [], 0
    if waiting:
        look()
    return frozenset(without)


def last_of_each(ids: Ids) -> npt.NDArray[np.int64]:
    """Return the positions of the last row of each id, in the order of the ids."""
    order = hash_order(ids)
    ordered = ids[order]
    last = np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)]
    chosen: npt.NDArray[np.int64] = order[last]
    return chosen
