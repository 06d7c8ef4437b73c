"""The kernel: batches of rows in, profiles out, and each value is touched once.

A numeric column is sorted, and the edges are searched in it: sorting is vectorised and ten times faster than a search
of every value in the edges. A categorical column is counted by its codes. A column that is missing or of the wrong type
fails alone: it has no counts, and the partition's problems have the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exporter.profiles.binning import NUMERIC_EXTRA, Binning, Bins, CategoricalBins, Counts, Floats
from exporter.profiles.columns import ColumnMismatch, category_codes, numeric_values
from exporter.profiles.group import WHOLE, Group, unsegmented
from exporter.profiles.grouping import UNGROUPED, Grouping
from exporter.profiles.profile import NOVEL_KEPT, Profile, empty_profile, most_frequent
from exporter.profiles.readability import Watched, newly_unreadable
from exporter.sources.near_names import missing_column
from exporter.sources.source import Batch

Scalar = TypeVar("Scalar", bound=np.generic)
K = TypeVar("K")

PIECE_ROWS: Final = 2**17
"""Rows of a numeric column that are sorted at a time: a megabyte, which stays in the processor's cache."""

_INFINITIES: Final = np.array([-np.inf, np.inf])
NOVEL_TRACKED: Final = 10 * NOVEL_KEPT
"""New categories of a column that are tracked while a partition is read; the rarest are dropped."""
LINES: Final = ""
"""Stands for a column in the problems: lines of a file that cannot be read, and so have no column."""


@dataclass(frozen=True, slots=True)
class PartitionProfile:
    """The counts of one partition: a profile per group, and the columns that could not be counted, with the reason.

    Lines that cannot be read are rows of the largest group, in which no column can be read; their reason is that of
    `LINES`. Segments are counted in the binning's `coarse` cells.
    """

    groups: Mapping[Group, Profile]
    problems: Mapping[str, str]

    @property
    def rows(self) -> int:
        """Rows of all groups together."""
        return sum(self.groups[group].rows for group in unsegmented(self.groups))


