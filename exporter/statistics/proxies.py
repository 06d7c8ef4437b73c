"""What a ratio usually is in a window, and how far from that is far: learned from the same hours of past weeks.

A ratio is given slot by slot with none left out, as the sums that `exporter.profiles.proxies` makes of rows. A slot in
which nothing is known has zeros and weighs nothing. A value that is asked for and not counted is a slot's numerator
over a denominator of 1, without squares: then only what the weeks themselves differ by is known of its noise.
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
"""Weeks that must know a window's hours before any ratio is usual."""

_CELLS: Final = 168
_COVERED: Final = 0.5
"""The share of a window's denominator whose hours a week must know; what it lacks is taken from the other weeks."""
_STRIDE: Final = 5
"""Hours from one past window to the next, at least: by so many every hour of the day comes up."""
_MEDIAN_SQUARE: Final = float(special.ndtri(0.75)) ** 2
"""The median of the square of a standard normal value."""
_MEDIAN_VARIANCE: Final = math.pi / 2
"""How many times the variance of a mean that of a median is; less where there are few values."""
_RAREST: Final = 1e-12
_EXACT: Final = 1e6
"""Events beyond which a count's law is taken as at this number."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What a window's ratio usually is; NaN where too little is known.

    `variance` is that of the window's ratio and of `ratio` together, as chance gives it; `spread` the standard
    deviation of the window's ratio over `ratio` from week to week beyond that, 0 or more.
    """

    ratio: float
    variance: float
    spread: float


_UNKNOWN: Final = Usual(math.nan, math.nan, math.nan)


def usual(slots: Values, cells: Indices, length: int, week: float) -> Usual:
    """What is usual in the last `length` slots, from all the slots before them.

    Of each past week the ratio is taken as it would be with the window's own denominators: the mean of the ratios of
    its hours of the local week, weighted by the denominator that the window has in each. What is usual is the median of
    the weeks. Weeks are counted back from the window's end, and are as long as the window where that is longer. The
    spread is learned by leaving one week out: each past window of the length is compared with the weeks that it is not
    in. Of its squared deviations, less what chance gives, the median is taken, once over all past windows and once over
    those of the window's own season, and the greater counts.

    Source: the scaled median of absolute deviations, Hampel 1974, "The influence curve and its role in robust
    estimation", JASA 69, 383-393; the ratio with another population's weights is direct standardisation.

    Args:
        slots: the sums of each slot, by `Moment`; shape (slots, 6).
        cells: the hour of the local week of each slot, 0 to 167; shape (slots,).
        length: slots of the window.
        week: slots of a week, which need not be a whole number.
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
    return Usual(float(expected[0]), float(variance[0]), spread)


@dataclass(frozen=True, slots=True)
class _History:
    """Past weeks by hour of the week.

    `ratios` and `known` (whether the week itself tells it) have the shape (weeks, cells), `reciprocals` are those of
    the denominators; `dispersion` is the variance of residuals for each unit of denominator, (cells,).
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
        """What windows are compared with, and the variance of that and of the windows themselves; shape (windows,).

        Args:
            weights: the denominators of each window by cell; shape (windows, cells).
            left_out: the weeks that a window is not compared with; shape (windows, weeks).
            fewest: weeks that must know a window.
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
        """The squared relative deviation of past windows from the weeks they are not in, less what chance gives."""
        weights = _by_cell(slots, cells, starts, length)
        week = np.arange(self.count)
        left_out = (week <= weeks[starts][:, None]) & (week >= weeks[starts + length - 1][:, None])
        expected, variance = self.expected(weights, left_out, FEWEST_WEEKS - 1)
        sums = slots[:, Moment.NUMERATOR][_positions(starts, length)].sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            away = np.square(sums / weights.sum(axis=1) / expected - 1) / _MEDIAN_SQUARE
            excess: Values = np.where(expected > 0, away - variance / expected**2, np.nan)
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
    """The median of each row, whose first `count` values in order are known and the others NaN; at least one is."""
    ordered = np.sort(values, axis=1)
    middle = np.stack([(count - 1) // 2, count // 2], axis=1)
    medians: Values = np.take_along_axis(ordered, middle, axis=1).mean(axis=1)
    return medians


def _median(values: Values) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan


# ------------------------------------------------------------------------------------------------ the score, its noise


def deviation(value: float, expected: float, direction: Direction) -> float:
    """How far a value is from what is expected, relative to that, in a direction; 0 or more, and at most 1 downwards.

    NaN where nothing, or less, is expected: then nothing is relative to it.
    """
    if not expected > 0:
        return math.nan
    shift = value / expected - 1
    return {"both": abs(shift), "up": max(shift, 0.0), "down": max(-shift, 0.0)}[direction]


def deviation_noise(known: Usual, q: float, direction: Direction) -> float:
    """Noise level of `deviation`: what it exceeds with probability `q` when nothing has changed.

    hypot(c, z spread), where z is the normal quantile and c what chance gives: of counts as Poisson's law has it of
    what is counted or of what is not, whichever reaches farther, which for many of both is z standard deviations. NaN
    where the spread is not known.

    Args:
        known: what is usual.
        q: probability of a false alarm, between 0 and 1.
        direction: the directions that alarm; each of two has half of `q`.
    """
    if not known.ratio > 0 or math.isnan(known.spread):
        return math.nan
    tail = max(q / 2 if direction == "both" else q, _RAREST)
    ends = {"down": _chance(known, tail)[:1], "up": _chance(known, tail)[1:], "both": _chance(known, tail)}
    return math.hypot(max(ends[direction]), float(-special.ndtri(tail)) * known.spread)


def _chance(known: Usual, tail: float) -> tuple[float, float]:
    """By how much, relative to what is usual, chance lowers and raises a ratio but for `tail` of the windows."""
    if not known.variance > 0:
        return 0.0, 0.0
    deviation_ = math.sqrt(known.variance)
    few, many = _tails((known.ratio / deviation_) ** 2, tail)
    if known.ratio < 1:  # what is not counted: few of it is a high ratio
        few_others, many_others = _tails(((1 - known.ratio) / deviation_) ** 2, tail)
        few, many = max(few, many_others), max(many, few_others)
    return few * deviation_ / known.ratio, many * deviation_ / known.ratio


def _tails(mean: float, tail: float) -> tuple[float, float]:
    """How many of its standard deviations a Poisson count is below and above its mean, but for `tail` of the counts."""
    mean = min(mean, _EXACT)
    fewest, most = (max(math.ceil(special.pdtrik(level, mean)), 0) for level in (tail, 1 - tail))
    return (mean - fewest) / math.sqrt(mean), (most - mean) / math.sqrt(mean)
