"""The reference: what windows are compared with, and from which the binning is made.

It is read twice, once for the edges and once for the counts, and is then saved in the store. It is read again only when
its source or the spec changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from exporter.errors import ReferenceUnusable
from exporter.profiles.binning import Binning, Counts
from exporter.profiles.columns import ColumnMismatch, column_of
from exporter.profiles.group import WHOLE, Segment
from exporter.profiles.grouping import intersect_rows, segment_rows
from exporter.profiles.kernel import NOVEL_TRACKED, Parts, Splitting, profile_groups
from exporter.profiles.merging import limit_novel, sum_profiles
from exporter.profiles.profile import Profile
from exporter.reference.columns import observe_columns
from exporter.reference.history import ANY_TIME, History, HistoryBuilder, TimeRule, hours_of
from exporter.reference.seasonal import Seasons, divide
from exporter.sources.source import Batch, Selection
from exporter.spec.seasons import Calendar, Level
from exporter.spec.value_types import TimeUnit


@dataclass(frozen=True)
class HourProfiles:
    """The profile of each hour of the local week that has rows, and the number of weeks of its rows, by hour number."""

    by_cell: Mapping[int, Profile]
    weeks: Mapping[int, int]

    @property
    def rows(self) -> int:
        """Rows of all hours together."""
        return sum(profile.rows for profile in self.by_cell.values())


@dataclass(frozen=True)
class Reference:
    """What windows are compared with.

    `by_cell` holds the profile of each hour of the local week that has rows, by its number, and `weeks` the number of
    weeks of these rows. A reference without timestamps has one profile, under 0. `levels` are the possible seasons, the
    finest first. `stretches` say, by window and column, how much more the reference's own weeks differ than sampling
    explains (see `exporter.statistics.dispersion`). `problems` are the columns that are not in the reference, with the
    reason; they are not compared.
    """

    binning: Binning
    by_cell: Mapping[int, Profile]
    weeks: Mapping[int, int]
    levels: tuple[Level, ...]
    stretches: Mapping[str, Mapping[str, tuple[float, ...]]]
    problems: Mapping[str, str]
    segments: Mapping[Segment, HourProfiles] = field(default_factory=dict)

    @staticmethod
    def whole(
        binning: Binning,
        profile: Profile,
        problems: Mapping[str, str] | None = None,
        segments: Mapping[Segment, Profile] | None = None,
    ) -> Reference:
        """A reference without seasons."""
        parts = {segment: HourProfiles({0: part}, {0: 1}) for segment, part in (segments or {}).items()}
        return Reference(binning, {0: profile}, {0: 1}, (Level.NONE,), {}, problems or {}, parts)

    @property
    def parts(self) -> dict[Segment, HourProfiles]:
        """The whole and its segments."""
        return {WHOLE: HourProfiles(self.by_cell, self.weeks), **self.segments}

    @cached_property
    def seasons(self) -> Seasons:
        """The reference, divided into the finest seasons that have enough rows."""
        return divide(self.binning, self.by_cell, self.weeks, self.levels)

    @cached_property
    def segment_seasons(self) -> dict[Segment, Seasons]:
        """The seasons of each segment; a segment with fewer rows has coarser seasons."""
        return {
            segment: divide(self.binning.coarse, part.by_cell, part.weeks, self.levels)
            for segment, part in self.segments.items()
        }


@dataclass(frozen=True)
class ByHour:
    """A reference's rows, counted by hour of the local week.

    `segments` are those that have rows in the reference. `history` is the whole hour by hour, None when no row has a
    time.
    """

    by_cell: Mapping[int, Profile]
    segments: Mapping[Segment, HourProfiles]
    history: History | None


def build_binning(
    batches: Iterable[Batch], selection: Selection, category_limit: int
) -> tuple[Binning, dict[str, str]]:
    """Return the cells in which a model's columns are counted.

    Args:
        batches: the reference's rows. The same batches in the same order give the same cells. While a column fits in
            its sample, the same rows in any order do too.
        selection: its numeric and categorical columns, in the order of the spec.
        category_limit: the number of categories of a column that have a cell.

    Returns:
        The binning of the columns that the reference has, and why it lacks the others.

    Raises:
        ReferenceUnusable: when no column can be compared.
    """
    return observe_columns(batches, selection=selection).binning(category_limit)


def profile_by_hour(
    batches: Iterable[Batch],
    binning: Binning,
    timestamp: str,
    calendar: Calendar,
    segments: Mapping[str, tuple[str, ...]] | None = None,
    *,
    rule: TimeRule = ANY_TIME,
) -> ByHour:
    """Count a reference's rows by hour of the local week, and hour by hour for its history.

    Args:
        batches: the reference's rows, with the timestamps and the segments' columns as keys.
        binning: the cells to count in.
        timestamp: the column of times; rows without one are left out.
        calendar: the model's calendar.
        segments: the columns of segments, with the values that have one.
        rule: how the times are read, and which count.

    Raises:
        ReferenceUnusable: when the column is missing or does not hold times.
    """
    hours = Hours(binning, timestamp, calendar, segments or {}, rule)
    return finish_hour_counts(hours.count(batches), calendar)


@dataclass(frozen=True)
class HourCounts:
    """The counts of some rows of a reference by segment and hour of the week, and each segment's hours with rows."""

    profiles: Mapping[tuple[Segment, int], Profile]
    seen: Mapping[Segment, set[int]]
    history: HistoryBuilder