@dataclass(slots=True)
class _Tally:
    """The profile of one group while it grows, and its binning."""

    binning: Binning
    profile: Profile
    rows: int = 0
    novel: dict[str, dict[str, int]] = field(default_factory=dict)
    unreadable: Counter[str] = field(default_factory=Counter)

    def finish(self, named: int) -> Profile:
        novel = {column: most_frequent(names, named) for column, names in self.novel.items() if names}
        return replace(self.profile, rows=self.rows, novel=novel, unreadable=dict(self.unreadable))


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of a batch that belong to one tally; None stands for all of them."""

    tally: _Tally
    rows: Counts | None

    def of(self, column: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        return column if self.rows is None else column[self.rows]


Parts = tuple[list[tuple[K, Counts | None]], dict[str, str]]
"""The groups in a batch, each with the positions of its rows (None for all), and problems."""


@dataclass(frozen=True, slots=True)
class Splitting(Generic[K]):
    """How rows are split into groups.

    `keys` are the columns that it needs. `split` gives the groups of a batch, and receives those found so far. `cells`
    is the binning of each group. `watched` are the columns for which unreadable rows are counted.
    """

    keys: Sequence[str]
    split: Callable[[pa.Table, Mapping[K, object]], Parts[K]]
    cells: Callable[[K], Binning]
    watched: Sequence[Watched] = ()


def profile_partition(
    batches: Iterable[Batch], binning: Binning, grouping: Grouping = UNGROUPED, named: int = NOVEL_KEPT
) -> PartitionProfile:
    """Count a partition's rows, by group.

    Counts do not depend on the order of the rows or on how they are cut into batches. Sums do in their last digits,
    once a column has more than `PIECE_ROWS` rows or comes in several batches. The choice of new categories that are
    named may depend on it when there are more than a thousand, and the choice of versions when there are more than
    `MAX_VERSIONS`.

    Args:
        batches: the partition's rows; see `Batch` for how wide rows are cut.
        binning: the cells to count in.
        grouping: the key columns of groups; without them all rows have the version `unknown`.
        named: new categories of a column that a profile names: more than `NOVEL_KEPT` only where profiles of pieces are
            merged before they are saved.

    Returns:
        Profiles that hold every row once, and those of segments once more. A column that failed has no counts in the
        rows in which it failed.
    """
    cells = partial(group_binning, binning)
    splitting = Splitting(grouping.keys, grouping.split, cells, grouping.watched)
    return PartitionProfile(*profile_groups(batches, binning, splitting, named))


def group_binning(binning: Binning, group: Group) -> Binning:
    """Return the binning in which a group is counted."""
    return binning if group.segment == WHOLE else binning.coarse


def profile_groups(
    batches: Iterable[Batch], binning: Binning, splitting: Splitting[K], named: int = NOVEL_KEPT
) -> tuple[dict[K, Profile], dict[str, str]]:
    """Return profiles of the groups that have rows, and the columns that could not be counted, with the reason.

    Args:
        batches: the rows.
        binning: the columns to count.
        splitting: how rows are split into groups.
        named: new categories of a column that a profile names.
    """
    tallies: dict[K, _Tally] = {}
    problems: dict[str, str] = {}
    lost = 0
    for batch in batches:
        if batch.unreadable:
            problems[LINES] = batch.unreadable
            lost += batch.table.num_rows
            continue
        parts_by_key, split_problems = splitting.split(batch.table, tallies)
        for key, _ in parts_by_key:
            if key not in tallies:
                cells = splitting.cells(key)
                tallies[key] = _Tally(cells, empty_profile(cells))
        parts = [_Part(tallies[key], rows) for key, rows in parts_by_key]
        if batch.first:
            problems |= _absent(batch.schema, binning, splitting.keys) | split_problems
        # Wide rows come in several batches that all have the keys: a key that is a feature is counted in the first.
        names = [name for name in batch.table.column_names if batch.first or name not in splitting.keys]
        failed = _count_columns(batch.table.select(names), binning, parts) | dict(batch.problems)
        problems |= failed
        _count_rows(batch, newly_unreadable(batch, splitting.watched, failed), parts)
    if lost and splitting.watched:
        _count_lost(lost, splitting, tallies)
    return {key: tally.finish(named) for key, tally in tallies.items() if tally.rows}, problems


def _count_lost(rows: int, splitting: Splitting[K], tallies: dict[K, _Tally]) -> None:
    """Count rows of which nothing can be read: in the group that has most of the others, which it hardly changes.

    A group of their own would look like a version without any column, and page for a handful of lines.
    """
    key = max(tallies, key=lambda each: tallies[each].rows, default=None)  # the whole is before its segments
    if key is None:
        ((key, _),) = splitting.split(pa.table({"": pa.nulls(rows)}), {})[0]
        cells = splitting.cells(key)
        tallies[key] = _Tally(cells, empty_profile(cells))
    tallies[key].rows += rows
    tallies[key].unreadable.update(dict.fromkeys((name for name, _ in splitting.watched), rows))


def _count_rows(batch: Batch, unreadable: Iterable[str], parts: Iterable[_Part]) -> None:
    for part in parts:
        rows = batch.table.num_rows if part.rows is None else len(part.rows)
        part.tally.rows += rows if batch.first else 0
        part.tally.unreadable.update(dict.fromkeys(unreadable, rows) if rows else {})


def _absent(schema: pa.Schema, binning: Binning, keys: Sequence[str]) -> dict[str, str]:
    wanted = [*binning.slices, *keys]
    names = tuple(schema.names)
    present = set(names)
    return {name: missing_column(name, names) for name in wanted if name not in present}


def _count_columns(table: pa.Table, binning: Binning, parts: list[_Part]) -> dict[str, str]:
    problems = {}
    for name in table.column_names:
        if name in binning.by_name:
            try:
                _count_column(table.column(name), binning.by_name[name], parts)
            except ColumnMismatch as problem:
                problems[name] = str(problem)
    return problems


def _count_column(column: pa.ChunkedArray, bins: Bins, parts: list[_Part]) -> None:
    if isinstance(bins, CategoricalBins):
        _count_categorical(column, bins, parts)
    else:
        _count_numeric(column, bins.name, parts)


# ------------------------------------------------------------------------------------------------ numeric


def _count_numeric(column: pa.ChunkedArray, name: str, parts: list[_Part]) -> None:
    values, nulls = numeric_values(column)
    for part in parts:
        own, tally = part.of(values), part.tally
        for start in range(0, len(own), PIECE_ROWS):
            _add_piece(np.sort(own[start : start + PIECE_ROWS]), name, tally.binning, tally.profile)
        if nulls is not None:
            # They were counted as NaN: sorting them with the values is cheaper than removing them first.
            missing = np.count_nonzero(part.of(nulls))
            tally.profile.counts[tally.binning.slices[name]][-NUMERIC_EXTRA:][:2] += [missing, -missing]


def _add_piece(ordered: Floats, name: str, binning: Binning, profile: Profile) -> None:
    """Add values, ascending and NaN at the end, to a profile's arrays, in place."""
    low, numbers = np.searchsorted(ordered, _INFINITIES, side="right").tolist()
    high = int(np.searchsorted(ordered, np.inf, side="left"))
    profile.counts[binning.slices[name]][-NUMERIC_EXTRA:] += [0, len(ordered) - numbers, low, numbers - high]
    if low < high:
        _add_finite(ordered[low:high], name, binning, profile)


