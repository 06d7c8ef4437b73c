"""The reference: what windows are compared with, and from which the binning is made.

It is read twice, once for the edges and once for the counts, and then kept in the store: it is read again only when its
source or the spec changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from exporter.errors import ReferenceUnusable
from exporter.profiles.binning import Binning, Bins, Counts, Floats, categorical_bins, numeric_bins
from exporter.profiles.columns import ColumnMismatch, category_codes, numeric_values
from exporter.profiles.group import WHOLE, Segment
from exporter.profiles.grouping import both, segment_rows
from exporter.profiles.history import History, HistoryBuilder, hours_of
from exporter.profiles.kernel import Parts, Splitting, profile_groups
from exporter.profiles.profile import Profile, most_frequent
from exporter.profiles.seasonal import Seasons, divide
from exporter.sources.source import Batch, Selection
from exporter.spec.seasons import Calendar, Level

SAMPLE_ROWS: Final = 200_000
"""Values of a numeric column from which the edges are taken; a larger reference is sampled, its counts stay exact."""
SAMPLE_VALUES: Final = 20_000_000
"""Values of all numeric columns together that are held for the edges: a wide reference is sampled more thinly."""
MAX_DISTINCT: Final = 200_000
"""Distinct categories of a column that are followed while a reference is read; the rarest give way."""


@dataclass(frozen=True)
class HourProfiles:
    """The profile of each hour of the local week that has rows, by its number, and of how many weeks these rows are."""

    by_cell: Mapping[int, Profile]
    weeks: Mapping[int, int]

    @property
    def rows(self) -> int:
        """Rows of all hours together."""
        return sum(profile.rows for profile in self.by_cell.values())


@dataclass(frozen=True)
class Reference:
    """What windows are compared with.

    `by_cell` holds the profile of each hour of the local week that has rows, by its number, and `weeks` of how many
    weeks these are; a reference without timestamps has one, under 0. `levels` are the seasons to tell apart, the finest
    first. `stretches` say, by window and column, how much more the reference's own weeks differ than sampling explains
    (see `exporter.statistics.dispersion`). `problems` names the columns that the reference could not give, with why;
    they are not compared.
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
        """The same of each segment: one with fewer rows has coarser seasons."""
        return {
            segment: divide(self.binning.coarse, part.by_cell, part.weeks, self.levels)
            for segment, part in self.segments.items()
        }


@dataclass(frozen=True)
class ByHour:
    """A reference's rows, counted by hour of the local week.

    `segments` are those of which the reference has any row; `history` is the whole hour by hour, None when no row has a
    time.
    """

    by_cell: Mapping[int, Profile]
    segments: Mapping[Segment, HourProfiles]
    history: History | None


def profile_by_hour(
    batches: Iterable[Batch],
    binning: Binning,
    timestamp: str,
    calendar: Calendar,
    segments: Mapping[str, tuple[str, ...]] | None = None,
) -> ByHour:
    """Count a reference's rows by hour of the local week, and hour by hour for what its weeks can teach.

    Args:
        batches: the reference's rows, with the timestamps and the segments' columns as keys.
        binning: the cells to count in.
        timestamp: the column of times; rows without one are left out.
        calendar: the model's.
        segments: the columns of segments, with the values that have one.

    Raises:
        ReferenceUnusable: when the column is missing or holds no times.
    """
    history = HistoryBuilder(binning, timestamp)
    by_hour = _HourSplit(timestamp, calendar, segments or {})
    splitting = Splitting(
        (timestamp, *by_hour.values), by_hour.split, lambda part: binning if part[0] == WHOLE else binning.coarse
    )
    try:
        profiles, _ = profile_groups(_each(batches, history.add), binning, splitting)
    except (ColumnMismatch, KeyError) as problem:
        raise ReferenceUnusable(f"column {timestamp} of the reference: {problem}") from problem
    found: dict[Segment, dict[int, Profile]] = {WHOLE: {}}
    for (segment, cell), profile in profiles.items():
        found.setdefault(segment, {})[cell] = profile
    whole = found.pop(WHOLE)
    return ByHour(
        whole, {each: HourProfiles(found[each], by_hour.weeks(each)) for each in sorted(found)}, history.finish()
    )


@dataclass(frozen=True)
class _HourSplit:
    """Tells rows apart by segment and hour of the local week, and remembers in which hours a segment had rows."""

    timestamp: str
    calendar: Calendar
    values: Mapping[str, tuple[str, ...]]
    seen: dict[Segment, set[int]] = field(default_factory=dict)

    def split(self, table: pa.Table, _: Mapping[tuple[Segment, int], object]) -> Parts[tuple[Segment, int]]:
        hours = hours_of(table.column(self.timestamp))
        cells = np.where(hours < 0, -1, self.calendar.cells(hours.astype("datetime64[h]")))
        rows = [(cell, np.flatnonzero(cells == cell)) for cell in np.unique(cells[cells >= 0]).tolist()]
        parts: list[tuple[tuple[Segment, int], Counts | None]] = [((WHOLE, cell), found) for cell, found in rows]
        problems: dict[str, str] = {}
        for segment, among in segment_rows(table, self.values, problems):
            self.seen.setdefault(segment, set()).update(np.unique(hours[among]).tolist())
            for cell, found in rows:
                own = both(found, among, table.num_rows)
                if own is not None and len(own):
                    parts.append(((segment, cell), own))
        return parts, problems

    def weeks(self, segment: Segment) -> dict[int, int]:
        """Of how many weeks a segment's rows are, by hour of the week."""
        hours = np.array(sorted(hour for hour in self.seen[segment] if hour >= 0), np.int64)
        cells, weeks = np.unique(self.calendar.cells(hours.astype("datetime64[h]")), return_counts=True)
        return dict(zip(cells.tolist(), weeks.tolist(), strict=True))


