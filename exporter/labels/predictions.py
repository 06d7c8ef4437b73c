"""A partition's predictions, reduced to what labels are joined by and evaluated with: ids as numbers, scores and times.

A row takes thirty bytes, however long its id is; eight more for a class or a query, and for each class's score; two
more for each column of segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from exporter.labels.classes import class_keys, classes, frequent_names
from exporter.labels.ids import Ids, hashed, last_of_each
from exporter.labels.usable_files import UNUSABLE_COLUMN, usable_files
from exporter.profiles.binning import Floats
from exporter.profiles.columns import Mask, numeric_values, values_of
from exporter.profiles.group import Group
from exporter.profiles.naming import CodedColumn, Codes, ColumnNames, encode_column, encode_groups
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
) -> Predictions:
    """Reduce a partition's rows; of rows with the same id the last is used.

    Args:
        batches: the rows, with the columns of `selection`.
        columns: the columns of the log, with all that the task needs.
        partition: its stretch of time. A prediction without a time was made at its start. One whose time cannot be
            read, or is farther outside than `Window.tolerant` allows, is left out.
        task: of the model. A returned class without a score of its own has a score of NaN.
        segments: the columns of segments; one that is missing or has no names has no segments.

    A missing version is unknown, a missing role is no role.

    Raises:
        ColumnMismatch: when every file lacks the ids or the scores, or has a column of a type that cannot be used.
    """
    names = [ColumnNames(column) for column in (columns.model_version, columns.role, *segments)]
    files = usable_files(batches, lambda batch: _part(batch.table, columns, names, task))
    rows = _together([_no_rows(len(columns.scores), len(names)), *(part for part, _ in files.parts)])
    reasons = _left_out(rows, task, partition.tolerant(partition.length))
    left_out = {reason: int(missing.sum()) for reason, missing in reasons.items()}
    left_out |= {UNUSABLE_COLUMN: files.left_out} if files.left_out else {}
    usable = np.flatnonzero(~np.any([*reasons.values()], axis=0))
    used = usable[last_of_each(rows["ids"][usable])]
    codes = [rows[_CODES.format(place)][used] for place in range(len(names))]
    groups, group_names = encode_groups(names[0], names[1], codes[0], codes[1])
    made_at = rows["made_at"][used]
    multiclass, ranking = task == "multiclass_classification", task == "ranking"
    return Predictions(
        rows["ids"][used],
        rows["scores"][used],
        np.where(made_at == NO_TIME, microseconds(partition.start), made_at),
        groups,
        group_names,
        left_out | {REPEATED: len(usable) - len(used)},
        classes=rows["classes"][used] if multiclass else None,
        class_names=frequent_names(counts for _, counts in files.parts),
        class_scores=rows["class_scores"][used] if multiclass and columns.scores else None,
        queries=rows["queries"][used] if ranking else None,
        segments={column: encode_column(*own) for column, *own in zip(segments, names[2:], codes[2:], strict=True)},
        problem=files.problem,
    )


def _no_rows(classes: int, names: int) -> dict[str, Any]:
    whole, real, mask = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool)
    return {
        "ids": np.zeros(0, np.uint64),
        "known": mask,
        "scores": real,
        "made_at": whole,
        "classes": real,
        "class_scores": np.zeros((0, classes)),
        "queries": np.zeros(0, np.uint64),
        "has_query": mask,
        **dict.fromkeys(map(_CODES.format, range(names)), whole),
    }


def _together(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: np.concatenate([part[name] for part in parts if name in part]) for name in parts[0]}


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
        **{_CODES.format(place): each.codes(table) for place, each in enumerate(names)},
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
