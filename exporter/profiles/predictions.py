"""A partition's predictions, reduced to what labels are joined by and judged with: ids as numbers, scores and times.

Thirty bytes a row, however long the ids are. An id is named as categories are, so that 7, 7.0 and "7" are one, and its
name hashed to 64 bits: with a hundred million predictions, one label in a hundred billion finds the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from exporter import catalogue
from exporter.profiles.binning import Floats
from exporter.profiles.columns import ColumnMismatch, Mask, category_codes, numeric_values
from exporter.profiles.grouping import MAX_VERSIONS, OTHER_VERSIONS
from exporter.profiles.profile import most_frequent
from exporter.profiles.times import NEVER, Instants, instants, microseconds
from exporter.sources.source import Batch, Selection
from exporter.spec.model import InferenceColumns

Ids = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.int8]

NO_ID: Final = "prediction_without_id"
NO_SCORE: Final = "prediction_without_score"
REPEATED: Final = "prediction_repeated"
"""Why a prediction is left out: no label can find it, no label can be compared with it, a later row has its id."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """Those of one partition that a label can be joined to, by increasing id; all arrays are (rows,).

    `ids` are hashes, each once; `scores` are finite; `made_at` is when each was made; `versions` are positions in
    `names`, of which there are `MAX_VERSIONS` and one for the others at most. `left_out` are the rows that are not
    among them, by reason.
    """

    ids: Ids
    scores: Floats
    made_at: Instants
    versions: Codes
    names: tuple[str, ...]
    left_out: Mapping[str, int]


def selection(columns: InferenceColumns) -> Selection:
    """The columns that `reduced` needs, as keys: they come together, in one batch for each stretch of rows."""
    wanted = (columns.prediction_id, columns.score, columns.timestamp, columns.model_version)
    return Selection(tuple(name for name in wanted if name), (), ())


def reduced(batches: Iterable[Batch], columns: InferenceColumns, start: datetime) -> Predictions:
    """Reduce a partition's rows; of those with one id the last is kept.

    Args:
        batches: the rows, with the columns of `selection`.
        columns: which column is what; there is one of ids and one of scores.
        start: of the partition, which stands for the time of a prediction that has none; a version that there is none
            of is unknown.

    Raises:
        ColumnMismatch: when a file lacks the ids or the scores, or they are of a type that cannot be used.
    """
    names: dict[str, int] = {}
    parts = [_part(batch.table, columns, names) for batch in batches]
    empty = (np.zeros(0, np.uint64), np.zeros(0, bool), np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))
    ids, known, scores, made_at, versions = (np.concatenate(each) for each in zip(empty, *parts, strict=True))
    scored = np.isfinite(scores)
    usable = np.flatnonzero(known & scored)
    kept = usable[last_of_each(ids[usable])]
    codes, versions_named = _few(versions[kept], list(names))
    left_out = {NO_ID: ~known, NO_SCORE: known & ~scored}
    return Predictions(
        ids[kept],
        scores[kept],
        np.where(made_at[kept] == NEVER, microseconds(start), made_at[kept]),
        codes,
        versions_named,
        {reason: int(rows.sum()) for reason, rows in left_out.items()} | {REPEATED: len(usable) - len(kept)},
    )


def hashed(column: pa.ChunkedArray) -> tuple[Ids, Mask]:
    """The hash of each row's id, and whether it has one.

    Raises:
        ColumnMismatch: when the column is of no type that `category_codes` names.
    """
    names, codes = category_codes(column)
    hashes = pd.util.hash_array(np.array([name or "" for name in names], dtype=object), categorize=False)
    present = np.array([name is not None for name in names], dtype=bool)
    return hashes[codes], present[codes]


def last_of_each(ids: Ids) -> npt.NDArray[np.int64]:
    """The positions of the last row of each id, in the order of the ids."""
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    last = np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.zeros(0, bool)
    chosen: npt.NDArray[np.int64] = order[last]
    return chosen


def required(table: pa.Table, column: str | None) -> pa.ChunkedArray:
    """A column that there is no doing without.

    Raises:
        ColumnMismatch: when it is missing.
    """
    if column is None or column not in table.column_names:
        raise ColumnMismatch(f"the column {column} is missing")
    return table.column(column)


def times(table: pa.Table, column: str | None) -> Instants:
    """When each row says that it was; `NEVER` where it does not, or the column is missing or not one of times."""
    if column is not None and column in table.column_names:
        with suppress(ColumnMismatch):
            return instants(table.column(column))
    return np.full(table.num_rows, NEVER)


def _part(table: pa.Table, columns: InferenceColumns, names: dict[str, int]) -> tuple[Any, ...]:
    ids, known = hashed(required(table, columns.prediction_id))
    scores, _ = numeric_values(required(table, columns.score))
    return ids, known, scores, times(table, columns.timestamp), _versions(table, columns.model_version, names)


def _versions(table: pa.Table, column: str | None, names: dict[str, int]) -> npt.NDArray[np.int64]:
    """The position of each row's version in `names`, which grows by those that are new."""
    own: list[str | None] = [None]
    codes = np.zeros(table.num_rows, np.int64)
    if column is not None and column in table.column_names:
        with suppress(ColumnMismatch):
            own, codes = category_codes(table.column(column))
    places = [names.setdefault(catalogue.UNKNOWN_VERSION if name is None else name, len(names)) for name in own]
    return np.array(places, np.int64)[codes]


def _few(versions: npt.NDArray[np.int64], names: list[str]) -> tuple[Codes, tuple[str, ...]]:
    """The versions that have rows, the rarest together: a column of ids is not a version."""
    rows = np.bincount(versions, minlength=len(names))
    counts = {name: int(count) for name, count in zip(names, rows, strict=True) if count}
    kept = sorted(most_frequent(counts, MAX_VERSIONS))
    told = (*kept, OTHER_VERSIONS) if len(kept) < len(counts) else tuple(kept)
    place = {name: position for position, name in enumerate(kept)}
    codes = np.array([place.get(name, len(kept)) for name in names], np.int8)
    return codes[versions], told
