"""How much more labelled performance varies between days than independent labels would explain.

Outcomes come in storms: the flights of one day are late together. A window of rows that are drawn independently has the
sampling variance v. A window of real days has v + t, where t is the variance of what its days have in common. It is
estimated from past windows of the same length. The design effect is (v + t) / v (Kish 1965; Rao and Scott 1981).

The past is a sequence of blocks of equal length, such as hours. A statistic is written as a sum over them
(`Linearised`). What remains of that sum in a window, after a slow level is taken out, is compared with sampling:

    t = sum of (D^2 - v_all S) / sum of S^2

over all windows of the length, where D is the remainder of a window, S its share of the whole history and v_all the
sampling variance of the whole. It is the moment estimator of DerSimonian and Laird (1986) with squared shares as
weights; the windows overlap, which makes it the sum of autocovariances with Bartlett's weights (Newey and West 1987).

- The level is the median of the days around each day (`LEVEL_DAYS`). A trend and a lasting change move it, so they are
  no noise. Like a mean of as many days, it takes one part in as many of the long-run variance of a day with it, and so
  does the mean that is taken out at last. Both are added again.
- The most extreme day counts no more than the second most extreme: one broken day is no noise either.
- Windows of several days are few, so what they show is combined with what days show, each weighted by its precision
  (empirical Bayes: Morris 1983). Days that follow each other are expected to be alike as an autoregression with a
  coefficient of `ALIKE` makes them, with an error of `UNLIKE` times what that adds. A length of which the history has
  fewer than `FEWEST_WINDOWS` windows has what days show.
- The degrees of freedom f of a variance T with the standard error e are 2 T^2 / e^2 (Satterthwaite 1946). A variance
  that is as small as sampling by chance is not better known for that. What is known is the variance T of windows with
  as many rows as the past has. One with more rows has T - d, and d is certain. It has the quantile
  t sqrt(T - d f / (f + t^2)), where t is Student's: the most likely way to exceed t sqrt(T) is that T is (f + t^2) / f
  times its estimate, and f / (f + t^2) of t^2 is the normal law's (Laplace's method; within a fifth).
- Storms have heavier tails than the normal law: 1 / f has k / (4 k + 6) more for an excess kurtosis k, as Student's law
  has, which falls with the number of days in a window. They are skewed where a value cannot rise as far as it can fall:
  quantiles reach farther by the skewness (Cornish and Fisher 1938, first term), on both sides.

Windows of whole days begin with a local day, as storms and objectives do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from exporter.statistics.runs import run_sums

Values = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

LEVEL_DAYS: Final = 28
"""The days around each day whose median is the level: four weeks, or two thirds of a shorter history."""
FEWEST_DAYS: Final = 7
"""The fewest days with labels for a fit."""
FEWEST_WINDOWS: Final = 4
"""The windows, side by side, from which anything is known of the variance of a length."""
ALIKE: Final = 0.25
"""The usual correlation of what two days in a row have in common with themselves."""
UNLIKE: Final = 1.0
"""The standard error of what this adds to windows of several days, in units of it."""
_INFORMATION: Final = 0.75
"""The degrees of freedom of a window: fewer than one, since days in a row are alike."""
_DAY: Final = 24.0
SKEWED: Final = 0.5
"""The usual skewness of what days have in common, and its standard error: storms go farther to one side."""
_MOST_SKEWED: Final = 2.0
"""The greatest skewness of the excess: that of the exponential law."""
_LONG_RUN: Final = 7 * _DAY
"""The length of the windows whose variance is that of the long run."""
_LENGTHS: Final = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, *(24.0 * days for days in (1, 2, 3, 4, 5, 7, 10, 14, 21, 30)))
"""The lengths of windows that are fitted, in hours; those between them are interpolated."""


@dataclass(frozen=True, slots=True)
class Linearised:
    """A statistic of a labelled history as a sum over its blocks: its value is the same for any small change of them.

    `influences` are what each block adds to the deviation of the whole value, (blocks,); they add up to 0, and a window
    of blocks has about the value of the whole plus their sum divided by the window's share. `shares` are each block's
    part of the information, 0 or more, (blocks,), adding up to 1: for a mean, its part of the rows. `variance` is the
    sampling variance of the whole value for independent rows. Of several statistics whose variances are added up, the
    influences are (blocks, statistics).
    """

    variance: float
    shares: Values
    influences: Values


@dataclass(frozen=True, slots=True)
class Excess:
    """The variance of a statistic beyond sampling, by length of the window.

    `lengths` are in hours, increasing, (lengths,); the others are of each length. `hourly` is the excess variance times
    the length, 0 or more; it is constant where windows side by side are independent. `errors` are its standard errors.
    `sampled` is the sampling variance of the windows that it is fitted to, times the length.
    `tails` are what heavy tails add to the inverse of the degrees of freedom.
    `skewness` is that of the excess, 0 or more.
    """

    lengths: Values
    hourly: Values
    errors: Values
    sampled: Values
    tails: Values
    skewness: Values

    def variance(self, hours: float) -> float:
        """The excess variance of a window, in the squared units of the statistic."""
        return self._at(self.hourly, hours) / hours

    def _at(self, values: Values, hours: float) -> float:
        return float(np.interp(math.log(hours), np.log(self.lengths), values))

    def design_effect(self, sampling: float, hours: float) -> float:
        """The factor of the variance of a window, 1 or more; NaN where its sampling variance is not above 0."""
        return 1 + self.variance(hours) / sampling if sampling > 0 else math.nan

    def widening(self, sampling: float, hours: float, tail: float) -> float:
        """The factor of the half-width of an interval, or of a noise level, by the normal law; 1 or more.

        It is the root of the design effect times the ratio of Student's to the normal quantile, with the degrees of
        freedom of Satterthwaite (1946), and with the skewness of the excess. It is bounded however many rows the window
        has, by what windows with as few rows as the past would need.

        Args:
            sampling: the sampling variance of the window for independent rows.
            hours: its length.
            tail: the probability beyond each end, below one half.
        """
        if not sampling > 0:
            return 1.0
        excess, error = self.variance(hours), self._at(self.errors, hours) / hours
        fewer = max(self._at(self.sampled, hours) / hours - sampling, 0.0)
        total, known = sampling + excess, sampling + excess + fewer
        inverse = error**2 / (2 * known**2) + self._at(self.tails, hours) * (excess / known) ** 2
        normal = float(special.ndtri(1 - tail))
        student = float(special.stdtrit(1 / inverse, 1 - tail)) if inverse > 0 else normal
        reach = student * math.sqrt(known - fewer / (1 + student**2 * inverse))
        bend = max(normal**2 - 1, 0.0) / 6 * self._at(self.skewness, hours) * math.pow(excess / total, 1.5)
        return (reach + bend * math.sqrt(total)) / (normal * math.sqrt(sampling))


def fit(history: Linearised, days: Indices, hours: float = 1.0) -> Excess | None:
    """Fit the excess variance of a statistic to a labelled history.

    Args:
        history: the statistic, block by block; blocks without labels have a share and an influence of 0.
        days: the number of the local day of each block, not decreasing, (blocks,).
        hours: the length of a block.

    Returns:
        None where fewer than `FEWEST_DAYS` days have labels, or a few of them nearly all, a block is longer than a
        day, or the statistic is not known.
    """
    if hours > _DAY:
        return None
    day = days - days[0] if len(days) else days
    daily = _by_day(day, history.shares)
    if np.count_nonzero(daily) < FEWEST_DAYS or not (history.variance > 0 and np.isfinite(history.influences).all()):
        return None
    effective_days = 1 / float(np.square(daily / daily.sum()).sum())
    if effective_days < FEWEST_WINDOWS:
        return None
    influences = history.influences.reshape(len(day), -1)
    remainders = _without_level(influences, history.shares, day)
    by_day = Linearised(history.variance, daily, _by_day(day, remainders))
    by_block = Linearised(history.variance, history.shares, remainders)
    lengths = _fitted_lengths(hours)
    known = lengths <= max(effective_days / FEWEST_WINDOWS * _DAY, _DAY)
    raw = [_excess(by_day, _DAY, each) if each >= _DAY else _excess(by_block, hours, each) for each in lengths[known]]
    sampling = history.variance * effective_days * _DAY
    direct = _restored(np.array(raw) * lengths[known], lengths[known], effective_days, sampling)
    hourly, errors = _combined(direct, lengths, effective_days, sampling)
    heavy = _excess_kurtosis(by_day) / np.maximum(lengths / _DAY, 1.0)
    sampled, skewness = np.full(len(lengths), sampling), _skewness(by_day, sampling, hourly, lengths)
    return Excess(lengths, hourly, errors, sampled, heavy / (4 * heavy + 6), skewness)


def _combined(direct: Values, lengths: Values, days: float, sampling: float) -> tuple[Values, Values]:
    """The excess variance of every length, times the length, and its standard error.

    Args:
        direct: of windows of the shortest lengths, as far as the history has enough of them; below 0 by chance.
        lengths: in hours.
        days: with labels.
        sampling: the sampling variance, times the length.
    """
    day = int(np.searchsorted(lengths, _DAY))
    windows = np.maximum(_INFORMATION * days * np.minimum(_DAY / lengths, 1.0) * (1 - _lost(lengths, days)), 1.0)
    relative = np.sqrt(2 / windows)
    hourly, errors = np.zeros(len(lengths)), np.zeros(len(lengths))
    hourly[: day + 1] = direct[: day + 1]
    errors[: day + 1] = relative[: day + 1] * (sampling + np.maximum(direct[: day + 1], 0))
    growth = np.array([_growth(each / _DAY) for each in lengths[day + 1 :]])
    expected = growth * direct[day]
    doubt = np.hypot(growth * errors[day], UNLIKE * (growth - 1) * max(direct[day], 0.0))
    own = relative[day + 1 :] * (sampling + np.maximum(expected, 0))
    weight = np.square(doubt) / (np.square(doubt) + np.square(own))
    weight[len(direct) - day - 1 :] = 0
    seen = np.append(direct[day + 1 :], np.zeros(len(lengths) - len(direct)))
    hourly[day + 1 :] = weight * seen + (1 - weight) * expected
    errors[day + 1 :] = doubt * np.sqrt(1 - weight)
    return np.maximum(hourly, 0.0), errors


def _growth(days: float) -> float:
    """The excess variance of a window times its length, in that of a day, for days that are alike by `ALIKE`."""
    lags = np.arange(1, math.ceil(days))
    return 1 + 2 * float(((1 - lags / days) * ALIKE**lags).sum())


def _skewness(daily: Linearised, sampling: float, hourly: Values, lengths: Values) -> Values:
    """The skewness of the excess of windows, without its sign, at most `_MOST_SKEWED`.

    It is that of the days, and falls with the standard deviation of the excess as of a smooth function of a shock. The
    skewness of n normal days has the variance 6 / n; what the days show is combined with what is usual (`SKEWED`), each
    weighted by its precision.
    """
    if daily.influences.ndim > 1 and daily.influences.shape[1] > 1:
        return np.zeros(len(lengths))
    values = daily.influences.reshape(-1)[daily.shares > 0]
    excess = hourly[int(np.searchsorted(lengths, _DAY))]
    if not (values.any() and excess > 0):
        return np.zeros(len(lengths))
    scale = ((sampling + excess) / excess) ** 1.5
    shown = abs(float((values**3).mean())) / float(np.square(values).mean()) ** 1.5 * scale
    weight = SKEWED**2 / (SKEWED**2 + 6 / len(values) * scale**2)
    skewness = weight * shown + (1 - weight) * SKEWED
    falls = np.sqrt(np.minimum(hourly / lengths / (excess / _DAY), 1.0))
    return np.asarray(min(skewness, _MOST_SKEWED) * falls)


def _excess_kurtosis(daily: Linearised) -> float:
    """How much heavier the tails of the days are than a normal law's: the fourth moment over 3, 0 or more."""
    squares = np.square(daily.influences).sum(axis=1)[daily.shares > 0]
    parts = daily.influences.shape[1]
    normal = 3.0 if parts == 1 else 1 + 2 / parts
    return max(float(np.square(squares).mean() / squares.mean() ** 2) - normal, 0.0) if squares.any() else 0.0


