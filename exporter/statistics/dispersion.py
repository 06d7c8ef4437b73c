"""How much more the reference's own weeks differ from each other than sampling alone explains.

Textbook noise assumes that rows are independent and that one week is like the next. Users come back, campaigns come and
go: where 40 users give 10 rows each, a test at 1 % is wrong half of the time. So each past window of the reference is
scored against the *other* weeks, by the statistic that will judge the present, and the noise is stretched until it
covers what was seen (the scale of Rao & Scott 1981, estimated from the windows themselves). What counts is each day's
highest window: hours of a day move together, and a day that moves as a whole is one observation, not 24.
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
"""Weeks below which nothing is learned: one week against one other says little of either."""
_FAR: Final = 1e-5
"""The probability for which noise is stretched: that of a feature among 50, once in two thousand windows."""
_DAILY: Final = 24
"""Windows that end in a day."""
_RESTLESS: Final = 0.005
"""How often a weekday may exceed what it alone tells: its few days cannot speak of anything rarer."""

Stretch = tuple[float, ...]
"""By what to multiply the noise of a squared deviation (1 or more): on each weekday, Monday first."""


@dataclass(frozen=True, slots=True)
class _PastWindows:
    """Windows of the reference, and what each is compared with.

    `starts` and `ends` are positions of hours, (windows,), and `day` numbers the local day in which each ends, whose
    `weekday` is given by that number, (days,). `pair` is the (week, season) of each hour, numbered from 0, (hours,);
    `factors` says how often the rows of each pair count in what a window is compared with, (windows, pairs): 0 for
    those of the weeks that the window touches.
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
    """How far to stretch each column's noise in windows of a length.

    Args:
        history: the reference, hour by hour.
        cells: the hour of the local week of each of its hours, (hours,).
        season: the season that each hour of the week is compared with, (168,).
        hours: the windows' length.
        means: the columns whose mean is judged too; see `mean_of`.

    Returns:
        Each column's stretch; nothing when the history has fewer than `FEWEST_WEEKS` weeks beside the windows.
    """
    windows = _past_windows(history.rows.astype(np.float64), cells, season, hours)
    if windows is None:
        return {}
    columns = history.columns
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # what is no number teaches nothing
        ratios = {name: _psi_ratios(column, windows) for name, column in columns.items()}
        ratios |= {mean_of(name): _mean_ratios(columns[name], windows) for name in means if name in columns}
    return {name: _stretches(*both, windows) for name, both in ratios.items()}


def mean_of(column: str) -> str:
    """The name under which the stretch of a column's mean stands, beside that of the column's PSI."""
    return f"mean of {column}"


def _past_windows(rows: Values, cells: Indices, season: Indices, hours: int) -> _PastWindows | None:
    """Windows of a length that end every eighth of it (every hour at least), each with what it is compared with."""
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
    """Each past window's sum of hourly values, and that of the other weeks that it is compared with."""
    hourly = values.reshape(len(values), -1).astype(np.float64)
    running = np.concatenate([np.zeros((1, hourly.shape[1])), np.cumsum(hourly, axis=0)])
    by_pair = np.zeros((windows.factors.shape[1], hourly.shape[1]))
    np.add.at(by_pair, windows.pair, hourly)
    return running[windows.ends] - running[windows.starts], windows.factors @ by_pair


def _psi_ratios(column: HourlyColumn, windows: _PastWindows) -> tuple[Values, Values]:
    """Each past window's PSI in units of 1/n + 1/m, and the degrees of freedom of its law."""
    now, before = _compared(column.cells, windows)
    unit = 1 / now.sum(axis=1) + 1 / before.sum(axis=1)
    return population_stability_indices(before, now) / unit, many_effective_cells(before, now) - 1


def _mean_ratios(column: HourlyColumn, windows: _PastWindows) -> tuple[Values, Values]:
    """Each past window's squared shift of the mean, in units of the others' variance and 1/n + 1/m; one degree."""
    sides = [_compared(values, windows) for values in (column.finite, column.sums, column.squares)]
    (n, m), (now, before), (_, squares) = ((one[:, 0], other[:, 0]) for one, other in sides)
    variance = np.maximum(squares / m - np.square(before / m), 0)
    return np.square(now / n - before / m) / (variance * (1 / n + 1 / m)), np.ones(len(n))


def _stretches(ratios: Values, freedom: Values, windows: _PastWindows) -> Stretch:
    """Each weekday's own stretch, or what is usual on quiet days if that is more.

    By the law of independent rows each of the `ratios` has the mean `freedom`.

    What is usual is learned without those two days in a row (a weekend; a Monday and the windows that reach into the
    next day) that are the most restless: they would raise the thresholds of all the others.
    """
    known = np.isfinite(ratios) & (freedom > 0)
    if not known.any():
        return (1.0,) * 7
    highest, weekday = _highest(ratios[known] / freedom[known], windows.day[known], windows.weekday)
    pairs = [(weekday == day) | (weekday == (day + 1) % 7) for day in range(7)]
    usual = min(_highest_day(highest[~pair], _DAILY * _FAR) for pair in pairs)
    law = float(freedom[known].mean())
    far = float(special.gammainccinv(law / 2, _FAR)) * 2 / law
    days = (_highest_day(highest[weekday == day], _RESTLESS) for day in range(7))
    return tuple(max(1.0, usual / far, day / far) for day in days)


def _highest(ratios: Values, day: Indices, weekday: Indices) -> tuple[Values, Indices]:
    """The highest ratio of each day that has any, and its weekday."""
    highest = np.full(len(weekday), -np.inf)
    np.maximum.at(highest, day, ratios)
    seen = np.isfinite(highest)
    return highest[seen], weekday[seen]


def _highest_day(highest: Values, q: float) -> float:
    """What the highest window of another day exceeds with probability `q`, from those of some days; 0 from very few.

    The highest of many windows follow Gumbel's law (1958), whatever the law of one. It is taken for their roots, which
    are shifts, has the mean and the deviation that were seen, and reaches as much farther as Student's t makes the
    prediction limit of a normal law reach when both are known from so few days alone.
    """
    k = len(highest)
    if k < FEWEST_WEEKS:
        return 0.0
    roots = np.sqrt(highest)
    gumbel = (-math.log(-math.log1p(-q)) - np.euler_gamma) * math.sqrt(6) / math.pi
    wider = special.stdtrit(k - 1, 1 - q) / special.ndtri(1 - q) * math.sqrt(1 + 1 / k)
    return float(roots.mean() + roots.std(ddof=1) * gumbel * wider) ** 2
