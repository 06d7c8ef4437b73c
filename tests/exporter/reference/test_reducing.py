"""A reference's columns and hours, observed piece by piece, equal those of one reading."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_case_rows import SELECTION, edge_case_binning, edge_case_rows
from exporter.reference import columns as reference_columns
from exporter.reference.columns import merge_observed, observe_columns
from exporter.reference.outliers import merge_hours
from exporter.reference.reference import (
    Hours,
    count_rows_by_hour,
    finish_hour_counts,
    merge_hour_counts,
    profile_by_hour,
)
from exporter.sources.reducing import Portion
from exporter.sources.source import Selection
from exporter.spec.seasons import Calendar
from exporter.spec.sections.seasonality import Seasonality
from profile_equality import assert_same_binning, assert_same_history, assert_same_profiles
from profiling import whole

ROWS = edge_case_rows(300)
X = Selection((), ("x",), ())
ends = st.lists(st.integers(1, 299), min_size=1, max_size=5)


def pieces(table: pa.Table, places: list[int]) -> list[pa.Table]:
    bounds = [0, *sorted(places), table.num_rows]
    return [table.slice(start, end - start) for start, end in pairwise(bounds)]


@settings(max_examples=10)
@given(ends)
def test_any_pieces_give_the_same_cells(places: list[int]) -> None:
    cut = enumerate(pieces(ROWS, places))
    parts = [
        observe_columns(whole(part), Portion(place, part.num_rows / 300), selection=SELECTION) for place, part in cut
    ]
    cells, problems = merge_observed(parts).binning(40)
    one, problems_of_whole = observe_columns(whole(ROWS), selection=SELECTION).binning(40)
    assert_same_binning(cells, one)
    assert problems == problems_of_whole


@settings(max_examples=10)
@given(ends)
def test_any_pieces_give_the_same_hours(places: list[int]) -> None:
    calendar, segments = Calendar.of(Seasonality(timezone="Europe/Berlin")), {"country": ("", "日本", "gone")}
    hours = Hours(edge_case_binning(), "at", calendar, segments)
    counted = finish_hour_counts(
        merge_hour_counts([hours.count(whole(part)) for part in pieces(ROWS, places)]), calendar
    )
    one = profile_by_hour(whole(ROWS), edge_case_binning(), "at", calendar, segments)
    assert_same_profiles(counted.by_cell, one.by_cell)
    assert counted.segments.keys() == one.segments.keys()
    for segment, part in counted.segments.items():
        assert part.weeks == one.segments[segment].weeks
        assert_same_profiles(part.by_cell, one.segments[segment].by_cell)
    assert_same_history(counted.history, one.history)


@given(ends)
def test_any_pieces_have_the_same_rows_by_hour(places: list[int]) -> None:
    parts = [count_rows_by_hour(whole(part), "at") for part in pieces(ROWS, places)]
    one = count_rows_by_hour(whole(ROWS), "at")
    assert merge_hours(parts) == one
    assert sum(one.values()) == ROWS.num_rows


class TestSample:
    VALUES = np.random.default_rng(2).permutation(40_000).astype(float)

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reference_columns, "SAMPLE_ROWS", 2000)
        monkeypatch.setattr(reference_columns, "_LEAST_SAMPLE", 20)

    def sample(self, sizes: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        total, start, parts = sum(sizes), 0, []
        for place, size in enumerate(sizes):
            table = pa.table({"x": self.VALUES[start : start + size]})
            parts.append(observe_columns(whole(table), Portion(place, size / total), selection=X))
            start += size
        return merge_observed(parts).numbers["x"].sample

    @pytest.mark.parametrize("sizes", [[40_000 // 100] * 100, [20_000, 10_000, 9_000, 1_000], [39_999, 1]])
    def test_every_value_is_equally_likely_for_any_pieces(self, sizes: list[int]) -> None:
        sample = self.sample(sizes)
        assert 1900 <= len(sample) <= 2000
        assert len(np.unique(sample)) == len(sample)
        rows = np.histogram(sample, bins=10, range=(0, 40_000))[0]
        mean = len(sample) / 10
        assert ((rows - mean) ** 2 / mean).sum() < 27.9  # chi-squared, 9 degrees of freedom, 0.999

    def test_a_piece_is_in_the_sample_in_proportion_to_its_rows(self) -> None:
        sample = self.sample([30_000, 10_000])
        assert np.isin(sample, self.VALUES[:30_000]).mean() == pytest.approx(0.75, abs=0.001)

    def test_a_small_piece_gives_few_values(self) -> None:
        small = observe_columns(whole(pa.table({"x": self.VALUES})), Portion(3, 0.01), selection=X)
        assert len(small.numbers["x"].sample) == 4 * 2000 * 0.01
        assert small.numbers["x"].rows == 40_000

    def test_extremes_and_mean_are_those_of_all_values(self) -> None:
        cut = [whole(pa.table({"x": part})) for part in np.array_split(self.VALUES, 10)]
        parts = [observe_columns(part, Portion(place, 0.1), selection=X) for place, part in enumerate(cut)]
        column = merge_observed(parts).numbers["x"]
        assert (column.low, column.high, column.rows) == (0, 39_999, 40_000)
        assert column.total == self.VALUES.sum()
