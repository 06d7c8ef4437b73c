"""The reference from an engine: the binning, and the profiles by hour of the local week.

It gives what `exporter.reference.reference` and `exporter.reference.history` make of batches. Extremes, means and
categories are exact; edges are quantiles of a sample. The calendar is not translated to SQL: the statement has the
hours of the Unix epoch at which the local time or the kind of day changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

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
from exporter.reference.columns import NOT_IN_REFERENCE, binning_of_columns
from exporter.reference.history import ANY_TIME, LONGEST_WEEKS, SECONDS, History, HourlyColumn, TimeRule, counting_rows
from exporter.reference.reducing import reduce_binning, reduce_by_hour, reduce_rows_by_hour
from exporter.reference.reference import (
    ByHour,
    HourProfiles,
    Hours,
    build_binning,
    count_rows_by_hour,
    profile_by_hour,
)
from exporter.sources.engine import ROWS, TIME_KINDS, CountingSource, Parameter, Statement, quoted
from exporter.sources.near_names import nearest_name
from exporter.sources.reducing import ReducingSource
from exporter.sources.source import Partition, Selection, Source
from exporter.spec.seasons import HOURS_OF_WEEK, Calendar
from exporter.spec.value_types import TimeUnit
from exporter.sql.columns import numeric_expression
from exporter.sql.counting import run_profile_query, segment_keys
from exporter.sql.groups import GroupBy, Key, chosen, crossed_with_segments, segment_entry, segment_values
from exporter.sql.result import RowGroup, segment_of_row
from exporter.sql.statement import profile_query

POINTS: Final = 10_000
"""Quantiles that an engine returns for each numeric column."""
SAMPLE: Final = 4_000_000
"""Rows that are sorted for the quantiles of a column, about; a quantile of so many is 0.0003 off at most, as a rank."""

_NO_EDGES: Final = np.empty(0)


class HourColumn(NamedTuple):
    """A column of times, and the expression of a row's hour of the Unix epoch; NULL where it does not count."""

    timestamp: str
    expression: str


def count_binning(
    source: Source, partition: Partition, selection: Selection, category_limit: int, rule: TimeRule = ANY_TIME
) -> tuple[Binning, dict[str, str]]:
    """Return the cells in which a model's columns are counted; see `exporter.reference.reference.build_binning`.

    Args:
        source: the source of the rows.
        partition: all of the reference.
        selection: the columns; a key is the column of times, where rows are left out by their time.
        category_limit: the number of categories of a column that have a cell.
        rule: how the times are read, and which count. Where they are texts or epoch numbers, an engine's rows are read.

    Raises:
        ReferenceUnusable: when no column can be compared.
        SourceError: as `Source.profile`.
    """
    if isinstance(source, ReducingSource):
        return reduce_binning(source, partition, selection, category_limit, rule)
    types = source.types(partition) if isinstance(source, CountingSource) else {}
    if not isinstance(source, CountingSource) or any(types.get(key) not in TIME_KINDS for key in selection.keys):
        return source.profile(
            partition,
            selection,
            lambda rows: build_binning(counting_rows(rows, selection, rule), selection, category_limit),
        )
    hours = [HourColumn(timestamp, _hour(timestamp, rule)) for timestamp in selection.keys]
    absent = {
        name: NOT_IN_REFERENCE + nearest_name(name, tuple(types))
        for name in (*selection.numeric, *selection.categorical)
        if name not in types
    }
    counting = tuple(Key(hour.timestamp, f"IF({hour.expression} >= 0, '', NULL)") for hour in hours)
    query = profile_query(types, _blank(selection), GroupBy(counting), category_limit, source.fits)
    problems = {name: f"in the reference {why}" for name, why in query.problems.items()} | absent
    first = next(iter(run_profile_query(source, partition, query).values()), None)
    profile = empty_profile(query.binning) if first is None else first
    names = [name for name in selection.numeric if name not in problems]
    quantiles = _quantiles(source, partition, names, profile.rows, hours)
    bins_by_name = {bins.name: _bins(bins, profile, query.binning, quantiles) for bins in query.binning.columns}
    return binning_of_columns(bins_by_name, problems)


def rows_by_hour(
    source: Source, partition: Partition, timestamp: str, unit: TimeUnit | None = None
) -> Mapping[int, int]:
    """Return a reference's rows by hour; see `exporter.reference.reference.count_rows_by_hour`.

    Raises:
        ReferenceUnusable: when the column is missing or does not hold times.
        SourceError: as `Source.profile`.
    """
    selection = Selection((timestamp,), (), ())
    if isinstance(source, ReducingSource):
        return reduce_rows_by_hour(source, partition, selection, unit)
    types = source.types(partition) if isinstance(source, CountingSource) else {}
    if not isinstance(source, CountingSource) or types.get(timestamp) not in TIME_KINDS:
        return source.profile(partition, selection, lambda rows: count_rows_by_hour(rows, timestamp, unit))
    steps = {"hours": f"SELECT IFNULL(GREATEST({_hour(timestamp, ANY_TIME)}, -1), -1) AS hour FROM {ROWS}"}
    statement = Statement((timestamp,), steps, "SELECT hour, COUNT(*) AS n FROM hours GROUP BY hour", {})
    return {row["hour"]: row["n"] for row in source.count(partition, statement).to_pylist()}


