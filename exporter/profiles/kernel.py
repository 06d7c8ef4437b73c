"""The kernel: batches of rows in, profiles out, each value touched once.

A numeric column is sorted and the edges are searched in it (sorting is vectorised and beats searching every value in
the edges by ten to one); a categorical one is counted by its codes. A column that is missing or of the wrong type fails
alone: it gets no counts, and the partition says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exporter import catalogue
from exporter.profiles.binning import NUMERIC_EXTRA, Binning, Bins, CategoricalBins, Counts, Floats, NumericBins
from exporter.profiles.columns import ColumnMismatch, category_codes, numeric_values
from exporter.profiles.profile import NOVEL_KEPT, Profile, empty, most_frequent
from exporter.sources.source import Batch

Scalar = TypeVar("Scalar", bound=np.generic)

OTHER_VERSIONS: Final = "other"
"""Where rows go once a partition names more versions than `MAX_VERSIONS`: a column of ids is not a version."""
MAX_VERSIONS: Final = 20
"""Versions that a partition tells apart; a week of them is held in memory."""

PIECE_ROWS: Final = 2**17
"""Rows of a numeric column that are sorted at a time: a megabyte, which stays in the processor's cache."""

_INFINITIES: Final = np.array([-np.inf, np.inf])
_NOVEL_FOLLOWED: Final = 10 * NOVEL_KEPT
"""New categories of a column that are followed while a partition is read; the rarest give way."""


@dataclass(frozen=True, slots=True)
class PartitionProfile:
    """What one partition comes to: a profile per model version, and the columns that could not be counted, with why."""

    versions: Mapping[str, Profile]
    problems: Mapping[str, str]

    @property
    def rows(self) -> int:
        """Rows of all versions together."""
        return sum(profile.rows for profile in self.versions.values())


@dataclass(slots=True)
class _Tally:
    """The profile of one version while it grows."""

    profile: Profile
    rows: int = 0
    novel: dict[str, dict[str, int]] = field(default_factory=dict)

    def finish(self) -> Profile:
        novel = {column: most_frequent(names, NOVEL_KEPT) for column, names in self.novel.items() if names}
        done = self.profile
        return Profile(self.rows, done.counts, done.sums, done.squares, done.lows, done.highs, novel)


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows of a batch that belong to one tally; None stands for all of them."""

    tally: _Tally
    rows: Counts | None

    def of(self, column: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        return column if self.rows is None else column[self.rows]


Parts = tuple[list[tuple[str, Counts | None]], dict[str, str]]
Split = Callable[[pa.Table, Mapping[str, object]], Parts]
"""Told a batch and the groups so far: each group in it with the positions of its rows (None for all), and problems."""


def profile_partition(batches: Iterable[Batch], binning: Binning, version_column: str | None) -> PartitionProfile:
    """Count a partition's rows, by model version.

    Counts do not depend on the order of the rows or on how they are cut into batches; sums do in their last digits,
    once a column has more than `PIECE_ROWS` or comes in several batches. Which new categories are named may depend on
    it once there are more than a thousand, and which versions are once there are more than `MAX_VERSIONS`.

    Args:
        batches: the partition's rows; see `Batch` for how wide rows are cut.
        binning: the cells to count in.
        version_column: the key column that names the model version; None counts all rows as `unknown`.

    Returns:
        Profiles that hold every row once; a column that failed has no counts in the rows in which it failed.
    """
    keys = (version_column,) if version_column else ()
    return profile_groups(batches, binning, keys, lambda table, known: _versions(table, version_column, known))


def profile_groups(batches: Iterable[Batch], binning: Binning, keys: Sequence[str], split: Split) -> PartitionProfile:
    """Count rows group by group, as `split` tells them apart from their `keys`."""
    tallies: dict[str, _Tally] = {}
    problems: dict[str, str] = {}
    for batch in batches:
        parts, why = split(batch.table, tallies)
        groups = [_Group(tallies.setdefault(name, _Tally(empty(binning))), rows) for name, rows in parts]
        if batch.first:
            problems |= _absent(batch.schema, binning, keys) | why
            for group in groups:
                group.tally.rows += batch.table.num_rows if group.rows is None else len(group.rows)
        # Every batch of a wide stretch of rows has the keys: one that is a feature too is counted in the first.
        names = [name for name in batch.table.column_names if batch.first or name not in keys]
        problems |= _count_columns(batch.table.select(names), binning, groups)
    return PartitionProfile({name: tally.finish() for name, tally in tallies.items() if tally.rows}, problems)


def _absent(schema: pa.Schema, binning: Binning, keys: Sequence[str]) -> dict[str, str]:
    wanted = [*binning.slices, *keys]
    present = set(schema.names)
    return {name: "the column is missing" for name in wanted if name not in present}


def _count_columns(table: pa.Table, binning: Binning, groups: list[_Group]) -> dict[str, str]:
    problems = {}
    for name in table.column_names:
        if name in binning.by_name:
            try:
                _count_column(table.column(name), binning.by_name[name], binning, groups)
            except ColumnMismatch as problem:
                problems[name] = str(problem)
    return problems


def _count_column(column: pa.ChunkedArray, bins: Bins, binning: Binning, groups: list[_Group]) -> None:
    if isinstance(bins, CategoricalBins):
        _count_categorical(column, bins, binning, groups)
    else:
        _count_numeric(column, bins, binning, groups)


# ------------------------------------------------------------------------------------------------ versions


def _versions(table: pa.Table, column: str | None, known: Mapping[str, object]) -> Parts:
    """The versions in a table, each with the positions of its rows, and why the column cannot say it if it cannot."""
    if column is None or column not in table.column_names:
        return [(catalogue.UNKNOWN_VERSION, None)], {}
    try:
        names, codes = category_codes(table.column(column))
    except ColumnMismatch as problem:
        return [(catalogue.UNKNOWN_VERSION, None)], {column: str(problem)}
    versions = [catalogue.UNKNOWN_VERSION if name is None else name for name in names]
    return list(_rows_by_version(versions, codes, known)), {}


def _rows_by_version(
    versions: list[str], codes: Counts, known: Mapping[str, object]
) -> Iterator[tuple[str, Counts | None]]:
    rows = np.bincount(codes, minlength=len(versions))
    present = {code: versions[code] for code in np.flatnonzero(rows).tolist()}
    fresh = {name: int(rows[code]) for code, name in present.items() if name not in known}
    told_apart = {*known, *most_frequent(fresh, max(MAX_VERSIONS - len(known), 0))}
    if len(present) == 1 and told_apart.issuperset(present.values()):
        yield next(iter(present.values())), None
        return
    named = {code: name for code, name in present.items() if name in told_apart}
    for code, name in named.items():
        yield name, np.flatnonzero(codes == code)
    if len(named) < len(present):
        yield OTHER_VERSIONS, np.flatnonzero(~np.isin(codes, list(named)))


# ------------------------------------------------------------------------------------------------ numeric


def _count_numeric(column: pa.ChunkedArray, bins: NumericBins, binning: Binning, groups: list[_Group]) -> None:
    values, nulls = numeric_values(column)
    for group in groups:
        own, profile = group.of(values), group.tally.profile
        for start in range(0, len(own), PIECE_ROWS):
            _add_piece(np.sort(own[start : start + PIECE_ROWS]), bins, binning, profile)
        if nulls is not None:
            # They were counted as NaN: to sort them with the values costs less than to take them out before.
            missing = np.count_nonzero(group.of(nulls))
            profile.counts[binning.slices[bins.name]][-NUMERIC_EXTRA:][:2] += [missing, -missing]


def _add_piece(ordered: Floats, bins: NumericBins, binning: Binning, profile: Profile) -> None:
    """Add values, ascending and NaN at the end, to a profile's arrays, in place."""
    low, numbers = np.searchsorted(ordered, _INFINITIES, side="right").tolist()
    high = int(np.searchsorted(ordered, np.inf, side="left"))
    profile.counts[binning.slices[bins.name]][-NUMERIC_EXTRA:] += [0, len(ordered) - numbers, low, numbers - high]
    if low < high:
        _add_finite(ordered[low:high], bins, binning, profile)


