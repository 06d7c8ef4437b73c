"""How much more the reference's own weeks differ from each other than sampling alone explains.

Textbook noise assumes that rows are independent and that one week is like the next. Users come back, campaigns come and
go: where 40 users give 10 rows each, a test at 1 % is wrong half of the time. So each past window of the reference is
scored against the *other* weeks, by the statistic that will judge the present, and the noise is stretched until it
covers what was seen (the scale of Rao & Scott 1981, estimated from the windows themselves, and the heavier tail of
fewer degrees of freedom than the law has, after Satterthwaite 1946: whole days that move leave but one).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from exporter.profiles.history import History, HourlyColumn
from exporter.profiles.seasonal import mixing_factors
from exporter.spec.seasons import HOURS_OF_WEEK
from exporter.statistics.drift import many_effective_cells, population_stability_indices

Values = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

WEEK: Final = HOURS_OF_WEEK
FEWEST_WEEKS: Final = 3
"""Weeks below which nothing is learned: one week against one other says little of either."""
_EXCEEDING: Final = 4.0
_HIGHEST: Final = 0.99
_TELLING: Final = 0.9
"""The lowest quantile that tells how heavy a tail is."""
_FEWEST: Final = 0.5
_FAR: Final = 1e-5
"""The probability for which noise is stretched: that of a feature among 50, once in two thousand windows."""

Stretch = tuple[float, ...]
"""By what to multiply the noise of a squared deviation (1 or more): on each weekday, Monday first."""


@dataclass(frozen=True, slots=True)
class _PastWindows:
    """Windows of the reference, and what each is compared with.

    `starts` and `ends` are positions of hours, (windows,); `pair` is the (week, season) of each hour, numbered from 0,
    (hours,), and `season` that of each pair, (pairs,); `factors` says how often the rows of each pair count in what a
    window is compared with, (windows, pairs): 0 for those of the weeks that the window touches.
    """

    starts: Indices
    ends: Indices
    pair: Indices
    season: Indices
    factors: Values


def learn(
    history: History, cells: Indices, season: Indices, hours: int, variances: Mapping[str, float]
) -> dict[str, Stretch]:
    """How far to stretch each column's noise in windows of a length.

    Args:
        history: the reference, hour by hour.
        cells: the hour of the local week of each of its hours, (hours,).
        season: the season that each hour of the week is compared with, (168,).
        hours: the windows' length.
        variances: the reference's variance of each column whose mean is judged too; see `mean_of`.

    Returns:
        Each column's stretch; nothing when the history has fewer than `FEWEST_WEEKS` weeks beside the windows.
    """
    windows = _past_windows(history.rows.astype(np.float64), season[cells], hours)
    if windows is None:
        return {}
    weekdays = cells[windows.ends - 1] // 24
    independent = len(history.hours) / hours
    stretches = {
        name: _stretches(*_psi_ratios(column, windows), weekdays, independent)
        for name, column in history.columns.items()
    }
    for name, variance in variances.items():
        if name in history.columns:
            ratios = _mean_ratios(history.columns[name], variance, windows)
            stretches[mean_of(name)] = _stretches(*ratios, weekdays, independent)
    return stretches


def mean_of(column: str) -> str:
    """The name under which the stretch of a column's mean stands, beside that of the column's PSI."""
    return f"mean of {column}"


def _past_windows(rows: Values, season: Indices, hours: int) -> _PastWindows | None:
    """Windows of a length that end every eighth of it (every hour at least), each with what it is compared with."""
    if len(rows) < (FEWEST_WEEKS - 1) * WEEK + max(hours, WEEK // 2):
        return None
    week = np.arange(len(rows)) // WEEK
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
    return _PastWindows(starts[usable], ends[usable], pair, season_of, factors)


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
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = 1 / now.sum(axis=1) + 1 / before.sum(axis=1)
        return population_stability_indices(before, now) / unit, many_effective_cells(before, now) - 1


def _mean_ratios(column: HourlyColumn, variance: float, windows: _PastWindows) -> tuple[Values, Values]:
    """Each past window's squared shift of the mean in units of the variance and 1/n + 1/m; one degree of freedom."""
    (n, m), (now, before) = _compared(column.finite, windows), _compared(column.sums, windows)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (np.square(now / n - before / m) / (variance * (1 / n + 1 / m)))[:, 0]
    return ratios, np.ones(len(ratios))


def _stretches(ratios: Values, freedom: Values, weekdays: Indices, independent: float) -> Stretch:
    """Each weekday's own stretch, or what is usual on quiet days if that is more.

    What is usual is learned without those two days in a row (a weekend; a Monday and the windows that reach into the
    next day) that are the most restless: they would raise the thresholds of all the others.
    """
    known = np.isfinite(ratios) & (freedom > 0)
    ratios, freedom, weekdays = ratios[known] / freedom[known], freedom[known], weekdays[known]
    if not len(ratios):
        return (1.0,) * 7
    pairs = [(weekdays == day) | (weekdays == (day + 1) % 7) for day in range(7)]
    usual = min(_stretch(ratios[~pair], freedom[~pair], independent * 5 / 7) for pair in pairs)
    shape = _shape(ratios, freedom, independent)
    days = [weekdays == day for day in range(7)]
    return tuple(max(usual, _stretch(ratios[day], freedom[day], independent / 7, shape)) for day in days)


def _stretch(ratios: Values, freedom: Values, independent: float, shape: float = math.inf) -> float:
    """The ratio of a far quantile of what was seen to that of the law, 1 or more.

    What was seen is taken as a gamma law, as Satterthwaite (1946) does for sums of unequal squares, through a high
    quantile that few windows decide. `ratios` have the mean 1 under the law; `shape` is the most that the gamma's may
    be where these windows are too few to tell.
    """
    if not len(ratios):
        return 1.0
    level, law = _level(independent), float(freedom.mean()) / 2
    own = _shape(ratios, freedom, independent)
    shape = own if level >= _TELLING else min(own, shape)
    scale = float(np.quantile(ratios, level)) / special.gammaincinv(shape, level)
    return max(1.0, float(scale * special.gammainccinv(shape, _FAR) * law / special.gammainccinv(law, _FAR)))


def _shape(ratios: Values, freedom: Values, independent: float) -> float:
    """The shape of the gamma law that has the ratio of a high quantile to the median that was seen.

    Half of the degrees of freedom at most, as the law has for independent rows, and a half at least, as the square of a
    single normal shift has.
    """
    level, law = _level(independent), float(freedom.mean()) / 2
    median, high = np.quantile(ratios, (0.5, level))
    if level < _TELLING or law <= _FEWEST or median <= 0:
        return law
    shapes = np.geomspace(law, _FEWEST, 50)
    tails = special.gammaincinv(shapes, level) / special.gammaincinv(shapes, 0.5)
    return float(np.interp(high / median, tails, shapes))


def _level(independent: float) -> float:
    """The quantile that is looked at: the highest that few windows do not decide."""
    return float(np.clip(1 - _EXCEEDING / independent, 0.5, _HIGHEST))
