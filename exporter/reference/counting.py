"""The reference of a table, by the engine that has it: the cells, and the rows in them by hour of the local week.

What `exporter.profiles.reference` and `exporter.profiles.history` make of batches. Extremes, means and categories are
exact; edges are the engine's approximate quantiles. The calendar stays here: the engine is told which hour of the Unix
epoch is which hour of the week.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np

from exporter.profiles.binning import (
    Binning,
    Bins,
    CategoricalBins,
    Counts,
    Floats,
    NumericBins,
    categorical_bins,
    numeric_bins,
)
from exporter.profiles.group import WHOLE, Segment
from exporter.profiles.profile import Profile, categorical_column, empty_profile, numeric_column
from exporter.reference.columns import unusable_reference
from exporter.reference.history import LONGEST_WEEKS, SECONDS, History, HourlyColumn
from exporter.reference.reducing import reduce_binning, reduce_by_hour
from exporter.reference.reference import ByHour, HourProfiles, Hours, build_binning, profile_by_hour
from exporter.sources.engine import ROWS, CountingSource, Parameter, Statement, quoted
from exporter.sources.reducing import ReducingSource
from exporter.sources.source import Partition, Selection, Source
from exporter.spec.seasons import HOURS_OF_WEEK, Calendar
from exporter.sql.columns import numeric_expression
from exporter.sql.counting import segment_keys
from exporter.sql.groups import GroupBy, Key, segments_expression
from exporter.sql.result import RowGroup, profiles_of_result, segment_of_row
from exporter.sql.statement import profile_query

POINTS: Final = 10_000
"""Quantiles that an engine is asked for, of each numeric column."""

_TIMES: Final = ("TIMESTAMP", "DATETIME", "DATE")
_NOTHING: Final = np.empty(0)


def count_binning(
    source: Source, partition: Partition, selection: Selection, category_limit: int
) -> tuple[Binning, dict[str, str]]:
    """The cells in which a model's columns will be counted; see `exporter.profiles.reference.build_binning`.

    Raises:
        ReferenceUnusable: when no column can be compared.
        SourceError: as `Source.profile`.
    """
    if isinstance(source, ReducingSource):
        return reduce_binning(source, partition, selection, category_limit)
    if not isinstance(source, CountingSource):
        return source.profile(partition, selection, lambda rows: build_binning(rows, selection, category_limit))
    types = source.types(partition)
    absent = {name: "the reference has no such column" for name in selection.columns if name not in types}
    question = profile_query(types, _blank(selection), GroupBy(), category_limit)
    problems = {name: f"in the reference {why}" for name, why in question.problems.items()} | absent
    seen = next(iter(profiles_of_result(source.count(partition, question.statement), question).values()), None)
    profile = empty_profile(question.binning) if seen is None else seen
    quantiles = _quantiles(source, partition, [name for name in selection.numeric if name not in problems])
    made = {bins.name: _bins(bins, profile, question.binning, quantiles) for bins in question.binning.columns}
    made = {name: bins for name, bins in made.items() if name not in problems}
    problems |= {name: "the reference has no value in this column" for name, bins in made.items() if bins is None}
    usable = tuple(bins for bins in made.values() if bins is not None)
    if not usable:
        raise unusable_reference(problems)
    return Binning(usable), problems


def count_by_hour(
    source: Source,
    partition: Partition,
    selection: Selection,
    binning: Binning,
    calendar: Calendar,
    *,
    segments: Mapping[str, tuple[str, ...]],
) -> ByHour:
    """A reference's rows by hour of the local week, and hour by hour: `exporter.profiles.reference.profile_by_hour`.

    An engine counts by a column of times; where the times are texts, the rows are read.

    Args:
        source: what has them.
        partition: all of the reference.
        selection: the columns; the one of times is the first key.
        binning: the cells to count in.
        calendar: the model's.
        segments: the columns of segments, with the values that have one.

    Raises:
        ReferenceUnusable: when the column is missing or holds no times.
        SourceError: as `Source.profile`.
    """
    timestamp = selection.keys[0]
    if isinstance(source, ReducingSource):
        return reduce_by_hour(source, partition, selection, Hours(binning, timestamp, calendar, segments))
    types = source.types(partition) if isinstance(source, CountingSource) else {}
    if not isinstance(source, CountingSource) or types.get(timestamp) not in _TIMES:
        return source.profile(
            partition, selection, lambda rows: profile_by_hour(rows, binning, timestamp, calendar, segments)
        )
    hours = _hours(source, partition, timestamp)
    if not len(hours):
        return ByHour({}, {}, None)
    cells = calendar.cells(hours.astype("datetime64[h]"))
    parameters = {"hours": Parameter("INT64", hours.tolist()), "cells": Parameter("INT64", cells.tolist())}
    of_week = f"CAST(@cells[SAFE_ORDINAL(RANGE_BUCKET({_hour(timestamp)}, @hours))] AS STRING)"
    grouping = GroupBy((Key(timestamp, of_week, str, parameters),), segment_keys(types, segments, {}))
    question = profile_query(types, binning, grouping)
    by_segment: dict[Segment, dict[int, Profile]] = {WHOLE: {}}
    for told, profile in profiles_of_result(source.count(partition, question.statement), question).items():
        by_segment.setdefault(told.segment, {})[int(told.keys[0])] = profile
    whole = by_segment.pop(WHOLE)
    weeks = _weeks(source, partition, grouping, timestamp, dict(zip(hours.tolist(), cells.tolist(), strict=True)))
    parts = {segment: HourProfiles(by_segment[segment], weeks[segment]) for segment in sorted(by_segment)}
    return ByHour(whole, parts, _history(source, partition, binning, timestamp, hours))


def _blank(selection: Selection) -> Binning:
    """Cells that tell extremes, sums and categories: a single bin, and no category that is known."""
    nothing = np.empty(0, np.int64)
    numeric = (NumericBins(name, _NOTHING, nothing, 0.0) for name in selection.numeric)
    return Binning((*numeric, *(CategoricalBins(name, ()) for name in selection.categorical)))


def _quantiles(source: CountingSource, partition: Partition, names: list[str]) -> dict[str, Floats]:
    if not names:
        return {}
    types = source.types(partition)
    values = [f"{numeric_expression(name, types[name])} AS v{place}" for place, name in enumerate(names)]
    finite = "IF(IS_NAN(v{0}) OR IS_INF(v{0}), NULL, v{0})"
    asked = [
        f"TO_JSON_STRING(APPROX_QUANTILES({finite.format(place)}, {POINTS} IGNORE NULLS)) AS v{place}"
        for place in range(len(names))
    ]
    steps = {"read_values": f"SELECT {', '.join(values)} FROM partition_rows"}
    answer = source.count(partition, Statement(tuple(names), steps, f"SELECT {', '.join(asked)} FROM read_values", {}))
    (row,) = answer.to_pylist()
    return {name: np.array(json.loads(row[f"v{place}"] or "null") or [], float) for place, name in enumerate(names)}


def _bins(bins: Bins, profile: Profile, blank: Binning, quantiles: Mapping[str, Floats]) -> Bins | None:
    """The bins of a column, from what was told of it; None where it has no value."""
    if isinstance(bins, CategoricalBins):
        counts = dict(profile.novel.get(bins.name, {}))
        return categorical_bins(bins.name, counts, len(counts)) if counts else None
    column = numeric_column(profile, blank, bins.name)
    if not column.finite:
        return None
    mean = column.mean if np.isfinite(column.mean) else 0.0
    sample = np.clip(quantiles[bins.name], column.low, column.high)
    return numeric_bins(bins.name, sample, column.low, column.high, mean)


def _hour(timestamp: str) -> str:
    return f"DIV(UNIX_SECONDS(CAST({quoted(timestamp)} AS TIMESTAMP)), {SECONDS})"


def _hours(source: CountingSource, partition: Partition, timestamp: str) -> Counts:
    """The hours of the Unix epoch that have rows, increasing; what lies before it has no time."""
    steps = {"hours": f"SELECT {_hour(timestamp)} AS hour FROM partition_rows"}
    select = "SELECT hour FROM hours WHERE hour >= 0 GROUP BY hour ORDER BY hour"
    answer = source.count(partition, Statement((timestamp,), steps, select, {}))
    return np.array([row["hour"] for row in answer.to_pylist()], np.int64)


def _weeks(
    source: CountingSource, partition: Partition, grouping: GroupBy, timestamp: str, cells: Mapping[int, int]
) -> dict[Segment, dict[int, int]]:
    """Of how many weeks each segment's rows are, by hour of the week; nothing is asked where there are none."""
    if not grouping.segments:
        return {}
    steps = {
        "hours": f"SELECT {_hour(timestamp)} AS hour, {segments_expression(grouping.segments)} AS segments FROM {ROWS}",
        "present": (
            "SELECT g.place AS segment, g.name AS segment_name, hour FROM hours, UNNEST(segments) AS g "
            "WHERE hour >= 0 AND g.name IS NOT NULL GROUP BY segment, segment_name, hour"
        ),
    }
    columns = tuple(dict.fromkeys([timestamp, *(each.column for each in grouping.segments)]))
    statement = Statement(
        columns, steps, "SELECT segment, segment_name, hour FROM present", grouping.segment_parameters
    )
    found: dict[Segment, Counter[int]] = {}
    for row in source.count(partition, statement).to_pylist():
        found.setdefault(segment_of_row(row, grouping), Counter())[cells[row["hour"]]] += 1
    return {segment: dict(weeks) for segment, weeks in found.items()}


