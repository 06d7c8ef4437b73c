"""The kernel: every row is counted once, in the right cell and version; a bad column does not affect others."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles import kernel
from exporter.profiles.binning import Binning
from exporter.profiles.group import WHOLE, Group, Segment, unsegmented
from exporter.profiles.grouping import MAX_VERSIONS, OTHER_VERSIONS, Grouping
from exporter.profiles.kernel import LINES, profile_partition
from exporter.profiles.profile import NOVEL_KEPT, Profile, categorical_column, merge_profiles, numeric_column
from exporter.profiles.readability import Use, Watched
from exporter.sources.source import Batch
from profiling import UNKNOWN, binning, categorical, count, numeric, partition, quantile_bins, whole

VALUES = st.none() | st.floats() | st.sampled_from([0.0, -0.0, 0.5, 1.0, 2.0])


def bins_of(values: Any, edges: tuple[float, ...] = (0.0, 1.0, 2.0)) -> list[int]:
    cells = binning(numeric("x", edges))
    return numeric_column(count(cells, x=values), cells, "x").bins.tolist()


class TestNumeric:
    def test_bins_are_closed_on_the_right(self) -> None:
        assert bins_of([-0.1, 0.0, 0.1, 1.0, 1.1, 2.0, 2.1]) == [2, 2, 2, 1]

    def test_ties_at_an_edge_stay_together(self) -> None:
        assert bins_of([1.0] * 5 + [2.0] * 3) == [0, 5, 3, 0]

    @given(st.lists(st.floats(-5, 5) | st.integers(-5, 5).map(float), min_size=1, max_size=80))
    def test_counts_are_those_of_numpy_and_pandas(self, values: list[float]) -> None:
        edges = (-4.0, -1.0, 0.0, 0.25, 3.0)
        # numpy closes bins on the left, so both are turned round; its last bin, closed on both sides, is out of reach
        mirrored, _ = np.histogram(-np.array(values), [-math.inf, *(-edge for edge in reversed(edges)), math.inf])
        cut = pd.cut(pd.Series(values), [-math.inf, *edges, math.inf], right=True).value_counts(sort=False)
        assert bins_of(values, edges) == mirrored[::-1].tolist() == cut.tolist()

    @given(st.lists(VALUES, max_size=60))
    def test_every_row_is_counted_once(self, values: list[float | None]) -> None:
        cells = binning(numeric())
        profile = partition(cells, x=pa.array(values, pa.float64())).groups.get(UNKNOWN)
        rows = 0 if profile is None else profile.rows
        assert rows == len(values)
        if profile is not None:
            column = numeric_column(profile, cells, "x")
            numbers = [value for value in values if value is not None]
            assert profile.counts.sum() == column.rows == rows
            assert column.nulls == values.count(None)
            assert column.nans == sum(map(math.isnan, numbers))
            assert column.high_infinities == numbers.count(math.inf)
            assert column.low_infinities == numbers.count(-math.inf)

    @given(st.lists(VALUES, max_size=60))
    def test_extremes_are_those_of_the_finite_values(self, values: list[float | None]) -> None:
        cells = binning(numeric())
        for profile in partition(cells, x=pa.array(values, pa.float64())).groups.values():
            finite = [value for value in values if value is not None and math.isfinite(value)]
            assert profile.lows.tolist() == [min(finite, default=math.inf)]
            assert profile.highs.tolist() == [max(finite, default=-math.inf)]

    def test_sums_are_in_the_bins_of_their_values(self) -> None:
        cells = binning(numeric("x", (0.0, 1.0, 2.0), pivot=1.0))
        profile = count(cells, x=[3.0, -1.0, 0.5, 0.25, -math.inf, None, math.nan])
        assert profile.sums.tolist() == [-1, 0.75, 0, 3, 0, 0, 0, 0]
        assert profile.squares.tolist() == [4 + 4 + 0.25 + 0.5625]

    def test_all_pieces_of_a_large_column_are_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        values = np.random.default_rng(1).normal(size=1000)
        cells = binning(quantile_bins(values))
        single = count(cells, x=pa.array(values, mask=np.arange(1000) % 7 == 0))
        monkeypatch.setattr(kernel, "PIECE_ROWS", 64)
        many = count(cells, x=pa.array(values, mask=np.arange(1000) % 7 == 0))
        assert many.counts.tolist() == single.counts.tolist()
        np.testing.assert_allclose(many.sums, single.sums, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(many.squares, single.squares, rtol=1e-12)
        assert (many.lows, many.highs) == (single.lows, single.highs)

    @pytest.mark.parametrize(
        ("values", "wanted"),
        [
            (pa.array([0, 1, 2, 3, None]), [1, 1, 1, 1]),
            (pa.array([0, 1, 2, 3], pa.uint8()), [1, 1, 1, 1]),
            (pa.array([0.5, 1], pa.float32()), [0, 2, 0, 0]),
            (pa.array([True, False, True]), [1, 2, 0, 0]),
            (pa.array([0.5, 2.5]).cast(pa.decimal128(5, 1)), [0, 1, 0, 1]),
            (pa.array([2**63 - 1, -(2**63)]), [1, 0, 0, 1]),
            (pa.array([1.7e308, -1.7e308, 5e-324, -5e-324]), [2, 1, 0, 1]),
            (pa.array([0.5, None, 0.5]).dictionary_encode(), [0, 2, 0, 0]),
            (pa.nulls(2), [0, 0, 0, 0]),
        ],
    )
    def test_any_numeric_column_is_counted(self, values: pa.Array, wanted: list[int]) -> None:
        assert bins_of(values) == wanted

    @pytest.mark.parametrize("atom", ["low", "high"])
    def test_a_move_from_a_clipped_value_changes_psis_cells(self, atom: str) -> None:
        generator = np.random.default_rng(2)
        reference = np.clip(generator.normal(size=10_000), *((0, None) if atom == "low" else (None, 0)))
        cells = binning(quantile_bins(reference))
        moved = np.where(reference == 0, 1e-6 if atom == "low" else -1e-6, reference)
        before, now = (numeric_column(count(cells, x=values), cells, "x").cells for values in (reference, moved))
        atom_rows = int((reference == 0).sum())
        assert before.max() == atom_rows
        assert now[before.argmax()] == 0


class TestCategorical:
    @given(st.lists(st.none() | st.sampled_from(["a", "b", "c", "d", ""]), min_size=1, max_size=60))
    def test_counts_are_those_of_pandas(self, values: list[str | None]) -> None:
        cells = binning(categorical("c", "b", "a"))
        column = categorical_column(count(cells, c=pa.array(values, pa.string())), cells, "c")
        counts = pd.Series(values, dtype=object).value_counts(dropna=False).to_dict()
        assert column.known.tolist() == [counts.get("b", 0), counts.get("a", 0)]
        assert column.nulls == values.count(None)
        assert column.novel == {name: rows for name, rows in counts.items() if name in ("c", "d", "")}
        assert column.new == sum(column.novel.values())

    def test_integers_and_floats_are_the_same_categories(self) -> None:
        cells = binning(categorical("c", "1", "2"))
        for values in (pa.array([1, 2, 1, None]), pa.array([1.0, 2.0, 1.0, math.nan])):
            assert categorical_column(count(cells, c=values), cells, "c").cells.tolist() == [2, 1, 0, 1]

    def test_chunks_of_dictionaries_are_counted_together(self) -> None:
        cells = binning(categorical("c", "a", "b"))
        chunks = [pa.array(names).dictionary_encode() for names in (["b", "a"], ["new", "b", None], ["a"])]
        column = categorical_column(count(cells, c=pa.chunked_array(chunks)), cells, "c")
        assert column.cells.tolist() == [2, 2, 1, 1]

    def test_unusual_names_are_categories(self) -> None:
        names = ["\0", "a\0b", '"} 1\n', "💥", "x" * 100_000]
        cells = binning(categorical("c\0", "a\0b"))
        column = categorical_column(count(cells, **{"c\0": names}), cells, "c\0")
        assert column.known.tolist() == [1]
        assert set(column.novel) == {*names} - {"a\0b"}

    def test_all_new_categories_are_counted_and_the_most_frequent_are_named(self) -> None:
        cells = binning(categorical("c", "a"))
        names = [f"id-{number:06}" for number in range(20_000)] + ["often"] * 3 + ["twice"] * 2
        shuffled = np.random.default_rng(3).permutation(names)
        first, second = count(cells, c=names), count(cells, c=shuffled)
        assert categorical_column(first, cells, "c").new == len(names)
        assert first.novel == second.novel
        assert len(first.novel["c"]) == NOVEL_KEPT
        assert list(first.novel["c"].items())[:3] == [("often", 3), ("twice", 2), ("id-000000", 1)]

    def test_tracked_categories_stay_bounded_over_many_batches(self) -> None:
        cells = binning(categorical("c", "a"))
        followed: dict[str, int] = {}
        for batch in range(20):
            kernel._track(followed, {f"{batch}-{number}": 1 for number in range(500)} | {"often": 10})
            assert len(followed) <= kernel.NOVEL_TRACKED
        assert followed["often"] == 200
        tables = [pa.table({"c": [f"{part}-{n}" for n in range(3000)] + ["often"] * 2}) for part in range(3)]
        batches = [Batch(table, first=True, schema=table.schema) for table in tables]
        profile = profile_partition(batches, cells).groups[UNKNOWN]
        assert profile.novel["c"]["often"] == 6
        assert categorical_column(profile, cells, "c").new == 9006


class TestBatches:
    CELLS = binning(numeric("x"), numeric("y"), categorical("c", "a"), categorical("v", "v1"))
    TABLE = pa.table(
        {
            "v": ["v1", "v2", None, "v1"],
            "x": [0.5, None, 3.0, 1.0],
            "y": [1, 2, 3, 4],
            "c": ["a", "b", "a", None],
            "unwanted": [b"", b"", b"", b""],
        }
    )

    def batches(self, *runs: tuple[str, ...]) -> list[Batch]:
        return [
            Batch(self.TABLE.select(["v", *run]), first=index == 0, schema=self.TABLE.schema)
            for index, run in enumerate(runs)
        ]

    def assert_equal(self, left: dict[Group, Profile], right: dict[Group, Profile]) -> None:
        assert left.keys() == right.keys()
        for version, profile in left.items():
            assert profile.rows == right[version].rows
            assert profile.counts.tolist() == right[version].counts.tolist()
            assert profile.sums.tobytes() == right[version].sums.tobytes()
            assert profile.novel == right[version].novel

    @pytest.mark.parametrize(
        "runs", [(("x",), ("y", "c")), (("c",), ("x",), ("y",)), ((), ("x", "y", "c")), (("y", "x"), ("c",))]
    )
    @pytest.mark.parametrize("version_column", ["v", None])
    def test_wide_rows_in_several_batches_give_the_same_counts(
        self, runs: tuple[tuple[str, ...], ...], version_column: str | None
    ) -> None:
        single = profile_partition(self.batches(("x", "y", "c")), self.CELLS, Grouping(version_column))
        if version_column is None:
            batches = [
                Batch(self.TABLE.select([*run, *(["v"] if index == 0 else [])]), index == 0, self.TABLE.schema)
                for index, run in enumerate(runs)
            ]
        else:
            batches = self.batches(*runs)
        many = profile_partition(batches, self.CELLS, Grouping(version_column))
        self.assert_equal(dict(many.groups), dict(single.groups))
        assert many.problems == single.problems == {}

    def test_a_version_column_that_is_a_feature_is_counted_once(self) -> None:
        profiles = profile_partition(self.batches(("x",), ("y",), ("c",)), self.CELLS, Grouping("v")).groups
        columns = {group: categorical_column(profile, self.CELLS, "v") for group, profile in profiles.items()}
        assert {group: column.rows for group, column in columns.items()} == {Group("v1"): 2, Group("v2"): 1, UNKNOWN: 1}
        assert columns[Group("v2")].novel == {"v2": 1}

    def test_unreadable_rows_are_counted_once_by_group(self) -> None:
        watched = (Watched("x", Use.NUMBER), Watched("c", Use.NUMBER), Watched("gone", Use.TIME))
        profiles = profile_partition(self.batches(("x",), ("y",), ("c",)), self.CELLS, Grouping("v", watched=watched))
        assert {group: profile.unreadable for group, profile in profiles.groups.items()} == {
            Group("v1"): {"c": 2, "gone": 2},
            Group("v2"): {"c": 1, "gone": 1},
            UNKNOWN: {"c": 1, "gone": 1},
        }

    def test_a_column_that_cannot_be_counted_is_unreadable(self) -> None:
        text = pa.table({"x": ["1", "2", "3"], "y": [1.0] * 3, "c": ["a"] * 3})
        watched = (Watched("x", Use.CATEGORY), Watched("y", Use.NUMBER))
        batches = [Batch(text.select([name]), index == 0, text.schema) for index, name in enumerate("yxc")]
        (profile,) = profile_partition(batches, self.CELLS, Grouping(watched=watched)).groups.values()
        assert (profile.rows, profile.unreadable) == (3, {"x": 3})

    def test_batches_of_rows_add_up(self) -> None:
        stretches = [self.TABLE.slice(0, 1), self.TABLE.slice(1, 3)]
        batches = [Batch(table, first=True, schema=table.schema) for table in stretches]
        single, many = (
            profile_partition(some, self.CELLS, Grouping("v")).groups for some in (whole(self.TABLE), batches)
        )
        self.assert_equal(dict(many), dict(single))

    def test_without_batches_there_are_no_rows(self) -> None:
        nothing = profile_partition([], self.CELLS, Grouping("v"))
        assert (nothing.rows, dict(nothing.groups), dict(nothing.problems)) == (0, {}, {})

    @pytest.mark.parametrize("version_column", ["v", None])
    def test_an_empty_table_has_no_rows(self, version_column: str | None) -> None:
        nothing = profile_partition(whole(self.TABLE.slice(0, 0)), self.CELLS, Grouping(version_column))
        assert (nothing.rows, dict(nothing.groups), dict(nothing.problems)) == (0, {}, {})

    def test_a_stream_is_read_once_and_not_kept_in_memory(self) -> None:
        alive: list[int] = []

        def stream() -> Any:
            for number in range(3):
                alive.append(number)
                yield Batch(self.TABLE, first=True, schema=self.TABLE.schema)

        assert profile_partition(stream(), self.CELLS).rows == 12
        assert alive == [0, 1, 2]


class TestVersions:
    CELLS = binning(numeric("x"))

    def rows(self, versions: Any, column: str | None = "v") -> dict[str, int]:
        found = partition(self.CELLS, column, x=[0.5] * len(versions), v=versions)
        assert found.rows == len(versions)
        assert all(profile.counts.sum() == profile.rows for profile in found.groups.values())
        assert found.problems == {}
        return {group.version: profile.rows for group, profile in found.groups.items()}

    def test_each_version_has_its_own_rows(self) -> None:
        found = partition(self.CELLS, "v", x=[0.5, 1.5, 2.5, 1.5], v=["a", "b", "a", "b"]).groups
        bins = {group.version: numeric_column(part, self.CELLS, "x").bins.tolist() for group, part in found.items()}
        assert bins == {"a": [0, 1, 0, 1], "b": [0, 0, 2, 0]}

    def test_null_and_the_name_unknown_are_one_version(self) -> None:
        assert self.rows([None, UNKNOWN.version, "v1", None]) == {UNKNOWN.version: 3, "v1": 1}
        assert self.rows(pa.nulls(3)) == {UNKNOWN.version: 3}

    def test_without_a_version_column_all_rows_have_one_version(self) -> None:
        assert self.rows(["a", "b"], None) == {UNKNOWN.version: 2}

    @pytest.mark.parametrize(
        ("values", "wanted"),
        [
            (pa.array([3, 3, 4]), {"3": 2, "4": 1}),
            (pa.array([3.0, None, 3.5]), {"3": 1, UNKNOWN.version: 1, "3.5": 1}),
            (pa.array(["2.0", "2", ""]), {"2.0": 1, "2": 1, UNKNOWN.version: 1}),
            (pa.array([True, False, True]), {"true": 2, "false": 1}),
            (pa.array(["a", "b", "a"]).dictionary_encode(), {"a": 2, "b": 1}),
        ],
    )
    def test_versions_have_the_names_of_categories(self, values: pa.Array, wanted: dict[str, int]) -> None:
        assert self.rows(values) == wanted

    def test_a_missing_version_column_is_a_problem_and_the_rows_are_counted(self) -> None:
        found = partition(self.CELLS, "v", x=[0.5, 1.0])
        assert {version: profile.rows for version, profile in found.groups.items()} == {UNKNOWN: 2}
        assert found.problems == {"v": "the column is missing"}

    def test_a_version_column_of_a_wrong_type_is_a_problem_and_the_rows_are_counted(self) -> None:
        found = partition(self.CELLS, "v", x=[0.5, 1.0], v=[[1], [2]])
        assert {version: profile.rows for version, profile in found.groups.items()} == {UNKNOWN: 2}
        assert found.problems == {"v": "the column is list<item: int64>, a category was expected"}

    def test_a_column_of_ids_is_limited_to_the_most_versions(self) -> None:
        last = f"id-{MAX_VERSIONS + 49:04}"
        names = [f"id-{number:04}" for number in range(MAX_VERSIONS + 50)] + ["v1"] * 5 + [last]
        found = self.rows(names)
        assert len(found) == MAX_VERSIONS + 1
        assert found["v1"] == 5
        assert found[last] == 2
        assert found[OTHER_VERSIONS] == 51
        shuffled = np.random.default_rng(4).permutation(names)
        assert self.rows(shuffled) == found

    def test_ids_are_also_bounded_over_batches(self) -> None:
        size = MAX_VERSIONS - 4
        tables = [pa.table({"x": [0.5] * size, "v": [f"{part}-{n:02}" for n in range(size)]}) for part in range(4)]
        batches = [Batch(table, first=True, schema=table.schema) for table in [*tables, tables[0]]]
        found = profile_partition(batches, self.CELLS, Grouping("v"))
        assert found.rows == 5 * size
        assert len(found.groups) <= MAX_VERSIONS + 1
        assert found.groups[Group("0-00")].rows == 2
        assert found.groups[Group(OTHER_VERSIONS)].rows == 5 * size - 2 * size - 4

    def test_ids_have_the_same_versions_in_every_batch_of_wide_rows(self) -> None:
        cells = binning(numeric("x"), numeric("y"))
        ids = [f"id-{number:04}" for number in range(MAX_VERSIONS + 50)]
        table = pa.table({"v": ids, "x": [0.5] * len(ids), "y": [0.5] * len(ids)})
        cut = [Batch(table.select(["v", name]), first=name == "x", schema=table.schema) for name in ("x", "y")]
        found = profile_partition(cut, cells, Grouping("v")).groups
        assert len(found) == MAX_VERSIONS + 1
        for profile in found.values():
            columns = [numeric_column(profile, cells, name) for name in ("x", "y")]
            assert [column.rows for column in columns] == [profile.rows] * 2

    @given(st.lists(st.tuples(st.none() | st.sampled_from("abc"), st.floats(-3, 3)), min_size=1, max_size=40))
    def test_the_versions_add_up_to_the_partition(self, rows: list[tuple[str | None, float]]) -> None:
        names, values = map(list, zip(*rows, strict=True))
        found = partition(self.CELLS, "v", x=values, v=pa.array(names, pa.string())).groups
        wanted = Counter(Group(name) if name else UNKNOWN for name in names)
        assert {version: profile.rows for version, profile in found.items()} == wanted
        together = sum(profile.counts for profile in found.values())
        assert together.tolist() == count(self.CELLS, x=values).counts.tolist()


class TestProblems:
    CELLS = binning(numeric("x"), categorical("c", "a"))

    def test_a_column_that_could_not_be_decoded_has_the_readers_reason(self) -> None:
        table = pa.table({"x": [1.0, 2.0]})
        schema = table.schema.append(pa.field("c", pa.string()))
        found = profile_partition([Batch(table, first=True, schema=schema, problems={"c": "odd"})], self.CELLS)
        assert found.problems == {"c": "odd"}
        assert numeric_column(found.groups[UNKNOWN], self.CELLS, "x").rows == 2

    def test_lines_that_cannot_be_read_are_rows_in_which_no_column_can(self) -> None:
        watched = (Watched("x", Use.NUMBER), Watched("id", Use.CATEGORY))
        grouping = Grouping("v", segments={"c": ("a",)}, watched=watched)
        table = pa.table({"x": [1.0, 2.0, 3.0], "c": ["a", "a", None], "v": ["v3", "v3", "v4"]})
        lost = pa.table({name: pa.nulls(3) for name in table.column_names})
        batches = [
            Batch(table, first=True, schema=table.schema.append(pa.field("id", pa.string()))),
            Batch(lost, first=True, schema=table.schema, unreadable="why"),
        ]
        found = profile_partition(batches, self.CELLS, grouping)
        assert found.problems == {LINES: "why"}
        assert {group: profile.rows for group, profile in found.groups.items()} == {
            Group("v3"): 5,
            Group("v4"): 1,
            Group("v3").within(Segment("c", "a")): 2,
        }
        profile = found.groups[Group("v3")]
        assert profile.unreadable == {"x": 3, "id": 3}
        assert numeric_column(profile, self.CELLS, "x").rows == 2
        assert not any(found.groups[group].unreadable for group in found.groups if group != Group("v3"))
        (alone,) = profile_partition(batches[1:], self.CELLS, grouping).groups.items()
        assert (alone[0], alone[1].rows, alone[1].unreadable) == (UNKNOWN, 3, {"x": 3, "id": 3})
        assert profile_partition(batches[1:], self.CELLS).groups == {}

    def problems(self, **columns: Any) -> dict[str, str]:
        found = partition(self.CELLS, **columns)
        assert found.rows == len(next(iter(columns.values())))
        return dict(found.problems)

    def test_a_column_in_another_case_is_named(self) -> None:
        found = partition(Binning((numeric("userAge"),)), userage=[1.0])
        assert found.problems == {"userAge": 'the column is missing; the column is named "userage" here'}

    def test_a_missing_column_does_not_affect_others(self) -> None:
        found = partition(self.CELLS, c=["a", "b"])
        assert found.problems == {"x": "the column is missing"}
        profile = found.groups[UNKNOWN]
        assert numeric_column(profile, self.CELLS, "x").rows == 0
        assert categorical_column(profile, self.CELLS, "c").cells.tolist() == [1, 1, 0]

    def test_a_column_of_a_wrong_type_does_not_affect_others(self) -> None:
        assert self.problems(x=["1", "2"], c=["a", "b"]) == {"x": "the column is string, a number was expected"}
        assert self.problems(x=[1, 2], c=[b"a", b"b"]) == {"c": "the column is binary, a category was expected"}
        assert self.problems(x=[{"a": 1}], c=[["a"]]).keys() == {"x", "c"}

    def test_a_column_that_changes_its_type_keeps_its_valid_counts(self) -> None:
        tables = [pa.table({"x": [0.5], "c": ["a"]}), pa.table({"x": ["?"], "c": ["a"]}), pa.table({"c": ["a"]})]
        batches = [Batch(table, first=True, schema=table.schema) for table in tables]
        found = profile_partition(batches, self.CELLS)
        assert found.rows == 3
        assert set(found.problems) == {"x"}
        assert numeric_column(found.groups[UNKNOWN], self.CELLS, "x").rows == 1
        assert categorical_column(found.groups[UNKNOWN], self.CELLS, "c").rows == 3

    def test_a_column_outside_the_binning_is_ignored(self) -> None:
        assert self.problems(x=[1], c=["a"], blob=[[b""]]) == {}

    def test_a_binning_without_columns_is_no_problem(self) -> None:
        found = partition(Binning(()), x=[1, 2])
        assert found.rows == 2
        assert found.groups[UNKNOWN].counts.tolist() == []


class TestSegments:
    CELLS = binning(quantile_bins(np.linspace(0, 1, 4000)), categorical("c", "US", "DE"), categorical("d", "a"))
    BY_COUNTRY = Grouping("v", "r", {"c": ("US", "DE")})

    def test_a_segment_has_only_the_counts_of_its_rows(self) -> None:
        values = np.random.default_rng(5).normal(0.5, 0.4, 3000)
        countries = np.random.default_rng(6).choice(["US", "DE", "FR"], 3000)
        table = pa.table({"x": values, "c": countries, "d": ["a"] * 3000})
        found = profile_partition(whole(table), self.CELLS, Grouping(segments={"c": ("US", "DE")})).groups
        assert found.keys() == {UNKNOWN, UNKNOWN.within(Segment("c", "US")), UNKNOWN.within(Segment("c", "DE"))}
        for country in ("US", "DE"):
            mine = countries == country
            alone = count(self.CELLS, x=values[mine], c=countries[mine], d=["a"] * int(mine.sum()))
            part = found[UNKNOWN.within(Segment("c", country))]
            assert part.rows == mine.sum()
            own = numeric_column(part, self.CELLS.coarse, "x")
            fine = numeric_column(alone, self.CELLS, "x")
            assert own.cells.tolist() == fine.cells.tolist()
            assert (own.low, own.high, own.out_of_range) == (fine.low, fine.high, fine.out_of_range)
            np.testing.assert_allclose([own.mean, own.stddev], [values[mine].mean(), values[mine].std()])
            known = categorical_column(part, self.CELLS.coarse, "c").known.tolist()
            assert known == [part.rows * (name == country) for name in ("US", "DE")]

    def test_segments_do_not_change_the_whole(self) -> None:
        table = pa.table({"x": [0.1, None, 0.3], "c": ["US", "DE", None], "d": ["a", "b", "a"], "v": ["1"] * 3})
        alone = profile_partition(whole(table), self.CELLS, Grouping("v")).groups[Group("1")]
        found = profile_partition(whole(table), self.CELLS, Grouping("v", None, {"c": ("US",)}))
        beside = found.groups[Group("1")]
        assert found.rows == alone.rows == 3
        assert beside.counts.tolist() == alone.counts.tolist()
        assert beside.sums.tobytes() == alone.sums.tobytes()
        assert beside.novel == alone.novel

    @given(st.lists(st.tuples(st.floats(-1, 2) | st.none(), st.sampled_from(["US", "DE"]), st.sampled_from("ab"))))
    def test_segments_that_cover_all_rows_add_up_to_their_whole(self, rows: list[Any]) -> None:
        x, c, r = map(list, zip(*rows, strict=True)) if rows else ([], [], [])
        table = pa.table({"x": pa.array(x, pa.float64()), "c": pa.array(c, pa.string()), "r": pa.array(r, pa.string())})
        found = profile_partition(whole(table), self.CELLS, self.BY_COUNTRY).groups
        for group in unsegmented(found):
            parts = [part for key, part in found.items() if key.segment != WHOLE and key.role == group.role]
            assert sum(part.rows for part in parts) == found[group].rows
            together = merge_profiles(self.CELLS.coarse, parts)
            for name in ("x", "c"):
                sides = [
                    (numeric_column if name == "x" else categorical_column)(profile, cells, name)
                    for profile, cells in ((together, self.CELLS.coarse), (found[group], self.CELLS))
                ]
                assert sides[0].cells.tolist() == sides[1].cells.tolist()

    def test_wide_rows_in_several_batches_give_the_same_counts(self) -> None:
        table = pa.table({"x": [0.1, 0.9, 0.5], "c": ["US", "US", "DE"], "d": ["a", "b", "a"]})
        grouping = Grouping(segments={"c": ("US",)})
        cut = [Batch(table.select(["c", name]), first=name == "x", schema=table.schema) for name in ("x", "d")]
        single, many = (profile_partition(some, self.CELLS, grouping).groups for some in (whole(table), cut))
        assert single.keys() == many.keys()
        for group, profile in single.items():
            assert many[group].rows == profile.rows
            assert many[group].counts.tolist() == profile.counts.tolist()

    def test_a_missing_segment_column_affects_only_its_segments(self) -> None:
        found = profile_partition(whole(pa.table({"x": [0.5], "d": ["a"]})), self.CELLS, self.BY_COUNTRY)
        assert list(found.groups) == [UNKNOWN]
        assert found.problems == dict.fromkeys(["v", "r", "c"], "the column is missing")