def count_by_hour(
    source: Source,
    partition: Partition,
    selection: Selection,
    binning: Binning,
    calendar: Calendar,
    *,
    segments: Mapping[str, tuple[str, ...]],
    rule: TimeRule = ANY_TIME,
) -> ByHour:
    """Count a reference's rows by hour; see `exporter.reference.reference.profile_by_hour`.

    An engine counts by a column of times. Where the times are texts or epoch numbers, the rows are read instead.

    Args:
        source: the source of the rows.
        partition: all of the reference.
        selection: the columns; the column of times is the first key.
        binning: the cells to count in.
        calendar: the model's calendar.
        segments: the columns of segments, with the values that have one.
        rule: how the times are read, and which count.

    Raises:
        ReferenceUnusable: when the column is missing or does not hold times.
        SourceError: as `Source.profile`.
    """
    timestamp = selection.keys[0]
    if isinstance(source, ReducingSource):
        return reduce_by_hour(source, partition, selection, Hours(binning, timestamp, calendar, segments, rule))
    types = source.types(partition) if isinstance(source, CountingSource) else {}
    if not isinstance(source, CountingSource) or types.get(timestamp) not in TIME_KINDS:
        return source.profile(
            partition, selection, lambda rows: profile_by_hour(rows, binning, timestamp, calendar, segments, rule=rule)
        )
    hour = HourColumn(timestamp, _hour(timestamp, rule))
    hours = _hours(source, partition, hour)
    if not len(hours):
        return ByHour({}, {}, None)
    cells = calendar.cells(hours.astype("datetime64[h]"))
    of_week = f"CAST({_hour_of_week(hour.expression, hours, cells)} AS STRING)"
    grouping = GroupBy((Key(timestamp, of_week, str),), segment_keys(types, segments, {}))
    query = profile_query(types, binning, grouping, fits=source.fits)
    by_segment: dict[Segment, dict[int, Profile]] = {WHOLE: {}}
    for row_group, profile in run_profile_query(source, partition, query).items():
        by_segment.setdefault(row_group.segment, {})[int(row_group.keys[0])] = profile
    whole = by_segment.pop(WHOLE)
    cell_of = dict(zip(hours.tolist(), cells.tolist(), strict=True))
    weeks = _weeks(source, partition, grouping, hour, cell_of)
    parts = {segment: HourProfiles(by_segment[segment], weeks[segment]) for segment in sorted(by_segment)}
    return ByHour(whole, parts, _history(source, partition, binning, hour, hours))


def _blank(selection: Selection) -> Binning:
    """Return a binning that is enough for extremes, sums and categories: a single bin, and no known category."""
    nothing = np.empty(0, np.int64)
    numeric = (NumericBins(name, _NO_EDGES, nothing, 0.0) for name in selection.numeric)
    return Binning((*numeric, *(CategoricalBins(name, ()) for name in selection.categorical)))


def _quantiles(
    source: CountingSource, partition: Partition, names: list[str], rows: int, hours: Sequence[HourColumn]
) -> dict[str, Floats]:
    """Return the quantiles of each column, increasing: at most `POINTS` values, from about `SAMPLE` of its rows.

    Rows without one of the `hours` do not count.
    """
    if not names:
        return {}
    types = source.types(partition)
    read = [f"{numeric_expression(name, types[name])} AS v{position}" for position, name in enumerate(names)]
    value = chosen("feature", {position: f"v{position}" for position in range(len(names))}, "NULL")
    features = ", ".join(map(str, range(len(names))))
    where = "".join(f" WHERE {hour.expression} >= 0" for hour in hours)
    sampled = f" AND RAND() < {SAMPLE / rows:.9f}" if rows > SAMPLE else ""
    steps = {
        "read_values": f"SELECT {', '.join(read)} FROM {ROWS}{where}",
        "entries": f"SELECT feature, {value} AS value FROM read_values CROSS JOIN UNNEST([{features}]) AS feature",
        "finite": f"SELECT feature, value FROM entries WHERE NOT (IS_NAN(value) OR IS_INF(value)){sampled}",
        "placed": (
            "SELECT feature, value, ROW_NUMBER() OVER (PARTITION BY feature ORDER BY value) AS place, "
            "COUNT(*) OVER (PARTITION BY feature) AS n FROM finite"
        ),
    }
    chosen_rows = f"place = 1 OR DIV(place * {POINTS}, n) > DIV((place - 1) * {POINTS}, n)"
    select = f"SELECT feature, value FROM placed WHERE {chosen_rows} ORDER BY feature, value"
    columns = tuple(dict.fromkeys([*names, *(hour.timestamp for hour in hours)]))
    result = source.count(partition, Statement(columns, steps, select, {}))
    values: dict[str, list[float]] = {name: [] for name in names}
    for row in result.to_pylist():
        values[names[row["feature"]]].append(row["value"])
    return {name: np.array(each, float) for name, each in values.items()}