def _add_finite(finite: Floats, name: str, binning: Binning, profile: Profile) -> None:
    """Add finite values, ascending and at least one, to a profile's arrays, in place."""
    bins, cells, position = binning.numeric_bins(name), binning.slices[name], binning.numeric[name]
    ends = np.concatenate([[0], np.searchsorted(finite, bins.edges, side="right"), [len(finite)]])
    counts = np.diff(ends)
    occupied = np.flatnonzero(counts)
    profile.counts[cells][: len(counts)] += counts
    with np.errstate(over="ignore", invalid="ignore"):
        profile.sums[cells][occupied] += np.add.reduceat(finite, ends[occupied])
        away = finite - bins.pivot
        profile.squares[position] += np.einsum("i,i->", away, away)
    # Adding zero turns -0.0 into 0.0: their order after a sort is arbitrary.
    profile.lows[position] = min(profile.lows[position], finite[0] + 0.0)
    profile.highs[position] = max(profile.highs[position], finite[-1] + 0.0)


# ------------------------------------------------------------------------------------------------ categorical


def _count_categorical(column: pa.ChunkedArray, bins: CategoricalBins, parts: list[_Part]) -> None:
    names, codes = category_codes(column)
    cells, new = bins.cells_of(names), len(bins.categories)
    for part in parts:
        tally, rows = part.tally, np.bincount(part.of(codes), minlength=len(names))
        np.add.at(tally.profile.counts[tally.binning.slices[bins.name]], cells, rows)
        novel = np.flatnonzero((cells == new) & (rows > 0)).tolist()
        counted = {name: int(rows[position]) for position in novel if (name := names[position]) is not None}
        _track(tally.novel.setdefault(bins.name, {}), counted)


def _track(novel: dict[str, int], seen: Mapping[str, int]) -> None:
    """Add a batch's new categories to those that are tracked, and limit their number."""
    for name, rows in seen.items():
        novel[name] = novel.get(name, 0) + rows
    if len(novel) > NOVEL_TRACKED:
        most = most_frequent(novel, NOVEL_TRACKED)
        novel.clear()
        novel.update(most)
