"""The usual rows of a window, from the same hours of past weeks, and the noise of a deviation from them.

Rows are given for every slot in order: an hour, or a partition if that is shorter; NaN where they are unknown. The
usual rows are medians over weeks, so one week of outage or campaign does not change them.
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
"""The fewest weeks with known rows of an hour for a usual number of rows."""

_CELLS: Final = 168
_MEDIAN_SQUARE: Final = float(special.ndtri(0.75)) ** 2
"""The median of the square of a standard normal value."""
_RAREST: Final = 1e-12
"""The smallest tail probability that is used; no count follows a law farther out."""
_EXACT: Final = 1e6
"""Above this many usual rows chance is computed for this number: less than half a percent."""
_LARGEST: Final = 700.0
"""The largest logarithm of a factor."""


@dataclass(frozen=True, slots=True)
class UsualRows:
    """The usual rows of a window, and how much they vary.

    `rows` are 0 or more. `spread` is the standard deviation of ln(rows / usual) from week to week beyond the noise of
    counts, 0 or more. NaN where too little is known; infinite where most past windows have no rows.
    """

    rows: float
    spread: float


def with_quiet_hours(rows: Values, listed: npt.NDArray[np.bool_], longest: int) -> Values:
    """Fill in the rows of slots for which nothing is stored: 0 in short gaps, NaN elsewhere.

    A writer without rows writes no file. So a gap between two stored slots has no rows, as at night or on weekends. A
    longer gap, or one without a stored slot on both sides, is unknown: it may be an outage, or before the log began.

    Args:
        rows: the rows of each stored slot, NaN where it cannot be read; shape (slots,).
        listed: whether a slot is stored; shape (slots,).
        longest: the most slots of a gap without rows.
    """
    slots = np.arange(len(rows))
    before = np.maximum.accumulate(np.where(listed, slots, -1))
    after = np.minimum.accumulate(np.where(listed, slots, len(rows))[::-1])[::-1]
    quiet = ~listed & (before >= 0) & (after < len(rows)) & (after - before - 1 <= longest)
    return np.where(quiet, 0.0, np.where(listed, rows, np.nan))


def usual_rows(rows: Values, cells: Indices, length: int, week: float) -> UsualRows:
    """The usual rows of the last `length` slots, from all slots before them.

    They are the sum over the window's slots of the median, over past weeks, of the rows in the same hour of the local
    week. Weeks are counted back from the window's end, and are as long as the window where that is longer.

    The spread is fitted by leaving one week out: each past window of the length is compared with the medians of the
    weeks that it is not in. The expected noise is subtracted from its squared deviation. The median of these is taken
    over all past windows, and over the past windows of the same season; the greater one is used. So a week of outage
    hardly widens the spread.

    Source: the scaled median of absolute deviations, Hampel 1974, "The influence curve and its role in robust
    estimation", JASA 69, 383-393.

    Args:
        rows: rows of each slot, NaN where they are unknown; the window's own are not used; shape (slots,).
        cells: the hour of the local week of each slot, 0 to 167; shape (slots,).
        length: slots of the window.
        week: slots of a week, not necessarily a whole number.
    """
    past, period = len(rows) - length, math.ceil(length / week) * week
    weeks = (np.arange(len(rows))[::-1] // period).astype(np.int64)[:past]
    means = _means(rows[:past], weeks, cells[:past])
    others = [_medians(np.delete(means, left_out, axis=0), FEWEST_WEEKS - 1) for left_out in range(len(means))]
    expected = np.array(others).reshape(-1, _CELLS)[weeks, cells[:past]]
    level = _medians(means, FEWEST_WEEKS)[cells[past:]].sum()
    return UsualRows(float(level), _spread(rows[:past], expected, length, period))


def _means(rows: Values, weeks: Indices, cells: Indices) -> Values:
    """The mean rows of a slot by week and hour of the week, NaN where unknown; shape (weeks, cells).

    When clocks go back, or a holiday counts as another day, a week has the same hour twice.
    """
    known = np.isfinite(rows)
    place, shape = (weeks * _CELLS + cells)[known], (int(weeks.max(initial=-1)) + 1, _CELLS)
    slots = np.bincount(place, minlength=math.prod(shape)).reshape(shape)
    sums = np.bincount(place, rows[known], math.prod(shape)).reshape(shape)
    return np.where(slots > 0, sums / np.maximum(slots, 1), np.nan)


def _medians(means: Values, fewest: int) -> Values:
    """The median over weeks of each hour of the week, NaN where fewer weeks are known; shape (cells,)."""
    ranked, known = np.sort(means, axis=0), np.isfinite(means).sum(axis=0)  # NaN comes last
    middle = np.stack([(known - 1) // 2, known // 2]).clip(0, max(len(means) - 1, 0))
    medians = np.take_along_axis(ranked, middle, axis=0).mean(axis=0) if len(means) else np.full(_CELLS, np.nan)
    return np.where(known >= fewest, medians, np.nan)


def _spread(rows: Values, expected: Values, length: int, period: float) -> float:
    """The spread of past windows around their expected rows."""
    measured, usual = _running_sums(rows, length), _running_sums(expected, length)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.square(np.log(measured / usual)) / _MEDIAN_SQUARE - 1 / usual
    excess[~(usual > 0)] = np.nan
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


# ------------------------------------------------------------------------------------------------ score and noise


def factor(rows: float, usual: float) -> float:
    """How many times more or fewer rows than usual, 1 or more; NaN when either number is 0."""
    if not (rows > 0 and usual > 0):
        return math.nan
    return max(rows / usual, usual / rows)


def factor_noise(usual: UsualRows, q: float) -> float:
    """Noise level of `factor`: what it exceeds with probability `q` when nothing has changed, 1 or more.

    exp(sqrt(ln(c)^2 + (z spread)^2)), where c is the factor that a Poisson count exceeds by chance, computed exactly,
    and z the two-sided normal quantile. For many rows ln(c) is z / sqrt(usual), and the level is that of a normal law
    of the logarithm with variance 1 / usual + spread^2. Infinite where the spread is.

    Args:
        usual: the usual rows of the window.
        q: probability of a false alarm, between 0 and 1.
    """
    if not usual.rows > 0 or math.isnan(usual.spread):
        return math.nan
    level = math.hypot(math.log(_chance(usual.rows, q)), float(special.ndtri(q / 2)) * usual.spread)
    return math.inf if math.isinf(level) else math.exp(min(level, _LARGEST))


def _chance(mean: float, q: float) -> float:
    """The factor between a Poisson count and its mean that is exceeded with probability `q`."""
    mean, tail = min(mean, _EXACT), max(q / 2, _RAREST)
    fewest, most = (math.ceil(special.pdtrik(level, mean)) for level in (tail, 1 - tail))
    return max(mean / max(fewest, 1), most / mean, 1.0)
