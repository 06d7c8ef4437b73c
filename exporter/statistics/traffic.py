"""How many rows a window usually has, and how far from that is far: learned from the same hours of past weeks.

Rows are given slot by slot with none left out, a slot being an hour or the partition that is shorter; NaN where they
are not known. What is usual is a median over weeks, so one week of outage or campaign does not change it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

Values = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

FEWEST_WEEKS: Final = 3
"""Weeks in which an hour's rows must be known before any number is usual."""

_CELLS: Final = 168
_MEDIAN_SQUARE: Final = float(special.ndtri(0.75)) ** 2
"""The median of the square of a standard normal value."""
_RAREST: Final = 1e-12
"""No count follows a law farther out than this."""
_EXACT: Final = 1e6
"""Usual rows beyond which chance is taken as at this number: less than half a percent."""
_LARGEST: Final = 700.0
"""The greatest logarithm of a factor."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What a window usually has.

    `rows` are 0 or more; `spread` is the standard deviation of ln(rows / usual) from week to week beyond what chance
    gives counts, 0 or more. NaN where too little is known; infinite where most past windows had no row.
    """

    rows: float
    spread: float


def with_quiet_hours(rows: Values, listed: npt.NDArray[np.bool_], longest: int) -> Values:
    """The rows of each slot, where nothing is stored for some of them.

    A writer that has nothing to write writes no file. So a gap between two slots of which something is stored is
    without rows, as nights and weekends are; one that is longer, or has no end, is not known: it may be an outage, or
    before the log began.

    Args:
        rows: of each slot of which something is stored, NaN where it cannot be read; shape (slots,).
        listed: of which slots something is stored; shape (slots,).
        longest: slots that a gap may have.
    """
    slots = np.arange(len(rows))
    before = np.maximum.accumulate(np.where(listed, slots, -1))
    after = np.minimum.accumulate(np.where(listed, slots, len(rows))[::-1])[::-1]
    quiet = ~listed & (before >= 0) & (after < len(rows)) & (after - before - 1 <= longest)
    return np.where(quiet, 0.0, np.where(listed, rows, np.nan))


def usual(rows: Values, cells: Indices, length: int, week: float) -> Usual:
    """What is usual in the last `length` slots, from all the slots before them.

    The usual rows are the sum over the window's slots of the median, over past weeks, of the rows in the same hour of
    the local week; weeks are counted back from the window's end, and are as long as the window where that is longer.
    The spread is learned by leaving one week out: each past window of the length is compared with the medians of the
    weeks that it is not in. Of its squared deviations, less what chance gives, the median is taken, once over all past
    windows and once over those of the window's own season, and the greater counts; so a week of outage hardly widens
    it.

    Source: the scaled median of absolute deviations, Hampel 1974, "The influence curve and its role in robust
    estimation", JASA 69, 383-393.

    Args:
        rows: rows of each slot, NaN where they are not known; the window's own are not looked at; shape (slots,).
        cells: the hour of the local week of each slot, 0 to 167; shape (slots,).
        length: slots of the window.
        week: slots of a week, which need not be a whole number.
    """
    past, period = len(rows) - length, math.ceil(length / week) * week
    weeks = (np.arange(len(rows))[::-1] // period).astype(np.int64)[:past]
    means = _means(rows[:past], weeks, cells[:past])
    others = [_medians(np.delete(means, left_out, axis=0), FEWEST_WEEKS - 1) for left_out in range(len(means))]
    expected = np.array(others).reshape(-1, _CELLS)[weeks, cells[:past]]
    level = _medians(means, FEWEST_WEEKS)[cells[past:]].sum()
    return Usual(float(level), _spread(rows[:past], expected, length, period))


def _means(rows: Values, weeks: Indices, cells: Indices) -> Values:
    """Mean rows of a slot by week and hour of the week, NaN where none is known; shape (weeks, cells).

    When clocks go back, or a holiday counts as another day, a week has the same hour twice.
    """
    known = np.isfinite(rows)
    place, shape = (weeks * _CELLS + cells)[known], (int(weeks.max(initial=-1)) + 1, _CELLS)
    slots = np.bincount(place, minlength=math.prod(shape)).reshape(shape)
    sums = np.bincount(place, rows[known], math.prod(shape)).reshape(shape)
    return np.where(slots > 0, sums / np.maximum(slots, 1), np.nan)


def _medians(means: Values, fewest: int) -> Values:
    """The median over weeks of each hour of the week, NaN where fewer weeks are known; shape (cells,)."""
    enough = np.isfinite(means).sum(axis=0) >= fewest
    medians = np.full(_CELLS, np.nan)
    if enough.any():
        medians[enough] = np.nanmedian(means[:, enough], axis=0)
    return medians


def _spread(rows: Values, expected: Values, length: int, period: float) -> float:
    seen, wanted = _running_sums(rows, length), _running_sums(expected, length)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.square(np.log(seen / wanted)) / _MEDIAN_SQUARE - 1 / wanted
    excess[~(wanted > 0)] = np.nan
    own = len(rows) - np.round(np.arange(1, len(rows) // period + 1) * period).astype(np.int64)
    return math.sqrt(np.maximum(0.0, np.fmax(_median(excess), _median(excess[own]))))


def _running_sums(values: Values, length: int) -> Values:
    """The sum of each run of `length` values, NaN unless all are known; shape (values - length + 1,) or none."""
    known = np.isfinite(values)
    sums, counts = (np.cumsum(np.append(0, part)) for part in (np.where(known, values, 0), known))
    whole = counts[length:] - counts[: max(len(counts) - length, 0)] == length
    return np.where(whole, sums[length:] - sums[: max(len(sums) - length, 0)], np.nan)


def _median(values: Values) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else math.nan


# ------------------------------------------------------------------------------------------------ the score, its noise


def factor(rows: float, usual_rows: float) -> float:
    """How many times more or fewer rows than usual, 1 or more; NaN when there are none, or none are usual."""
    if not (rows > 0 and usual_rows > 0):
        return math.nan
    return max(rows / usual_rows, usual_rows / rows)


def factor_noise(known: Usual, q: float) -> float:
    """Noise level of `factor`: what it exceeds with probability `q` when nothing has changed, 1 or more.

    exp(sqrt(ln(c)^2 + (z spread)^2)), where c is the factor that chance gives counts, exactly as Poisson's law has it,
    and z the two-sided normal quantile. For many rows ln(c) is z / sqrt(usual), and the level that of a normal law of
    the logarithm with variance 1 / usual + spread^2. Infinite where the spread is.

    Args:
        known: what is usual.
        q: probability of a false alarm, between 0 and 1.
    """
    if not known.rows > 0 or math.isnan(known.spread):
        return math.nan
    level = math.hypot(math.log(_chance(known.rows, q)), float(special.ndtri(q / 2)) * known.spread)
    return math.inf if math.isinf(level) else math.exp(min(level, _LARGEST))


def _chance(usual_rows: float, q: float) -> float:
    """The greatest factor by which a Poisson count of this mean differs from it, but for `q` of the counts."""
    mean, tail = min(usual_rows, _EXACT), max(q / 2, _RAREST)
    fewest, most = (math.ceil(special.pdtrik(level, mean)) for level in (tail, 1 - tail))
    return max(mean / max(fewest, 1), most / mean, 1.0)
