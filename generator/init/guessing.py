"""What names and columns of data sets suggest: the task, and the column of each role."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.spec.sections.task import Task
from exporter.spec.value_types import has_break
from generator.init.data_sets import DataSet, Found
from generator.init.log_columns import Column, Kind

ID: Final = "id|uuid|guid|key"
"""Words of columns of ids."""
_ROLES: Final[dict[str, Callable[[str, Column], bool]]] = {
    "timestamp": lambda name, column: column.kind is Kind.TIME,
    "score": lambda name, column: column.kind is Kind.NUMBER and has_word(name, "score|prob|proba|probability"),
    "prediction_id": lambda name, column: _is_id(column),
    "model_version": lambda name, column: not column.is_unique and has_word(name, "version|ver"),
    "prediction": lambda name, column: (
        column.kind in {Kind.TEXT, Kind.WHOLE} and has_word(name, "decision|prediction|predicted|pred")
    ),
    "role": lambda name, column: name in {"role", "variant"} and column.kind is Kind.TEXT,
}
"""Whether a column may have each role, by its name and its values; the first column that may has it."""
_PREDICTED: Final = "predicted|prediction|pred|yhat|estimate"
_OUTCOME: Final = "label|target|outcome|actual|truth"
_TWO_VALUED_OUTCOME: Final = (
    "y|fraud|churn|churned|default|defaulted|click|clicked|convert|converted|conversion|chargeback"
)
"""Words of outcomes with two values; a feature may have them too, such as the number of clicks."""
_MOST_CLASSES: Final = 50
_LONGEST: Final = 1000


def has_word(name: str, words: str) -> bool:
    """Return whether a name has one of some words, which `|` separates."""
    return any(re.fullmatch(words, word) for word in re.split(r"[^a-z0-9]+", name))


@dataclass(frozen=True, slots=True)
class Guess:
    """What the names and the columns of data sets suggest; a person knows better.

    `roles` are the columns of the inference log by their key in the spec, and `labels` those of the label log; it is
    empty where there is no label log that can be joined.
    """

    task: Task
    roles: Mapping[str, str]
    labels: Mapping[str, str]


def guess(found: Found) -> Guess:
    """Return what some data sets suggest."""
    roles = _roles(found.log.columns)
    labels = _label_roles(found.labels, roles)
    outcomes = [each for each in (found.labels.columns if found.labels else ()) if each.name == labels.get("label")]
    outcomes += [column for column in (found.reference.columns if found.reference else ()) if is_outcome(column)]
    return Guess(_task(found.log.columns, roles, outcomes), roles, labels)


def column_of(data: DataSet, fits: Callable[[Column], bool]) -> str | None:
    """Return the first column that fits."""
    return next((column.name for column in data.columns if is_usable(column.name) and fits(column)), None)


def _label_roles(labels: DataSet | None, roles: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of a label log by their key in the spec; nothing unless it has an id and a label."""
    if labels is None:
        return {}
    names = [column.name for column in labels.columns]
    same = roles.get("prediction_id")
    prediction_id = same if same in names else column_of(labels, _is_id)
    others = [column for column in labels.columns if column.name != prediction_id and column.kind is not Kind.OTHER]
    values = [column for column in others if column.kind is not Kind.TIME]
    label = column_of(labels, is_outcome) or next((column.name for column in values), None)
    timestamp = next((column.name for column in others if column.kind is Kind.TIME), None)
    if prediction_id is None or label is None or label == prediction_id:
        return {}
    found = {"prediction_id": prediction_id, "label": label, "timestamp": timestamp}
    return {key: name for key, name in found.items() if name is not None}


def _is_id(column: Column) -> bool:
    return column.is_unique and has_word(column.name.lower(), ID)


def _roles(columns: Sequence[Column]) -> dict[str, str]:
    """Return the column of each role that has one; no column has two roles."""
    roles: dict[str, str] = {}
    usable = [column for column in columns if is_usable(column.name)]
    for role, fits in _ROLES.items():
        free = (column for column in usable if column.name not in roles.values())
        if match := next((column for column in free if fits(column.name.lower(), column)), None):
            roles[role] = match.name
    if "score" not in roles:
        numbers = (column for column in usable if column.kind is Kind.NUMBER)
        if match := next((column for column in numbers if has_word(column.name.lower(), _PREDICTED)), None):
            roles["score"] = match.name
    return roles


def _task(columns: Sequence[Column], roles: Mapping[str, str], outcomes: Sequence[Column]) -> Task:
    """Return the likely task: two classes where outcomes have two values, however many decisions a score leads to."""
    by_name = {column.name: column for column in columns}
    prediction, score = by_name.get(roles.get("prediction", "")), by_name.get(roles.get("score", ""))
    if score is not None and score.is_probability and outcomes and all(each.distinct == 2 for each in outcomes):
        return "binary_classification"
    if prediction is not None and 2 < prediction.distinct <= _MOST_CLASSES:
        return "multiclass_classification"
    is_value = score is not None and not score.is_probability and prediction is None
    return "regression" if is_value else "binary_classification"


def is_outcome(column: Column) -> bool:
    """Return whether a column looks like a label."""
    name, two_valued = column.name.lower(), column.distinct == 2 and column.kind is not Kind.NUMBER
    return has_word(name, _OUTCOME) or (two_valued and has_word(name, _TWO_VALUED_OUTCOME))


def is_usable(name: str) -> bool:
    """Return whether a spec may have this name of a column."""
    return 0 < len(name) <= _LONGEST and not has_break(name)
