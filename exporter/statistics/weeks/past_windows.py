"""Past windows of the reference, each with a baseline from the weeks near it, in which a trend is continued.

A reference whose values move from week to week is no noise: a window that is compared with all other weeks differs from
them by the trend, and noise that is learned from such differences would hide every later drift. So the share of each
cell in each season is fitted by a straight line through the nearest other weeks, and the window is compared with the
line's value at its own time: a local linear regression (Cleveland 1979) with the window left out (Allen 1974). A linear
trend has no part in the difference, and one that bends as slowly as a year's season hardly any: over `NEAREST_WEEKS`,
a sine of a year with an amplitude of one standard deviation leaves less than 0.07 of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from exporter.reference.seasonal import mixing_factors
from exporter.spec.seasons import HOURS_OF_WEEK

Values = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

WEEK: Final = HOURS_OF_WEEK
FEWEST_WEEKS: Final = 3
"""The fewest weeks for a fit: two weeks compared with each other say little about either."""
NEAREST_WEEKS: Final = 6
"""The other weeks that a window is compared with: fewer are noisy, more bend with the season of the year."""
MOST_OF_HISTORY: Final = 8
"""The least number of windows of the length in a history; windows that are longer are represented by shorter ones."""
_ALMOST_LEVEL: Final = 1e-9
"""The spread of times, in squared weeks, below which they are one time, and a line through them has no slope."""


@dataclass(frozen=True, slots=True)
class PastWindows:
    """Windows of the reference, and the other weeks that each is compared with.

    `starts` and `ends` are positions of hours, (windows,). `day` is the number of the local day in which a window ends,
    (windows,), and `weekday` the weekday of each day, (days,). `pair` is the (week, season) of each hour, numbered from
    0, (hours,). `factors` is the weight of each pair's rows in a window's baseline, (windows, pairs) and sparse: none
    for the weeks that the window touches, and below 0 for some where the line is continued beyond the other weeks.
    `plain` are the weights of the same weeks without a trend.
    """

    starts: Indices
    ends: Indices
    day: Indices
    weekday: Indices
    pair: Indices
    factors: sparse.csr_array
    plain: sparse.csr_array

    @property
    def hours(self) -> int:
        """The length of the windows."""
        return int(self.ends[0] - self.starts[0])

    def now(self, values: npt.NDArray[np.number]) -> Values:
        """The sums of hourly values over each window; `values` is (hours,) or (hours, cells)."""
        hourly = _flat(values)
        running = np.concatenate([np.zeros((1, hourly.shape[1])), np.cumsum(hourly, axis=0)])
        return np.asarray(running[self.ends] - running[self.starts])

    def before(self, values: npt.NDArray[np.number], *, trend: bool = True) -> Values:
        """The weighted sums of hourly values over each window's other weeks, with their trend continued or without."""
        hourly = _flat(values)
        by_pair = np.zeros((self.factors.shape[1], hourly.shape[1]))
        np.add.at(by_pair, self.pair, hourly)
        return np.asarray((self.factors if trend else self.plain) @ by_pair)


