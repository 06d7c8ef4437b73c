"""The usual ratio of a window, from the same hours of past weeks, and the noise of a deviation from it.

A ratio is given for every slot in order, as the sums of `exporter.profiles.proxies`. A slot without data has zeros and
no weight. A value from a query rather than from rows is a slot's numerator over a denominator of 1, without squares:
its noise is known only from the differences between weeks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from exporter.profiles.proxies import MOMENTS, Moment

Values = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Direction = Literal["down", "up", "both"]

FEWEST_WEEKS: Final = 3
"""The fewest weeks with data for a window's hours for a usual ratio."""

_CELLS: Final = 168
_COVERED: Final = 0.5
"""The least share of a window's denominator in hours with data in a week; other weeks supply the missing hours."""
_STRIDE: Final = 5
"""The fewest hours from one past window to the next: with five, every hour of the day occurs."""
_MEDIAN_SQUARE: Final = float(special.ndtri(0.75)) ** 2
"""The median of the square of a standard normal value."""
_MEDIAN_VARIANCE: Final = math.pi / 2
"""The variance of a median divided by that of a mean; less for few values."""
_RAREST: Final = 1e-12
"""The smallest tail probability that is used."""
_EXACT: Final = 1e6
"""Above this many events the law of a count is computed for this number."""


@dataclass(frozen=True, slots=True)
class UsualRatio:
    """The usual ratio of a window, and how much it varies; NaN where too little is known.

    `variance` is the sampling variance of the difference between the window's ratio and `ratio`. `spread` is the
    standard deviation of the window's ratio over `ratio` from week to week beyond that, 0 or more.
    """

    ratio: float
    variance: float
    spread: float


_UNKNOWN: Final = UsualRatio(math.nan, math.nan, math.nan)


