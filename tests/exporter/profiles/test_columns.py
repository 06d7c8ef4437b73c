"""Arrow columns as numbers and as categories, in every stored type."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.columns import (
    ColumnMismatch,
    arrow_errors,
    category_codes,
    column_of,
    explaining,
    numeric_values,
    required_column,
)
from exporter.sources.source import Batch


def chunked(*chunks: pa.Array) -> pa.ChunkedArray:
    return pa.chunked_array(chunks)


def numbers(column: pa.Array | pa.ChunkedArray) -> list[float | None]:
    values, nulls = numeric_values(column if isinstance(column, pa.ChunkedArray) else chunked(column))
    assert values.dtype == np.float64
    if nulls is None:
        return values.tolist()
    assert nulls.dtype == np.bool_
    assert nulls.any()
    assert np.isnan(values[nulls]).all()
    return [None if null else value for value, null in zip(values.tolist(), nulls, strict=True)]


def categories(column: pa.Array | pa.ChunkedArray) -> list[str | None]:
    names, codes = category_codes(column if isinstance(column, pa.ChunkedArray) else chunked(column))
    assert len(names) == len(set(names))
    assert codes.dtype == np.int64
    return [names[code] for code in codes]


def dictionary(indices: list[int | None], values: pa.Array, kind: pa.DataType | None = None) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(indices, kind or pa.int32()), values)


INTEGERS = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())
FLOATS = (pa.float16(), pa.float32(), pa.float64())
DECIMALS = (pa.decimal32(5, 2), pa.decimal64(9, 2), pa.decimal128(30, 2), pa.decimal256(60, 2))
NO_UTF8 = pa.Array.from_buffers(pa.string(), 2, pa.array([b"caf\xe9", b"ok"]).buffers())
FOREIGN = {
    "text": pa.array(["1.5"]),
    "date": pa.array([date(2026, 1, 1)]),
    "timestamp": pa.array([datetime(2026, 1, 1, tzinfo=UTC)]),
    "duration": pa.array([timedelta(seconds=1)]),
    "binary": pa.array([b"1"]),
    "list": pa.array([[1.0]]),
    "struct": pa.array([{"x": 1.0}]),
    "map": pa.array([[("x", 1)]], pa.map_(pa.string(), pa.int64())),
    "a dictionary of text": pa.array(["1"]).dictionary_encode(),
    "uuid": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], pa.binary(16))),
}


class TestNumbers:
    @pytest.mark.parametrize(
        "kind",
        [*INTEGERS, *FLOATS, *DECIMALS],
        ids=str,
    )
    def test_any_width_is_a_number(self, kind: pa.DataType) -> None:
        assert numbers(pa.array([3.0, None, 1.0, 2.0]).cast(kind)) == [3, None, 1, 2]

    def test_booleans_are_0_and_1(self) -> None:
        assert numbers(pa.array([True, False, None])) == [1, 0, None]

    def test_decimals_become_floats(self) -> None:
        assert numbers(pa.array([Decimal("0.10"), Decimal("123456789.25")])) == [0.1, 123456789.25]

    def test_integers_beyond_a_floats_precision_become_the_nearest(self) -> None:
        assert numbers(pa.array([2**53 + 1, -(2**63)])) == [2.0**53, -(2.0**63)]
        assert numbers(pa.array([2**64 - 1], pa.uint64())) == [2.0**64]

    def test_nulls_are_not_nan(self) -> None:
        found = numbers(pa.array([math.nan, None, 1.0, -math.inf, math.inf, None]))
        assert [found.index(None), found.count(None)] == [1, 2]
        assert found[2:5] == [1.0, -math.inf, math.inf]
        assert found[0] is not None
        assert math.isnan(found[0])

    @pytest.mark.parametrize("column", [pa.nulls(3), pa.nulls(3).cast(pa.int64()), pa.nulls(3).dictionary_encode()])
    def test_a_column_of_only_nulls_is_all_null(self, column: pa.Array) -> None:
        assert numbers(column) == [None] * 3

    def test_without_rows_there_are_no_numbers(self) -> None:
        assert numbers(pa.array([], pa.float32())) == []
        assert numbers(pa.chunked_array([], pa.int64())) == []

    def test_a_dictionary_of_numbers_is_numeric(self) -> None:
        column = chunked(dictionary([0, None, 1], pa.array([5, 7])), dictionary([1, 0], pa.array([3, None])))
        assert numbers(column) == [5, None, 7, None, 3]

    def test_slices_bring_only_their_rows(self) -> None:
        column = chunked(pa.array([9, None, 3]), pa.array([1, 2, None, 8]))
        assert numbers(column.slice(1, 5)) == [None, 3, 1, 2, None]
        assert numbers(column.slice(1, 2)) == [None, 3]

    @pytest.mark.parametrize("column", FOREIGN.values(), ids=FOREIGN)
    def test_other_types_are_rejected_with_their_name(self, column: pa.Array) -> None:
        with pytest.raises(ColumnMismatch, match="a number was expected"):
            numeric_values(chunked(column))

    @given(st.lists(st.lists(st.none() | st.floats(width=32), max_size=10), max_size=4))
    def test_numbers_equal_pythons(self, chunks: list[list[float | None]]) -> None:
        column = pa.chunked_array([pa.array(chunk, pa.float32()) for chunk in chunks], pa.float32())
        assert str(numbers(column)) == str([value for chunk in chunks for value in chunk])  # NaN is not itself


class TestCategories:
    @pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
    def test_texts_are_unchanged(self, kind: pa.DataType) -> None:
        values = ["1.0", "1", "", " ", "NaN", "zürich", "\0", "a\0b", "💶", None, "1.0"]
        assert categories(pa.array(values, kind)) == values

    @pytest.mark.parametrize(
        ("values", "wanted"),
        [
            (pa.array([1, -2, None]), ["1", "-2", None]),
            (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
            (pa.array([1.0, -0.0, 0.0, 1.5, 1e300]), ["1", "0", "0", "1.5", "1e+300"]),
            (pa.array([123456789012.0, 2.0**53]), ["123456789012", "9007199254740992.0"]),
            (pa.array([math.nan, None, math.inf, -math.inf]), [None, None, "inf", "-inf"]),
            (pa.array([0.1, 3], pa.float32()), ["0.1", "3"]),
            (pa.array([0.1, 3.0]).cast(pa.float16()), ["0.1", "3"]),
            (pa.array([True, False, None]), ["true", "false", None]),
            (pa.array([Decimal("1.00"), Decimal("-1.50"), None]), ["1", "-1.5", None]),
            (pa.array([Decimal(10**30)], pa.decimal256(40, 2)), [str(10**30)]),
            (pa.array([date(2026, 11, 23), None]), ["2026-11-23", None]),
            (pa.array([date(2026, 11, 23)], pa.date64()), ["2026-11-23"]),
            (pa.nulls(2), [None, None]),
            (NO_UTF8, ["caf�", "ok"]),
        ],
    )
    def test_each_value_has_one_name(self, values: pa.Array, wanted: list[str | None]) -> None:
        assert categories(values) == wanted

    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
    @pytest.mark.parametrize("zone", [None, "America/New_York"])
    def test_a_timestamp_is_the_same_in_any_unit_and_zone(self, unit: str, zone: str | None) -> None:
        moments = [datetime(2026, 11, 23, 5, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)]
        assert categories(pa.array(moments, pa.timestamp(unit, zone))) == ["2026-11-23 05:00:00.000000", "2026-11-23"]

    def test_a_category_is_independent_of_the_stored_type(self) -> None:
        assert categories(pa.array([1])) == categories(pa.array([1.0])) == categories(pa.array([Decimal("1.0")]))
        day = date(2026, 1, 1)
        assert categories(pa.array([day])) == categories(pa.Array.from_pandas(pd.Series([pd.Timestamp(day)])))

    @pytest.mark.parametrize("size", [127, 128, 255, 256])
    @pytest.mark.parametrize("kind", [pa.int8(), pa.uint8(), pa.int16()], ids=str)
    def test_small_indices_do_not_overflow(self, size: int, kind: pa.DataType) -> None:
        values = [str(number) for number in range(min(size, 2 ** (kind.bit_width - (kind != pa.uint8()))))]
        column = dictionary([0, None, len(values) - 1], pa.array(values), kind)
        assert categories(column) == ["0", None, values[-1]]

    def test_chunks_may_have_different_dictionaries(self) -> None:
        column = chunked(
            dictionary([0, 1, None], pa.array(["a", "b"])),
            dictionary([0, 1, 2], pa.array(["b", None, "c"])),
            dictionary([], pa.array([], pa.string())),
            dictionary([1, 1], pa.array(["unused", "a"])),
        )
        assert categories(column) == ["a", "b", None, "b", None, "c", "a", "a"]

    def test_many_chunks_of_small_indices_need_no_common_dictionary(self) -> None:
        chunks = [dictionary([127], pa.array([f"{part}-{i}" for i in range(128)]), pa.int8()) for part in range(3)]
        assert categories(chunked(*chunks)) == ["0-127", "1-127", "2-127"]

    def test_a_dictionary_of_numbers_has_the_names_of_numbers(self) -> None:
        assert categories(dictionary([1, 0, None, 2], pa.array([1.0, 2.5, math.nan]))) == ["2.5", "1", None, None]

    def test_no_rows_have_no_codes(self) -> None:
        for kind in (pa.string(), pa.int64(), pa.dictionary(pa.int8(), pa.string())):
            names, codes = category_codes(pa.chunked_array([], kind))
            assert (names, len(codes)) == ([], 0)
            assert categories(pa.chunked_array([pa.array([], kind)])) == []

    def test_slices_bring_only_their_rows(self) -> None:
        assert categories(chunked(dictionary([0, 1, None, 1], pa.array(["a", "b"]))).slice(1, 2)) == ["b", None]

    @pytest.mark.parametrize(
        "column",
        [
            *(FOREIGN[name] for name in ("duration", "binary", "list", "struct", "map", "uuid")),
            pa.array([b"ab"], pa.binary(2)),
            pa.array([b"ab"], pa.large_binary()),
            pa.array([time(1)]),
            pa.array([(1, 2, 3)]),
            dictionary([0], pa.array([b"a"])),
            dictionary([0], pa.array([[1]])),
        ],
        ids=lambda column: str(column.type),
    )
    def test_other_types_are_rejected_with_their_name(self, column: pa.Array) -> None:
        with pytest.raises(ColumnMismatch, match="a category was expected"):
            category_codes(chunked(column))

    @given(st.lists(st.lists(st.none() | st.text(max_size=3), max_size=10), max_size=4))
    def test_counts_equal_those_of_pandas(self, chunks: list[list[str | None]]) -> None:
        column: Any = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks], pa.string())
        flat = [value for chunk in chunks for value in chunk]
        assert categories(column) == flat
        assert categories(column.dictionary_encode()) == flat


@pytest.mark.parametrize("kind", [pa.decimal32(5, 2), pa.decimal64(12, 2), pa.decimal128(20, 2), pa.decimal256(50, 2)])
def test_decimals_of_every_width_are_numbers_and_categories(kind: pa.DataType) -> None:
    column = pa.array([Decimal("1.50"), None, Decimal("2.00")], kind)
    assert numbers(column) == [1.5, None, 2.0]
    assert categories(column) == ["1.5", None, "2"]


def test_an_error_of_arrow_is_named_in_one_short_line() -> None:
    with pytest.raises(ColumnMismatch) as caught, arrow_errors(pa.time64("us")):
        raise pa.ArrowNotImplementedError("no kernel\n" + "x" * 1000)
    assert str(caught.value).startswith("the column is time64[us], and Arrow cannot count it: no kernel x")
    assert len(str(caught.value)) < 300


class TestMissingColumns:
    WIDE = pa.schema([("userid", pa.string()), ("age", pa.int64())])

    def test_a_column_of_a_batch(self) -> None:
        batch = Batch(pa.table({"age": [1]}), first=True, schema=self.WIDE)
        assert column_of(batch, "age").to_pylist() == [1]
        with pytest.raises(ColumnMismatch, match=r'^the column userId is missing; the column is named "userid" here$'):
            column_of(batch, "userId")

    def test_a_kernel_explains_with_the_file_in_which_the_column_is_missing(self) -> None:
        batches = [
            Batch(pa.table({"Age": [1]}), first=True, schema=pa.schema([("Age", pa.int64())])),
            Batch(pa.table({"Age": [1]}).select([]), first=True, schema=self.WIDE),
        ]
        kernel = explaining(lambda rows: [required_column(batch.table, "Age").to_pylist() for batch in rows])
        assert kernel(iter(batches[:1])) == [[1]]
        with pytest.raises(ColumnMismatch, match=r'^the column Age is missing; the column is named "age" here$'):
            kernel(iter(batches))

    def test_other_mistakes_stay_as_they_are(self) -> None:
        kernel = explaining(lambda rows: [numeric_values(batch.table.column("userid")) for batch in rows])
        table = pa.table({"userid": ["x"]})
        with pytest.raises(ColumnMismatch, match=r"^the column is string, a number was expected$"):
            kernel(iter([Batch(table, first=True, schema=table.schema)]))
