"""A reference whose rows have labels, reduced to what estimates of performance are learned from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from exporter.profiles.binning import Floats
from exporter.profiles.by_score import ByScore, by_score, together
from exporter.profiles.columns import numeric_values
from exporter.profiles.predictions import required
from exporter.sources.source import Batch, Selection


def selection(score: str, label: str) -> Selection:
    """The columns that `reduced` needs, as keys: they come together, in one batch for each stretch of rows."""
    return Selection((score, label), (), ())


def reduced(batches: Iterable[Batch], score: str, label: str, edges: Floats, *, binary: bool) -> ByScore:
    """Count a reference's rows; those without a finite score are left out.

    Args:
        batches: the rows, with the columns of `selection`.
        score: the column of the model's score.
        label: the column of what turned out to be true.
        edges: of the score's fine bins, (k,).
        binary: whether only 0 and 1 are labels; another value is none.

    Raises:
        ColumnMismatch: when a file lacks a column, or it is of a type that cannot be used.
    """
    none = by_score(np.zeros(0), np.zeros(0), edges, binary=binary)
    return together([none, *(_part(batch.table, score, label, edges, binary=binary) for batch in batches)])


def _part(table: pa.Table, score: str, label: str, edges: Floats, *, binary: bool) -> ByScore:
    scores, _ = numeric_values(required(table, score))
    labels, _ = numeric_values(required(table, label))
    valid, scored = np.isin(labels, (0, 1)) if binary else np.isfinite(labels), np.isfinite(scores)
    return by_score(scores[scored], np.where(valid, labels, np.nan)[scored], edges, binary=binary)
