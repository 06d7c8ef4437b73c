from __future__ import annotations

import re

import pytest

from exporter.sql.logs import NotCountable, id_expression, microseconds_expression, number_expression, time_column

TYPES = {"at": "DATETIME", "day": "DATE", "text": "STRING", "id": "INT64", "share": "FLOAT64", "yes": "BOOL"}


def test_other_columns_are_not_time_columns() -> None:
    assert [time_column(TYPES, name) for name in ("at", "day", "text", "missing", None)] == [
        "at",
        "day",
        None,
        None,
        None,
    ]
    assert microseconds_expression(TYPES, "at") == "UNIX_MICROS(CAST(`at` AS TIMESTAMP))"
    assert time_column(TYPES, "id") == "id", "epoch numbers"
    assert microseconds_expression(TYPES, "missing") == microseconds_expression(TYPES, None) == "CAST(NULL AS INT64)"


def test_names_are_quoted() -> None:
    assert "`id`" in id_expression(TYPES, "id")
    assert "`share`" in number_expression(TYPES, "share")
    assert "`yes`" in number_expression(TYPES, "yes")


@pytest.mark.parametrize(
    ("read", "column", "why"),
    [
        (microseconds_expression, "text", "the times are STRING"),
        (id_expression, "share", "the ids are FLOAT64"),
        (id_expression, None, "the ids are None"),
        (number_expression, "text", "STRING"),
        (number_expression, "missing", "missing"),
    ],
)
def test_columns_that_an_engine_cannot_count_are_not_countable(read: object, column: str | None, why: str) -> None:
    assert callable(read)
    with pytest.raises(NotCountable, match=re.escape(why)):
        read(TYPES, column)
