"""Ids of predictions as numbers.

An id is named like a category, so 7, 7.0 and "7" are the same id. Its name is hashed to 64 bits: with a hundred million
predictions, one label in a hundred billion finds the wrong one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exporter.profiles.columns import Mask, arrow_errors, category_codes, is_text
from exporter.profiles.hashing import hash_order, text_hashes

Ids = npt.NDArray[np.uint64]


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


def last_of_each(ids: Ids) -> npt.NDArray[np.int64]:
    """Return the positions of the last row of each id, in the order of the ids."""
    order = hash_order(ids)
    ordered = ids[order]
    last = np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)]
    chosen: npt.NDArray[np.int64] = order[last]
    return chosen