def _each(batches: Iterable[Batch], tell: Callable[[Batch], None]) -> Iterator[Batch]:
    for batch in batches:
        tell(batch)
        yield batch


def build_binning(
    batches: Iterable[Batch], selection: Selection, category_limit: int
) -> tuple[Binning, dict[str, str]]:
    """The cells in which a model's columns will be counted.

    Args:
        batches: the reference's rows. The same batches in the same order give the same cells; while a column fits in
            its sample, so do the same rows in any.
        selection: its numeric and categorical columns, in the order of the spec.
        category_limit: how many categories of a column are told apart.

    Returns:
        The binning of the columns that the reference has, and why it lacks the others.

    Raises:
        ReferenceUnusable: when no column can be compared.
    """
    sample_rows = min(SAMPLE_ROWS, SAMPLE_VALUES // max(len(selection.numeric), 1))
    columns: dict[str, _Numbers | _Categories] = {name: _Numbers(sample_rows) for name in selection.numeric}
    columns |= {name: _Categories(category_limit) for name in selection.categorical}
    problems: dict[str, str] = {}
    for batch in batches:
        present = set(batch.schema.names)
        problems |= {name: "the reference has no such column" for name in columns if name not in present}
        problems |= _add(batch.table, columns)
    bins = {name: column.bins(name) for name, column in columns.items() if name not in problems}
    problems |= {name: "the reference has no value in this column" for name, made in bins.items() if made is None}
    usable = tuple(made for made in bins.values() if made is not None)
    if not usable:
        raise unusable(problems)
    return Binning(usable), problems


def _add(table: pa.Table, columns: Mapping[str, _Numbers | _Categories]) -> dict[str, str]:
    problems = {}
    for name in table.column_names:
        if name in columns:
            try:
                columns[name].add(table.column(name))
            except ColumnMismatch as problem:
                problems[name] = f"in the reference {problem}"
    return problems


def unusable(problems: Mapping[str, str]) -> ReferenceUnusable:
    """What to raise when no column can be compared: each reason once, with the columns that it is the reason of."""
    reasons: dict[str, list[str]] = {}
    for column, why in problems.items():
        reasons.setdefault(why, []).append(column)
    told = "; ".join(f"{why} ({', '.join(names)})" for why, names in sorted(reasons.items()))
    return ReferenceUnusable(f"the reference has none of the features: {told}")


@dataclass(slots=True)
class _Numbers:
    """What is known of a numeric column while it is read: extremes, sum, and a sample of at most `limit` values."""

    limit: int
    sample: Floats = field(default_factory=lambda: np.empty(0))
    generator: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    rows: int = 0
    total: float = 0.0
    low: float = np.inf
    high: float = -np.inf

    def add(self, column: pa.ChunkedArray) -> None:
        values, _ = numeric_values(column)
        finite = np.sort(values[np.isfinite(values)])  # in order, or the last digits of the sum would be chance
        if len(finite):
            self.low, self.high = min(self.low, float(finite[0])), max(self.high, float(finite[-1]))
            with np.errstate(over="ignore", invalid="ignore"):
                self.total += float(finite.sum())
            self._draw(finite)
            self.rows += len(finite)

    def _draw(self, values: Floats) -> None:
        """Keep every value seen so far with equal chance (reservoir sampling, Vitter 1985, algorithm R)."""
        room = max(self.limit - self.rows, 0)
        self.sample = np.concatenate([self.sample, values[:room]])
        rest = values[room:]
        seen = np.arange(self.rows + room, self.rows + len(values)) + 1
        places = (self.generator.random(len(rest)) * seen).astype(np.int64)
        kept = places < self.limit
        self.sample[places[kept]] = rest[kept]

    def bins(self, name: str) -> Bins | None:
        if not self.rows:
            return None
        mean = self.total / self.rows
        return numeric_bins(name, self.sample, self.low, self.high, mean if np.isfinite(mean) else 0.0)


@dataclass(slots=True)
class _Categories:
    """The categories of a column and how often each was seen."""

    limit: int
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, column: pa.ChunkedArray) -> None:
        names, codes = category_codes(column)
        rows = np.bincount(codes, minlength=len(names)).tolist()
        for name, count in zip(names, rows, strict=True):
            if name is not None and count:
                self.counts[name] = self.counts.get(name, 0) + count
        if len(self.counts) > MAX_DISTINCT:
            self.counts = most_frequent(self.counts, MAX_DISTINCT // 2)

    def bins(self, name: str) -> Bins | None:
        return categorical_bins(name, self.counts, self.limit) if self.counts else None
