"""The kernel as one statement: an engine counts a partition's rows, each once, and returns a profile's numbers.

Every row is crossed with the numbers of the features, and with one more for the row itself. These entries are grouped
by group of rows, feature and cell. Then the groups of rows are limited, and so are the new categories that are named.
Each cell of each group is one row of the result. The size of the result depends on the cells, not on the number of
rows. `exporter.sql.result` reads it.

The statement is plain SQL: no engine needs arrays or structs for it, see `exporter.sources.tables.dialect`. Where an
engine takes only short statements, several of them count some of the features each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.profile import NOVEL_KEPT
from exporter.sources.engine import ROWS, Parameter, Statement
from exporter.sources.near_names import missing_column
from exporter.sql.columns import CategoryColumn, category_column, numeric_expression
from exporter.sql.groups import ROW, SUMS, WHOLE_ROWS, GroupBy, chosen, limit_groups

NULL: Final = 0
KNOWN: Final = 1
NAMED: Final = 2
NAMELESS: Final = 3
"""Cells of a categorical column: missing, one of the reference's, a new one with a name, the new ones without names."""

# An engine may refuse a sum or a square that a float cannot hold; here it is infinite, or 0. CASE keeps their order.
_MEASURES: Final = """COUNT(*) AS n,
  SUM(CASE WHEN ABS(value) > 1e300 THEN SIGN(value) * @infinity ELSE value END) AS total,
  SUM(CASE WHEN ABS(value) > 1e300 THEN @infinity WHEN ABS(pivot) > 1e300 THEN IF(value IS NULL, NULL, @infinity)
    WHEN ABS(value - pivot) > 1e150 THEN @infinity WHEN ABS(value - pivot) < 1e-150 THEN 0.0
    ELSE (value - pivot) * (value - pivot) END) AS squares,
  MIN(value) AS low,
  MAX(value) AS high"""


@dataclass(frozen=True, slots=True)
class ProfileQuery:
    """Statements, and what is needed to read their results; `problems` says why some columns are not counted.

    Each statement counts some of the features, and all of the rows.
    """

    statements: tuple[Statement, ...]
    binning: Binning
    named: Mapping[str, CategoryColumn]
    grouping: GroupBy
    most_named: int
    problems: Mapping[str, str]


def profile_query(
    types: Mapping[str, str],
    binning: Binning,
    grouping: GroupBy,
    most_named: int = NOVEL_KEPT,
    fits: Callable[[Statement], bool] = lambda statement: True,
) -> ProfileQuery:
    """Return the query that profiles a partition.

    Args:
        types: the table's columns with their types; see `exporter.sources.engine.CountingSource`.
        binning: the cells to count in. A column that the table lacks, or has with a wrong type, is not counted.
        grouping: the groups of rows that have a profile each.
        most_named: how many new categories of a column are named, for each group.
        fits: whether the engine takes a statement as a whole; see `CountingSource.fits`.
    """
    entries, named, problems = list[_Entry](), dict[str, CategoryColumn](), dict[str, str]()
    for position, bins in enumerate(binning.columns):
        try:
            entries.append(_entry(types, position, bins, named))
        except ColumnMismatch as problem:
            problems[bins.name] = str(problem)
    statements = tuple(_fitting(entries, grouping, most_named, fits))
    return ProfileQuery(statements, binning, named, grouping, most_named, problems)


def _fitting(
    entries: Sequence[_Entry], grouping: GroupBy, most_named: int, fits: Callable[[Statement], bool]
) -> Iterator[Statement]:
    """Yield as few statements as the engine takes; one of a single feature is not divided."""
    statement = _statement(entries, grouping, most_named)
    if len(entries) <= 1 or fits(statement):
        yield statement
        return
    middle = len(entries) // 2
    yield from _fitting(entries[:middle], grouping, most_named, fits)
    yield from _fitting(entries[middle:], grouping, most_named, fits)


def _statement(entries: Sequence[_Entry], grouping: GroupBy, most_named: int) -> Statement:
    parameters: dict[str, Parameter] = {}
    for entry in entries:
        parameters |= entry.parameters
    parameters |= grouping.parameters
    parameters |= {"infinity": Parameter("FLOAT64", math.inf), "named": Parameter("INT64", most_named)}
    columns = dict.fromkeys([*(entry.column for entry in entries), *grouping.columns])
    return Statement(tuple(columns), dict(_steps(entries, grouping)), _select(grouping), parameters)


@dataclass(frozen=True, slots=True)
class _Entry:
    """How a column is counted: what is read of it, and the cell, name, number and pivot of each row, as expressions.

    `coarse` is the expression of the coarse cell of a `cell`.
    """

    position: int
    column: str
    values: tuple[str, ...]
    cell: str
    name: str | None = None
    number: str | None = None
    coarse: str = "cell"
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


def _entry(
    types: Mapping[str, str],
    position: int,
    bins: NumericBins | CategoricalBins,
    named: dict[str, CategoryColumn],
) -> _Entry:
    name = bins.name
    if name not in types:
        raise ColumnMismatch(missing_column(name, tuple(types)))
    if isinstance(bins, NumericBins):
        return _numeric(position, bins, numeric_expression(name, types[name]))
    column = named[name] = category_column(name, types[name])
    cell = (
        f"CASE WHEN v{position} IS NULL THEN {NULL} "
        f"WHEN k{position} IN UNNEST(@c{position}) THEN {KNOWN} ELSE {NAMED} END"
    )
    parameters = {f"c{position}": Parameter(column.kind, column.key_values(bins.categories))}
    values = (f"{column.name} AS v{position}", f"{column.key} AS k{position}")
    return _Entry(position, name, values, cell, name=f"v{position}", parameters=parameters)


