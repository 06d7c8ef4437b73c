"""How far a window has moved from its reference: pure functions of counts and sums, without thresholds or verdicts.

`reference` and `current` count the rows of the two sides in the same cells, in the same order: bins of a numeric
feature, categories of another. Counts may be fractions, as those of a mixture of seasons are. Every function returns
NaN when a side has no rows, since nothing can then be said, and raises ValueError when the shapes differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Counts = npt.NDArray[np.number[Any]]
Values = npt.NDArray[np.float64]

_LEAST_EXPECTED: Final = 5.0
"""Rows that a cell must expect on either side for the chi-squared law to hold (Cochran 1954)."""

_ROUNDING: Final = 1e-12
"""Differences smaller than this part of a value are rounding: a constant column's deviation is some 1e-16 of it."""


class ChiSquared(NamedTuple):
    """Pearson's test of homogeneity; all three NaN when it cannot be made."""

    statistic: float
    p_value: float
    degrees_of_freedom: float


def _many_sides(reference: Counts, current: Counts) -> tuple[Values, Values, Values, Values]:
    """Both sides' counts as floats, and their totals along the last axis, which is kept."""
    if reference.shape != current.shape:
        raise ValueError(f"reference has cells of shape {reference.shape}, current of {current.shape}")
    left, right = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    return left, right, left.sum(axis=-1, keepdims=True), right.sum(axis=-1, keepdims=True)


def _sides(reference: Counts, current: Counts) -> tuple[Values, Values, float, float]:
    """The same of one pair, its totals as plain numbers."""
    left, right, n, m = _many_sides(reference, current)
    return left, right, float(n[0]), float(m[0])


def population_stability_index(reference: Counts, current: Counts) -> float:
    """Population stability index: the sum of (q - p) ln(q / p) over the cells, in nats; 0 or more, always finite.

    Half a row is added to each cell of both sides, or the rows that the cell expects when that is less. The half row
    keeps a cell that is empty by chance from weighing infinitely much. The exception is for rare cells: with a million
    rows of reference and 50 of window, half a row in a cell that is never filled would read as 1 % of the window and
    alone add 0.09. Cells that are empty on both sides do not exist.

    Where nothing has drifted, PSI / (1/n + 1/m) follows chi-squared with `effective_cells` - 1 degrees of freedom. The
    law is good from 20 rows a cell on the smaller side. With fewer than 5 PSI stays below it; in between its far
    tail is heavier, by up to a fifth at 1 in 10,000. Prior rows in proportion to the reference's shares would keep
    rare cells small too, but make that tail tens of times too frequent.

    Symmetric, the same in any order of the cells, and 0 for equal counts; for counts in proportion it is 0 up to the
    half rows, far below the noise. It is not a metric. Source: Jeffreys 1946 (the divergence); Yurdakul 2018,
    "Statistical properties of population stability index" (its law).

    Args:
        reference: rows per cell, (cells,). For a numeric feature the reference's deciles, open to both infinities, and
            a cell of nulls: never bins on the common range, where one wild row hides everything else.
        current: rows per cell, (cells,).
    """
    return float(population_stability_indices(reference, current))


def population_stability_indices(reference: Counts, current: Counts) -> Values:
    """`population_stability_index` of many pairs at once: cells along the last axis, pairs along the others."""
    reference, current, n, m = _many_sides(reference, current)
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = (reference + current) / (n + m)
        p, q = reference + np.minimum(0.5, n * pooled), current + np.minimum(0.5, m * pooled)
        p, q = p / p.sum(axis=-1, keepdims=True), q / q.sum(axis=-1, keepdims=True)
        terms = np.where(pooled > 0, (q - p) * np.log(q / p), 0.0)
    return np.where((n > 0) & (m > 0), terms.sum(axis=-1, keepdims=True), math.nan)[..., 0]


def effective_cells(reference: Counts, current: Counts) -> float:
    """How many cells take part in the noise of `population_stability_index`: from 1 to the number that are not empty.

    A cell counts as one when the smaller side expects half a row in it or more, and a rarer one as twice the rows that
    it expects, since it is almost always empty there and adds nothing. The 200 countries of a long-tailed feature are
    some 60 cells to a window of 50 rows; counted as 200, their noise would hide any drift.
    """
    return float(many_effective_cells(reference, current))


def many_effective_cells(reference: Counts, current: Counts) -> Values:
    """`effective_cells` of many pairs at once: cells along the last axis, pairs along the others."""
    reference, current, n, m = _many_sides(reference, current)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = (reference + current) * (np.minimum(n, m) / (n + m))
    cells = np.minimum(1.0, 2 * expected).sum(axis=-1, keepdims=True)
    return np.where((n > 0) & (m > 0), cells, math.nan)[..., 0]


