"""The statement that counts: what it names, and what it never holds. `test_counting` runs it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from bigquery_server import BigQueryServer
from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.profiles.counting import key_columns
from exporter.profiles.sql import GroupBy, ask
from exporter.profiles.sql_answer import profiles
from exporter.sources.bigquery import BigQuery
from exporter.sources.bigquery_jobs import Terms
from exporter.sources.source import Stream

BINNING = Binning(
    (
        NumericBins("age", np.array([1.25, 2.5]), np.array([1]), 3.75),
        CategoricalBins("country", ("it's", 'a"b')),
        CategoricalBins("day", ("x",)),
    )
)
TYPES = {"age": "INT64", "country": "STRING", "day": "BYTES", "version": "STRING", "other": "STRING"}


def test_values_are_parameters_and_names_are_quoted() -> None:
    keys, _ = key_columns(TYPES, ("version",))
    statement = ask(TYPES, BINNING, GroupBy(keys, "unknown", 20, "rest")).statement
    text = "\n".join([*statement.steps.values(), statement.select])
    assert {name: parameter.value for name, parameter in statement.parameters.items()} == {
        "e0": [-2.5, -1.25],
        "p0": 3.75,
        "c1": ["it's", 'a"b'],
        "infinity": float("inf"),
        "named": 100,
        "missing": "unknown",
        "groups": 20,
        "other": "rest",
    }
    assert set(re.findall(r"@(\w+)", text)) == statement.parameters.keys()
    assert not re.search(r"2\.5|3\.75|it's|unknown|rest", text)
    assert not re.search(r"(?<!`)\b(age|country|version)\b(?!`)", text)


def test_only_what_is_counted_is_read() -> None:
    question = ask(TYPES, BINNING, GroupBy())
    assert question.statement.columns == ("age", "country")
    assert question.problems == {"day": "the column is BYTES, a category was expected"}
    missing = ask({"age": "INT64"}, BINNING, GroupBy())
    assert missing.problems == {"country": "the column is missing", "day": "the column is missing"}


def test_keys_that_cannot_tell_groups_apart_are_told() -> None:
    keys, problems = key_columns(TYPES, ("version", "day", "role"))
    assert [key.column for key in keys] == ["version"]
    assert problems == {"day": "the column is BYTES, a category was expected", "role": "the column is missing"}


def test_groups_and_new_categories_beyond_the_most_frequent_are_together(bigquery_server: BigQueryServer) -> None:
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
    stream = Stream("fraud", "inference", "at", timedelta(hours=1))
    source = BigQuery(bigquery_server.load("log", rows, "at"), Terms(None, {}, 10**9), stream, whole=False)
    partition = source.partitions([start])[start]
    types = source.types(partition)

    question = ask(types, BINNING, GroupBy(key_columns(types, ("version",))[0], "unknown", 2, "rest"), 1)
    found = profiles(source.count(partition, question.statement), question)
    assert {group: profile.rows for group, profile in found.items()} == {("a",): 5, ("b",): 4, ("rest",): 6}
    assert found["a",].novel == {"country": {"p": 2}}, "of p, q and r, with 2, 1 and 2 rows"
    assert found["rest",].novel == {"country": {"u": 3}}
    cells = {group: profile.counts[BINNING.slices["country"]].tolist() for group, profile in found.items()}
    assert cells == {("a",): [0, 0, 5, 0], ("b",): [1, 0, 3, 0], ("rest",): [0, 0, 5, 1]}

    both = ask(types, BINNING, GroupBy(key_columns(types, ("role", "version"))[0], "unknown", 1, "rest"))
    found = profiles(source.count(partition, both.statement), both)
    assert {group: profile.rows for group, profile in found.items()} == {("one", "a"): 3, ("rest", "rest"): 12}