def past_windows(rows: Values, cells: Indices, season: Indices, hours: int) -> PastWindows | None:
    """Windows of a length that end every eighth of it, or every hour, with the baseline of each.

    A history in which windows of the length do not fit eight times shows nothing about them: a change that is as slow
    cannot be told from a trend. They are represented by the longest windows that fit. Where these vary independently,
    their squared deviations, in units of 1/n + 1/m, have the mean of those of the longer ones.

    Args:
        rows: the rows of each hour, (hours of history,).
        cells: the hour of the local week of each, (hours of history,).
        season: the season of each hour of the week, (168,).
        hours: the length of the windows.

    Returns:
        None when the history has fewer than `FEWEST_WEEKS` weeks besides the windows, or no window can be compared.
    """
    if len(rows) < (FEWEST_WEEKS - 1) * WEEK + max(hours, WEEK // 2):
        return None
    hours = min(hours, len(rows) // MOST_OF_HISTORY)
    week, season = np.arange(len(rows)) // WEEK, season[cells]
    ends = np.arange(hours, len(rows) + 1, max(hours // 8, 1))
    starts = ends - hours
    pairs = _Pairs.of(rows, week, season)
    near = _nearest(week[starts], week[ends - 1], int(week[-1]) + 1)
    inside, moment = _inside(rows, season, starts, ends)
    sums = pairs.sums(near)
    usable = (inside.sum(axis=1) > 0) & ~((inside > 0) & (sums[0] <= 0)).any(axis=1)
    if not usable.any():
        return None
    lines = _Lines.through(sums[:, usable], moment[usable])
    factors = _factors(pairs, near[usable], lines, inside[usable])
    begins = np.diff(cells % 24, prepend=24) < 0
    day = np.cumsum(begins) - 1
    return PastWindows(starts[usable], ends[usable], day[ends[usable] - 1], cells[begins] // 24, pairs.number, *factors)


def _flat(values: npt.NDArray[np.number]) -> Values:
    return np.asarray(values.reshape(len(values), -1), np.float64)


def _inside(rows: Values, season: Indices, starts: Indices, ends: Indices) -> tuple[Values, Values]:
    """The rows of each season in each window, and their mean time in weeks, both (windows, seasons)."""
    at = np.arange(len(rows))
    each = np.zeros((2, len(rows) + 1, WEEK))
    each[0, at + 1, season], each[1, at + 1, season] = rows, rows * at / WEEK
    running = np.cumsum(each, axis=1)
    inside, moments = running[:, ends] - running[:, starts]
    return inside, np.divide(moments, inside, out=np.zeros_like(inside), where=inside > 0)


def _nearest(first: Indices, last: Indices, weeks: int) -> npt.NDArray[np.bool_]:
    """The nearest weeks that each window does not touch, (windows, weeks)."""
    number = np.arange(weeks)
    distance = np.maximum(first[:, None] - number, number - last[:, None])
    order = np.argsort(np.where(distance > 0, distance, weeks), axis=1, kind="stable")
    chosen: npt.NDArray[np.bool_] = distance > 0
    np.put_along_axis(chosen, order[:, NEAREST_WEEKS:], values=False, axis=1)
    return chosen


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The pairs of week and season that a history has, with the rows and the mean time of each, in weeks.

    `number` is the pair of each hour, (hours,); the others are (pairs,).
    """

    number: Indices
    week: Indices
    season: Indices
    rows: Values
    time: Values

    @staticmethod
    def of(rows: Values, week: Indices, season: Indices) -> _Pairs:
        pairs, number = np.unique(week * WEEK + season, return_inverse=True)
        by_pair = np.asarray(np.bincount(number, rows), np.float64)
        moments = np.bincount(number, rows * np.arange(len(rows)) / WEEK)
        time = np.divide(moments, by_pair, out=np.zeros_like(moments), where=by_pair > 0)
        return _Pairs(number, pairs // WEEK, pairs % WEEK, by_pair, time)

    def sums(self, near: npt.NDArray[np.bool_]) -> Values:
        """The sums of n, n T and n T^2 for rows n and times T over some weeks of each window, (3, windows, seasons)."""
        sums = np.zeros((3, near.shape[1], WEEK))
        for power in range(3):
            sums[power, self.week, self.season] = self.rows * self.time**power
        return np.asarray(near.astype(np.float64) @ sums)


@dataclass(frozen=True, slots=True)
class _Lines:
    """A straight line for each window and season through the shares of the other weeks, each week weighted by its rows.

    With deviations t of the weeks' times from the window's, and sums S0, S1, S2 of n, n t and n t^2 over the weeks'
    rows n, the value of the line at the window's time is a sum of counts with the weights (S2 - S1 t) / (S0 S2 - S1^2).
    Its variance is that of S0 - S1^2 / S2 rows. A single week has no slope: the weight is 1 / S0. `level` and `slope`
    are the weight at t = 0 and what is taken off it for each t; `worth` are the rows, and `moment` the window's time.
    """

    rows: Values
    worth: Values
    level: Values
    slope: Values
    moment: Values

    @staticmethod
    def through(sums: Values, moment: Values) -> _Lines:
        """Fit the lines to the sums of n, n T and n T^2 for times T; `moment` are the windows' times."""
        zero, first, second = sums
        second = second - 2 * moment * first + np.square(moment) * zero
        first = first - moment * zero
        determinant = zero * second - np.square(first)
        sloped = determinant > _ALMOST_LEVEL * np.square(zero)
        level = np.divide(1.0, zero, out=np.zeros_like(zero), where=zero > 0)
        return _Lines(
            zero,
            np.divide(determinant, second, out=zero.copy(), where=sloped),
            np.divide(second, determinant, out=level, where=sloped),
            np.divide(first, determinant, out=np.zeros_like(zero), where=sloped),
            moment,
        )

    def weights(self, inside: Values, at: Indices, season: Indices, time: Values) -> tuple[Values, Values]:
        """The weights of some pairs in the baselines of windows, with the slopes and without.

        `inside` are the windows' rows, (windows, seasons); `at`, `season` and `time` are the window, season and time of
        each pair.
        """
        cell = (at, season)
        line = self.level[cell] - self.slope[cell] * (time - self.moment[cell])
        return (mixing_factors(inside, self.worth) * self.worth)[cell] * line, mixing_factors(inside, self.rows)[cell]


def _factors(
    pairs: _Pairs, near: npt.NDArray[np.bool_], lines: _Lines, inside: Values
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """The weights of all pairs in the baseline of each window, with the slopes and without, (windows, pairs)."""
    at, used = np.nonzero((inside > 0)[:, pairs.season] & near[:, pairs.week])
    weights = lines.weights(inside, at, pairs.season[used], pairs.time[used])
    sloped, plain = (sparse.csr_array((each, (at, used)), (len(inside), len(pairs.rows))) for each in weights)
    return sloped, plain
