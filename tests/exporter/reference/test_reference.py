"""The binning of a reference: from all of its rows while they fit in the sample, from a sample otherwise."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import ReferenceUnusable
from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.profiles.profile import numeric_column
from exporter.reference import columns as reference_columns
from exporter.reference.reference import ByHour, Reference, build_binning, profile_by_hour
from exporter.sources.source import Batch, Selection
from exporter.spec.seasons import Calendar, Level, season_levels
from exporter.spec.sections.seasonality import Seasonality
from profiling import quantile_bins, whole


def build(*tables: pa.Table, limit: int = 200, numeric: str = "x", categorical: str = "c") -> Any:
    selection = Selection((), tuple(numeric.split()), tuple(categorical.split()))
    return build_binning([batch for table in tables for batch in whole(table)], selection, limit)


def numeric_part(binning: Binning, name: str = "x") -> NumericBins:
    bins = binning.by_name[name]
    assert isinstance(bins, NumericBins)
    return bins


class TestColumns:
    def test_bins_are_those_of_all_the_values(self) -> None:
        values = np.random.default_rng(1).normal(size=5000)
        tables = [pa.table({"x": part, "c": ["a"] * 1000}) for part in np.split(values, 5)]
        binning, problems = build(*tables)
        assert problems == {}
        bins, wanted = numeric_part(binning), quantile_bins(values)
        assert bins.edges.tobytes() == wanted.edges.tobytes()
        assert bins.deciles.tolist() == wanted.deciles.tolist()
        assert bins.pivot == pytest.approx(values.mean())

    def test_only_finite_values_make_edges(self) -> None:
        binning, _ = build(pa.table({"x": [None, math.nan, math.inf, -math.inf, 1.0, 3.0], "c": ["a"] * 6}))
        bins = numeric_part(binning)
        assert bins.edges[[0, -1]] == pytest.approx([1, 3])
        assert bins.pivot == 2

    def test_columns_are_in_the_order_of_the_spec_numbers_first(self) -> None:
        table = pa.table({"c": ["a"], "y": [1], "x": [1], "b": ["a"]})
        binning, _ = build(table, numeric="x y", categorical="c b")
        assert [column.name for column in binning.columns] == ["x", "y", "c", "b"]

    def test_the_most_frequent_categories_have_cells(self) -> None:
        tables = [pa.table({"c": [*"aab", None]}), pa.table({"c": ["c"] * 5 + ["b"]})]
        binning, problems = build(*tables, limit=2, numeric="")
        assert binning.columns == (CategoricalBins("c", ("c", "a")),)
        assert problems == {}

    def test_moments_too_large_for_a_float_still_give_bins(self) -> None:
        binning, problems = build(pa.table({"x": [1.7e308, 1.7e308, -1.0], "c": ["a"] * 3}))
        assert problems == {}
        assert numeric_part(binning).pivot == 0

    @given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.randoms(use_true_random=False))
    def test_the_order_of_the_rows_does_not_matter(self, values: list[float], chance: Random) -> None:
        names = [f"{value:.0f}" for value in values]
        before, _ = build(pa.table({"x": values, "c": names}))
        rows = list(zip(values, names, strict=True))
        chance.shuffle(rows)
        values, names = map(list, zip(*rows, strict=True))
        after, _ = build(pa.table({"x": values, "c": names}))
        assert after.fingerprint == before.fingerprint

    def test_wide_rows_in_several_batches_give_the_same_counts(self) -> None:
        table = pa.table({"x": [1.0, 2.0], "y": [3.0, 4.0], "c": ["a", "b"]})
        selection = Selection((), ("x", "y"), ("c",))
        cut = [Batch(table.select([name]), first=name == "x", schema=table.schema) for name in table.column_names]
        (one, _), (many, problems) = (build_binning(some, selection, 9) for some in (whole(table), cut))
        assert problems == {}
        assert many.fingerprint == one.fingerprint


class TestSample:
    VALUES = np.random.default_rng(2).normal(100, 15, 20_000)

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reference_columns, "SAMPLE_ROWS", 1000)

    def tables(self, parts: int = 7) -> list[pa.Table]:
        return [pa.table({"x": part, "c": ["a"] * len(part)}) for part in np.array_split(self.VALUES, parts)]

    def test_extremes_and_mean_are_exact(self) -> None:
        bins = numeric_part(build(*self.tables())[0])
        assert bins.edges[0] < self.VALUES.min()
        assert bins.edges[[0, -1]] == pytest.approx([self.VALUES.min(), self.VALUES.max()], rel=1e-6)
        assert bins.pivot == pytest.approx(self.VALUES.mean(), rel=1e-12)

    def test_the_same_rows_give_the_same_bins(self) -> None:
        first, second = (build(*self.tables())[0] for _ in range(2))
        assert first.fingerprint == second.fingerprint

    @pytest.mark.parametrize("parts", [1, 7, 100])
    def test_deciles_are_near_those_of_all_the_rows(self, parts: int) -> None:
        bins = numeric_part(build(*self.tables(parts))[0])
        shares = np.searchsorted(np.sort(self.VALUES), bins.edges[bins.deciles]) / len(self.VALUES)
        np.testing.assert_allclose(shares, np.arange(1, 10) / 10, atol=0.06)  # 3.8 standard errors of a median of 1000

    def test_memory_holds_only_the_sample(self) -> None:
        column = reference_columns.Numbers(limit=1000)
        for table in self.tables():
            column.add(table.column("x"))
            assert len(column.sample) <= 1000
        assert column.rows == 20_000

    def test_every_row_is_equally_likely_in_any_order(self) -> None:
        column = reference_columns.Numbers(limit=1000)
        for part in np.array_split(np.arange(20_000.0), 9):
            column.add(pa.chunked_array([part]))
        assert len(np.unique(column.sample)) == 1000
        rows = np.histogram(column.sample, bins=10, range=(0, 20_000))[0]
        assert ((rows - 100) ** 2 / 100).sum() < 27.9  # chi-squared, 9 degrees of freedom, 0.999

    def test_a_wide_reference_has_smaller_samples(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reference_columns, "SAMPLE_VALUES", 20)
        binning, _ = build(pa.table({"x": np.arange(1000.0), "y": np.arange(1000.0)}), numeric="x y", categorical="")
        assert len(numeric_part(binning).edges) <= 10 + 2 + 10

    def test_distinct_categories_are_bounded_and_the_frequent_are_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reference_columns, "MAX_DISTINCT", 100)
        column = reference_columns.Categories()
        for part in range(50):
            names = [f"{part}-{number}" for number in range(40)] + ["often"] * 2 + ["oftener"] * 3
            column.add(pa.chunked_array([names]))
            assert len(column.counts) <= 100
        bins = column.bins("c", 3)
        assert isinstance(bins, CategoricalBins)
        assert bins.categories[:2] == ("oftener", "often")
        assert column.counts["often"] == 100


class TestProblems:
    def test_missing_columns_are_problems_and_the_others_are_kept(self) -> None:
        binning, problems = build(pa.table({"x": [1.0]}), numeric="x y")
        assert [column.name for column in binning.columns] == ["x"]
        assert problems == dict.fromkeys(["y", "c"], "the reference has no such column")

    def test_a_column_that_could_not_be_decoded_has_the_readers_reason(self) -> None:
        table = pa.table({"x": [1.0]})
        batch = Batch(table, first=True, schema=table.schema.append(pa.field("c", pa.string())), problems={"c": "odd"})
        binning, problems = build_binning([batch], Selection((), ("x",), ("c",)), 10)
        assert list(binning.by_name) == ["x"]
        assert problems == {"c": "in the reference odd"}

    def test_a_column_that_one_file_lacks_is_missing(self) -> None:
        binning, problems = build(pa.table({"x": [1.0], "c": ["a"]}), pa.table({"x": [1.0]}))
        assert list(binning.by_name) == ["x"]
        assert problems == {"c": "the reference has no such column"}

    def test_columns_without_values_are_problems(self) -> None:
        _, problems = build(pa.table({"x": [math.nan, None], "y": [1, 2], "c": pa.nulls(2)}), numeric="x y")
        assert problems == dict.fromkeys(["x", "c"], "the reference has no value in this column")

    def test_columns_of_another_type_are_problems(self) -> None:
        _, problems = build(pa.table({"x": ["1"], "y": [1], "c": [[1]]}), numeric="x y")
        assert problems == {
            "x": "in the reference the column is string, a number was expected",
            "c": "in the reference the column is list<item: int64>, a category was expected",
        }

    def test_a_reference_without_any_feature_is_unusable(self) -> None:
        with pytest.raises(ReferenceUnusable) as caught:
            build(pa.table({"z": [1], "w": ["1"]}), numeric="x w")
        assert str(caught.value) == (
            "the reference has none of the features: "
            "in the reference the column is string, a number was expected (w); "
            "the reference has no such column (x, c)"
        )

    @pytest.mark.parametrize("tables", [[], [pa.table({"x": pa.array([], pa.float64()), "c": pa.array([], "str")})]])
    def test_an_empty_reference_is_unusable(self, tables: list[pa.Table]) -> None:
        with pytest.raises(ReferenceUnusable, match=r"no value in this column \(x, c\)"):
            build(*tables)


class TestSegmentsByHour:
    CALENDAR = Calendar.of(Seasonality(timezone="UTC", season="hour_of_week"))
    MONDAY = np.datetime64("2026-11-02T00", "s")
    CELLS = Binning(
        (NumericBins("x", np.array([0.0, 1.0, 2.0]), np.arange(3), 0.0), CategoricalBins("c", ("US", "DE")))
    )

    def by_hour(self, hours: list[int], countries: list[str | None], values: list[float]) -> ByHour:
        times = self.MONDAY + np.array(hours) * np.timedelta64(3600, "s")
        table = pa.table({"at": times, "c": pa.array(countries, pa.string()), "x": values})
        return profile_by_hour(
            [Batch(table, first=True, schema=table.schema)], self.CELLS, "at", self.CALENDAR, {"c": ("US", "DE")}
        )

    def test_each_hour_of_the_week_has_the_rows_of_each_segment(self) -> None:
        found = self.by_hour([0, 0, 1, 168, 168], ["US", "DE", "US", "US", None], [0.5, 1.5, 2.5, 1.5, 0.5])
        assert {cell: part.rows for cell, part in found.by_cell.items()} == {0: 4, 1: 1}
        counts = {
            segment.value: {
                cell: numeric_column(part, self.CELLS.coarse, "x").bins.tolist() for cell, part in of.by_cell.items()
            }
            for segment, of in found.segments.items()
        }
        assert counts == {"DE": {0: [0, 0, 1, 0]}, "US": {0: [0, 1, 1, 0], 1: [0, 0, 0, 1]}}

    def test_weeks_are_those_in_which_the_segment_has_rows(self) -> None:
        found = self.by_hour([0, 168, 336, 0, 1], ["US", "US", "DE", "US", "DE"], [0.5] * 5)
        weeks = {segment.value: dict(of.weeks) for segment, of in found.segments.items()}
        assert weeks == {"US": {0: 2}, "DE": {0: 1, 1: 1}}
        assert {segment.value: of.rows for segment, of in found.segments.items()} == {"US": 3, "DE": 2}

    def test_a_rare_segment_has_coarser_seasons_than_the_whole(self) -> None:
        hours = [hour + 168 * week for week in range(2) for hour in range(24) for _ in range(60)]
        countries: list[str | None] = ["DE" if row % 20 == 0 else "US" for row in range(len(hours))]
        found = self.by_hour(hours, countries, [0.5] * len(hours))
        weeks = dict.fromkeys(found.by_cell, 2)
        reference = Reference(self.CELLS, found.by_cell, weeks, season_levels("hour_of_week"), {}, {}, found.segments)
        seasons = {segment.value: each.levels[each.season[0]] for segment, each in reference.segment_seasons.items()}
        assert reference.seasons.levels[reference.seasons.season[0]] is Level.HOUR_OF_WEEK
        assert seasons["US"] is Level.HOUR_OF_WEEK
        assert seasons["DE"] is not Level.HOUR_OF_WEEK
