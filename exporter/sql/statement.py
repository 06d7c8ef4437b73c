"""The kernel as one statement: an engine counts a partition's rows, each once, and returns a profile's numbers.

Every row becomes a list of entries: one for each feature, and one for the row itself. Entries are grouped by group of
rows, feature and cell. Then the groups of rows are limited, and so are the new categories that are named. Each feature
of each group becomes one row of the result. The size of the result depends on the cells, not on the number of rows.
`exporter.sql.result` reads it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from exporter.profiles.binning import NUMERIC_EXTRA, Binning, CategoricalBins, NumericBins
from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.profile import NOVEL_KEPT
from exporter.sources.engine import ROWS, Parameter, Statement
from exporter.sources.near_names import missing_column
from exporter.sql.columns import CategoryColumn, category_column, numeric_expression
from exporter.sql.groups import ROW, SUMS, WHOLE_ROWS, GroupBy, limit_groups

NULL: Final = 0
KNOWN: Final = 1
NAMED: Final = 2
NAMELESS: Final = 3
"""Cells of a categorical column: missing, one of the reference's, a new one with a name, the new ones without names."""

_ENTRY: Final = "STRUCT<feature INT64, cell INT64, name STRING, value FLOAT64, pivot FLOAT64>"
# An engine may refuse a sum or a square that a float cannot hold; here it is infinite.
_MEASURES: Final = """COUNT(*) AS n,
  SUM(IF(ABS(f.value) > 1e300, SIGN(f.value) * @infinity, f.value)) AS total,
  SUM(IF(f.value IS NULL, NULL, IFNULL(SAFE.POW(SAFE_SUBTRACT(f.value, f.pivot), 2), @infinity))) AS squares,
  MIN(f.value) AS low,
  MAX(f.value) AS high"""


@dataclass(frozen=True, slots=True)
class ProfileQuery:
    """A statement, and what is needed to read its result; `problems` says why some columns are not counted."""

    statement: Statement
    binning: Binning
    named: Mapping[str, CategoryColumn]
    grouping: GroupBy
    most_named: int
    problems: Mapping[str, str]


def profile_query(
    types: Mapping[str, str], binning: Binning, grouping: GroupBy, most_named: int = NOVEL_KEPT
) -> ProfileQuery:
    """Return the query that profiles a partition.

    Args:
        types: the table's columns with their types; see `exporter.sources.engine.CountingSource`.
        binning: the cells to count in. A column that the table lacks, or has with a wrong type, is not counted.
        grouping: the groups of rows that have a profile each.
        most_named: how many new categories of a column are named, for each group.
    """
    plan = _Plan(types, binning)
    parameters = plan.parameters | grouping.parameters
    parameters |= {"infinity": Parameter("FLOAT64", math.inf), "named": Parameter("INT64", most_named)}
    if grouping.segments:
        parameters |= _coarse_cells(binning)
    columns = dict.fromkeys([*plan.columns, *grouping.columns])
    steps = dict(_steps(plan, grouping))
    statement = Statement(tuple(columns), steps, _select(grouping), parameters)
    return ProfileQuery(statement, binning, plan.named, grouping, most_named, plan.problems)


class _Plan:
    """How each column of a binning is read: expressions computed for every row, and the entry of each row."""

    def __init__(self, types: Mapping[str, str], binning: Binning) -> None:
        self.problems: dict[str, str] = {}
        self.named: dict[str, CategoryColumn] = {}
        self.parameters: dict[str, Parameter] = {}
        self.columns: list[str] = []
        self.values: list[str] = []
        self.entries: list[str] = [f"{_ENTRY}({ROW}, 0, NULL, NULL, NULL)"]
        for position, bins in enumerate(binning.columns):
            try:
                self._add(types, position, bins.name, bins)
            except ColumnMismatch as problem:
                self.problems[bins.name] = str(problem)

    def _add(self, types: Mapping[str, str], position: int, name: str, bins: NumericBins | CategoricalBins) -> None:
        if name not in types:
            raise ColumnMismatch(missing_column(name, tuple(types)))
        if isinstance(bins, NumericBins):
            self.values.append(f"{numeric_expression(name, types[name])} AS v{position}")
            self._count_number(position, bins)
        else:
            column = self.named[name] = category_column(name, types[name])
            self.values += [f"{column.name} AS v{position}", f"{column.key} AS k{position}"]
            self._count_name(position, column, bins)
        self.columns.append(name)

    def _count_number(self, position: int, bins: NumericBins) -> None:
        """Add the entry of a number. Cells are those of `exporter.profiles.binning`: bins, then null, NaN, -inf, +inf.

        Bins are closed on the right. RANGE_BUCKET counts the elements that are not above a value, which is for bins
        closed on the left. With the signs of both reversed, it counts the edges that are not below the value.
        """
        bucket, edges = "0", len(bins.edges)
        if edges:
            self.parameters[f"e{position}"] = Parameter("FLOAT64", (-bins.edges[::-1]).tolist())
            bucket = f"{edges} - RANGE_BUCKET(-v{position}, @e{position})"
        self.parameters[f"p{position}"] = Parameter("FLOAT64", float(bins.pivot))
        value = f"v{position}"
        self.entries.append(
            f"{_ENTRY}({position}, CASE WHEN {value} IS NULL THEN {edges + 1} WHEN IS_NAN({value}) THEN {edges + 2} "
            f"WHEN IS_INF({value}) THEN IF({value} < 0, {edges + 3}, {edges + 4}) ELSE {bucket} END, NULL, "
            f"IF(IS_NAN({value}) OR IS_INF({value}), NULL, {value}), @p{position})"
        )

    def _count_name(self, position: int, column: CategoryColumn, bins: CategoricalBins) -> None:
        self.parameters[f"c{position}"] = Parameter(column.kind, column.key_values(bins.categories))
        self.entries.append(
            f"{_ENTRY}({position}, CASE WHEN v{position} IS NULL THEN {NULL} "
            f"WHEN k{position} IN UNNEST(@c{position}) THEN {KNOWN} ELSE {NAMED} END, v{position}, NULL, NULL)"
        )


