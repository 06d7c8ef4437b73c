"""A partition of the label log, reduced to a chunk that is joined with predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import pyarrow as pa

from exporter.labels.classes import frequent_names
from exporter.labels.ids import hashed
from exporter.labels.join import Chunk, chunk
from exporter.labels.parts import Columns, Parts, RowsById
from exporter.labels.predictions import times
from exporter.labels.truths import INVALID, LabelRule
from exporter.labels.usable_files import UNUSABLE_COLUMN, usable_files
from exporter.profiles.columns import values_of
from exporter.profiles.times import NO_TIME, UNREADABLE, microseconds
from exporter.sources.source import Batch, Selection
from exporter.spec.sections.logs import LabelColumns
from exporter.spec.windows import Window

NO_ID: Final = "without_id"
NO_VALUE: Final = "without_value"
BAD_TIME: Final = "with_unreadable_time"
LATER: Final = "after_partition"
OLD: Final = "older_than_look_back"
REASONS: Final = (NO_ID, NO_VALUE, BAD_TIME, LATER, OLD)
"""Why a row of the label log is left out; a row counts under the first that holds."""
INVALID_VALUE: Final = "with_invalid_value"
"""Why a row is joined and yet no label: its value is none of the model's. It may be the newest of its prediction."""


@dataclass(frozen=True, slots=True)
class LabelRows:
    """A partition of the label log: its labels, and the rows that are left out or invalid, by reason.

    A label of a multiclass model is the key of a class. `class_names` are the names of the most frequent values, where
    values are read as names. `problem` is why a file is left out; empty if none is.
    A large partition has several `parts`, each with the labels of some ids; all else is in the first of them.
    """

    labels: Chunk
    left_out: Mapping[str, int]
    class_names: tuple[str, ...] = ()
    problem: str = ""
    parts: int = 1


def selection(columns: LabelColumns) -> Selection:
    """Return the columns that `reduced` needs, as keys: a batch has all of them for a stretch of rows."""
    wanted = (columns.prediction_id, columns.label, columns.timestamp)
    return Selection(tuple(name for name in wanted if name), (), (), (columns.prediction_id,))


def reduced(
    batches: Iterable[Batch],
    columns: LabelColumns,
    arrival: Window,
    look_back: timedelta,
    rule: LabelRule,
    *,
    rows_by_id: Callable[[Columns], RowsById] = RowsById,
) -> Parts[LabelRows]:
    """Reduce a partition's rows.

    A label became known at the time in its row. Where the row has no time, or one a little after the end of the
    partition, it is that end. A row whose time cannot be read, or is later than `Window.tolerant` allows, is left out:
    it would win over every correction.

    Args:
        batches: the rows, with the columns of `selection`.
        columns: the columns of the log.
        arrival: the partition's stretch of time.
        look_back: a label that is older than its arrival by this much is left out, since its prediction is older still.
        rule: what a label is. A row with a value that is none is joined as `INVALID`, so that what is left out of
            performance is known for each prediction.
        rows_by_id: divides the rows of large partitions.

    Raises:
        ColumnMismatch: when every file lacks the ids or the labels, or has a column of a type that cannot be used.
        OSError: when the disk refuses rows of a large partition.
    """
    rows = rows_by_id({"ids": np.zeros(0, np.uint64), "labels": np.zeros(0), "labelled_at": np.zeros(0, np.int64)})
    total: Counter[str] = Counter()

    def take(batch: Batch) -> dict[str, int]:
        used, left_out, names = _usable(batch.table, columns, arrival, look_back, rule)
        total.update(left_out)
        rows.add(used)
        return names

    files = usable_files(batches, take)
    left_out = {reason: total[reason] for reason in (*REASONS, INVALID_VALUE)}
    left_out |= {UNUSABLE_COLUMN: files.left_out} if files.left_out else {}
    names = frequent_names(files.parts)

    def part(place: int) -> LabelRows:
        own = rows[place]
        labels = chunk(own["ids"], own["labels"], own["labelled_at"])
        return LabelRows(labels, {}) if place else LabelRows(labels, left_out, names, files.problem, len(rows))

    return Parts(len(rows), part)


def _usable(
    table: pa.Table, columns: LabelColumns, arrival: Window, look_back: timedelta, rule: LabelRule
) -> tuple[Columns, dict[str, int], dict[str, int]]:
    """Return the rows that are joined, the number of others by reason, and how often each value is named."""
    ids, known = values_of(table, columns.prediction_id, hashed)
    labels, names = values_of(table, columns.label, rule.read)
    row_times = times(table, columns.timestamp, columns.timestamp_unit)
    end = microseconds(arrival.end)
    labelled_at = np.where(row_times == NO_TIME, end, np.minimum(row_times, end))
    used, left_out = np.ones(len(ids), np.bool_), dict[str, int]()
    rejections = (
        ~known,
        np.isnan(labels),
        row_times == UNREADABLE,
        row_times >= microseconds(arrival.tolerant(arrival.length).end),
        labelled_at < microseconds(arrival.start - look_back),
    )
    for reason, rejected in zip(REASONS, rejections, strict=True):
        left_out[reason] = int((used & rejected).sum())
        used &= ~rejected
    left_out[INVALID_VALUE] = int((labels[used] == INVALID).sum())
    return {"ids": ids[used], "labels": labels[used], "labelled_at": labelled_at[used]}, left_out, names
