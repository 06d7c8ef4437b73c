"""A partition's predictions, reduced to what labels are joined by and evaluated with: ids as numbers, scores and times.

A row takes thirty bytes, however long its id is; eight more for a class or a query, and for each class's score; two
more for each column of segments.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa

from exporter.labels.classes import class_keys, classes, frequent_names
from exporter.labels.ids import Ids, hashed, last_of_each
from exporter.labels.parts import Columns, Parts, RowsById
from exporter.labels.usable_files import UNUSABLE_COLUMN, usable_files
from exporter.profiles.binning import Floats
from exporter.profiles.columns import Mask, numeric_values, values_of
from exporter.profiles.group import Group
from exporter.profiles.grouping import ROLE, VERSION
from exporter.profiles.naming import MAX_VALUES, CodedColumn, Codes, ColumnNames, encode_column, encode_groups
from exporter.profiles.times import NO_TIME, UNREADABLE, Instants, instants, microseconds
from exporter.sources.source import Batch, Selection
from exporter.spec.sections.logs import InferenceColumns
from exporter.spec.sections.task import Task
from exporter.spec.value_types import TimeUnit
from exporter.spec.windows import Window

NO_ID: Final = "prediction_without_id"
NO_SCORE: Final = "prediction_without_score"
NO_CLASS: Final = "prediction_without_class"
NO_QUERY: Final = "prediction_without_query"
BAD_TIME: Final = "prediction_with_unreadable_time"
OUTSIDE: Final = "prediction_outside_partition"
REPEATED: Final = "prediction_repeated"
"""Why a prediction is left out: it has no id to join by, it lacks what is compared with a label (three reasons), its
time is no time or is far from its partition, or a later row has its id."""

_CODES: Final = "codes {}"
"""The name of the codes of each column of names: to choose rows of one table of all codes takes longer."""
_PRESENCE: Final = frozenset({"known", "has_query"})
"""The columns that say only which rows are usable."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """The predictions of a partition that a label can be joined to, by increasing id; all arrays are (rows,).

    `ids` are hashes, each once. `scores` are finite, or NaN where a multiclass model has no score of the returned
    class. `made_at` are the times of the predictions. `groups` are positions in `names`, which are no segments.
    `left_out` are the other rows, by reason; `problem` is why a file is left out, empty if none is. `segments` are the
    values of the columns of segments, by column.

    Of a multiclass model, `classes` are the keys of the returned classes, `class_names` the most frequent names of
    these, and `class_scores`, (rows, classes), the scores of the classes of the spec, finite. Of a ranking, `queries`
    are the hashes of the lists. They are None for other tasks.

    A large partition has several `parts`, each with the predictions of some ids; `class_names`, `problem` and what is
    left out, but for repeated ids, are in the first of them.
    """

    ids: Ids
    scores: Floats
    made_at: Instants
    groups: Codes
    names: tuple[Group, ...]
    left_out: Mapping[str, int]
    classes: Floats | None = None
    class_names: tuple[str, ...] = ()
    class_scores: Floats | None = None
    queries: Ids | None = None
    segments: Mapping[str, CodedColumn] = field(default_factory=dict)
    problem: str = ""
    parts: int = 1


def selection(
    columns: InferenceColumns, task: Task = "binary_classification", segments: Sequence[str] = ()
) -> Selection:
    """Return the columns that `reduced` needs, as keys: a batch has all of them for a stretch of rows."""
    wanted = [columns.prediction_id, columns.score, columns.timestamp, columns.model_version]
    wanted += [columns.prediction, *columns.scores.values()] if task == "multiclass_classification" else []
    wanted += [columns.query] if task == "ranking" else []
    wanted += [columns.role, *segments]
    plain = tuple(name for name in (columns.prediction_id, columns.query) if name)
    numbers = tuple(name for name in (columns.score, *columns.scores.values()) if name)
    return Selection(tuple(dict.fromkeys(name for name in wanted if name)), (), (), plain, numeric_keys=numbers)


def reduced(
    batches: Iterable[Batch],
    columns: InferenceColumns,
    partition: Window,
    task: Task = "binary_classification",
    segments: Sequence[str] = (),
    *,
    rows_by_id: Callable[[Columns], RowsById] = RowsById,
) -> Parts[Predictions]:
    """Reduce a partition's rows; of rows with the same id the last is used.

    Args:
        batches: the rows, with the columns of `selection`.
        columns: the columns of the log, with all that the task needs.
        partition: its stretch of time. A prediction without a time was made at its start. One whose time cannot be
            read, or is farther outside than `Window.tolerant` allows, is left out.
        task: of the model. A returned class without a score of its own has a score of NaN.
        segments: the columns of segments; one that is missing or has no names has no segments.
        rows_by_id: divides the rows of large partitions. A ranking is one part: its lists cannot be divided by id.

    A missing version is unknown, a missing role is no role.

    Raises:
        ColumnMismatch: when every file lacks the ids or the scores, or has a column of a type that cannot be used.
        OSError: when the disk refuses rows of a large partition.
    """
    names = [ColumnNames(column) for column in (columns.model_version, columns.role, *segments)]
    allowed, empty = partition.tolerant(partition.length), _no_rows(task, len(columns.scores), len(names))
    kept = {name: column for name, column in empty.items() if name not in _PRESENCE}
    rows = RowsById(kept, sys.maxsize) if task == "ranking" else rows_by_id(kept)
    left_out = dict.fromkeys(_left_out(empty, task, allowed), 0)

    def take(batch: Batch) -> dict[str, int]:
        part, counts = _part(batch.table, columns, names, task)
        reasons = _left_out(part, task, allowed)
        for reason, missing in reasons.items():
            left_out[reason] += int(missing.sum())
        usable = np.flatnonzero(~np.any([*reasons.values()], axis=0))
        rows.add({name: part[name][usable] for name in kept})
        return counts

    files = usable_files(batches, take)
    left_out |= {UNUSABLE_COLUMN: files.left_out} if files.left_out else {}
    _count_names(rows, names)

    def make(place: int) -> Predictions:
        made = _predictions(rows[place], names, segments, partition.start)
        if place:
            return made
        all_left_out, class_names = {**left_out, **made.left_out}, frequent_names(files.parts)
        return replace(made, left_out=all_left_out, class_names=class_names, problem=files.problem, parts=len(rows))

    return Parts(len(rows), make)


def _count_names(rows: RowsById, names: Sequence[ColumnNames]) -> None:
    """Count names in all parts, where there are several and too many names: each part then keeps the same ones."""
    limits = [VERSION.limit, ROLE.limit, *(MAX_VALUES for _ in names[2:])]
    if len(rows) > 1 and any(len(each) > limit for each, limit in zip(names, limits, strict=True)):
        for place in range(len(rows)):
            part = rows[place]
            used = last_of_each(part["ids"])
            for number, each in enumerate(names):
                each.count(part[_CODES.format(number)][used])


def _predictions(rows: Columns, names: Sequence[ColumnNames], segments: Sequence[str], start: datetime) -> Predictions:
    """Return the usable predictions of a part, with its repeated rows left out."""
    used = last_of_each(rows["ids"])
    left_out = {REPEATED: len(rows["ids"]) - len(used)}
    used_rows = {name: column[used] for name, column in rows.items()}
    codes = [used_rows[_CODES.format(number)].astype(np.int64) for number in range(len(names))]
    groups, group_names = encode_groups(names[0], names[1], codes[0], codes[1])
    made_at = used_rows["made_at"]
    by_class = used_rows.get("class_scores")
    return Predictions(
        used_rows["ids"],
        used_rows["scores"],
        np.where(made_at == NO_TIME, microseconds(start), made_at),
        groups,
        group_names,
        left_out,
        classes=used_rows.get("classes"),
        class_scores=by_class if by_class is not None and by_class.shape[1] else None,
        queries=used_rows.get("queries"),
        segments={
            column: encode_column(each, own) for column, each, own in zip(segments, names[2:], codes[2:], strict=True)
        },
    )


def _no_rows(task: Task, classes: int, names: int) -> dict[str, Any]:
    ids, real, mask = np.zeros(0, np.uint64), np.zeros(0), np.zeros(0, bool)
    rows = {"ids": ids, "known": mask, "scores": real, "made_at": np.zeros(0, np.int64)}
    rows |= {"classes": real, "class_scores": np.zeros((0, classes))} if task == "multiclass_classification" else {}
    rows |= {"queries": ids, "has_query": mask} if task == "ranking" else {}
    return rows | dict.fromkeys(map(_CODES.format, range(names)), np.zeros(0, np.int32))


def _left_out(rows: Mapping[str, Any], task: Task, allowed: Window) -> dict[str, Mask]:
    """Return the rows that are not usable, each by its first reason; `allowed` are the times that rows may have."""
    reasons = {NO_ID: ~rows["known"]}
    if task == "multiclass_classification":
        reasons[NO_CLASS] = np.isnan(rows["classes"])
        reasons[NO_SCORE] = ~np.isfinite(rows["class_scores"]).all(axis=1) | np.isinf(rows["scores"])
    else:
        reasons[NO_SCORE] = ~np.isfinite(rows["scores"])
    if task == "ranking":
        reasons[NO_QUERY] = ~rows["has_query"]
    made_at = rows["made_at"]
    reasons[BAD_TIME] = made_at == UNREADABLE
    inside = (made_at >= microseconds(allowed.start)) & (made_at < microseconds(allowed.end))
    reasons[OUTSIDE] = ~inside & (made_at != NO_TIME)
    left_out = np.zeros(len(rows["known"]), bool)
    for reason, missing in reasons.items():
        reasons[reason] = missing & ~left_out
        left_out = left_out | missing
    return reasons


def times(table: pa.Table, column: str | None, unit: TimeUnit | None) -> Instants:
    """Return the time of each row, as `instants`; `NO_TIME` where the column is missing.

    Raises:
        ColumnMismatch: when a column of this type does not hold times.
    """
    if column is None or column not in table.column_names:
        return np.full(table.num_rows, NO_TIME)
    return values_of(table, column, lambda values: instants(values, unit))


def _part(
    table: pa.Table, columns: InferenceColumns, names: Sequence[ColumnNames], task: Task
) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the rows' columns by name, and how often each class was returned."""
    ids, known = values_of(table, columns.prediction_id, hashed)
    part: dict[str, Any] = {
        "ids": ids,
        "known": known,
        "made_at": times(table, columns.timestamp, columns.timestamp_unit),
        **{_CODES.format(place): each.codes(table).astype(np.int32) for place, each in enumerate(names)},
    }
    if task == "multiclass_classification":
        returned, counts = values_of(table, columns.prediction, classes)
        return part | {"classes": returned, **_class_scores(table, columns, returned)}, counts
    part["scores"] = values_of(table, columns.score, numeric_values)[0]
    if task == "ranking":
        part["queries"], part["has_query"] = values_of(table, columns.query, hashed)
    return part, {}


def _class_scores(table: pa.Table, columns: InferenceColumns, returned: Floats) -> dict[str, Floats]:
    """Return the scores of the spec's classes, and that of the returned class: its own column, or one of these."""
    parts = [values_of(table, column, numeric_values)[0] for column in columns.scores.values()]
    by_class = np.array(parts).reshape(len(parts), table.num_rows).T
    if columns.score is not None:
        return {"class_scores": by_class, "scores": values_of(table, columns.score, numeric_values)[0]}
    own = returned[:, None] == class_keys(columns.scores)
    scores: Floats = np.where(own.any(axis=1), np.where(own, by_class, 0.0).sum(axis=1), np.nan)
    return {"class_scores": by_class, "scores": scores}
