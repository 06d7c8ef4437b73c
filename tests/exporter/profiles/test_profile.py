"""Profiles: the statistics of a column, and their sums."""

from __future__ import annotations

import math
from functools import reduce
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.profile import (
    NOVEL_KEPT,
    NumericColumn,
    Profile,
    categorical_column,
    empty_profile,
    merge_profiles,
    most_frequent,
    numeric_column,
)
from profiling import binning, categorical, count, numeric, quantile_bins

Row = tuple[float | None, str | None]
CELLS = binning(numeric("x", (0.0, 1.0, 2.0), pivot=1.0), categorical("c", "a", "b"))
ROW = st.tuples(
    st.none() | st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 1.0, 2.0, math.inf, -math.inf, math.nan]),
    st.none() | st.sampled_from(["a", "b", "new", "newer", ""]),
)
ROWS = st.lists(ROW, max_size=30)


def profile(rows: list[Row]) -> Profile:
    if not rows:
        return empty_profile(CELLS)
    numbers, names = zip(*rows, strict=True)
    return count(CELLS, x=list(numbers), c=list(names))


def assert_same(left: Profile, right: Profile, *, exactly: bool = False) -> None:
    assert left.rows == right.rows
    assert left.counts.tolist() == right.counts.tolist()
    assert left.lows.tobytes() == right.lows.tobytes()
    assert left.highs.tobytes() == right.highs.tobytes()
    assert left.novel == right.novel
    if exactly:
        assert left.sums.tobytes() == right.sums.tobytes()
        assert left.squares.tobytes() == right.squares.tobytes()
    else:
        np.testing.assert_allclose(left.sums, right.sums, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(left.squares, right.squares, rtol=1e-9)


def column(values: Any, *, pivot: float = 0.0) -> NumericColumn:
    cells = binning(numeric("x", (0.0, 1.0, 2.0), pivot))
    return numeric_column(count(cells, x=values), cells, "x")


class TestLaws:
    @given(st.lists(st.tuples(ROW, st.integers(0, 4)), max_size=30))
    def test_any_split_adds_up_to_the_whole_in_any_order(self, placed: list[tuple[Row, int]]) -> None:
        parts = [profile([row for row, place in placed if place == part]) for part in range(5)]
        assert_same(merge_profiles(CELLS, parts), profile([row for row, _ in placed]))

    @given(ROWS)
    def test_the_empty_profile_changes_nothing(self, rows: list[Row]) -> None:
        assert_same(empty_profile(CELLS) + profile(rows), profile(rows), exactly=True)
        assert_same(profile(rows) + empty_profile(CELLS), profile(rows), exactly=True)

    @given(ROWS, st.randoms(use_true_random=False))
    def test_the_order_of_the_rows_does_not_change_the_bits(self, rows: list[Row], chance: Random) -> None:
        before = profile(rows)
        chance.shuffle(rows)
        assert_same(profile(rows), before, exactly=True)

    @given(ROWS, ROWS)
    def test_addition_does_not_change_its_terms(self, left: list[Row], right: list[Row]) -> None:
        first, second = profile(left), profile(right)
        _ = first + second
        assert_same(first, profile(left), exactly=True)
        assert_same(second, profile(right), exactly=True)

    def test_the_sum_of_no_profiles_is_empty(self) -> None:
        assert_same(merge_profiles(CELLS, []), empty_profile(CELLS), exactly=True)

    def test_sums_too_large_for_a_float_add_up_without_a_warning(self) -> None:
        part = profile([(1.7e308, None)])
        together = merge_profiles(CELLS, [part, part, part])
        assert together.sums.max() == math.inf
        assert numeric_column(together, CELLS, "x").bins.tolist() == [0, 0, 0, 3]


class TestNovel:
    def test_names_are_added_and_the_most_frequent_kept(self) -> None:
        part = count(CELLS, x=[0.0] * 300, c=[f"n{number // 2:03}" for number in range(300)])
        assert len(part.novel["c"]) == NOVEL_KEPT
        other = count(CELLS, x=[0.0] * 3, c=["n001", "zzz", "a"])
        merged = part + other
        names = merged.novel["c"]
        assert next(iter(names)) == "n001"
        assert names["n001"] == 3
        assert len(names) == NOVEL_KEPT
        assert "zzz" not in names
        assert categorical_column(merged, CELLS, "c").new == 302

    def test_columns_without_new_categories_have_no_names(self) -> None:
        assert count(CELLS, x=[0.0], c=["a"]).novel == {}

    @given(st.dictionaries(st.text(max_size=2), st.integers(0, 5)), st.integers(0, 8))
    def test_most_frequent_ranks_by_count_and_then_by_name(self, counts: dict[str, int], limit: int) -> None:
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        assert list(most_frequent(counts, limit).items()) == ranked[:limit]


class TestNumericColumn:
    def test_every_row_is_in_one_cell(self) -> None:
        numbers = column([None, math.nan, -math.inf, math.inf, math.inf, -1, 0, 0.5, 1, 1.5, 2, 3])
        assert numbers.bins.tolist() == [2, 2, 2, 1]
        assert numbers.sums.tolist() == [-1, 1.5, 3.5, 3]
        assert (
            numbers.nulls,
            numbers.nans,
            numbers.low_infinities,
            numbers.high_infinities,
        ) == (1, 1, 1, 2)
        assert numbers.ordered.tolist() == [3, 2, 2, 3]
        assert numbers.cells.tolist() == [3, 2, 2, 3, 2]
        assert numbers.out_of_range == 6
        assert (numbers.rows, numbers.finite, numbers.comparable, numbers.missing) == (
            12,
            7,
            10,
            2,
        )
        assert (numbers.low, numbers.high) == (-1, 3)

    def test_psis_cells_are_runs_of_bins(self) -> None:
        numbers = NumericColumn(
            edges=np.arange(4.0),
            deciles=np.array([0, 2]),
            bins=np.array([1, 2, 4, 8, 16]),
            sums=np.zeros(5),
            nulls=32,
            nans=64,
            low_infinities=128,
            high_infinities=256,
            low=-1.0,
            high=9.0,
            squares=0.0,
            pivot=0.0,
        )
        assert numbers.cells.tolist() == [1 + 128, 2 + 4, 8 + 16 + 256, 32 + 64]

    def test_moments_by_hand(self) -> None:
        numbers = column([1.0, 2.0, 6.0], pivot=4.0)
        assert numbers.squares == 9 + 4 + 4
        assert numbers.mean == 3
        assert numbers.variance == pytest.approx(14 / 3)
        assert numbers.stddev == pytest.approx(math.sqrt(14 / 3))

    @given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
    def test_moments_are_numpys(self, values: list[float]) -> None:
        numbers = column(values, pivot=float(np.mean(values)))
        scale = float(np.abs(values).max()) or 1.0
        assert numbers.mean == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9 * scale)
        assert numbers.stddev == pytest.approx(np.std(values), rel=1e-6, abs=1e-7 * scale)

    @pytest.mark.parametrize("values", [[1e8 + 1, 1e8 + 2, 1e8 + 3], [1e15, 1e15 + 2, 1e15 + 4]])
    def test_a_large_mean_does_not_cancel_the_variance(self, values: list[float]) -> None:
        assert column(values, pivot=values[0]).variance == pytest.approx(np.var(values), rel=1e-12)

    def test_the_variance_of_a_constant_is_zero_and_never_negative(self) -> None:
        assert column([0.1] * 1000, pivot=0.3).variance == 0
        assert column([1e300] * 3).stddev == 0
        assert column([0.1] * 1000 + [math.nextafter(0.1, 1)], pivot=0.3).variance >= 0

    def test_without_finite_values_there_are_no_moments(self) -> None:
        for numbers in (column([None, math.inf]), numeric_column(empty_profile(CELLS), CELLS, "x")):
            assert math.isnan(numbers.mean)
            assert math.isnan(numbers.variance)
            assert math.isnan(numbers.stddev)

    def test_moments_too_large_for_a_float_are_not_finite(self) -> None:
        numbers = column([1e308, 1e308, -1e308])
        assert numbers.bins.tolist() == [1, 0, 0, 2]
        assert not math.isfinite(numbers.mean)
        assert math.isnan(column([1e200, -1e200]).variance)
        assert column([1e200, -1e200]).mean == 0

    def test_denormals_are_values(self) -> None:
        numbers = column([5e-324, -5e-324, 0.0, -0.0])
        assert numbers.bins.tolist() == [3, 1, 0, 0]
        assert numbers.mean == 0

    def test_quantile_bins_hold_the_sum_of_every_value(self) -> None:
        values = np.random.default_rng(5).lognormal(size=5000)
        cells = binning(quantile_bins(values))
        numbers = numeric_column(count(cells, x=values), cells, "x")
        bins = np.digitize(values, numbers.edges, right=True)
        np.testing.assert_allclose(numbers.sums, np.bincount(bins, values, len(numbers.edges) + 1), rtol=1e-12)

    def test_a_column_of_the_other_type_is_rejected(self) -> None:
        with pytest.raises(TypeError, match="c is not numeric"):
            numeric_column(empty_profile(CELLS), CELLS, "c")
        with pytest.raises(TypeError, match="x is not categorical"):
            categorical_column(empty_profile(CELLS), CELLS, "x")
        with pytest.raises(KeyError):
            numeric_column(empty_profile(CELLS), CELLS, "absent")
        with pytest.raises(KeyError):
            categorical_column(empty_profile(CELLS), CELLS, "absent")


class TestCategoricalColumn:
    def test_every_row_is_in_one_cell(self) -> None:
        categories = categorical_column(count(CELLS, x=[0.0] * 7, c=["b", "a", "b", None, "", "é", "é"]), CELLS, "c")
        assert categories.known.tolist() == [1, 2]
        assert (categories.new, categories.nulls, categories.missing, categories.rows) == (3, 1, 1, 7)
        assert categories.cells.tolist() == [1, 2, 3, 1]
        assert dict(categories.novel) == {"é": 2, "": 1}


def test_a_week_of_hours_is_the_sum_of_its_hours() -> None:
    hours = [profile([(float(hour), "a")]) for hour in range(168)]
    week = reduce(Profile.__add__, hours)
    assert_same(merge_profiles(CELLS, hours), week, exactly=True)
    assert week.rows == 168
    assert (week.lows.tolist(), week.highs.tolist()) == ([0.0], [167.0])
