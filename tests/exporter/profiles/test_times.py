"""Times of every type in a log give the same microseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.times import NO_TIME, UNREADABLE, instants, microseconds
from exporter.spec.value_types import TimeUnit

MOMENT = datetime(2026, 11, 22, 10, 5, 0, 250_000, tzinfo=UTC)
NUMBER = 1_795_341_900_250_000


@pytest.mark.parametrize(
    "column",
    [
        pa.array([MOMENT], pa.timestamp("us", "UTC")),
        pa.array([MOMENT], pa.timestamp("ns", "America/New_York")),
        pa.array([MOMENT.replace(tzinfo=None)], pa.timestamp("ms")),
        pa.array(["2026-11-22T10:05:00.25Z"]),
        pa.array(["2026-11-22 10:05:00.250"]),
        pa.array(["2026-11-22T11:05:00.25+01:00"]).dictionary_encode(),
    ],
    ids=str,
)
def test_a_time_is_the_same_in_every_type(column: pa.Array) -> None:
    assert instants(pa.chunked_array([column])).tolist() == [NUMBER]
    assert microseconds(MOMENT) == NUMBER


def test_a_date_is_its_midnight_and_a_null_is_no_time() -> None:
    column = pa.chunked_array([pa.array([date(1970, 1, 2), None])])
    assert instants(column).tolist() == [86_400_000_000, NO_TIME]


def read(values: list[Any], kind: pa.DataType | None = None, unit: TimeUnit | None = None) -> list[int]:
    return instants(pa.chunked_array([pa.array(values, kind)]), unit).tolist()


@pytest.mark.parametrize(
    ("number", "unit"),
    [(1_795_341_900.25, "s"), (1_795_341_900_250, "ms"), (NUMBER, "us"), (NUMBER * 1000 + 999, "ns")],
)
def test_an_epoch_number_has_the_unit_of_its_magnitude_or_of_the_spec(number: float, unit: TimeUnit) -> None:
    assert read([number]) == read([number], unit=unit) == read([Decimal(number), None])[:1] == [NUMBER]


def test_a_unit_of_the_spec_holds_for_small_numbers_too() -> None:
    assert read([5], unit="ms") == [5000]
    assert read([5]) == [5_000_000]


def test_the_unit_changes_at_the_documented_numbers() -> None:
    assert read([10**11 - 1, 10**11, 10**14 - 1, 10**14, 10**17 - 100, 10**17]) == [
        (10**11 - 1) * 10**6,
        10**14,
        (10**14 - 1) * 10**3,
        10**14,
        10**17 - 100,
        10**14,
    ]


def test_a_number_that_is_no_time_and_one_that_is_missing() -> None:
    assert read([float("nan"), float("inf"), 1e300, None]) == [NO_TIME, UNREADABLE, UNREADABLE, NO_TIME]
    assert read([2**63], pa.uint64()) == [UNREADABLE]
    assert read([None, None], pa.null()) == [NO_TIME, NO_TIME]


TEN: Final = 1_795_341_600_000_000
"""2026-11-22 10:00 UTC."""


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-22T10:00:00Z", TEN),
        ("2026-11-22T10:00", TEN),
        ("2026-11-22 10:00:00 UTC", TEN),
        ("2026-11-22 10:00:00 +0000 UTC", TEN),
        ("2026/11/22 10:00:00", TEN),
        (" 2026-11-22 10:00:00 ", TEN),
        ("2026-11-22T12:00:00+0200", TEN),
        ("2026-11-22T12:00:00 +02:00", TEN),
        ("2026-11-22T04:30:00-05:30", TEN),
        ("2026-11-22", TEN - 10 * 3_600_000_000),
        ("2026-11-22T10:00:00.1", TEN + 100_000),
        ("2026-11-22T10:00:00.123456789Z", TEN + 123_456),
        ("2024-02-29", 1_709_164_800_000_000),
        ("9999-12-31T00:00:00Z", 253_402_214_400_000_000),
        ("1795341600", TEN),
        (" 1795341600.25 ", TEN + 250_000),
        ("1795341600000", TEN),
        ("1795341600000000123", TEN),
    ],
)
def test_a_text_is_the_same_time_alone_and_among_others(text: str, time: int) -> None:
    assert read([text]) == [time]
    assert read(["2026-11-22T10:00:00+01:00", "", text, None, "2026-11-22"])[2] == time


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "noon",
        "nan",
        "20261122",
        "9999999999999999999",
        "2026-02-30",
        "2023-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-11-22T24:00:00",
        "2026-11-22T10:60:00",
        "2026-11-22T10:00:60Z",
        "2026-11-22T10:00:00.1234567891",
        "2026-11-22T10:00:00+24:00",
    ],
)
def test_a_text_that_is_no_time_costs_only_its_row(text: str) -> None:
    assert read([text]) == [UNREADABLE]
    assert read(["2026-11-22T10:00:00Z", text, None]) == [TEN, UNREADABLE, NO_TIME]


def test_epoch_numbers_in_texts_have_the_unit_of_the_spec() -> None:
    texts = pa.chunked_array([["1795341600", "1795341600.5", None, "2026-11-22"]])
    assert instants(texts, "ms").tolist() == [1_795_341_600_000, 1_795_341_600_500, NO_TIME, TEN - 10 * 3_600_000_000]


_PARTS = (
    st.sampled_from(["2026-11-22", "2026/1/2", "2026-02-30", "1600-01-01", "26-1-1", "", "x"]),
    st.sampled_from(["", "T10:00:00", " 23:59", "T10", "T1:05:09.5", " 10:00:00,123456789", "T24:00"]),
    st.sampled_from(["", "Z", "z", " UTC", "GMT", "+02:00", "-0530", "+07", " +0000 UTC", " ", "CET"]),
)


@given(st.lists(st.none() | st.tuples(*_PARTS).map("".join), max_size=8), st.integers(1, 3))
def test_no_row_depends_on_the_others(texts: list[str | None], copies: int) -> None:
    together = read([*texts] * copies, pa.string())
    assert together == [time for text in texts for time in read([text], pa.string())] * copies


def test_one_irregular_text_among_very_many_is_read_like_the_others() -> None:
    texts = ["2026-11-22T10:00:00Z"] * 10_000
    texts[7000] = "2026-11-22 10:00:01 UTC"
    texts[9999] = "?"
    assert read(texts) == [TEN] * 7000 + [TEN + 1_000_000] + [TEN] * 2998 + [UNREADABLE]


@pytest.mark.parametrize("column", [pa.array([True]), pa.array([[1]]), pa.array([b"2026"])], ids=str)
def test_other_types_are_rejected(column: pa.Array) -> None:
    with pytest.raises(ColumnMismatch, match="a time was expected"):
        instants(pa.chunked_array([column]))


def test_times_that_arrow_cannot_convert_are_a_mismatch() -> None:
    nested = pa.DictionaryArray.from_arrays([0], pa.array([[1]]))
    with pytest.raises(ColumnMismatch):
        instants(pa.chunked_array([nested]))
