"""Classes as numbers: each is the hash of its name.

A class is its value (`exporter.profiles.values`), so 7, 7.0, "7" and "7.0" are the same class, and so are true and 1.
The value is hashed to 53 bits, which a float holds exactly. So predictions and labels of any partition can be compared
without a common list of classes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa

from exporter.profiles.binning import Floats
from exporter.profiles.columns import category_codes
from exporter.profiles.hashing import text_hashes
from exporter.profiles.profile import most_frequent
from exporter.profiles.values import value_of

MAX_CLASSES: Final = 1000
"""The most classes that are counted one by one: a column of ids is not a class."""

OTHER: Final = -1.0
"""The key of all other classes together; no class has it."""

_BITS: Final = 2**53 - 1


def class_keys(names: Iterable[str]) -> Floats:
    """Return the key of each class: a whole number from 0 to 2**53 - 1, the same on every machine."""
    hashes = text_hashes(pa.array([*map(value_of, names)], pa.large_string()))
    return (hashes & np.uint64(_BITS)).astype(np.float64)


def classes(column: pa.ChunkedArray) -> tuple[Floats, dict[str, int]]:
    """Return the key of each row's class, NaN where it has none, and the number of rows of each class by name.

    Raises:
        ColumnMismatch: when the column is of no type that `category_codes` names.
    """
    names, codes = category_codes(column)
    keys = class_keys(name or "" for name in names)
    keys[[name is None for name in names]] = np.nan
    rows = np.bincount(codes, minlength=len(names)).tolist()
    return keys[codes], {name: count for name, count in zip(names, rows, strict=True) if name is not None and count}


def frequent_names(parts: Iterable[dict[str, int]]) -> tuple[str, ...]:
    """Return the names of the most frequent classes of some rows, sorted; at most `MAX_CLASSES`."""
    total: dict[str, int] = {}
    for part in parts:
        for name, rows in part.items():
            total[name] = total.get(name, 0) + rows
    return tuple(map(sys.intern, sorted(most_frequent(total, MAX_CLASSES))))