def kolmogorov_smirnov(reference: Counts, current: Counts) -> float:
    """Kolmogorov-Smirnov statistic: the largest gap between the two distribution functions, 0 to 1.

    The gap is taken at the edges of the bins, so it is never above the exact statistic, and below it by no more than
    the largest bin's lesser share: 1/256 at worst with 256 quantiles of the reference, and some 0.0002 in practice.
    Where a reference has few values its bins are as large as they are frequent, and a window whose values lie between
    them is judged as if they were the next greater ones.

    Symmetric, a metric between binned distributions, 0 for counts in proportion. Source: Smirnov 1939.

    Args:
        reference: rows per fine bin, (bins,), in the order of the values.
        current: rows per fine bin, (bins,).
    """
    reference, current, n, m = _sides(reference, current)
    if not (n and m):
        return math.nan
    return float(np.abs(np.cumsum(reference) / n - np.cumsum(current) / m).max())


def wasserstein_distance(
    edges: Values, reference_counts: Counts, reference_sums: Values, current_counts: Counts, current_sums: Values
) -> float:
    """Wasserstein-1 distance (earth mover's) of the finite values, in the data's units; 0 or more.

    The area between the two quantile functions (Vallender 1974). Each bin's rows are taken as uniform over the widest
    stretch around their own mean that the bin holds, so that every bin keeps its count and its sum, and ties at an edge
    stay ties. The two ends are taken at their means, which is exact where the other side has no rows: let the edges
    reach from just below the reference's minimum to its maximum.

    The error is at most 8/27 of the sum of width x (reference's share + current's share) over the bins between edges:
    0.014 standard deviations for a normal reference in 256 bins. That is the worst that bins can hide, and a window
    whose few values move within a bin comes near it; measured, the error is below 1 % of the distance for smooth
    distributions, and below 5 % or 0.01 deviations for heavy tails.

    A metric: symmetric, with the triangle inequality, 0 for counts and sums in proportion; it scales with the data and
    does not change when both sides are shifted. NaN also where a sum has overflowed.

    Args:
        edges: increasing, (k,); the bins are (-inf, e0], (e0, e1], ..., (e[k-1], inf).
        reference_counts: finite values per bin, (k + 1,).
        reference_sums: sum of the finite values per bin, (k + 1,).
        current_counts: finite values per bin, (k + 1,).
        current_sums: sum of the finite values per bin, (k + 1,).
    """
    reference, current, n, m = _sides(reference_counts, current_counts)
    if not len(edges) + 1 == len(reference) == len(reference_sums) == len(current_sums):
        raise ValueError(f"{len(edges)} edges make {len(edges) + 1} bins; counts and sums must have as many")
    if not (n and m and np.isfinite(reference_sums).all() and np.isfinite(current_sums).all()):
        return math.nan
    # Shares are taken times n * m, which are whole numbers: counts in proportion then share their ranks exactly.
    reference_mass, current_mass = reference * m, current * n
    ranks = np.concatenate(([0.0], np.cumsum(reference_mass), np.cumsum(current_mass)))
    ranks.sort()
    low, high = _quantiles(edges, reference, reference_sums, reference_mass, ranks)
    current_low, current_high = _quantiles(edges, current, current_sums, current_mass, ranks)
    return float(_area(low - current_low, high - current_high) @ (np.diff(ranks) / ranks[-1]))


def _quantiles(edges: Values, counts: Values, sums: Values, mass: Values, ranks: Values) -> tuple[Values, Values]:
    """The quantile function at the lower and the upper end of each stretch between `ranks`, on which it is linear."""
    mean = np.divide(sums, counts, out=np.zeros_like(counts), where=counts > 0)
    reach = np.minimum(mean[1:-1] - edges[:-1], edges[1:] - mean[1:-1])
    slope = np.zeros_like(mean)
    np.divide(2 * reach, mass[1:-1], out=slope[1:-1], where=counts[1:-1] > 0)
    top = np.cumsum(mass)
    index = np.searchsorted(top[:-1], (ranks[:-1] + ranks[1:]) / 2)  # without the last: a total is rounded
    mean, slope, centre = mean[index], slope[index], (top - mass / 2)[index]
    return mean + slope * (ranks[:-1] - centre), mean + slope * (ranks[1:] - centre)


def _area(left: Values, right: Values) -> Values:
    """The area between zero and lines of unit width that run from `left` to `right`."""
    left_half, right_half = np.abs(left) / 2, np.abs(right) / 2  # halves, which cannot overflow
    whole = left_half + right_half
    crossing = 2 * left_half * np.divide(right_half, whole, out=np.zeros_like(whole), where=whole > 0)
    area: Values = whole - np.where((left < 0) != (right < 0), crossing, 0.0)
    return area


