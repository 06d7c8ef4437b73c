"""What tells groups of rows apart in a statement. `test_sql` and `test_counting` run it."""

from __future__ import annotations

from exporter.sql.columns import category_column
from exporter.sql.groups import GroupBy, Key, SegmentKey, limit_groups

LAND = SegmentKey("land", category_column("land", "STRING"), ("DE", "FR"))


def test_of_nothing_to_group_by_all_rows_are_one_group() -> None:
    nothing = GroupBy()
    assert (nothing.names, nothing.values, nothing.present, nothing.parameters) == ((), [], "TRUE", {})


def test_a_row_that_lacks_a_key_is_named_or_left_out() -> None:
    grouping = GroupBy((Key("a", "`a`", missing="none"), Key("b", "`b`")))
    assert grouping.values == ["IFNULL(`a`, @missing0) AS key0", "`b` AS key1"]
    assert grouping.present == "key0 IS NOT NULL AND key1 IS NOT NULL"
    assert {name: each.value for name, each in grouping.parameters.items()} == {"missing0": "none"}


def test_a_row_is_in_the_whole_and_in_each_of_its_segments() -> None:
    grouping = GroupBy((Key("a", "`a`"),), (LAND,))
    assert grouping.columns == ("a", "land")
    assert grouping.names == ("key0", "segment", "segment_name")
    *_, segments = grouping.values
    assert segments == (
        "[STRUCT<place INT64, name STRING>(-1, ''), "
        "STRUCT<place INT64, name STRING>(0, IF(`land` IN UNNEST(@s0), `land`, NULL))] AS segments"
    )
    assert grouping.segment_parameters["s0"].value == ["DE", "FR"]


def test_only_keys_with_a_limit_are_made_few_and_by_whole_rows() -> None:
    grouping = GroupBy((Key("a", "`a`"), Key("b", "`b`", most=3)), (LAND,))
    steps = dict(limit_groups(grouping, ("feature", "cell"), "cells"))
    assert "SUM(IF(feature = -1 AND segment = -1, n, 0)) OVER (PARTITION BY key1) AS rows1" in steps["weighed"]
    assert "key0 AS key0, IF(place1 <= @most1, key1, @other1) AS key1" in steps["renamed"]
