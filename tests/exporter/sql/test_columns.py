from __future__ import annotations

import pytest

from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.readability import Use, Watched
from exporter.sql.columns import category_column, numeric_expression, unreadable_columns
from written_values import SPELLINGS


@pytest.mark.parametrize("kind", ["STRING", "BYTES", "DATE", "TIMESTAMP", "ARRAY", "STRUCT", "JSON"])
def test_a_type_that_is_not_numeric_is_rejected(kind: str) -> None:
    with pytest.raises(ColumnMismatch, match=f"the column is {kind}, a number was expected"):
        numeric_expression("age", kind)


@pytest.mark.parametrize("kind", ["BYTES", "TIME", "ARRAY", "STRUCT", "JSON", "GEOGRAPHY"])
def test_a_type_that_is_not_categorical_is_rejected(kind: str) -> None:
    with pytest.raises(ColumnMismatch, match=f"the column is {kind}, a category was expected"):
        category_column("country", kind)


def test_floats_are_compared_with_the_categories_that_are_floats() -> None:
    column = category_column("ratio", "FLOAT64")
    expected = [7.0, 0.1, 1.0, 0.0, float("inf"), 1e16]
    assert column.key_values(["7", "0.1", "1.0", "false", "word", "inf", "nan", "", "1e+16"]) == expected


@pytest.mark.parametrize("kind", ["STRING", "INT64", "BOOL", "NUMERIC", "DATE"])
def test_categories_are_compared_by_value(kind: str) -> None:
    for value, texts in SPELLINGS.items():
        assert category_column("code", kind).key_values(texts) == [value] * len(texts)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("7.0", "7"),
        ("7", "7"),
        ("0.1", "0.1"),
        ("-0.0", "0"),
        ("1e-7", "1e-07"),
        ('"-Infinity"', "-inf"),
        ("Infinity", "inf"),
    ],
)
def test_a_float_has_the_same_name_as_in_rows(text: str, name: str) -> None:
    assert category_column("ratio", "FLOAT64").named(text) == name


@pytest.mark.parametrize(
    ("use", "readable"),
    [
        (Use.NUMBER, {"FLOAT64", "INT64", "NUMERIC", "BIGNUMERIC", "BOOL"}),
        (
            Use.CATEGORY,
            {"FLOAT64", "INT64", "NUMERIC", "BIGNUMERIC", "BOOL", "STRING", "DATE", "DATETIME", "TIMESTAMP"},
        ),
        (Use.TIME, {"DATE", "DATETIME", "TIMESTAMP", "STRING", "FLOAT64", "INT64", "NUMERIC", "BIGNUMERIC"}),
    ],
)
def test_a_column_of_another_type_is_unreadable(use: Use, readable: set[str]) -> None:
    others = {"BYTES", "TIME", "ARRAY", "STRUCT", "JSON", "GEOGRAPHY"}
    types = {kind: kind for kind in {"FLOAT64", "INT64", "NUMERIC", "BIGNUMERIC", "BOOL", "STRING", "DATE"} | others}
    types |= {"DATETIME": "DATETIME", "TIMESTAMP": "TIMESTAMP"}
    watched = [Watched(name, use) for name in (*types, "missing")]
    assert set(unreadable_columns(types, watched)) == {*types, "missing"} - readable


def test_the_time_of_ingestion_is_readable_though_it_is_no_column() -> None:
    assert unreadable_columns({}, [Watched("_PARTITIONTIME", Use.TIME)]) == []
    assert unreadable_columns({}, [Watched("_PARTITIONTIME", Use.NUMBER)]) == ["_PARTITIONTIME"]
