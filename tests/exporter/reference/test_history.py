"""The reference hour by hour: every type of time, any order of the rows and any batches."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.profile import categorical_column, numeric_column
from exporter.reference.history import LONGEST_WEEKS, History, HistoryBuilder, TimeRule, hours_of
from exporter.sources.source import Batch
from exporter.spec.seasons import HOURS_OF_WEEK
from profiling import binning, categorical, count, numeric, whole

CELLS = binning(numeric("x", (0.0, 1.0, 2.0), pivot=0.5), categorical("c", "a", "b"))
FIRST = 500_000
"""The hour in which these histories begin."""
SPAN = LONGEST_WEEKS * HOURS_OF_WEEK


def times(hours: Any) -> pa.Array:
    seconds = [None if hour is None else 3600 * hour + 59 for hour in hours]
    return pa.array(seconds, pa.int64()).cast(pa.timestamp("s", "UTC"))


def table(hours: Any, x: Any, c: Any) -> pa.Table:
    return pa.table({"t": times(hours), "x": pa.array(x, pa.float64()), "c": pa.array(c, pa.string())})


def history(*tables: pa.Table, timestamp: str = "t") -> History | None:
    builder = HistoryBuilder(CELLS, timestamp)
    for batch in (batch for part in tables for batch in whole(part)):
        builder.add(batch)
    return builder.finish()


def known(*tables: pa.Table) -> History:
    made = history(*tables)
    assert made is not None
    return made


def assert_same(left: History, right: History) -> None:
    np.testing.assert_array_equal(left.hours, right.hours)
    np.testing.assert_array_equal(left.rows, right.rows)
    assert left.columns.keys() == right.columns.keys()
    for name, column in left.columns.items():
        np.testing.assert_array_equal(column.cells, right.columns[name].cells)
        np.testing.assert_array_equal(column.finite, right.columns[name].finite)
        np.testing.assert_allclose(column.sums, right.columns[name].sums, atol=1e-9)
        np.testing.assert_allclose(column.squares, right.columns[name].squares, atol=1e-9)


NOON = datetime(2026, 11, 21, 12, 59, 59, 999_999, tzinfo=UTC)
NOON_HOUR = int(NOON.timestamp()) // 3600


class TestHoursOf:
    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
    @pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
    def test_timestamps_of_any_unit_and_zone(self, unit: str, zone: str | None) -> None:
        column = pa.array([NOON.replace(tzinfo=None), None], pa.timestamp("us")).cast(
            pa.timestamp(unit, zone), safe=False
        )
        assert hours_of(pa.chunked_array([column])).tolist() == [NOON_HOUR, -1]

    @pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
    def test_a_date_is_its_midnight(self, kind: pa.DataType) -> None:
        column = pa.array([date(2026, 11, 21), None], kind)
        assert hours_of(pa.chunked_array([column])).tolist() == [NOON_HOUR - 12, -1]

    @pytest.mark.parametrize(
        "text",
        [
            "2026-11-21T12:59:59",
            "2026-11-21 12:59",
            "2026-11-21T12:59:59Z",
            "2026-11-21T12:59:59.999999Z",
            "2026-11-21T12:59:59.999999999",
            "2026-11-21T07:59:59-05:00",
        ],
    )
    @pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
    def test_texts(self, text: str, kind: pa.DataType) -> None:
        column = pa.array([text, None, text]).cast(kind)
        assert hours_of(pa.chunked_array([column])).tolist() == [NOON_HOUR, -1, NOON_HOUR]

    def test_a_time_before_the_epoch_has_no_hour(self) -> None:
        column = pa.array([-1, 0, 3599, 3600]).cast(pa.timestamp("s"))
        assert hours_of(pa.chunked_array([column])).tolist() == [-1, 0, 0, 1]

    def test_no_rows_have_no_hours(self) -> None:
        assert hours_of(pa.chunked_array([], pa.timestamp("s"))).tolist() == []

    @pytest.mark.parametrize("column", [pa.array([True]), pa.array([[1]])])
    def test_a_column_of_another_type_is_rejected(self, column: pa.Array) -> None:
        with pytest.raises(ColumnMismatch, match=f"^the column is .*{column.type}.* a time was expected".split("<")[0]):
            hours_of(pa.chunked_array([column]))

    def test_a_text_that_is_not_a_time_has_no_hour(self) -> None:
        texts = ["yesterday", "", "2026-11-21T12:00:00", "2026-11-21 12:00:00 UTC"]
        assert hours_of(pa.chunked_array([texts])).tolist() == [-1, -1, NOON_HOUR, NOON_HOUR]

    def test_epoch_numbers_are_times(self) -> None:
        assert hours_of(pa.chunked_array([[NOON_HOUR * 3_600_000, None]])).tolist() == [NOON_HOUR, -1]
        assert hours_of(pa.chunked_array([[NOON_HOUR * 3_600_000.0]]), TimeRule("us")).tolist() == [NOON_HOUR // 1000]


class TestHistory:
    def test_by_hand(self) -> None:
        hours = [FIRST, FIRST, FIRST, FIRST + 2, FIRST + 2, None]
        x = [0.5, -1.0, None, math.inf, 1.5, 99.0]
        made = known(table(hours, x, ["a", "new", None, "b", "b", "a"]))
        assert made.hours.tolist() == [FIRST, FIRST + 1, FIRST + 2]
        assert made.rows.tolist() == [3, 0, 2]
        column = made.columns["x"]
        assert column.cells.tolist() == [[1, 1, 0, 0, 1], [0] * 5, [0, 0, 1, 1, 0]]
        assert column.finite.tolist() == [2, 0, 1]
        assert column.sums.tolist() == [0 - 1.5, 0, 1]  # from the pivot, which is 0.5
        assert column.squares.tolist() == [0 + 1.5**2, 0, 1]
        assert made.columns["c"].cells.tolist() == [[1, 0, 1, 1], [0] * 4, [0, 2, 0, 0]]
        assert made.columns["c"].finite.tolist() == [0, 0, 0]

    @given(st.lists(st.none() | st.floats(allow_infinity=True) | st.sampled_from([0.0, 1.0, 2.0]), min_size=1))
    def test_the_cells_are_psis(self, x: list[float | None]) -> None:
        names = [None if value is None else "ab"[: 1 + len(str(value)) % 2] for value in x]
        made = known(table([FIRST] * len(x), x, names))
        profile = count(CELLS, x=pa.array(x, pa.float64()), c=pa.array(names, pa.string()))
        column = numeric_column(profile, CELLS, "x")
        assert made.columns["x"].cells[0].tolist() == column.cells.tolist()
        assert made.columns["x"].finite[0] == column.finite
        assert made.columns["c"].cells[0].tolist() == categorical_column(profile, CELLS, "c").cells.tolist()

    ROWS = st.lists(
        st.tuples(
            st.none() | st.integers(FIRST, FIRST + SPAN + 200),
            st.none() | st.floats(-3, 3),
            st.none() | st.sampled_from("abz"),
        ),
        min_size=1,
        max_size=30,
    )

    @given(ROWS, st.randoms(use_true_random=False), st.integers(1, 8))
    def test_order_and_batches_do_not_matter(self, rows: list[Any], chance: Any, size: int) -> None:
        before = history(table(*map(list, zip(*rows, strict=True))))
        chance.shuffle(rows)
        shuffled = table(*map(list, zip(*rows, strict=True)))
        after = history(*(shuffled.slice(start, size) for start in range(0, len(rows), size)))
        if before is None:
            assert after is None
        else:
            assert after is not None
            assert_same(before, after)

    def test_the_newest_weeks_are_kept(self) -> None:
        made = known(table([FIRST, FIRST + 1, FIRST + SPAN, FIRST + SPAN], [0.5] * 4, ["a"] * 4))
        assert made.hours.tolist() == list(range(FIRST + 1, FIRST + SPAN + 1))
        assert (made.rows[0], made.rows[-1], made.rows.sum()) == (1, 2, 3)

    @pytest.mark.parametrize("reverse", [False, True])
    def test_memory_holds_only_these_weeks(self, reverse: bool) -> None:
        starts = range(FIRST, FIRST + 3 * SPAN, HOURS_OF_WEEK)
        builder = HistoryBuilder(CELLS, "t")
        for start in reversed(starts) if reverse else starts:
            hours = list(range(start, start + HOURS_OF_WEEK))
            for batch in whole(table(hours, [0.5] * len(hours), ["a"] * len(hours))):
                builder.add(batch)
            assert all(len(at) <= SPAN for part in builder._columns.values() for at, _ in part)
        made = builder.finish()
        assert made is not None
        assert (len(made.hours), made.rows.sum()) == (SPAN, SPAN)
        assert made.hours[-1] == FIRST + 3 * SPAN - 1

    def test_wide_rows_in_several_batches_give_the_same_counts(self) -> None:
        one = table([FIRST, FIRST + 1, FIRST + 1], [0.5, 1.5, None], ["a", "b", None])
        builder = HistoryBuilder(CELLS, "t")
        builder.add(Batch(one.select(["t", "x"]), first=True, schema=one.schema))
        builder.add(Batch(one.select(["t", "c"]), first=False, schema=one.schema))
        made = builder.finish()
        assert made is not None
        assert_same(made, known(one))

    def test_a_column_of_the_wrong_type_is_left_out_and_the_others_are_counted(self) -> None:
        made = known(pa.table({"t": times([FIRST]), "x": ["high"], "c": ["a"]}))
        assert list(made.columns) == ["c"]

    @pytest.mark.parametrize("hours", [[], [None, None]])
    def test_without_a_time_there_is_no_history(self, hours: list[None]) -> None:
        assert history(table(hours, [0.5] * len(hours), ["a"] * len(hours))) is None

    def test_without_batches_there_is_no_history(self) -> None:
        assert history() is None

    def test_hours_are_those_of_the_epoch(self) -> None:
        made = known(table([NOON_HOUR], [0.5], ["a"]))
        assert datetime(1970, 1, 1, tzinfo=UTC) + int(made.hours[0]) * timedelta(hours=1) == NOON.replace(
            minute=0, second=0, microsecond=0
        )
