"""Overdispersion of the reference: how much more its own weeks differ than sampling explains.

Textbook noise assumes that rows are independent and that weeks are alike. But users return, and campaigns start and
end: where 40 users make 10 rows each, a test at 1 % is wrong half of the time. So each past window of the reference is
compared with the *other* weeks by the statistic that later compares new windows, and the noise is stretched until it
covers the observed values (the scale of Rao & Scott 1981, estimated from the windows themselves). Only the highest
window of each day counts: the hours of a day move together, so a day that moves as a whole is one observation, not 24.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from exporter.reference.history import History, HourlyColumn
from exporter.reference.seasonal import mixing_factors
from exporter.spec.seasons import HOURS_OF_WEEK
from exporter.statistics.drift import many_effective_cells, population_stability_indices

Values = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

WEEK: Final = HOURS_OF_WEEK
FEWEST_WEEKS: Final = 3
"""The fewest weeks for a fit: two weeks compared with each other say little about either."""
_FAR: Final = 1e-5
"""The probability at which noise is stretched: one false alarm in two thousand windows, shared by 50 features."""
_DAILY: Final = 24
"""Windows that end on the same day."""
_RESTLESS: Final = 0.005
"""How often a weekday may exceed its own level: its few days say nothing about rarer events."""

Stretch = tuple[float, ...]
"""The factor for the noise of a squared deviation (1 or more) on each weekday, Monday first."""


@dataclass(frozen=True, slots=True)
class _PastWindows:
    """Windows of the reference, and the other weeks that each is compared with.

    `starts` and `ends` are positions of hours, (windows,). `day` is the number of the local day in which a window ends,
    (windows,), and `weekday` the weekday of each day, (days,). `pair` is the (week, season) of each hour, numbered from
    0, (hours,). `factors` is the weight of each pair's rows in a window's comparison, (windows, pairs): 0 for the weeks
    that the window touches.
    """

    starts: Indices
    ends: Indices
    day: Indices
    weekday: Indices
    pair: Indices
    factors: Values


def fit_stretches(
    history: History, cells: Indices, season: Indices, hours: int, means: Collection[str]
) -> dict[str, Stretch]:
    """Fit the stretch of each column's noise, for windows of one length.

    Args:
        history: the reference, hour by hour.
        cells: the hour of the local week of each of its hours, (hours,).
        season: the season of each hour of the week, (168,).
        hours: the length of the windows.
        means: the columns whose mean is compared too; see `mean_of`.

    Returns:
        The stretch of each column; empty when the history has fewer than `FEWEST_WEEKS` weeks besides the windows.
    """
    windows = _past_windows(history.rows.astype(np.float64), cells, season, hours)
    if windows is None:
        return {}
    columns = history.columns
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # ratios that are not finite are left out
        ratios = {name: _psi_ratios(column, windows) for name, column in columns.items()}
        ratios |= {mean_of(name): _mean_ratios(columns[name], windows) for name in means if name in columns}
    return {name: _stretches(*both, windows) for name, both in ratios.items()}


def mean_of(column: str) -> str:
    """The key of the stretch of a column's mean; the key of its PSI's stretch is the column itself."""
    return f"mean of {column}"


def _past_windows(rows: Values, cells: Indices, season: Indices, hours: int) -> _PastWindows | None:
    """Windows of a length that end every eighth of it, or every hour, with the weeks that each is compared with."""
    if len(rows) < (FEWEST_WEEKS - 1) * WEEK + max(hours, WEEK // 2):
        return None
    week, season = np.arange(len(rows)) // WEEK, season[cells]
    ends = np.arange(hours, len(rows) + 1, max(hours // 8, 1))
    starts = ends - hours
    pairs, pair = np.unique(week * WEEK + season, return_inverse=True)
    week_of, season_of = pairs // WEEK, pairs % WEEK
    other = (week_of < week[starts][:, None]) | (week_of > week[ends - 1][:, None])
    by_pair = np.bincount(pair, rows, len(pairs))
    in_season = np.equal.outer(season_of, np.arange(WEEK)).astype(np.float64)
    others = (other * by_pair) @ in_season
    each = np.zeros((len(rows) + 1, WEEK))
    each[np.arange(1, len(rows) + 1), season] = rows
    running = np.cumsum(each, axis=0)
    inside = running[ends] - running[starts]
    usable = (inside.sum(axis=1) > 0) & ~((inside > 0) & (others <= 0)).any(axis=1)
    if not usable.any():
        return None
    factors = mixing_factors(inside[usable], others[usable])[:, season_of] * other[usable]
    begins = np.diff(cells % 24, prepend=24) < 0
    day = np.cumsum(begins) - 1
    return _PastWindows(starts[usable], ends[usable], day[ends[usable] - 1], cells[begins] // 24, pair, factors)


def _compared(values: npt.NDArray[np.number], windows: _PastWindows) -> tuple[Values, Values]:
    """Sum hourly values over each past window, and over the other weeks that it is compared with."""
    hourly = values.reshape(len(values), -1).astype(np.float64)
    running = np.concatenate([np.zeros((1, hourly.shape[1])), np.cumsum(hourly, axis=0)])
    by_pair = np.zeros((windows.factors.shape[1], hourly.shape[1]))
    np.add.at(by_pair, windows.pair, hourly)
    return running[windows.ends] - running[windows.starts], windows.factors @ by_pair


def _psi_ratios(column: HourlyColumn, windows: _PastWindows) -> tuple[Values, Values]:
    """The PSI of each past window in units of 1/n + 1/m, and the degrees of freedom of its law."""
    now, before = _compared(column.cells, windows)
    unit = 1 / now.sum(axis=1) + 1 / before.sum(axis=1)
    return population_stability_indices(before, now) / unit, many_effective_cells(before, now) - 1


def _mean_ratios(column: HourlyColumn, windows: _PastWindows) -> tuple[Values, Values]:
    """The squared mean shift of each past window, in units of the others' variance and 1/n + 1/m; one degree each."""
    sides = [_compared(values, windows) for values in (column.finite, column.sums, column.squares)]
    (n, m), (now, before), (_, squares) = ((left[:, 0], right[:, 0]) for left, right in sides)
    variance = np.maximum(squares / m - np.square(before / m), 0)
    return np.square(now / n - before / m) / (variance * (1 / n + 1 / m)), np.ones(len(n))


