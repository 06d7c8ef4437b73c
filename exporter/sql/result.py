"""The result of a `ProfileQuery` as profiles, equal to those that the kernel makes of the rows themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exporter.profiles.binning import Binning, CategoricalBins, NumericBins
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


def profiles_of_results(results: Iterable[pa.Table], query: ProfileQuery) -> dict[RowGroup, Profile]:
    """Return the profile of each group of rows, in the order of their names.

    Segments are counted in the binning's `coarse` cells. Each statement counts all of the rows: the first counts here.

    Args:
        results: the rows that the engine returned for each statement.
        query: the query that it ran.
    """
    rows: dict[RowGroup, list[Mapping[str, Any]]] = {}
    for place, result in enumerate(results):
        for row in result.to_pylist():
            if place == 0 or row["feature"] != ROW:
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
    names: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["feature"] == ROW:
            counted += row["n"]
            continue
        bins = binning.columns[row["feature"]]
        if isinstance(bins, NumericBins):
            _add_numbers(profile, binning, bins, row)
        else:
            names.setdefault(bins.name, []).append(row)
    novel = dict[str, dict[str, int]]()
    for column, cells in names.items():
        own = profile.counts[binning.slices[column]]
        novel[column] = _add_names(own, binning.by_name[column], query.named[column], cells)
    named = {column: most_frequent(Counter(each), query.most_named) for column, each in novel.items() if each}
    return Profile(counted, profile.counts, profile.sums, profile.squares, profile.lows, profile.highs, named)


def _add_numbers(profile: Profile, binning: Binning, bins: NumericBins, row: Mapping[str, Any]) -> None:
    """Add a cell of a numeric column to a profile's arrays, in place."""
    own, position = binning.slices[bins.name], binning.numeric[bins.name]
    cell = row["cell"]
    profile.counts[own][cell] += row["n"]
    if cell <= len(bins.edges):
        with np.errstate(over="ignore", invalid="ignore"):
            profile.sums[own][cell] += row["total"]
            profile.squares[position] += row["squares"]
        # The zero turns -0.0 into 0.0, as it does in the kernel.
        profile.lows[position] = min(profile.lows[position], row["low"] + 0.0)
        profile.highs[position] = max(profile.highs[position], row["high"] + 0.0)


def _add_names(
    own: npt.NDArray[Any], bins: NumericBins | CategoricalBins, column: CategoryColumn, rows: list[Mapping[str, Any]]
) -> dict[str, int]:
    """Add a categorical column's counts to its cells, in place, and return the new categories that have names."""
    novel: dict[str, int] = {}
    categories = bins.categories if isinstance(bins, CategoricalBins) else ()
    names = [column.named(row["name"]) if row["cell"] in {KNOWN, NAMED} else "" for row in rows]
    cells = [row["cell"] for row in rows]
    places = find_values([name if cell == KNOWN else None for cell, name in zip(cells, names, strict=True)], categories)
    new, null = len(categories), len(categories) + 1
    for row, cell, name, place in zip(rows, cells, names, places, strict=True):
        own[null if cell == NULL else place if cell == KNOWN else new] += row["n"]
        if cell == NAMED:
            novel[name] = novel.get(name, 0) + row["n"]
    return novel
