"""The kernel as one statement: an engine counts a partition's rows, each once, and answers with a profile's numbers.

Every row becomes a list of what it counts for: an entry for each feature, and one for the row itself. Entries are
grouped by group of rows, feature and cell; then the groups of rows are made few, and so are the new categories that are
named; and each feature of each group becomes one row of the answer. How long that is depends on the cells, not on the
number of rows. `exporter.profiles.sql_answer` reads it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.profile import NOVEL_KEPT
from exporter.profiles.sql_columns import NamedColumn, named_column, number
from exporter.sources.engine import ROWS, Parameter, Statement

ROW: Final = -1
"""The feature that stands for the rows themselves."""
NULL: Final = 0
KNOWN: Final = 1
NAMED: Final = 2
NAMELESS: Final = 3
"""Cells of a categorical column: missing, one of the reference's, a new one, the new ones that are not named."""

_ENTRY: Final = "STRUCT<feature INT64, cell INT64, name STRING, value FLOAT64, pivot FLOAT64>"
# An engine may refuse to add or to square what a float then could not hold; here that is infinite.
_MEASURES: Final = """COUNT(*) AS n,
  SUM(IF(ABS(f.value) > 1e300, SIGN(f.value) * @infinity, f.value)) AS total,
  SUM(IF(f.value IS NULL, NULL, IFNULL(SAFE.POW(SAFE_SUBTRACT(f.value, f.pivot), 2), @infinity))) AS squares,
  MIN(f.value) AS low,
  MAX(f.value) AS high"""
_EACH_ENTRY: Final = "FROM read_rows, UNNEST(features) AS f"
_SUMS: Final = "SUM(n) AS n, SUM(total) AS total, SUM(squares) AS squares, MIN(low) AS low, MAX(high) AS high"


@dataclass(frozen=True, slots=True)
class Key:
    """What rows are grouped by: a text for each row.

    `expression` reads `column` and may name `parameters`; `named` says what the group of a text is called.
    """

    column: str
    expression: str
    named: Callable[[str], str] = str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupBy:
    """How rows are grouped by keys.

    A row that lacks a key has `missing` for it, or is left out where that is `None`. Of the groups the `most` with the
    most rows are told apart, ties in the order of their names; in the one of the others, every key is `other`.
    """

    keys: tuple[Key, ...] = ()
    missing: str | None = None
    most: int | None = None
    other: str = "other"


@dataclass(frozen=True, slots=True)
class Question:
    """A statement, and what is needed to read its answer; `problems` say why columns are not counted."""

    statement: Statement
    binning: Binning
    named: Mapping[str, NamedColumn]
    grouping: GroupBy
    most_named: int
    problems: Mapping[str, str]


def ask(types: Mapping[str, str], binning: Binning, grouping: GroupBy, most_named: int = NOVEL_KEPT) -> Question:
    """The statement that profiles a partition.

    Args:
        types: the table's columns with their types; see `exporter.sources.engine.CountingSource`.
        binning: the cells to count in; a column that the table lacks, or has of a wrong type, is not counted.
        grouping: the groups of rows that have a profile each.
        most_named: how many new categories of a column are named, for each group.
    """
    plan = _Plan(types, binning)
    keys = [f"key{number}" for number in range(len(grouping.keys))]
    parameters = plan.parameters | {
        "infinity": Parameter("FLOAT64", math.inf),
        "named": Parameter("INT64", most_named),
    }
    for key in grouping.keys:
        parameters |= key.parameters
    if grouping.missing is not None:
        parameters["missing"] = Parameter("STRING", grouping.missing)
    if grouping.most is not None:
        parameters |= {"groups": Parameter("INT64", grouping.most), "other": Parameter("STRING", grouping.other)}
    columns = dict.fromkeys([*plan.columns, *(key.column for key in grouping.keys)])
    steps = dict(_steps(plan, grouping, keys))
    statement = Statement(tuple(columns), steps, _answer(keys), parameters)
    return Question(statement, binning, plan.named, grouping, most_named, plan.problems)


