"""Every row belongs to one version and role, and to one segment of each column at most."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.group import WHOLE, Group, Segment
from exporter.profiles.grouping import MAX_ROLES, OTHER_ROLES, UNGROUPED, Grouping, intersect_rows

ALL = Grouping("v", "r", {"c": ("US", "DE"), "p": ("free",)})


def split(grouping: Grouping, known: tuple[Group, ...] = (), /, **columns: Any) -> dict[Group, list[int]]:
    table = pa.table(columns)
    parts, problems = grouping.split(table, known)
    assert problems == {}
    assert len(dict(parts)) == len(parts), "a group was given twice"
    return {group: list(range(table.num_rows)) if rows is None else rows.tolist() for group, rows in parts}


def test_without_columns_all_rows_are_one_group() -> None:
    assert split(UNGROUPED, x=[1, 2, 3]) == {Group("unknown"): [0, 1, 2]}
    assert UNGROUPED.keys == ()


def test_versions_and_roles_cross() -> None:
    found = split(Grouping("v", "r"), v=["1", "1", "2", None], r=["champion", "challenger", "champion", None])
    assert found == {
        Group("1", "champion"): [0],
        Group("1", "challenger"): [1],
        Group("2", "champion"): [2],
        Group("unknown"): [3],
    }


def test_an_empty_version_is_unknown_like_a_missing_one() -> None:
    found = split(Grouping("v", "r"), v=["", None, "unknown", "1"], r=["", None, "", None])
    assert found == {Group("unknown"): [0, 1, 2], Group("1"): [3]}


def test_segments_are_split_within_each_version_and_role() -> None:
    found = split(ALL, v=["1", "1", "2"], r=["a", "a", "a"], c=["US", "FR", "US"], p=["free", "free", None])
    us, free = Segment("c", "US"), Segment("p", "free")
    assert found == {
        Group("1", "a"): [0, 1],
        Group("2", "a"): [2],
        Group("1", "a", us): [0],
        Group("1", "a", free): [0, 1],
        Group("2", "a", us): [2],
    }
    assert ALL.keys == ("v", "r", "c", "p")


def test_a_segment_has_the_rows_with_its_value() -> None:
    found = split(Grouping("v", None, {"c": ("1", "0.0")}), v=["1.0", "1", "1", "1"], c=["True", "1.0", "0", None])
    assert found == {
        Group("1.0"): [0],  # versions are names, not values
        Group("1"): [1, 2, 3],
        Group("1.0", segment=Segment("c", "1")): [0],
        Group("1", segment=Segment("c", "1")): [1],
        Group("1", segment=Segment("c", "0.0")): [2],
    }


def test_a_column_may_be_both_version_and_segment() -> None:
    same = Grouping("v", None, {"v": ("1",)})
    assert same.keys == ("v",)
    assert split(same, v=["1", "2"]) == {
        Group("1"): [0],
        Group("2"): [1],
        Group("1", "", Segment("v", "1")): [0],
    }


def test_a_challenger_is_one_however_its_role_is_written() -> None:
    roles = ["challenger", "Challenger", " CHALLENGER\n", "Champion", "challengers", None]
    found = split(Grouping(None, "r"), r=roles)
    assert {group.role for group in found} == {"challenger", "Champion", "challengers", ""}
    assert found[Group("unknown", "challenger")] == [0, 1, 2]


def test_roles_are_limited_and_known_roles_keep_their_name() -> None:
    names = [f"r{number}" for number in range(MAX_ROLES + 3)]
    found = split(Grouping(None, "r"), r=names)
    assert {group.role for group in found} == {*names[:MAX_ROLES], OTHER_ROLES}
    assert len(found[Group("unknown", OTHER_ROLES)]) == 3
    known = tuple(Group("unknown", name) for name in names[-MAX_ROLES:])
    assert {group.role for group in split(Grouping(None, "r"), known, r=names)} == {*names[-MAX_ROLES:], OTHER_ROLES}


def test_an_unusable_column_is_a_problem_and_the_rows_are_kept() -> None:
    table = pa.table({"v": ["1", "1"], "r": [[1], [2]], "c": [[1], [2]]})
    parts, problems = ALL.split(table, ())
    assert parts == [(Group("1"), None)]
    assert problems == dict.fromkeys(["r", "c"], "the column is list<item: int64>, a category was expected")


@pytest.mark.parametrize(
    "other",
    [Grouping("v"), Grouping("v", "r"), Grouping("v", "r", {"c": ("US",)}), Grouping("r", "v")],
)
def test_the_fingerprint_changes_with_the_grouping(other: Grouping) -> None:
    assert other.fingerprint != ALL.fingerprint
    assert Grouping("v", "r", {"c": ("US", "DE"), "p": ("free",)}).fingerprint == ALL.fingerprint


EVERY = frozenset(range(10))
SOME = st.none() | st.frozensets(st.sampled_from(sorted(EVERY)))


@given(SOME, SOME)
def test_the_intersection_has_the_rows_of_both(left: frozenset[int] | None, right: frozenset[int] | None) -> None:
    left_rows, right_rows = (None if side is None else np.array(sorted(side), np.int64) for side in (left, right))
    rows = intersect_rows(left_rows, right_rows, len(EVERY))
    wanted = (EVERY if left is None else left) & (EVERY if right is None else right)
    assert (EVERY if rows is None else set(rows.tolist())) == wanted


ROW = st.tuples(
    *(st.none() | st.sampled_from(names) for names in (["1", "2"], ["a", "b"], ["US", "DE", "FR"], ["free"]))
)


@given(st.lists(ROW, min_size=1, max_size=40))
def test_every_row_is_in_one_whole_group_and_in_its_segments(rows: list[tuple[str | None, ...]]) -> None:
    columns = {
        name: pa.array(values, pa.string()) for name, values in zip("vrcp", zip(*rows, strict=True), strict=True)
    }
    found = split(ALL, **columns)
    counted = Counter((place, group) for group, places in found.items() for place in places)
    wanted = Counter[tuple[int, Group]]()
    for place, (version, role, country, plan) in enumerate(rows):
        group = Group(version or "unknown", role or "")
        segments = [WHOLE]
        segments += [Segment("c", country)] if country in {"US", "DE"} and country else []
        segments += [Segment("p", plan)] if plan else []
        wanted.update((place, group.within(segment)) for segment in segments)
    assert counted == wanted
