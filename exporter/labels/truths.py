"""A column of labels as numbers: which of its values are labels of a task, and which of these are positive."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from exporter.labels.classes import class_keys, classes
from exporter.profiles.binning import Floats
from exporter.profiles.columns import category_codes, is_number, is_text, numeric_values, value_type
from exporter.profiles.values import value_of
from exporter.spec.sections.task import Task

INVALID: Final = math.inf
"""Stands for a value that is no label of the model; greater than every label."""

_MISSING: Final = frozenset({"", "nan", "NaN", "<NA>"})
"""Texts that stand for a missing value in a CSV file or a data frame."""
_YAML_WORDS: Final[Mapping[str, str]] = {"true": "yes", "false": "no"}
"""What a spec may have been written with: YAML reads yes without quotes as true."""
_TRUTHS: Final[Mapping[str, float]] = {"0": 0.0, "1": 1.0}


@dataclass(frozen=True, slots=True)
class LabelRule:
    """What a label of a model is.

    Of a binary classifier, labels with the value of one in `positive` are positive and all others negative; without
    `positive`, only 0, 1, false and true are labels. Of a multiclass classifier `classes` are all its classes; without
    them every value is one.
    """

    task: Task
    positive: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def positive_values(self) -> frozenset[str]:
        """The values of positive labels; see `exporter.profiles.values`."""
        words = (_YAML_WORDS[each] for each in self.positive if each in _YAML_WORDS)
        return frozenset(map(value_of, (*self.positive, *words)))

    @property
    def mismatch(self) -> str:
        """What a value is that is no label, for a message."""
        return {
            "binary_classification": "neither 0 nor 1: labels.positive names other positive values",
            "multiclass_classification": "no class in inference.columns.scores",
            "regression": "no finite number",
            "ranking": "no number from 0 on",
        }[self.task]

    def read(self, column: pa.ChunkedArray) -> tuple[Floats, dict[str, int]]:
        """Return the label of each row, and the rows of each value by its name where values are read as names.

        A label is 0 or 1, the key of a class, or a number. It is NaN where a row has none, and `INVALID` where its
        value is none. Texts of numbers are numbers.

        Raises:
            ColumnMismatch: the column's type is neither one of numbers nor one of texts.
        """
        if self.task == "multiclass_classification":
            keys, rows = classes(column)
            if not self.classes:
                return keys, rows
            return np.where(np.isin(keys, class_keys(self.classes)) | np.isnan(keys), keys, INVALID), rows
        if self.task != "binary_classification":
            return _numbers(column, 0.0 if self.task == "ranking" else -math.inf), {}
        if is_number(column.type) and not self.positive:
            values = numeric_values(column)[0]
            return np.where(np.isin(values, (0, 1)) | np.isnan(values), values, INVALID), {}
        return _truths(column, self.positive_values)


def _truths(column: pa.ChunkedArray, positive: Collection[str]) -> tuple[Floats, dict[str, int]]:
    names, codes = category_codes(column)
    rows = np.bincount(codes, minlength=len(names)).tolist()
    counts = {name: count for name, count in zip(names, rows, strict=True) if name is not None and count}
    return np.array([_truth(name, positive) for name in names])[codes], counts


def _truth(name: str | None, positive: Collection[str]) -> float:
    if name is None or name.strip() in _MISSING:
        return math.nan
    value = value_of(name)
    return float(value in positive) if positive else _TRUTHS.get(value, INVALID)


def _numbers(column: pa.ChunkedArray, least: float) -> Floats:
    if is_text(value_type(column.type)):
        names, codes = category_codes(column)
        values: Floats = np.array([_number(name) for name in names], np.float64)[codes]
    else:
        values = numeric_values(column)[0]
    return np.where(np.isnan(values) | (np.isfinite(values) & (values >= least)), values, INVALID)


def _number(name: str | None) -> float:
    if name is None or name.strip() in _MISSING:
        return math.nan
    try:
        return INVALID if "_" in name else float(name)
    except ValueError:
        return INVALID