def jensen_shannon_distance(reference: Counts, current: Counts) -> float:
    """Jensen-Shannon distance: the square root of the divergence to base 2; 0 (equal) to 1 (no common cell).

    A metric: symmetric, with the triangle inequality, 0 for counts in proportion; the same in any order of the cells.
    Nothing is added to the counts; a small window's distance is therefore above 0 without any drift, by about the
    root of (cells - 1) (1/n + 1/m) / (8 ln 2). Source: Lin 1991 (the divergence); Endres and Schindelin 2003 (the
    metric).

    Args:
        reference: rows per cell, (cells,).
        current: rows per cell, (cells,).
    """
    reference, current, n, m = _sides(reference, current)
    if not (n and m):
        return math.nan
    p, q = reference / n, current / m
    both = p + q
    # Written by d = (p - q) / (p + q): the sum of p ln p loses half of its digits, and all of them near equality.
    d = np.divide(p - q, both, out=np.zeros_like(both), where=both > 0)
    divergence = both @ (special.xlog1py(1 + d, d) + special.xlog1py(1 - d, -d)) / (4 * math.log(2))
    return math.sqrt(min(max(divergence, 0.0), 1.0))


def chi_squared(reference: Counts, current: Counts) -> ChiSquared:
    """Pearson's chi-squared test that two sides' counts come from the same shares.

    A test of homogeneity, which knows that the reference is a sample too. Cells that expect fewer than 5 rows on
    either side are pooled into one, and with the next smallest cell when that is still too few. The p-value is for
    reading: at a million rows any difference, however small, is certain.

    Symmetric, 0 with p-value 1 for counts in proportion, the same in any order of the cells. All NaN also when
    fewer than two cells remain. Source: Agresti 2013, "Categorical data analysis", 3.2; Cochran 1954 (the least of 5).

    Args:
        reference: rows per cell, (cells,).
        current: rows per cell, (cells,).
    """
    reference, current, n, m = _sides(reference, current)
    if not (n and m):
        return ChiSquared(math.nan, math.nan, math.nan)
    total, difference = _pool_rare(reference + current, reference / n - current / m, min(n, m) / (n + m))
    if len(total) < 2:
        return ChiSquared(math.nan, math.nan, math.nan)
    statistic = float((difference**2 / total).sum() * n * m)
    return ChiSquared(statistic, float(special.chdtrc(len(total) - 1, statistic)), len(total) - 1)


def _pool_rare(total: Values, difference: Values, lesser_share: float) -> tuple[Values, Values]:
    """Rows and difference of shares per cell, with one cell for all those that are rare on the smaller side."""
    rare = total * lesser_share < _LEAST_EXPECTED
    # Of cells with equal rows the pool takes first those that deviate less, then those that deviate against it: a
    # choice that knows neither the order of the cells nor which side is which.
    against = difference * np.sign(difference[rare].sum())
    order = np.lexsort((against, np.abs(difference), total))
    total, difference, few = total[order], difference[order], int(rare.sum())
    pooled = float(total[:few].sum())
    if 0 < pooled * lesser_share < _LEAST_EXPECTED:
        few += 1
    if not pooled:
        return total[few:], difference[few:]
    return np.append(total[few:], total[:few].sum()), np.append(difference[few:], difference[:few].sum())


def mean_shift(mean: float, reference_mean: float, reference_stddev: float) -> float:
    """Signed shift of the mean, in the reference's standard deviations (Glass 1976).

    A reference without spread gives no unit to measure in: NaN, or 0 when the means are equal, which needs none. (The
    population stability index and the share out of range tell that a constant has changed.)
    """
    shift = mean - reference_mean
    rounding = _ROUNDING * max(abs(mean), abs(reference_mean))
    if reference_stddev > rounding:
        return shift / reference_stddev
    return 0.0 if abs(shift) <= rounding else math.nan


def stddev_ratio(stddev: float, reference_stddev: float, reference_mean: float = 0.0) -> float:
    """Standard deviation as a multiple of the reference's; 0 or more, 1 when nothing has changed.

    A reference without spread gives NaN, or 1 when the current side has none either. The mean tells how large a spread
    may be and still be rounding.
    """
    rounding = _ROUNDING * abs(reference_mean)
    if reference_stddev > rounding:
        return stddev / reference_stddev
    return 1.0 if stddev <= rounding else math.nan


def drift_share(drifted: Sequence[bool], importances: Sequence[float]) -> float:
    """Share of the features that have drifted, each weighing as much as its importance; 0 to 1.

    Features that could not be judged are left out by the caller. NaN when none is left, or none has importance.

    Raises:
        ValueError: when the lengths differ or an importance is negative.
    """
    if len(drifted) != len(importances):
        raise ValueError(f"{len(drifted)} features but {len(importances)} importances")
    if any(importance < 0 for importance in importances):
        raise ValueError("an importance must not be negative")
    whole = math.fsum(importances)
    part = math.fsum(importance for importance, is_drifted in zip(importances, drifted, strict=True) if is_drifted)
    return part / whole if whole else math.nan