@dataclass(frozen=True)
class Hours:
    """How a reference's rows are counted by hour; see `profile_by_hour`."""

    binning: Binning
    timestamp: str
    calendar: Calendar
    segments: Mapping[str, tuple[str, ...]]
    rule: TimeRule = ANY_TIME

    def count(self, batches: Iterable[Batch]) -> HourCounts:
        """Count some rows, of all or of a piece.

        Raises:
            ReferenceUnusable: when the column of times is missing or does not hold times.
        """
        history, split = HistoryBuilder(self.binning, self.timestamp, self.rule), _HourSplit(self)
        splitting = Splitting(
            (self.timestamp, *self.segments),
            split.split,
            lambda part: self.binning if part[0] == WHOLE else self.binning.coarse,
        )
        try:
            profiles, _ = profile_groups(_each(batches, history.add), self.binning, splitting, NOVEL_TRACKED)
        except ColumnMismatch as problem:
            raise ReferenceUnusable(f"column {self.timestamp} of the reference: {problem}") from problem
        return HourCounts(profiles, split.seen, history)


def count_rows_by_hour(batches: Iterable[Batch], timestamp: str, unit: TimeUnit | None = None) -> dict[int, int]:
    """Return the rows of each hour since the Unix epoch; those without a readable time, or before it, under -1.

    Args:
        batches: the rows, with the column of times as a key.
        timestamp: this column.
        unit: of epoch numbers.

    Raises:
        ReferenceUnusable: when the column is missing or does not hold times.
    """
    total = Counter[int]()
    try:
        for batch in batches:
            if batch.first:
                hours, rows = np.unique(hours_of(column_of(batch, timestamp), TimeRule(unit)), return_counts=True)
                total.update(dict(zip(hours.tolist(), rows.tolist(), strict=True)))
    except ColumnMismatch as problem:
        raise ReferenceUnusable(f"column {timestamp} of the reference: {problem}") from problem
    return dict(total)


def merge_hour_counts(parts: Sequence[HourCounts]) -> HourCounts:
    """Return the counts of pieces of a reference together, in their order; the first piece's history is changed."""
    profiles: dict[tuple[Segment, int], list[Profile]] = {}
    seen: dict[Segment, set[int]] = {}
    for part in parts:
        for key, profile in part.profiles.items():
            profiles.setdefault(key, []).append(profile)
        for segment, hours in part.seen.items():
            seen.setdefault(segment, set()).update(hours)
    history = parts[0].history
    for part in parts[1:]:
        history.merge(part.history)
    return HourCounts({key: sum_profiles(each) for key, each in profiles.items()}, seen, history)


def finish_hour_counts(counts: HourCounts, calendar: Calendar) -> ByHour:
    """Return the counts of all rows as the reference stores them."""
    profiles: dict[Segment, dict[int, Profile]] = {WHOLE: {}}
    for (segment, cell), profile in counts.profiles.items():
        profiles.setdefault(segment, {})[cell] = limit_novel(profile)
    whole = profiles.pop(WHOLE)
    segments = {each: HourProfiles(profiles[each], _weeks(counts.seen[each], calendar)) for each in sorted(profiles)}
    return ByHour(whole, segments, counts.history.finish())


def _weeks(seen: Iterable[int], calendar: Calendar) -> dict[int, int]:
    """Count the weeks of rows by hour of the week, from the hours that have rows."""
    hours = np.array(sorted(hour for hour in seen if hour >= 0), np.int64)
    cells, weeks = np.unique(calendar.cells(hours.astype("datetime64[h]")), return_counts=True)
    return dict(zip(cells.tolist(), weeks.tolist(), strict=True))


@dataclass(frozen=True)
class _HourSplit:
    """Splits rows by segment and hour of the local week, and records the hours in which a segment has rows."""

    hours: Hours
    seen: dict[Segment, set[int]] = field(default_factory=dict)

    def split(self, table: pa.Table, _: Mapping[tuple[Segment, int], object]) -> Parts[tuple[Segment, int]]:
        hours = hours_of(table.column(self.hours.timestamp), self.hours.rule)
        cells = np.where(hours < 0, -1, self.hours.calendar.cells(hours.astype("datetime64[h]")))
        rows = [(cell, np.flatnonzero(cells == cell)) for cell in np.unique(cells[cells >= 0]).tolist()]
        parts: list[tuple[tuple[Segment, int], Counts | None]] = [((WHOLE, cell), of_cell) for cell, of_cell in rows]
        problems: dict[str, str] = {}
        for segment, among in segment_rows(table, self.hours.segments, problems):
            self.seen.setdefault(segment, set()).update(np.unique(hours[among]).tolist())
            for cell, of_cell in rows:
                own = intersect_rows(of_cell, among, table.num_rows)
                if own is not None and len(own):
                    parts.append(((segment, cell), own))
        return parts, problems


def _each(batches: Iterable[Batch], callback: Callable[[Batch], None]) -> Iterator[Batch]:
    for batch in batches:
        callback(batch)
        yield batch
