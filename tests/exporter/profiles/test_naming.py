"""Versions, roles and segments as small codes: every row has one group."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.group import Group
from exporter.profiles.grouping import MAX_ROLES, MAX_VERSIONS
from exporter.profiles.naming import MAX_VALUES, CodedColumn, ColumnNames, encode_column, encode_groups


def groups(versions: list[str | None], roles: list[str | None]) -> list[Group]:
    """The group of each row, as if it came in a batch of its own."""
    of_versions, of_roles = ColumnNames("version"), ColumnNames("role")
    codes = []
    for version, role in zip(versions, roles, strict=True):
        table = pa.table({"version": pa.array([version], pa.string()), "role": pa.array([role], pa.string())})
        codes.append((of_versions.codes(table)[0], of_roles.codes(table)[0]))
    both = np.array(codes, np.int64).reshape(-1, 2).T
    places, names = encode_groups(of_versions, of_roles, both[0], both[1])
    assert sorted(names) == list(names)
    return [names[place] for place in places]


def test_a_row_has_its_version_and_role_or_the_absent_names() -> None:
    found = groups(["v2", "v1", None, "v1"], ["champion", "challenger", None, "champion"])
    assert found == [Group("v2", "champion"), Group("v1", "challenger"), Group("unknown"), Group("v1", "champion")]


def test_a_challenger_is_one_however_its_role_is_written() -> None:
    assert groups(["v"] * 3, ["Challenger ", "challenger", "Champion"]) == [
        *[Group("v", "challenger")] * 2,
        Group("v", "Champion"),
    ]


def test_columns_of_ids_are_limited_as_versions_and_roles() -> None:
    names = [f"{number:02}" for number in range(MAX_VERSIONS + 1)]
    found = groups([*names, *names], [*names, *names])
    assert {group.version for group in found} == {*names[:MAX_VERSIONS], "other"}
    assert {group.role for group in found} == {*names[:MAX_ROLES], "other"}
    assert found[: len(names)] == found[len(names) :]


def test_a_version_named_other_is_merged_with_the_others() -> None:
    names = [f"{number:02}" for number in range(MAX_VERSIONS)]
    found = groups([*names, "other", "other"], [None] * (len(names) + 2))
    assert [group.version for group in found].count("other") == 3


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "", None]), st.sampled_from(["x", "y", "", None]))))
def test_rows_have_different_groups_for_different_names(rows: list[tuple[str | None, str | None]]) -> None:
    found = groups([version for version, _ in rows], [role for _, role in rows])
    assert found == [Group(version or "unknown", role or "") for version, role in rows]


def values(column: pa.Array | None) -> CodedColumn:
    names = ColumnNames("plan")
    table = pa.table({"id": list(range(3))} if column is None else {"plan": column})
    return encode_column(names, names.codes(table))


def test_values_have_codes_and_null_has_none() -> None:
    found = values(pa.array(["b", None, "a", "b"]))
    assert (found.codes.tolist(), found.names, found.codes.dtype) == ([1, -1, 0, 1], ("a", "b"), np.int16)


@pytest.mark.parametrize("column", [None, pa.array([[1], [2], [3]])], ids=["missing", "lists"])
def test_a_column_without_names_has_no_segments(column: pa.Array | None) -> None:
    assert values(column).codes.tolist() == [-1, -1, -1]


def test_values_beyond_the_most_frequent_have_no_code() -> None:
    names = [f"{number:04}" for number in range(MAX_VALUES + 1)]
    found = values(pa.array([*names[1:], *names]))
    assert len(found.names) == MAX_VALUES
    assert found.codes[MAX_VALUES] == -1, "the one that is only there once"
