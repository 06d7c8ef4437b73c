"""The reference by season: a window is compared with the mixture of the hours of the week that it spans.

An ordinary Saturday is compared with Saturdays. Each hour of the local week has a profile of its own. An hour with too
few rows, or with rows of too few weeks, shares the profile of the next coarser season that has enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from exporter.profiles.binning import Binning, Counts, Floats
from exporter.profiles.profile import Profile, merge_profiles, merged_novel
from exporter.spec.seasons import HOURS_OF_WEEK, Level

ENOUGH_ROWS: Final = 100
"""Rows that a season needs; with fewer, its own noise dominates the comparison."""
ENOUGH_WEEKS: Final = 2
"""Weeks that a season needs: one Saturday does not represent Saturdays."""


@dataclass(frozen=True, slots=True)
class Seasons:
    """The reference, divided into seasons.

    `profiles` are the seasons in use and `levels` the level of each. `season` is the index of the season of each hour
    of the week, shape (168,).
    """

    profiles: tuple[Profile, ...]
    levels: tuple[Level, ...]
    season: Counts


def divide(
    binning: Binning, by_cell: Mapping[int, Profile], weeks: Mapping[int, int], levels: Sequence[Level]
) -> Seasons:
    """Assign to each hour of the week the finest season that has enough rows of enough weeks.

    Args:
        binning: the binning of the profiles.
        by_cell: the reference's profile of each hour of the week that it has rows of, by its number, 0 to 167.
        weeks: the number of weeks of these rows.
        levels: the levels to try, the finest first; the last one is taken where none has enough.
    """
    rows = np.zeros(HOURS_OF_WEEK, np.int64)
    spans = np.zeros(HOURS_OF_WEEK, np.int64)
    for cell, profile in by_cell.items():
        rows[cell], spans[cell] = profile.rows, weeks.get(cell, 1)
    chosen = [_choose(cell, rows, spans, levels) for cell in range(HOURS_OF_WEEK)]
    used = list(dict.fromkeys(chosen))
    return Seasons(
        tuple(_total(binning, by_cell, level, group) for level, group in used),
        tuple(level for level, _ in used),
        np.array([used.index(season) for season in chosen], np.int64),
    )


def _choose(cell: int, rows: Counts, weeks: Counts, levels: Sequence[Level]) -> tuple[Level, int]:
    for level in levels[:-1]:
        members = level.groups == level.groups[cell]
        if rows[members].sum() >= ENOUGH_ROWS and weeks[members].max() >= ENOUGH_WEEKS:
            return level, int(level.groups[cell])
    return levels[-1], int(levels[-1].groups[cell])


def _total(binning: Binning, by_cell: Mapping[int, Profile], level: Level, group: int) -> Profile:
    return merge_profiles(binning, (by_cell[cell] for cell in sorted(by_cell) if level.groups[cell] == group))


def mixing_factors(rows: Floats, reference_rows: Floats) -> Floats:
    """Return the factor of each season's counts, so that their weighted sum is the reference of a window.

    The seasons are mixed in the shares of the window's rows. The mixture is as precise as a plain sample of 1 /
    sum(share^2 / rows) rows, the variance of a stratified mean (Cochran 1977, 5.5), and is scaled to that many rows.

    Args:
        rows: the window's rows of each season, shape (..., seasons), their sum above 0.
        reference_rows: the reference's rows of each season, same shape, above 0 wherever `rows` is.
    """
    shares = rows / rows.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = np.where(shares > 0, shares / reference_rows, 0.0)
    effective = 1 / (shares * weights).sum(axis=-1, keepdims=True)
    return np.asarray(effective * weights)


def mixture(seasons: Seasons, rows_by_cell: Floats) -> Profile | None:
    """Return the reference of a window whose rows are in these hours of the week.

    Args:
        seasons: the reference.
        rows_by_cell: the window's rows by hour of the week, shape (168,).

    Returns:
        A profile with fractional counts, scaled to the rows that the mixture is worth; a single season is returned
        unchanged. None when the window has rows in a season without reference rows, or has no rows.
    """
    rows: Floats = np.bincount(seasons.season, weights=rows_by_cell, minlength=len(seasons.profiles)).astype(np.float64)
    present = np.flatnonzero(rows).tolist()
    if not present or any(not seasons.profiles[index].rows for index in present):
        return None
    parts = [seasons.profiles[index] for index in present]
    if len(parts) == 1:
        return parts[0]
    factors = mixing_factors(rows[present], np.array([part.rows for part in parts], np.float64))
    return Profile(
        rows=round(sum(factor * part.rows for part, factor in zip(parts, factors.tolist(), strict=True))),
        counts=factors @ np.array([part.counts for part in parts], np.float64),
        sums=factors @ np.array([part.sums for part in parts]),
        squares=factors @ np.array([part.squares for part in parts]),
        lows=np.min([part.lows for part in parts], axis=0),
        highs=np.max([part.highs for part in parts], axis=0),
        novel=merged_novel(part.novel for part in parts),
    )