def usual_ratio(slots: Values, cells: Indices, length: int, week: float) -> UsualRatio:
    """The usual ratio of the last `length` slots, from all slots before them.

    The ratio of each past week is computed with the window's denominators: it is the mean of the week's ratios by hour
    of the local week, weighted by the window's denominator in each hour. The usual ratio is the median over the weeks.
    Weeks are counted back from the window's end, and are as long as the window where that is longer.

    The spread is fitted by leaving one week out: each past window of the length is compared with the weeks that it is
    not in. The expected noise is subtracted from its squared deviation. The median of these is taken over all past
    windows, and over the past windows of the same season; the greater one is used.

    Source: the scaled median of absolute deviations, Hampel 1974, "The influence curve and its role in robust
    estimation", JASA 69, 383-393; the ratio with another population's weights is direct standardisation.

    Args:
        slots: the sums of each slot, by `Moment`; shape (slots, 6).
        cells: the hour of the local week of each slot, 0 to 167; shape (slots,).
        length: slots of the window.
        week: slots of a week, not necessarily a whole number.
    """
    past, period = len(slots) - length, math.ceil(length / week) * week
    weeks = (np.arange(len(slots))[::-1] // period).astype(np.int64)[:past]
    if past <= 0 or not slots[:past, Moment.DENOMINATOR].sum() > 0:
        return _UNKNOWN
    history = _History.of(slots[:past], cells[:past], weeks)
    now = _by_cell(slots, cells, np.array([past]), length)
    expected, variance = history.expected(now, np.zeros((1, history.count), bool), FEWEST_WEEKS)
    starts = np.arange(0, past - length + 1, max(length // 8, round(_STRIDE * week / _CELLS), 1))
    own = past - np.round(np.arange(1, past // period + 1) * period).astype(np.int64)
    every, same_season = (_median(history.excess(slots, cells, weeks, at, length)) for at in (starts, own[own >= 0]))
    spread = math.sqrt(np.maximum(0.0, np.fmax(every, same_season)))
    return UsualRatio(float(expected[0]), float(variance[0]), spread)


@dataclass(frozen=True, slots=True)
class _History:
    """Past weeks by hour of the week.

    `ratios`, `known` (whether the week has data of its own) and `reciprocals` (of the denominators) have the shape
    (weeks, cells); `dispersion` is the variance of residuals per unit of denominator, (cells,).
    """

    ratios: Values
    known: npt.NDArray[np.bool_]
    reciprocals: Values
    dispersion: Values

    @property
    def count(self) -> int:
        return len(self.ratios)

    @staticmethod
    def of(slots: Values, cells: Indices, weeks: Indices) -> _History:
        place, shape = weeks * _CELLS + cells, (int(weeks.max()) + 1, _CELLS)
        sums = np.stack([np.bincount(place, slots[:, moment], math.prod(shape)) for moment in range(MOMENTS)])
        by_week = sums.reshape(MOMENTS, *shape)
        by_week[:, ~(by_week[Moment.DENOMINATOR] > 0)] = 0
        whole = by_week.sum(axis=(1, 2))
        pooled = by_week.sum(axis=1)
        pooled = np.where(pooled[Moment.DENOMINATOR] > 0, pooled, whole[:, None])
        x, y, xx, xy, yy = pooled[Moment.NUMERATOR :]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = x / y
            dispersion = np.maximum(xx - 2 * ratio * xy + ratio**2 * yy, 0) / y
            weekly = by_week[Moment.NUMERATOR] / by_week[Moment.DENOMINATOR]
            known = by_week[Moment.DENOMINATOR] > 0
            reciprocals = 1 / np.where(known, by_week[Moment.DENOMINATOR], y)
        return _History(np.where(known, weekly, ratio), known, reciprocals, dispersion)

    def expected(self, weights: Values, left_out: npt.NDArray[np.bool_], fewest: int) -> tuple[Values, Values]:
        """The expected ratio of windows, and the variance of the difference to it; both of shape (windows,).

        Args:
            weights: the denominators of each window by cell; shape (windows, cells).
            left_out: the weeks that a window is not compared with; shape (windows, weeks).
            fewest: the fewest weeks with data for a window.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            share = weights / weights.sum(axis=1, keepdims=True)
            own = share @ self.dispersion / weights.sum(axis=1)
        usable = (share @ self.known.T >= _COVERED) & ~left_out
        count = usable.sum(axis=1)
        weekly = np.where(usable, share @ self.ratios.T, np.nan)
        chance = np.where(usable, share**2 @ (self.dispersion * self.reciprocals).T, 0)
        ratio, enough = np.full(len(weights), np.nan), count >= max(fewest, 1)
        ratio[enough] = _row_medians(weekly[enough], count[enough])
        of_weeks = chance.sum(axis=1) / np.maximum(count, 1) ** 2
        return ratio, np.where(enough, own + _MEDIAN_VARIANCE * of_weeks, np.nan)

    def excess(self, slots: Values, cells: Indices, weeks: Indices, starts: Indices, length: int) -> Values:
        """The squared relative deviation of past windows from the weeks they are not in, minus the expected noise."""
        weights = _by_cell(slots, cells, starts, length)
        week = np.arange(self.count)
        left_out = (week <= weeks[starts][:, None]) & (week >= weeks[starts + length - 1][:, None])
        expected, variance = self.expected(weights, left_out, FEWEST_WEEKS - 1)
        sums = slots[:, Moment.NUMERATOR][_positions(starts, length)].sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            squares = np.square(sums / weights.sum(axis=1) / expected - 1) / _MEDIAN_SQUARE
            excess: Values = np.where(expected > 0, squares - variance / expected**2, np.nan)
        return excess


def _positions(starts: Indices, length: int) -> Indices:
    """The slots of windows; shape (windows, length)."""
    return starts[:, None] + np.arange(length)


def _by_cell(slots: Values, cells: Indices, starts: Indices, length: int) -> Values:
    """The denominators of windows by cell; shape (windows, cells)."""
    at = _positions(starts, length)
    place = np.arange(len(starts))[:, None] * _CELLS + cells[at]
    denominators = np.maximum(slots[:, Moment.DENOMINATOR], 0)[at]
    sums = np.bincount(place.ravel(), denominators.ravel(), len(starts) * _CELLS)
    return sums.astype(np.float64).reshape(-1, _CELLS)


def _row_medians(values: Values, count: Indices) -> Values:
    """The median of each row without NaN; `count` is the number of other values in each row, at least one."""
    ordered = np.sort(values, axis=1)
    middle = np.stack([(count - 1) // 2, count // 2], axis=1)
    medians: Values = np.take_along_axis(ordered, middle, axis=1).mean(axis=1)
    return medians


def _median(values: Values) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan


# ------------------------------------------------------------------------------------------------ score and noise


def deviation(value: float, expected: float, direction: Direction) -> float:
    """The relative deviation of a value from the expected one, in a direction; 0 or more, and at most 1 downwards.

    NaN where the expected value is not above 0.
    """
    if not expected > 0:
        return math.nan
    shift = value / expected - 1
    return {"both": abs(shift), "up": max(shift, 0.0), "down": max(-shift, 0.0)}[direction]


def deviation_noise(usual: UsualRatio, q: float, direction: Direction) -> float:
    """Noise level of `deviation`: what it exceeds with probability `q` when nothing has changed.

    hypot(c, z spread), where z is the normal quantile and c the deviation by chance. c follows from Poisson's law of
    the counted events, or of the events that are not counted, whichever gives more; with many of both it is z standard
    deviations. NaN where the spread is unknown.

    Args:
        usual: the usual ratio of the window.
        q: probability of a false alarm, between 0 and 1.
        direction: the directions that alert; each of two has half of `q`.
    """
    if not usual.ratio > 0 or math.isnan(usual.spread):
        return math.nan
    tail = max(q / 2 if direction == "both" else q, _RAREST)
    down, up = _chance(usual, tail)
    chance = {"down": down, "up": up, "both": max(down, up)}[direction]
    return math.hypot(chance, float(-special.ndtri(tail)) * usual.spread)


def _chance(usual: UsualRatio, tail: float) -> tuple[float, float]:
    """The relative deviations downwards and upwards that chance exceeds with probability `tail` each."""
    if not usual.variance > 0:
        return 0.0, 0.0
    stddev = math.sqrt(usual.variance)
    down, up = _tails((usual.ratio / stddev) ** 2, tail)
    if usual.ratio < 1:  # few events that are not counted are a high ratio
        other_down, other_up = _tails(((1 - usual.ratio) / stddev) ** 2, tail)
        down, up = max(down, other_up), max(up, other_down)
    return down * stddev / usual.ratio, up * stddev / usual.ratio


def _tails(mean: float, tail: float) -> tuple[float, float]:
    """The standard deviations below and above its mean that a Poisson count exceeds with probability `tail` each."""
    mean = min(mean, _EXACT)
    fewest, most = (max(math.ceil(special.pdtrik(level, mean)), 0) for level in (tail, 1 - tail))
    return (mean - fewest) / math.sqrt(mean), (most - mean) / math.sqrt(mean)