def _hour_of_week(hour: str, hours: Counts, cells: Counts) -> str:
    """Return the expression of an hour's cell of the local week, for hours that have rows.

    Between two changes of the local time, or of holidays, all hours are as far from their cells.
    """
    shifts = (cells - hours) % HOURS_OF_WEEK
    ends = np.flatnonzero(np.diff(shifts)).tolist()
    cases = "".join(f"WHEN {hour} <= {hours[end]} THEN MOD({hour} + {shifts[end]}, {HOURS_OF_WEEK}) " for end in ends)
    last = f"WHEN {hour} >= {hours[0]} THEN MOD({hour} + {shifts[-1]}, {HOURS_OF_WEEK})"
    return f"CASE WHEN {hour} < {hours[0]} THEN NULL {cases}{last} END"


def _bins(bins: Bins, profile: Profile, blank: Binning, quantiles: Mapping[str, Floats]) -> Bins | None:
    """Return the bins of a column from its profile and quantiles; None where it has no value."""
    if isinstance(bins, CategoricalBins):
        counts = dict(profile.novel.get(bins.name, {}))
        return categorical_bins(bins.name, counts, len(counts)) if counts else None
    column = numeric_column(profile, blank, bins.name)
    if not column.finite:
        return None
    mean = column.mean if np.isfinite(column.mean) else 0.0
    sample = np.clip(quantiles[bins.name], column.low, column.high)
    return numeric_bins(bins.name, sample, column.low, column.high, mean)


def _hour(timestamp: str, rule: TimeRule) -> str:
    """Return the expression of a row's hour of the Unix epoch; NULL where it does not count."""
    hour = f"DIV(UNIX_SECONDS(CAST({quoted(timestamp)} AS TIMESTAMP)), {SECONDS})"
    return f"IF({hour} >= {rule.hours.first:d} AND {hour} < {rule.hours.end:d}, {hour}, NULL)"


def _hours(source: CountingSource, partition: Partition, hour: HourColumn) -> Counts:
    """Return the hours of the Unix epoch that have rows, increasing."""
    steps = {"hours": f"SELECT {hour.expression} AS hour FROM {ROWS}"}
    select = "SELECT hour FROM hours WHERE hour >= 0 GROUP BY hour ORDER BY hour"
    result = source.count(partition, Statement((hour.timestamp,), steps, select, {}))
    return np.array([row["hour"] for row in result.to_pylist()], np.int64)


def _weeks(
    source: CountingSource,
    partition: Partition,
    grouping: GroupBy,
    hour: HourColumn,
    cells: Mapping[int, int],
) -> dict[Segment, dict[int, int]]:
    """Count the weeks of each segment's rows, by hour of the week. Without segments no statement runs."""
    if not grouping.segments:
        return {}
    values = ", ".join(segment_values(grouping.segments))
    segment, name = segment_entry(len(grouping.segments))
    steps = {
        "hours": f"SELECT {hour.expression} AS hour, {values} FROM {ROWS}",
        "crossed": f"SELECT hour, {segment}, {name} FROM hours{crossed_with_segments(len(grouping.segments))}",
        "present": (
            "SELECT segment, segment_name, hour FROM crossed "
            "WHERE hour >= 0 AND segment_name IS NOT NULL GROUP BY segment, segment_name, hour"
        ),
    }
    columns = tuple(dict.fromkeys([hour.timestamp, *(each.column for each in grouping.segments)]))
    statement = Statement(
        columns, steps, "SELECT segment, segment_name, hour FROM present", grouping.segment_parameters
    )
    weeks_by_segment: dict[Segment, Counter[int]] = {}
    for row in source.count(partition, statement).to_pylist():
        weeks_by_segment.setdefault(segment_of_row(row, grouping), Counter())[cells[row["hour"]]] += 1
    return {segment: dict(weeks) for segment, weeks in weeks_by_segment.items()}


def _history(
    source: CountingSource, partition: Partition, binning: Binning, hour: HourColumn, present: Counts
) -> History:
    end = int(present[-1]) + 1
    hours = np.arange(max(int(present[0]), end - LONGEST_WEEKS * HOURS_OF_WEEK), end)
    coarse = Binning(tuple(map(_coarse, binning.columns)))
    recent = f"IF({hour.expression} >= @first, CAST({hour.expression} AS STRING), NULL)"
    key = Key(hour.timestamp, recent, str, {"first": Parameter("INT64", int(hours[0]))})
    query = profile_query(source.types(partition), coarse, GroupBy((key,)), fits=source.fits)
    profiles = run_profile_query(source, partition, query)
    by_hour = [profiles.get(RowGroup((str(each),)), empty_profile(coarse)) for each in hours.tolist()]
    columns = {bins.name: _hourly(by_hour, coarse, bins) for bins in coarse.columns if bins.name not in query.problems}
    return History(hours, np.array([profile.rows for profile in by_hour], np.int64), columns)


def _coarse(bins: Bins) -> Bins:
    """Return PSI's cells as bins."""
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