def _restored(hourly: Values, lengths: Values, days: float, sampling: float) -> Values:
    """Add what was taken out with the level and the mean to the excess; below 0 by chance.

    Both take a part of the long-run variance of a window, with its sampling: that of a week, or the longest length.

    Args:
        hourly: the excess variance of the remainders, times the length.
        lengths: in hours.
        days: with labels.
        sampling: the sampling variance, times the length.
    """
    lost = _lost(lengths, days)
    at = int(np.searchsorted(lengths, _LONG_RUN, side="right")) - 1
    return np.asarray(hourly + max(hourly[at] + sampling, 0.0) / (1 - lost[at]) * lost)


def _lost(lengths: Values, days: float) -> Values:
    """The part of the variance of windows that the level and the mean take along."""
    return np.asarray(np.minimum((1 / days + 1 / _level_days(days)) * lengths / _DAY, 1.0))


def _level_days(days: float) -> int:
    """The days whose median is the level: an odd number, fewer in a short history, so that a lasting change shows."""
    return 2 * min(LEVEL_DAYS // 2, int(days / 3)) + 1


def _fitted_lengths(hours: float) -> Values:
    """The lengths from one block to a month: whole blocks below a day, and whole days."""
    parts = [each for each in (hours, *_LENGTHS) if each < _DAY and hours <= each and not each % hours]
    return np.array(sorted({*parts, *(each for each in _LENGTHS if each >= _DAY)}))


def _excess(history: Linearised, hours: float, length: float) -> float:
    """The variance beyond sampling of the remainders in windows of a length; below 0 by chance."""
    blocks = round(length / hours)
    inside, shares = run_sums(history.influences, blocks), run_sums(history.shares, blocks)
    weights = float(np.square(shares).sum())
    if not weights:
        return 0.0
    return float(np.square(inside).sum() - history.variance * shares.sum()) / weights


def _without_level(influences: Values, shares: Values, day: Indices) -> Values:
    """The influences without the slow level, their mean, and the excess of the most extreme day.

    Args:
        influences: (blocks, statistics).
        shares: (blocks,).
        day: of each block, from 0, (blocks,).
    """
    daily = _by_day(day, shares)
    levels = np.stack([_level(sums, daily) for sums in _by_day(day, influences).T], axis=1)
    remainders = influences - levels[day] * shares[:, None]
    size = np.sqrt(np.square(_by_day(day, remainders)).sum(axis=1))
    worst, second = np.argsort(-size, kind="stable")[:2]
    if size[worst] > 0:
        remainders[day == worst] *= size[second] / size[worst]
    return np.asarray(remainders - np.outer(shares, remainders.sum(axis=0) / shares.sum()))


def _by_day(day: Indices, values: Values) -> Values:
    """The sums of each day, along the first axis."""
    sums = np.zeros((int(day[-1]) + 1 if len(day) else 0, *values.shape[1:]))
    np.add.at(sums, day, values)
    return sums


def _level(sums: Values, shares: Values) -> Values:
    """The median of the days around each day, weighted by their shares; at the ends of those on one side."""
    known = np.flatnonzero(shares)
    values, weights = sums[known] / shares[known], shares[known]
    level, half = np.zeros(len(shares)), _level_days(len(shares)) // 2
    for day in range(len(shares)):
        near = np.abs(known - day) <= half
        level[day] = _weighted_median(values[near], weights[near]) if near.any() else 0.0
    return level


def _weighted_median(values: Values, weights: Values) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    middle = int(np.searchsorted(reached, reached[-1] / 2))
    return float(values[order][middle])