class _Plan:
    """How each column of a binning is read: what is computed of it for every row, and the entry that it counts for."""

    def __init__(self, types: Mapping[str, str], binning: Binning) -> None:
        self.problems: dict[str, str] = {}
        self.named: dict[str, NamedColumn] = {}
        self.parameters: dict[str, Parameter] = {}
        self.columns: list[str] = []
        self.values: list[str] = []
        self.entries: list[str] = [f"{_ENTRY}({ROW}, 0, NULL, NULL, NULL)"]
        for place, bins in enumerate(binning.columns):
            try:
                self._add(types, place, bins.name, bins)
            except ColumnMismatch as problem:
                self.problems[bins.name] = str(problem)

    def _add(self, types: Mapping[str, str], place: int, name: str, bins: NumericBins | CategoricalBins) -> None:
        if name not in types:
            raise ColumnMismatch("the column is missing")
        if isinstance(bins, NumericBins):
            self.values.append(f"{number(name, types[name])} AS v{place}")
            self._count_number(place, bins)
        else:
            column = self.named[name] = named_column(name, types[name])
            self.values += [f"{column.name} AS v{place}", f"{column.key} AS k{place}"]
            self._count_name(place, column, bins)
        self.columns.append(name)

    def _count_number(self, place: int, bins: NumericBins) -> None:
        """Cells as in `exporter.profiles.binning`: bins closed on the right, then null, NaN, -inf, +inf.

        RANGE_BUCKET counts the elements that are not above a value, for bins closed on the left. Of both with their
        signs turned it counts the edges that are not below the value.
        """
        bucket, edges = "0", len(bins.edges)
        if edges:
            self.parameters[f"e{place}"] = Parameter("FLOAT64", (-bins.edges[::-1]).tolist())
            bucket = f"{edges} - RANGE_BUCKET(-v{place}, @e{place})"
        self.parameters[f"p{place}"] = Parameter("FLOAT64", float(bins.pivot))
        value = f"v{place}"
        self.entries.append(
            f"{_ENTRY}({place}, CASE WHEN {value} IS NULL THEN {edges + 1} WHEN IS_NAN({value}) THEN {edges + 2} "
            f"WHEN IS_INF({value}) THEN IF({value} < 0, {edges + 3}, {edges + 4}) ELSE {bucket} END, NULL, "
            f"IF(IS_NAN({value}) OR IS_INF({value}), NULL, {value}), @p{place})"
        )

    def _count_name(self, place: int, column: NamedColumn, bins: CategoricalBins) -> None:
        self.parameters[f"c{place}"] = Parameter(column.kind, column.known(bins.categories))
        self.entries.append(
            f"{_ENTRY}({place}, CASE WHEN v{place} IS NULL THEN {NULL} "
            f"WHEN k{place} IN UNNEST(@c{place}) THEN {KNOWN} ELSE {NAMED} END, v{place}, NULL, NULL)"
        )


def _steps(plan: _Plan, grouping: GroupBy, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    entries, by = ",\n  ".join(plan.entries), ", ".join([*keys, "feature", "cell"])
    present = " AND ".join(f"{key} IS NOT NULL" for key in keys) or "TRUE"
    yield "read_values", f"SELECT {', '.join([*_key_values(grouping), *plan.values]) or '1 AS one'}\nFROM {ROWS}"
    yield "read_rows", f"SELECT {_listed(keys)}[\n  {entries}] AS features\nFROM read_values\nWHERE {present}"
    entry = "f.feature AS feature, f.cell AS cell, f.name AS name"
    yield "cells", f"SELECT {_listed(keys)}{entry},\n  {_MEASURES}\n{_EACH_ENTRY}\nGROUP BY {by}, name"
    last = "cells"
    if keys and grouping.most is not None:
        yield from _few_groups(keys, by)
        last = "few_groups"
    yield "ranked", f"SELECT *, ROW_NUMBER() OVER (PARTITION BY {by} ORDER BY n DESC, name) AS place\nFROM {last}"
    nameless = f"cell = {NAMED} AND place > @named"
    told = f"IF({nameless}, {NAMELESS}, cell) AS told_cell, IF({nameless}, NULL, name) AS told_name"
    told_by = f"{_listed(keys)}feature, told_cell, told_name"
    yield "told", f"SELECT {_listed(keys)}feature, {told},\n  {_SUMS}\nFROM ranked\nGROUP BY {told_by}"


def _key_values(grouping: GroupBy) -> list[str]:
    shown = "{0}" if grouping.missing is None else "IFNULL({0}, @missing)"
    return [f"{shown.format(key.expression)} AS key{place}" for place, key in enumerate(grouping.keys)]


def _few_groups(keys: Sequence[str], by: str) -> Iterator[tuple[str, str]]:
    yield (
        "weighed",
        f"SELECT *, SUM(IF(feature = {ROW}, n, 0)) OVER (PARTITION BY {', '.join(keys)}) AS group_rows\nFROM cells",
    )
    yield "placed", f"SELECT *, DENSE_RANK() OVER (ORDER BY group_rows DESC, {', '.join(keys)}) AS place\nFROM weighed"
    renamed = ", ".join(f"IF(place <= @groups, {key}, @other) AS {key}" for key in keys)
    yield "renamed", f"SELECT {renamed}, feature, cell, name, n, total, squares, low, high\nFROM placed"
    yield "few_groups", f"SELECT {by}, name,\n  {_SUMS}\nFROM renamed\nGROUP BY {by}, name"


def _answer(keys: Sequence[str]) -> str:
    order = "ORDER BY told_cell, n DESC, told_name"
    return (
        f"SELECT {_listed(keys)}feature, TO_JSON_STRING(ARRAY_AGG(told_cell {order})) AS cells, "
        f"TO_JSON_STRING(ARRAY_AGG(n {order})) AS counts, "
        f"TO_JSON_STRING(ARRAY_AGG(total IGNORE NULLS {order})) AS totals, "
        f"TO_JSON_STRING(ARRAY_AGG(told_name IGNORE NULLS {order})) AS names,\n"
        "  SUM(squares) AS squares, MIN(low) AS low, MAX(high) AS high\n"
        f"FROM told\nGROUP BY {_listed(keys)}feature"
    )


def _listed(keys: Sequence[str]) -> str:
    return "".join(f"{key}, " for key in keys)
