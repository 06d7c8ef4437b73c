"""The groups of rows in a statement. `test_statement` and `test_counting` run it."""

from __future__ import annotations

from exporter.sql.columns import category_column
from exporter.sql.groups import GroupBy, Key, SegmentKey, limit_groups

LAND = SegmentKey("land", category_column("land", "STRING"), ("DE", "FR"))


def test_without_keys_all_rows_are_one_group() -> None:
    nothing = GroupBy()
    assert (nothing.names, nothing.values, nothing.present, nothing.parameters) == ((), [], "TRUE", {})


def test_a_row_without_a_key_has_the_missing_name_or_is_left_out() -> None:
    grouping = GroupBy((Key("a", "`a`", missing="none"), Key("b", "`b`")))
    assert grouping.values == ["IFNULL(`a`, @missing0) AS key0", "`b` AS key1"]
    assert grouping.present == "key0 IS NOT NULL AND key1 IS NOT NULL"
    assert {name: each.value for name, each in grouping.parameters.items()} == {"missing0": "none"}


def test_a_row_is_in_the_whole_and_in_each_of_its_segments() -> None:
    grouping = GroupBy((Key("a", "`a`"),), (LAND,))
    assert grouping.columns == ("a", "land")
    assert grouping.names == ("key0", "segment", "segment_name")
    assert grouping.values[1:] == [f"IF({LAND.names.key} IN UNNEST(@s0), `land`, NULL) AS segment0"]
    assert grouping.row_names == ["key0", "segment0"]
    assert grouping.crossed == " CROSS JOIN UNNEST([-1, 0]) AS segment"
    assert grouping.entry_values == ["key0", "segment", "CASE segment WHEN 0 THEN segment0 ELSE '' END AS segment_name"]
    assert grouping.segment_parameters["s0"].value == ["DE", "FR"]


def test_only_keys_with_a_limit_are_limited_and_segments_are_not_counted() -> None:
    grouping = GroupBy((Key("a", "`a`"), Key("b", "`b`", most=3)), (LAND,))
    steps = dict(limit_groups(grouping, ("feature", "cell"), "cells"))
    assert "SUM(IF(feature = -1 AND segment = -1, n, 0)) OVER (PARTITION BY key1) AS rows1" in steps["weighed"]
    assert "key0 AS key0, IF(place1 <= @most1, key1, @other1) AS key1" in steps["renamed"]
