from __future__ import annotations

import re

import pytest

from exporter.sql.logs import NotCounted, micros, named, numeric, timed

TYPES = {"at": "DATETIME", "day": "DATE", "text": "STRING", "id": "INT64", "share": "FLOAT64", "yes": "BOOL"}


def test_a_column_is_of_times_or_there_is_none() -> None:
    assert [timed(TYPES, name) for name in ("at", "day", "text", "missing", None)] == ["at", "day", None, None, None]
    assert micros(TYPES, "at") == "UNIX_MICROS(CAST(`at` AS TIMESTAMP))"
    assert micros(TYPES, "missing") == micros(TYPES, None) == "CAST(NULL AS INT64)"


def test_names_are_quoted() -> None:
    assert "`id`" in named(TYPES, "id")
    assert "`share`" in numeric(TYPES, "share")
    assert "`yes`" in numeric(TYPES, "yes")


@pytest.mark.parametrize(
    ("read", "column", "why"),
    [
        (micros, "text", "the times are STRING"),
        (named, "share", "the ids are FLOAT64"),
        (named, None, "the ids are None"),
        (numeric, "text", "STRING"),
        (numeric, "missing", "missing"),
    ],
)
def test_what_an_engine_cannot_count_is_read(read: object, column: str | None, why: str) -> None:
    assert callable(read)
    with pytest.raises(NotCounted, match=re.escape(why)):
        read(TYPES, column)