def _add_finite(finite: Floats, bins: NumericBins, binning: Binning, profile: Profile) -> None:
    """Add finite values, ascending and at least one, to a profile's arrays, in place."""
    cells, place = binning.slices[bins.name], binning.numeric[bins.name]
    ends = np.concatenate([[0], np.searchsorted(finite, bins.edges, side="right"), [len(finite)]])
    counts = np.diff(ends)
    occupied = np.flatnonzero(counts)
    profile.counts[cells][: len(counts)] += counts
    with np.errstate(over="ignore", invalid="ignore"):
        profile.sums[cells][occupied] += np.add.reduceat(finite, ends[occupied])
        away = finite - bins.pivot
        profile.squares[place] += np.einsum("i,i->", away, away)
    # The zero turns -0.0 into 0.0: which of the two a sort leaves first is chance.
    profile.lows[place] = min(profile.lows[place], finite[0] + 0.0)
    profile.highs[place] = max(profile.highs[place], finite[-1] + 0.0)


# ------------------------------------------------------------------------------------------------ categorical


def _count_categorical(column: pa.ChunkedArray, bins: CategoricalBins, binning: Binning, groups: list[_Group]) -> None:
    names, codes = category_codes(column)
    known = {name: place for place, name in enumerate(bins.categories)}
    new = len(known)
    places = np.array([new + 1 if name is None else known.get(name, new) for name in names], np.int64)
    for group in groups:
        rows = np.bincount(group.of(codes), minlength=len(names))
        np.add.at(group.tally.profile.counts[binning.slices[bins.name]], places, rows)
        novel = np.flatnonzero((places == new) & (rows > 0)).tolist()
        seen = {name: int(rows[position]) for position in novel if (name := names[position]) is not None}
        _follow(group.tally.novel.setdefault(bins.name, {}), seen)


def _follow(novel: dict[str, int], seen: Mapping[str, int]) -> None:
    """Add a batch's new categories to those that are followed, which stay few however many a column brings."""
    for name, rows in seen.items():
        novel[name] = novel.get(name, 0) + rows
    if len(novel) > _NOVEL_FOLLOWED:
        kept = most_frequent(novel, _NOVEL_FOLLOWED)
        novel.clear()
        novel.update(kept)
