"""The statement of a profile: its parameters, and which texts it never contains. `test_counting` runs it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from engines import Engine
from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.profiles.group import Segment
from exporter.profiles.grouping import Grouping
from exporter.sources.engine import Statement
from exporter.sql.columns import category_column
from exporter.sql.counting import group_keys, run_profile_query
from exporter.sql.groups import GroupBy, Key, SegmentKey
from exporter.sql.result import RowGroup
from exporter.sql.statement import profile_query

BINNING = Binning(
    (
        NumericBins("age", np.array([1.25, 2.5]), np.array([1]), 3.75),
        CategoricalBins("country", ("it's", 'a"b')),
        CategoricalBins("day", ("x",)),
    )
)
TYPES = {"age": "INT64", "country": "STRING", "day": "BYTES", "version": "STRING", "other": "STRING"}


def _key(column: str, most: int) -> Key:
    named = category_column(column, "STRING")
    return Key(column, named.name, named.named, missing="unknown", most=most, other="rest")


def test_values_are_parameters_and_names_are_quoted() -> None:
    segments = (SegmentKey("other", category_column("other", "STRING"), ("it's",)),)
    (statement,) = profile_query(TYPES, BINNING, GroupBy((_key("version", 20),), segments)).statements
    text = "\n".join([*statement.steps.values(), statement.select])
    assert {name: parameter.value for name, parameter in statement.parameters.items()} == {
        "e0": [-2.5, -1.25],
        "p0": 3.75,
        "c1": ["it's", 'a"b'],
        "infinity": float("inf"),
        "named": 100,
        "missing0": "unknown",
        "most0": 20,
        "other0": "rest",
        "s0": ["it's"],
    }
    assert set(re.findall(r"@(\w+)", text)) == statement.parameters.keys()
    assert not re.search(r"2\.5|3\.75|it's|unknown|rest", text)
    assert not re.search(r"(?<!`)\b(age|country|version|other)\b(?!`)", text)


def test_only_counted_columns_are_read() -> None:
    query = profile_query(TYPES, BINNING, GroupBy())
    assert query.statements[0].columns == ("age", "country")
    assert query.problems == {"day": "the column is BYTES, a category was expected"}
    missing = profile_query({"age": "INT64"}, BINNING, GroupBy())
    assert missing.problems == {"country": "the column is missing", "day": "the column is missing"}


def test_columns_that_cannot_group_rows_are_problems() -> None:
    keys, segments, problems = group_keys(TYPES, Grouping("day", "version", {"role": ("a",), "other": ("b",)}))
    assert [key.column for key in keys.values()] == ["version"]
    assert [segment.column for segment in segments] == ["other"]
    assert problems == {"day": "the column is BYTES, a category was expected", "role": "the column is missing"}


def test_cells_of_segments_are_coarse() -> None:
    """The first, the last and the decile edge of six stay: cells 0 to 6 become 0 to 3, the four after them follow."""
    edges = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    binning = Binning(
        (NumericBins("age", edges, np.array([2]), 2.0), NumericBins("one", edges[:1], np.array([0]), 0.0))
    )
    segments = (SegmentKey("other", category_column("other", "STRING"), ("a",)),)
    (statement,) = profile_query(TYPES | {"one": "INT64"}, binning, GroupBy((), segments)).statements
    coarse = (
        "CASE feature WHEN 0 THEN CASE WHEN cell > 6 THEN cell - 3 WHEN cell <= 0 THEN 0 WHEN cell <= 2 THEN 1 "
        "WHEN cell <= 5 THEN 2 ELSE 3 END ELSE cell END"
    )
    assert f"CASE WHEN segment = -1 THEN cell ELSE {coarse} END AS cell" in statement.steps["mapped"]


def test_a_long_statement_is_cut_into_some_that_fit() -> None:
    features = tuple(NumericBins(name, np.array([1.0]), np.array([0]), 0.0) for name in "abcde")
    types = dict.fromkeys("abcde", "INT64") | {"version": "STRING"}

    def fits(statement: Statement) -> bool:
        return len(statement.columns) <= 3

    query = profile_query(types, Binning(features), GroupBy((_key("version", 2),)), fits=fits)
    assert [each.columns for each in query.statements] == [
        ("a", "b", "version"),
        ("c", "version"),
        ("d", "e", "version"),
    ]
    assert [len(each.columns) for each in profile_query(types, Binning(features), GroupBy(), fits=fits).statements] == [
        2,
        3,
    ]
    never = profile_query(types, Binning(features[:1]), GroupBy(), fits=lambda statement: False)
    assert len(never.statements) == 1, "a single feature is not divided"


def test_groups_and_new_categories_beyond_the_most_frequent_are_merged(engine: Engine) -> None:
    start = datetime(2026, 11, 23, 10, tzinfo=UTC)
    versions = ["a"] * 5 + ["b"] * 4 + ["c"] * 3 + ["d"] * 2 + [None]
    rows = pa.table(
        {
            "at": pa.array([start] * 15, pa.timestamp("us", "UTC")),
            "age": pa.array([2] * 15),
            "country": pa.array(["p", "p", "q", "r", "r", "it's", "s", "s", "s", "u", "v", "v", "u", None, "u"]),
            "version": pa.array(versions),
            "role": pa.array(["one", "two", "one", "one", "two"] * 3),
        }
    )
    source = engine.table("log", rows, "at")
    partition = source.partitions([start])[start]
    types = source.types(partition)

    query = profile_query(types, BINNING, GroupBy((_key("version", 2),)), 1)
    profiles = run_profile_query(source, partition, query)
    assert {group.keys: profile.rows for group, profile in profiles.items()} == {("a",): 5, ("b",): 4, ("rest",): 6}
    assert profiles[RowGroup(("a",))].novel == {"country": {"p": 2}}, "of p, q and r, with 2, 1 and 2 rows"
    assert profiles[RowGroup(("rest",))].novel == {"country": {"u": 3}}
    cells = {group.keys: profile.counts[BINNING.slices["country"]].tolist() for group, profile in profiles.items()}
    assert cells == {("a",): [0, 0, 5, 0], ("b",): [1, 0, 3, 0], ("rest",): [0, 0, 5, 1]}

    segments = (SegmentKey("country", category_column("country", "STRING"), ("p", "u")),)
    crossed = profile_query(types, BINNING, GroupBy((_key("role", 2), _key("version", 1)), segments))
    profiles = run_profile_query(source, partition, crossed)
    assert {group: profile.rows for group, profile in profiles.items()} == {
        RowGroup(("one", "a")): 3,
        RowGroup(("one", "rest")): 6,
        RowGroup(("two", "a")): 2,
        RowGroup(("two", "rest")): 4,
        RowGroup(("one", "a"), Segment("country", "p")): 1,
        RowGroup(("two", "a"), Segment("country", "p")): 1,
        RowGroup(("one", "rest"), Segment("country", "u")): 1,
        RowGroup(("two", "rest"), Segment("country", "u")): 2,
    }, "each key has its own most"
