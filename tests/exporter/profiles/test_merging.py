"""Rows counted in pieces and merged give the same profile as rows counted at once."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_case_rows import edge_case_binning, edge_case_rows
from exporter.profiles.group import Group
from exporter.profiles.grouping import MAX_VERSIONS, OTHER_ROLES, OTHER_VERSIONS, Grouping
from exporter.profiles.kernel import PartitionProfile, profile_partition
from exporter.profiles.merging import limit_novel_of_groups, merge_partition_profiles, partition_reduction
from exporter.profiles.profile import NOVEL_KEPT
from exporter.profiles.readability import Use, Watched
from exporter.sources.reducing import ALL
from profile_equality import assert_same_partition
from profiling import binning, categorical, numeric, whole

ROWS = edge_case_rows(300)
WATCHED = (Watched("version", Use.NUMBER), Watched("country", Use.CATEGORY), Watched("absent", Use.TIME))
GROUPING = Grouping("version", "role", {"country": ("", "ÅÄ", "gone")}, WATCHED)


def pieces(table: pa.Table, ends: list[int]) -> list[pa.Table]:
    places = [0, *sorted(ends), table.num_rows]
    return [table.slice(start, end - start) for start, end in pairwise(places)]


def in_pieces(parts: list[pa.Table], cells: object, grouping: Grouping) -> PartitionProfile:
    reduction = partition_reduction(cells, grouping)  # type: ignore[arg-type]
    counted = [reduction.unpack(reduction.pack(reduction.count(iter(whole(part)), ALL))) for part in parts]
    return limit_novel_of_groups(reduction.merge(counted))


@settings(max_examples=10)
@given(st.lists(st.integers(0, 300), max_size=5))
def test_pieces_merge_into_the_whole(ends: list[int]) -> None:
    counted = in_pieces(pieces(ROWS, ends), edge_case_binning(), GROUPING)
    assert_same_partition(counted, profile_partition(whole(ROWS), edge_case_binning(), GROUPING))


def test_unreadable_rows_of_pieces_add_up() -> None:
    parts = [pa.table({"x": [1.0] * 3}), pa.table({"y": [1.0] * 4}), pa.table({"x": ["1"] * 5, "y": [1.0] * 5})]
    watched = (Watched("x", Use.NUMBER), Watched("y", Use.NUMBER))
    (profile,) = in_pieces(parts, binning(numeric("x")), Grouping(watched=watched)).groups.values()
    assert (profile.rows, profile.unreadable) == (12, {"x": 9, "y": 3})


def test_the_number_of_merges_does_not_matter() -> None:
    count = partial(profile_partition, binning=edge_case_binning(), grouping=GROUPING)
    first, second, third = (count(whole(part)) for part in pieces(ROWS, [90, 200]))
    assert_same_partition(
        merge_partition_profiles([merge_partition_profiles([first, second]), third]),
        merge_partition_profiles([first, merge_partition_profiles([second, third])]),
    )


def test_a_new_category_that_is_frequent_over_all_pieces_is_named() -> None:
    rare = [f"rare {number}" for number in range(6 * NOVEL_KEPT)]
    parts = [pa.table({"c": [*rare[number::3] * 2, "common"]}) for number in range(3)]
    counted = in_pieces(parts, binning(categorical("c", "known")), Grouping())
    (profile,) = counted.groups.values()
    assert len(profile.novel["c"]) == NOVEL_KEPT
    assert profile.novel["c"]["common"] == 3
    assert profile.counts.tolist() == [0, 2 * len(rare) + 3, 0]


def test_versions_beyond_the_limit_are_together() -> None:
    def part(first: int) -> pa.Table:
        versions = [f"v{number:02}" for number in range(first, first + 15)]
        return pa.table({"x": np.ones(16), "v": [*versions, "always"], "r": [f"r{first}"] * 16})

    counted = in_pieces([part(0), part(15), part(30)], binning(numeric("x")), Grouping("v"))
    names = {group.version for group in counted.groups}
    assert len(names) == MAX_VERSIONS + 1
    assert counted.groups[Group("always")].rows == 3
    assert counted.rows == 48
    assert counted.groups[Group(OTHER_VERSIONS)].rows == 48 - 3 - (MAX_VERSIONS - 1)


def test_roles_beyond_the_limit_are_together_with_their_segments() -> None:
    parts = [pa.table({"x": [1.0], "r": [f"r{number}"], "c": ["DE"]}) for number in range(6)]
    counted = in_pieces(parts, binning(numeric("x")), Grouping(None, "r", {"c": ("DE",)}))
    others = [group for group in counted.groups if group.role == OTHER_ROLES]
    assert [counted.groups[group].rows for group in others] == [2, 2]
    assert {group.segment.value for group in others} == {"", "DE"}


def test_a_problem_of_any_piece_is_reported() -> None:
    parts = [pa.table({"x": [1.0]}), pa.table({"x": ["text"]})]
    counted = in_pieces(parts, binning(numeric("x")), Grouping())
    assert counted.problems == {"x": "the column is string, a number was expected"}
    assert counted.rows == 2


@pytest.mark.parametrize("rows", [0, 5])
def test_a_piece_without_rows_changes_nothing(rows: int) -> None:
    table = pa.table({"x": np.arange(float(rows))})
    parts = [table, table.slice(0, 0)]
    assert_same_partition(
        in_pieces(parts, binning(numeric("x")), Grouping()), in_pieces([table], binning(numeric("x")), Grouping())
    )