def _history(
    source: CountingSource, partition: Partition, binning: Binning, timestamp: str, present: Counts
) -> History:
    end = int(present[-1]) + 1
    hours = np.arange(max(int(present[0]), end - LONGEST_WEEKS * HOURS_OF_WEEK), end)
    coarse = Binning(tuple(map(_coarse, binning.columns)))
    hour = _hour(timestamp)
    recent = f"IF({hour} >= @first, CAST({hour} AS STRING), NULL)"
    key = Key(timestamp, recent, str, {"first": Parameter("INT64", int(hours[0]))})
    question = profile_query(source.types(partition), coarse, GroupBy((key,)))
    found = profiles_of_result(source.count(partition, question.statement), question)
    by_hour = [found.get(RowGroup((str(hour),)), empty_profile(coarse)) for hour in hours.tolist()]
    columns = {
        bins.name: _hourly(by_hour, coarse, bins) for bins in coarse.columns if bins.name not in question.problems
    }
    return History(hours, np.array([profile.rows for profile in by_hour], np.int64), columns)


def _coarse(bins: Bins) -> Bins:
    """PSI's cells as bins."""
    if isinstance(bins, CategoricalBins):
        return bins
    return NumericBins(bins.name, bins.edges[bins.deciles], np.arange(len(bins.deciles)), bins.pivot)


def _hourly(by_hour: list[Profile], coarse: Binning, bins: Bins) -> HourlyColumn:
    if isinstance(bins, CategoricalBins):
        cells = [categorical_column(profile, coarse, bins.name).cells for profile in by_hour]
        zeros = np.zeros(len(by_hour))
        return HourlyColumn(np.array(cells, np.int64), zeros.astype(np.int64), zeros, zeros)
    columns = [numeric_column(profile, coarse, bins.name) for profile in by_hour]
    finite = np.array([column.finite for column in columns])
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.array([column.sums.sum() for column in columns]) - finite * bins.pivot
    squares = np.array([column.squares for column in columns])
    return HourlyColumn(
        np.array([column.cells for column in columns], np.int64), finite.astype(np.int64), sums, squares
    )
