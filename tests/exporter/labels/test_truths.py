"""What is a label of a task, however teams write it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from exporter.labels.classes import class_keys
from exporter.labels.truths import INVALID, LabelRule
from exporter.profiles.columns import ColumnMismatch
from exporter.spec.sections.task import Task

BINARY: Task = "binary_classification"


def read(rule: LabelRule, column: Any) -> list[float | None]:
    """The labels; None for a row without one."""
    values, _ = rule.read(pa.chunked_array([column if isinstance(column, pa.Array) else pa.array(column)]))
    return [None if math.isnan(value) else value for value in values.tolist()]


@pytest.mark.parametrize(
    "column",
    [
        [True, False, None],
        [1, 0, None],
        [1.0, 0.0, math.nan],
        [Decimal("1.00"), Decimal(0), None],
        ["1", "0", ""],
        ["1.0", "0.0", "nan"],
        ["true", "False", "<NA>"],
        pa.array(["TRUE", "FALSE", None]).dictionary_encode(),
    ],
    ids=["bool", "int", "float", "decimal", "text", "float text", "words", "dictionary"],
)
@pytest.mark.parametrize("rule", [LabelRule(BINARY), LabelRule(BINARY, ("1",)), LabelRule(BINARY, ("true",))])
def test_truths_are_labels_in_every_type(column: Any, rule: LabelRule) -> None:
    assert read(rule, column) == [1, 0, None]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([1, 2, None], [1, INVALID, None]),
        ([-1, 1], [INVALID, 1]),
        ([1.0, 0.5, math.inf], [1, INVALID, INVALID]),
        (["yes", "no"], [INVALID, INVALID]),
        (["fraud", "ok", "1"], [INVALID, INVALID, 1]),
    ],
)
def test_without_positive_values_other_values_are_invalid(column: Any, expected: list[float | None]) -> None:
    assert read(LabelRule(BINARY), column) == expected


@pytest.mark.parametrize(
    ("positive", "column", "expected"),
    [
        (("1",), [1, 2, None], [1, 0, None]),
        (("1",), [-1, 1], [0, 1]),
        (("2", "3"), [1, 2, 3], [0, 1, 1]),
        (("2",), ["1.0", "2.0", "2"], [0, 1, 1]),
        (("fraud",), ["fraud", "ok", "Fraud", None, ""], [1, 0, 0, None, None]),
        (("true",), ["yes", "no"], [1, 0]),
        (("false",), ["yes", "no", "0"], [0, 1, 1]),
        (("0.5",), [0.5, 0.25], [1, 0]),
        (("word",), [1.0, 0.0], [0, 0]),
    ],
)
def test_positive_values_are_named_and_all_others_are_negative(
    positive: tuple[str, ...], column: Any, expected: list[float | None]
) -> None:
    assert read(LabelRule(BINARY, positive), column) == expected


def test_the_values_are_counted_by_name() -> None:
    column = pa.chunked_array([["fraud", "ok", "ok", None]])
    assert LabelRule(BINARY, ("fraud",)).read(column)[1] == {"fraud": 1, "ok": 2}


@pytest.mark.parametrize(
    ("task", "column", "expected"),
    [
        ("regression", [1.5, -2, None, math.inf, -math.inf], [1.5, -2, None, INVALID, INVALID]),
        (
            "regression",
            ["1.5", "-2", "", "many", "1_0", "inf", "nan"],
            [1.5, -2, None, INVALID, INVALID, INVALID, None],
        ),
        ("ranking", [3, 0, -1], [3, 0, INVALID]),
        ("ranking", ["3", "-1"], [3, INVALID]),
    ],
)
def test_a_number_may_be_a_text_and_a_text_that_is_none_is_invalid(
    task: Task, column: Any, expected: list[float | None]
) -> None:
    assert read(LabelRule(task), column) == expected


def test_a_class_is_one_of_the_spec_where_it_names_them() -> None:
    cat, dog = class_keys(["cat", "dog"]).tolist()
    rule = LabelRule("multiclass_classification", classes=("cat", "dog"))
    assert read(rule, ["cat", "Dog", "dog", None]) == [cat, INVALID, dog, None]
    one, seven = class_keys(["1", "7"]).tolist()
    assert read(LabelRule("multiclass_classification", classes=("1", "7")), [True, False]) == [one, INVALID]
    assert read(LabelRule("multiclass_classification"), ["7.0", "True"]) == [seven, one]


@pytest.mark.parametrize("task", [BINARY, "regression"])
def test_a_type_that_is_no_value_is_an_error(task: Task) -> None:
    with pytest.raises(ColumnMismatch):
        LabelRule(task).read(pa.chunked_array([pa.array([[1], [0]])]))


@pytest.mark.parametrize("task", [BINARY, "multiclass_classification", "regression", "ranking"])
def test_each_task_says_what_an_invalid_label_is(task: Task) -> None:
    assert LabelRule(task).mismatch.split()[0] in {"neither", "no"}
