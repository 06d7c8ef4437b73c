"""Counts and sums of rows under a binning: every statistic is computed from them.

Profiles of the same binning merge by addition: a window, a day and a season of the reference are sums of profiles.
Counts are exact under any merging. Sums are floating-point and are always merged in the order of time, so that the same
partitions give the same bits.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

import numpy as np

from exporter.profiles.binning import Binning, CategoricalBins, Counts, Floats, Rows

NOVEL_KEPT: Final = 100
"""New categories that a profile names, for each column; all are counted, the others without a name."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts and sums of some rows.

    `counts` and `sums` have one entry per cell of the binning (a sum is 0 where the cell is not a bin of finite
    values). `squares` (about the pivot), `lows` and `highs` have one per numeric column (`inf` and `-inf` where it has
    no finite value). `novel` names the most frequent new categories of each column. `unreadable` has the rows
    of files in which a watched column could not be read, for each column that has such rows. Counts are whole numbers,
    except in a mixture of seasons.
    """

    rows: int
    counts: Rows
    sums: Floats
    squares: Floats
    lows: Floats
    highs: Floats
    novel: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unreadable: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Profile) -> Profile:
        """Return the profile of both sets of rows together; their binnings must be equal."""
        with np.errstate(over="ignore", invalid="ignore"):
            return Profile(
                self.rows + other.rows,
                self.counts + other.counts,
                self.sums + other.sums,
                self.squares + other.squares,
                np.minimum(self.lows, other.lows),
                np.maximum(self.highs, other.highs),
                _merge_novel(self.novel, other.novel),
                _sum_rows(self.unreadable, other.unreadable),
            )


def empty_profile(binning: Binning) -> Profile:
    """Return the profile of no rows: adding it changes nothing."""
    columns = len(binning.numeric)
    return Profile(
        rows=0,
        counts=np.zeros(binning.cells, np.int64),
        sums=np.zeros(binning.cells),
        squares=np.zeros(columns),
        lows=np.full(columns, np.inf),
        highs=np.full(columns, -np.inf),
    )


def merge_profiles(binning: Binning, profiles: Iterable[Profile]) -> Profile:
    """Return the profile of all the rows together; without profiles, the empty one."""
    return reduce(Profile.__add__, profiles, empty_profile(binning))


def _sum_rows(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {**left, **{column: rows + left.get(column, 0) for column, rows in right.items()}}


def _merge_novel(
    left: Mapping[str, Mapping[str, int]], right: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    merged = {column: dict(names) for column, names in left.items()}
    for column, names in right.items():
        own = merged.setdefault(column, {})
        for name, rows in names.items():
            own[name] = own.get(name, 0) + rows
        merged[column] = most_frequent(own, NOVEL_KEPT)
    return merged


def merged_novel(parts: Iterable[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    """Return the new categories of all parts together."""
    return reduce(_merge_novel, parts, {})


def most_frequent(counts: Mapping[str, int], limit: int) -> dict[str, int]:
    """Return the entries with the greatest counts, at most `limit`, in decreasing order, ties in the order of names."""
    ranked = heapq.nsmallest(limit, counts, key=lambda name: (-counts[name], name))
    return {name: counts[name] for name in ranked}


@dataclass(frozen=True, slots=True)
class NumericColumn:
    """One numeric column of a profile.

    `bins` and `sums` are per fine bin of the finite values (k + 1 of them, for k `edges`). `low` and `high` are the
    smallest and the largest finite value (`inf` and `-inf` without any).
    """

    edges: Floats
    deciles: Counts
    bins: Rows
    sums: Floats
    nulls: float
    nans: float
    low_infinities: float
    high_infinities: float
    low: float
    high: float
    squares: float
    pivot: float

    @property
    def finite(self) -> float:
        """Rows with a finite value."""
        return float(self.bins.sum())

    @property
    def rows(self) -> float:
        """Rows in which the column is present, nulls included."""
        return self.finite + self.missing + self.low_infinities + self.high_infinities

    @property
    def missing(self) -> float:
        """Rows that are null or NaN."""
        return self.nulls + self.nans

    @property
    def comparable(self) -> float:
        """Rows with a value, finite or not."""
        return self.rows - self.missing

    @property
    def ordered(self) -> Rows:
        """Rows per fine bin, with infinities in the outermost: all values that have an order. Shape (k + 1,)."""
        counts = self.bins.copy()
        counts[0] += self.low_infinities
        counts[-1] += self.high_infinities
        return counts

    @property
    def cells(self) -> Rows:
        """PSI's cells: rows between the reference's deciles, with open ends, then the missing ones. At most 22."""
        starts = np.concatenate([[0], self.deciles + 1])
        return np.append(np.add.reduceat(self.ordered, starts), self.missing)

    @property
    def psi_cells(self) -> Rows:
        """The cells of a feature's PSI: all of them."""
        return self.cells

    def up_to(self, ends: Floats) -> Floats:
        """Return the rows at or below values that are edges, in their order, with infinities."""
        rows = np.cumsum(self.ordered, dtype=np.float64)
        return rows[np.searchsorted(self.edges, ends)]

    @property
    def out_of_range(self) -> float:
        """Rows below the reference's smallest value or above its largest, infinities included."""
        ordered = self.ordered
        return float(ordered[0] + ordered[-1])

    @property
    def mean(self) -> float:
        """Mean of the finite values; NaN without any, not finite when their sum is too large for a float."""
        with np.errstate(over="ignore", invalid="ignore"):
            return float(self.sums.sum()) / self.finite if self.finite else math.nan

    @property
    def variance(self) -> float:
        """Variance (divisor n) of the finite values, from squares about the pivot; never negative.

        0 for a constant, exactly; NaN without any finite value, or when their squares are too large for a float.
        """
        if self.low >= self.high:
            return 0.0 if self.finite else math.nan
        with np.errstate(over="ignore", invalid="ignore"):
            variance = float(self.squares / self.finite - np.square(self.mean - self.pivot))
        return max(variance, 0.0) if math.isfinite(variance) else math.nan

    @property
    def stddev(self) -> float:
        """Standard deviation (divisor n) of the finite values; NaN without any."""
        return math.sqrt(self.variance)


