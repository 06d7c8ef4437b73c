"""The result of a `ProfileQuery` as profiles, equal to those that the kernel makes of the rows themselves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exporter.profiles.binning import Binning, CategoricalBins, Counts, NumericBins
from exporter.profiles.group import WHOLE, Segment
from exporter.profiles.profile import Profile, empty_profile, most_frequent
from exporter.profiles.values import find_values
from exporter.sql.columns import CategoryColumn
from exporter.sql.groups import ROW, WHOLE_ROWS, GroupBy
from exporter.sql.statement import KNOWN, NAMED, NULL, ProfileQuery


class RowGroup(NamedTuple):
    """A group of rows: the names of its keys, and its segment."""

    keys: tuple[str, ...] = ()
    segment: Segment = WHOLE


def profiles_of_result(result: pa.Table, query: ProfileQuery) -> dict[RowGroup, Profile]:
    """Return the profile of each group of rows, in the order of their names.

    Segments are counted in the binning's `coarse` cells.

    Args:
        result: the rows that the engine returned.
        query: the query that it ran.
    """
    rows: dict[RowGroup, list[Mapping[str, Any]]] = {}
    for row in result.to_pylist():
        rows.setdefault(_group(row, query), []).append(row)
    coarse = query.binning.coarse if query.grouping.segments else query.binning
    return {
        group: _profile(rows[group], query, query.binning if group.segment == WHOLE else coarse)
        for group in sorted(rows)
    }


def _group(row: Mapping[str, Any], query: ProfileQuery) -> RowGroup:
    names = []
    for position, key in enumerate(query.grouping.keys):
        text = row[f"key{position}"]
        names.append(text if text in {key.missing, key.other} else key.named(text))
    return RowGroup(tuple(names), segment_of_row(row, query.grouping))


def segment_of_row(row: Mapping[str, Any], grouping: GroupBy) -> Segment:
    """Return the segment of a row of a result."""
    if not grouping.segments or row["segment"] == WHOLE_ROWS:
        return WHOLE
    segment = grouping.segments[row["segment"]]
    return Segment(segment.column, segment.value_named(row["segment_name"]))


def _profile(rows: Iterable[Mapping[str, Any]], query: ProfileQuery, binning: Binning) -> Profile:
    profile = empty_profile(binning)
    counted = 0
    novel: dict[str, Counter[str]] = {}
    for row in rows:
        cells, counts = (np.array(json.loads(row[name]), np.int64) for name in ("cells", "counts"))
        if row["feature"] == ROW:
            counted += int(counts.sum())
            continue
        bins = binning.columns[row["feature"]]
        if isinstance(bins, NumericBins):
            _add_numbers(profile, binning, bins, (cells, counts), row)
        else:
            new = _add_names(profile.counts[binning.slices[bins.name]], bins, query.named[bins.name], row)
            novel.setdefault(bins.name, Counter()).update(new)
    named = {column: most_frequent(names, query.most_named) for column, names in novel.items() if names}
    return Profile(counted, profile.counts, profile.sums, profile.squares, profile.lows, profile.highs, named)


def _add_numbers(
    profile: Profile,
    binning: Binning,
    bins: NumericBins,
    cells_and_counts: tuple[Counts, Counts],
    row: Mapping[str, Any],
) -> None:
    """Add a numeric column's counts and sums to a profile's arrays, in place."""
    own, position = binning.slices[bins.name], binning.numeric[bins.name]
    cells, counts = cells_and_counts
    finite = cells[cells <= len(bins.edges)]
    profile.counts[own][cells] += counts
    if len(finite):
        with np.errstate(over="ignore", invalid="ignore"):
            profile.sums[own][finite] += [float(total) for total in json.loads(row["totals"])]
            profile.squares[position] += row["squares"]
        # The zero turns -0.0 into 0.0, as it does in the kernel.
        profile.lows[position] = min(profile.lows[position], row["low"] + 0.0)
        profile.highs[position] = max(profile.highs[position], row["high"] + 0.0)


def _add_names(
    own: npt.NDArray[Any], bins: CategoricalBins, column: CategoryColumn, row: Mapping[str, Any]
) -> dict[str, int]:
    """Add a categorical column's counts to its cells, in place, and return the new categories that have names."""
    novel: dict[str, int] = {}
    named = list(_named_cells(row, column))
    places = find_values([name if cell == KNOWN else None for cell, _, name in named], bins.categories)
    new, null = len(bins.categories), len(bins.categories) + 1
    for (cell, rows, name), place in zip(named, places, strict=True):
        own[null if cell == NULL else place if cell == KNOWN else new] += rows
        if cell == NAMED:
            novel[name] = novel.get(name, 0) + rows
    return novel


def _named_cells(row: Mapping[str, Any], column: CategoryColumn) -> Iterator[tuple[int, int, str]]:
    """Yield each cell with its rows and its name; the name is empty where the cell has none."""
    names = iter(json.loads(row["names"] or "[]") or [])
    for cell, rows in zip(json.loads(row["cells"]), json.loads(row["counts"]), strict=True):
        yield cell, rows, column.named(next(names)) if cell in {KNOWN, NAMED} else ""