def _stretches(ratios: Values, freedom: Values, windows: _PastWindows) -> Stretch:
    """The stretch of each weekday: its own, or that of quiet days if that is greater.

    For independent rows each of the `ratios` has the mean `freedom`.

    The stretch of quiet days leaves out the two days in a row with the highest ratios (a weekend; a Monday and the
    windows that reach into the next day), which would raise the thresholds of all other days.
    """
    known = np.isfinite(ratios) & (freedom > 0)
    if not known.any():
        return (1.0,) * 7
    highest, weekday = _highest(ratios[known] / freedom[known], windows.day[known], windows.weekday)
    pairs = [(weekday == day) | (weekday == (day + 1) % 7) for day in range(7)]
    quiet = min(_highest_day(highest[~pair], _DAILY * _FAR) for pair in pairs)
    law = float(freedom[known].mean())
    far = float(special.gammainccinv(law / 2, _FAR)) * 2 / law
    days = (_highest_day(highest[weekday == day], _RESTLESS) for day in range(7))
    return tuple(max(1.0, quiet / far, day / far) for day in days)


def _highest(ratios: Values, day: Indices, weekday: Indices) -> tuple[Values, Indices]:
    """The highest ratio of each day that has any, and its weekday."""
    highest = np.full(len(weekday), -np.inf)
    np.maximum.at(highest, day, ratios)
    seen = np.isfinite(highest)
    return highest[seen], weekday[seen]


def _highest_day(highest: Values, q: float) -> float:
    """The level that the highest window of another day exceeds with probability `q`, from `highest` of a few days.

    The maximum of many windows follows Gumbel's law (1958), whatever the law of a single window. Gumbel's law is fitted
    to the square roots, which are shifts, by their mean and standard deviation. It is widened by the factor by which
    Student's t widens the prediction limit of a normal law whose mean and deviation come from equally few days. With
    fewer than `FEWEST_WEEKS` days the level is 0.
    """
    k = len(highest)
    if k < FEWEST_WEEKS:
        return 0.0
    roots = np.sqrt(highest)
    gumbel = (-math.log(-math.log1p(-q)) - np.euler_gamma) * math.sqrt(6) / math.pi
    wider = special.stdtrit(k - 1, 1 - q) / special.ndtri(1 - q) * math.sqrt(1 + 1 / k)
    return float(roots.mean() + roots.std(ddof=1) * gumbel * wider) ** 2