def _numeric(position: int, bins: NumericBins, expression: str) -> _Entry:
    """Return the entry of a number. Cells are those of `exporter.profiles.binning`: bins, then null, NaN, -inf, +inf.

    Bins are closed on the right. RANGE_BUCKET counts the elements that are not above a value, which is for bins closed
    on the left. With the signs of both reversed, it counts the edges that are not below the value.
    """
    value, edges = f"v{position}", len(bins.edges)
    parameters = {f"p{position}": Parameter("FLOAT64", float(bins.pivot))}
    bucket = "0"
    if edges:
        parameters[f"e{position}"] = Parameter("FLOAT64", (-bins.edges[::-1]).tolist())
        bucket = f"{edges} - RANGE_BUCKET(-{value}, @e{position})"
    cell = (
        f"CASE WHEN {value} IS NULL THEN {edges + 1} WHEN IS_NAN({value}) THEN {edges + 2} "
        f"WHEN IS_INF({value}) THEN IF({value} < 0, {edges + 3}, {edges + 4}) ELSE {bucket} END"
    )
    number = f"IF(IS_NAN({value}) OR IS_INF({value}), NULL, {value})"
    values = (f"{expression} AS {value}",)
    return _Entry(position, bins.name, values, cell, number=number, coarse=_coarse(bins), parameters=parameters)


def _coarse(bins: NumericBins) -> str:
    """Return the expression of the coarse cell of a cell: bins are merged, the cells after them move up."""
    edges = len(bins.edges)
    own = bins.coarse.edges if edges else bins.edges
    if len(own) == edges:
        return "cell"
    last_of = np.searchsorted(bins.edges, own).tolist()
    cases = "".join(f"WHEN cell <= {last} THEN {coarse} " for coarse, last in enumerate(last_of))
    return f"CASE WHEN cell > {edges} THEN cell - {edges - len(own)} {cases}ELSE {len(own)} END"


def _steps(entries: Sequence[_Entry], grouping: GroupBy) -> Iterator[tuple[str, str]]:
    groups = _listed(grouping.names)
    values = [*grouping.values, *(value for entry in entries for value in entry.values)]
    yield "read_values", f"SELECT {', '.join(values) or '1 AS one'}\nFROM {ROWS}"
    yield "read_rows", _rows(entries, grouping)
    yield "entries", _entries(entries, grouping)
    present = "\nWHERE segment_name IS NOT NULL" if grouping.segments else ""
    by = f"{groups}feature, cell, name"
    yield "cells", f"SELECT {by},\n  {_MEASURES}\nFROM entries{present}\nGROUP BY {by}"
    last, by = "cells", f"{groups}feature, cell"
    if grouping.segments:
        cell = chosen("feature", {entry.position: entry.coarse for entry in entries if entry.coarse != "cell"}, "cell")
        cell = f"CASE WHEN segment = {WHOLE_ROWS} THEN cell ELSE {cell} END AS cell"
        yield "mapped", f"SELECT {groups}feature, {cell}, name, n, total, squares, low, high\nFROM cells"
        yield "coarse_cells", f"SELECT {by}, name,\n  {SUMS}\nFROM mapped\nGROUP BY {by}, name"
        last = "coarse_cells"
    if grouping.capped:
        yield from limit_groups(grouping, ("feature", "cell", "name"), last)
        last = "limited_groups"
    yield "ranked", f"SELECT *, ROW_NUMBER() OVER (PARTITION BY {by} ORDER BY n DESC, name) AS place\nFROM {last}"
    nameless = f"cell = {NAMED} AND place > @named"
    final = f"IF({nameless}, {NAMELESS}, cell) AS cell, IF({nameless}, NULL, name) AS name"
    yield "final_cells", f"SELECT {groups}feature, {final}, n, total, squares, low, high\nFROM ranked"


def _rows(entries: Sequence[_Entry], grouping: GroupBy) -> str:
    """Return the step with the cell and the value of each feature of each row."""
    values = [f"{entry.cell} AS cell{entry.position}" for entry in entries]
    values += [f"{entry.name or entry.number} AS value{entry.position}" for entry in entries]
    read = [*grouping.row_names, *values] or ["1 AS one"]
    return f"SELECT {(',' + chr(10) + '  ').join(read)}\nFROM read_values\nWHERE {grouping.present}"


def _entries(entries: Sequence[_Entry], grouping: GroupBy) -> str:
    """Return the step with a row for each row and feature, and, where there are segments, for each segment."""
    cells = {entry.position: f"cell{entry.position}" for entry in entries}
    names = {entry.position: f"value{entry.position}" for entry in entries if entry.name}
    numbers = {entry.position: f"value{entry.position}" for entry in entries if entry.number}
    pivots = {entry.position: f"@p{entry.position}" for entry in entries if entry.number}
    read = [
        *grouping.entry_values,
        "feature",
        f"{chosen('feature', cells, '0')} AS cell",
        f"{chosen('feature', names, 'CAST(NULL AS STRING)')} AS name",
        f"{chosen('feature', numbers, 'CAST(NULL AS FLOAT64)')} AS value",
        f"{chosen('feature', pivots, 'CAST(NULL AS FLOAT64)')} AS pivot",
    ]
    features = ", ".join(map(str, [ROW, *cells]))
    crossed = f"FROM read_rows CROSS JOIN UNNEST([{features}]) AS feature{grouping.crossed}"
    return f"SELECT {(',' + chr(10) + '  ').join(read)}\n{crossed}"


def _select(grouping: GroupBy) -> str:
    by = f"{_listed(grouping.names)}feature, cell, name"
    return f"SELECT {by},\n  {SUMS}\nFROM final_cells\nGROUP BY {by}"


def _listed(names: Sequence[str]) -> str:
    return "".join(f"{name}, " for name in names)