@dataclass(frozen=True, slots=True)
class CategoricalColumn:
    """One categorical column of a profile; `known` are the rows of each of the reference's categories."""

    known: Rows
    new: float
    nulls: float
    novel: Mapping[str, int]

    @property
    def rows(self) -> float:
        """Rows in which the column is present, nulls included."""
        return float(self.known.sum()) + self.new + self.nulls

    @property
    def missing(self) -> float:
        """Rows that are null."""
        return self.nulls

    @property
    def cells(self) -> Rows:
        """All cells: rows per category, then the new ones together, then the nulls."""
        return np.append(self.known, [self.new, self.nulls])

    @property
    def psi_cells(self) -> Rows:
        """The cells of a feature's PSI: rows per category, then the nulls, without the new ones."""
        return np.append(self.known, self.nulls)


def numeric_column(profile: Profile, binning: Binning, name: str) -> NumericColumn:
    """Return a numeric column of a profile.

    Raises:
        KeyError: when the binning has no such column.
        TypeError: when the column is not numeric.
    """
    bins = binning.numeric_bins(name)
    cells, position = binning.slices[name], binning.numeric[name]
    counts, split = profile.counts[cells], len(bins.edges) + 1
    nulls, nans, low, high = counts[split:].tolist()
    return NumericColumn(
        edges=bins.edges,
        deciles=bins.deciles,
        bins=counts[:split],
        sums=profile.sums[cells][:split],
        nulls=nulls,
        nans=nans,
        low_infinities=low,
        high_infinities=high,
        low=float(profile.lows[position]),
        high=float(profile.highs[position]),
        squares=float(profile.squares[position]),
        pivot=bins.pivot,
    )


def categorical_column(profile: Profile, binning: Binning, name: str) -> CategoricalColumn:
    """Return a categorical column of a profile.

    Raises:
        KeyError: when the binning has no such column.
        TypeError: when the column is not categorical.
    """
    bins = binning.by_name[name]
    if not isinstance(bins, CategoricalBins):
        raise TypeError(f"{name} is not categorical")
    counts = profile.counts[binning.slices[name]]
    new, nulls = counts[-2:].tolist()
    return CategoricalColumn(counts[:-2], new, nulls, profile.novel.get(name, {}))
