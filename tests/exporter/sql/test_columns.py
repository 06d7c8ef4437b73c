from __future__ import annotations

import pytest

from exporter.profiles.columns import ColumnMismatch
from exporter.sql.columns import category_column, numeric_expression


@pytest.mark.parametrize("kind", ["STRING", "BYTES", "DATE", "TIMESTAMP", "ARRAY", "STRUCT", "JSON"])
def test_a_type_that_is_not_numeric_is_rejected(kind: str) -> None:
    with pytest.raises(ColumnMismatch, match=f"the column is {kind}, a number was expected"):
        numeric_expression("age", kind)


@pytest.mark.parametrize("kind", ["BYTES", "TIME", "ARRAY", "STRUCT", "JSON", "GEOGRAPHY"])
def test_a_type_that_is_not_categorical_is_rejected(kind: str) -> None:
    with pytest.raises(ColumnMismatch, match=f"the column is {kind}, a category was expected"):
        category_column("country", kind)


def test_floats_are_compared_with_the_categories_that_are_names_of_floats() -> None:
    column = category_column("ratio", "FLOAT64")
    # 1.0 is named 1, so no float has the name 1.0
    assert column.key_values(["7", "0.1", "1.0", "word", "inf", "nan", "", "1e+16"]) == [7.0, 0.1, float("inf"), 1e16]


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