def _steps(plan: _Plan, grouping: GroupBy) -> Iterator[tuple[str, str]]:
    entries = ",\n  ".join(plan.entries)
    groups, keys = _listed(grouping.names), _listed(grouping.names[: len(grouping.keys)])
    yield "read_values", f"SELECT {', '.join([*grouping.values, *plan.values]) or '1 AS one'}\nFROM {ROWS}"
    segments = "segments, " if grouping.segments else ""
    yield (
        "read_rows",
        f"SELECT {keys}{segments}[\n  {entries}] AS features\nFROM read_values\nWHERE {grouping.present}",
    )
    yield "cells", _cells(grouping, keys, groups)
    last, by = "cells", f"{groups}feature, cell"
    if grouping.segments:
        cell = f"IF(segment = {WHOLE_ROWS}, cell, @coarse[OFFSET(@starts[OFFSET(feature + 1)] + cell)]) AS cell"
        yield "mapped", f"SELECT {groups}feature, {cell}, name, n, total, squares, low, high\nFROM cells"
        yield "coarse_cells", f"SELECT {by}, name,\n  {SUMS}\nFROM mapped\nGROUP BY {by}, name"
        last = "coarse_cells"
    if grouping.capped:
        yield from limit_groups(grouping, ("feature", "cell", "name"), last)
        last = "limited_groups"
    yield "ranked", f"SELECT *, ROW_NUMBER() OVER (PARTITION BY {by} ORDER BY n DESC, name) AS place\nFROM {last}"
    nameless = f"cell = {NAMED} AND place > @named"
    final = f"IF({nameless}, {NAMELESS}, cell) AS final_cell, IF({nameless}, NULL, name) AS final_name"
    final_by = f"{groups}feature, final_cell, final_name"
    yield "final_cells", f"SELECT {groups}feature, {final},\n  {SUMS}\nFROM ranked\nGROUP BY {final_by}"


def _cells(grouping: GroupBy, keys: str, groups: str) -> str:
    entry, each = "f.feature AS feature, f.cell AS cell, f.name AS name", "FROM read_rows, UNNEST(features) AS f"
    by = f"GROUP BY {groups}feature, cell, name"
    if not grouping.segments:
        return f"SELECT {keys}{entry},\n  {_MEASURES}\n{each}\n{by}"
    segment = "g.place AS segment, g.name AS segment_name"
    present = "WHERE g.name IS NOT NULL"
    return f"SELECT {keys}{segment}, {entry},\n  {_MEASURES}\n{each}, UNNEST(segments) AS g\n{present}\n{by}"


def _coarse_cells(binning: Binning) -> dict[str, Parameter]:
    """Return the coarse cell of each cell of the rows and of each feature, as one array, and each feature's start."""
    parts = [[0], *(_coarse(bins) for bins in binning.columns)]
    starts = np.cumsum([0, *map(len, parts[:-1])]).tolist()
    positions = [position for part in parts for position in part]
    return {"coarse": Parameter("INT64", positions), "starts": Parameter("INT64", starts)}


def _coarse(bins: NumericBins | CategoricalBins) -> list[int]:
    if isinstance(bins, CategoricalBins):
        return [NULL, KNOWN, NAMED]
    own = bins.coarse.edges
    infinite = range(len(own) + 1, len(own) + 1 + NUMERIC_EXTRA)
    return [*np.searchsorted(own, bins.edges).tolist(), len(own), *infinite]


def _select(grouping: GroupBy) -> str:
    order, groups = "ORDER BY final_cell, n DESC, final_name", _listed(grouping.names)
    return (
        f"SELECT {groups}feature, TO_JSON_STRING(ARRAY_AGG(final_cell {order})) AS cells, "
        f"TO_JSON_STRING(ARRAY_AGG(n {order})) AS counts, "
        f"TO_JSON_STRING(ARRAY_AGG(total IGNORE NULLS {order})) AS totals, "
        f"TO_JSON_STRING(ARRAY_AGG(final_name IGNORE NULLS {order})) AS names,\n"
        "  SUM(squares) AS squares, MIN(low) AS low, MAX(high) AS high\n"
        f"FROM final_cells\nGROUP BY {groups}feature"
    )


def _listed(names: Sequence[str]) -> str:
    return "".join(f"{name}, " for name in names)
