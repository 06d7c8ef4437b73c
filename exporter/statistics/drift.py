"""Distances between a window and its reference: pure functions of counts and moments, without thresholds.

`reference` and `current` are the rows of the two sides in the same cells, in the same order: bins of a numeric feature
or categories of a categorical one. Counts may be fractions, such as those of a mixture of seasons. Every function of
counts returns NaN when a side has no rows, and raises ValueError when the shapes differ.
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
"""The fewest expected rows of a cell, on either side, for the chi-squared law to hold (Cochran 1954)."""

_ROUNDING: Final = 1e-12
"""Differences below this part of a value are rounding: a constant column's deviation is about 1e-16 of it."""


class ChiSquared(NamedTuple):
    """The result of Pearson's test of homogeneity; all three NaN when the test cannot be made."""

    statistic: float
    p_value: float
    degrees_of_freedom: float


def _many_sides(reference: Counts, current: Counts) -> tuple[Values, Values, Values, Values]:
    """The counts of both sides as floats, and their totals along the last axis, which is kept."""
    if reference.shape != current.shape:
        raise ValueError(f"reference has cells of shape {reference.shape}, current of {current.shape}")
    left, right = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    return left, right, left.sum(axis=-1, keepdims=True), right.sum(axis=-1, keepdims=True)


def both_sides(reference: Counts, current: Counts) -> tuple[Values, Values, float, float]:
    """The counts of both sides as floats, and their totals.

    Raises:
        ValueError: when the shapes differ.
    """
    left, right, n, m = _many_sides(reference, current)
    return left, right, float(n[0]), float(m[0])


def population_stability_index(reference: Counts, current: Counts) -> float:
    """Population stability index: the sum of (q - p) ln(q / p) over the cells, in nats; 0 or more, always finite.

    Half a row is added to each cell of both sides, or the rows that the cell expects if these are fewer. The half row
    keeps a cell that is empty by chance from an infinite weight. The exception is for rare cells: with a million rows
    of reference and 50 of window, half a row in a cell that is never filled would count as 1 % of the window and alone
    add 0.09. Cells that are empty on both sides are ignored.

    Without drift, PSI / (1/n + 1/m) follows chi-squared with `effective_cells` - 1 degrees of freedom. The law is good
    from 20 rows per cell on the smaller side. With fewer than 5 rows PSI stays below it; in between its far tail is
    heavier, by up to a fifth at 1 in 10,000. Prior rows in proportion to the reference's shares would keep rare cells
    small too, but would make that tail tens of times too frequent.

    Symmetric, independent of the order of the cells, and 0 for equal counts; for proportional counts it is 0 up to the
    half rows, far below the noise. It is not a metric. Source: Jeffreys 1946 (the divergence); Yurdakul 2018,
    "Statistical properties of population stability index" (its law).

    Args:
        reference: rows per cell, (cells,). For a numeric feature: the reference's deciles, open to both infinities, and
            a cell of nulls; never equal bins on the common range, where one extreme row hides everything else.
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
    """The number of cells in the noise of `population_stability_index`: from 1 to the number of cells with rows.

    A cell counts as one when the smaller side expects at least half a row in it. A rarer cell counts as twice its
    expected rows, since it is almost always empty there and adds nothing. The 200 countries of a long-tailed feature
    are about 60 cells for a window of 50 rows; counted as 200, their noise would hide any drift.
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

    The gap is measured at the edges of the bins. So it is never above the exact statistic, and below it by at most the
    lesser of the two sides' shares in any bin: 1/256 at worst with 256 quantiles of the reference, and about 0.0002 in
    practice. Where a reference has few distinct values its bins are as large as these are frequent, and a window's
    values between them count as the next greater one.

    Symmetric, a metric between binned distributions, 0 for proportional counts. Source: Smirnov 1939.

    Args:
        reference: rows per fine bin, (bins,), in the order of the values.
        current: rows per fine bin, (bins,).
    """
    reference, current, n, m = both_sides(reference, current)
    if not (n and m):
        return math.nan
    return float(np.abs(np.cumsum(reference) / n - np.cumsum(current) / m).max())


def jensen_shannon_distance(reference: Counts, current: Counts) -> float:
    """Jensen-Shannon distance: the square root of the divergence to base 2; 0 (equal) to 1 (no common cell).

    A metric: symmetric, with the triangle inequality, 0 for proportional counts, independent of the order of the cells.
    Nothing is added to the counts, so a small window's distance is above 0 without any drift, by about the root of
    (cells - 1) (1/n + 1/m) / (8 ln 2). Source: Lin 1991 (the divergence); Endres and Schindelin 2003 (the metric).

    Args:
        reference: rows per cell, (cells,).
        current: rows per cell, (cells,).
    """
    reference, current, n, m = both_sides(reference, current)
    if not (n and m):
        return math.nan
    p, q = reference / n, current / m
    both = p + q
    # In terms of d = (p - q) / (p + q): the sum of p ln p would lose half of its digits, and all of them near equality.
    d = np.divide(p - q, both, out=np.zeros_like(both), where=both > 0)
    divergence = both @ (special.xlog1py(1 + d, d) + special.xlog1py(1 - d, -d)) / (4 * math.log(2))
    return math.sqrt(min(max(divergence, 0.0), 1.0))


def chi_squared(reference: Counts, current: Counts) -> ChiSquared:
    """Pearson's chi-squared test of homogeneity: whether the counts of both sides come from the same shares.

    It takes into account that the reference is a sample too. Cells that expect fewer than 5 rows on either side are
    pooled into one, together with the next smallest cell if that is still too few. The p-value is not for alerts: with
    a million rows any difference, however small, is significant.

    Symmetric, 0 with p-value 1 for proportional counts, independent of the order of the cells. All NaN also when fewer
    than two cells remain. Source: Agresti 2013, "Categorical data analysis", 3.2; Cochran 1954 (at least 5 rows).

    Args:
        reference: rows per cell, (cells,).
        current: rows per cell, (cells,).
    """
    reference, current, n, m = both_sides(reference, current)
    if not (n and m):
        return ChiSquared(math.nan, math.nan, math.nan)
    total, difference = _pool_rare(reference + current, reference / n - current / m, min(n, m) / (n + m))
    if len(total) < 2:
        return ChiSquared(math.nan, math.nan, math.nan)
    statistic = float((difference**2 / total).sum() * n * m)
    return ChiSquared(statistic, float(special.chdtrc(len(total) - 1, statistic)), len(total) - 1)


def _pool_rare(total: Values, difference: Values, lesser_share: float) -> tuple[Values, Values]:
    """Rows and difference of shares per cell, with one cell for all cells that are rare on the smaller side."""
    rare = total * lesser_share < _LEAST_EXPECTED
    # Of cells with equal rows the pool first takes those that deviate less, then those that deviate against it. This
    # depends neither on the order of the cells nor on which side is the reference.
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

    A reference without spread gives no unit: the result is 0 when the means are equal, else NaN. (The population
    stability index and the share out of range show that a constant has changed.)
    """
    shift = mean - reference_mean
    rounding = _ROUNDING * max(abs(mean), abs(reference_mean))
    if reference_stddev > rounding:
        return shift / reference_stddev
    return 0.0 if abs(shift) <= rounding else math.nan


def stddev_ratio(stddev: float, reference_stddev: float, reference_mean: float = 0.0) -> float:
    """Standard deviation divided by that of the reference; 0 or more, 1 without a change.

    A reference without spread gives 1 when the current side has none either, else NaN. The mean determines how large a
    spread can be from rounding alone.
    """
    rounding = _ROUNDING * abs(reference_mean)
    if reference_stddev > rounding:
        return stddev / reference_stddev
    return 1.0 if stddev <= rounding else math.nan


def drift_share(drifted: Sequence[bool], importances: Sequence[float]) -> float:
    """Share of the features that have drifted, weighted by importance; 0 to 1.

    The caller leaves out features that could not be compared, unless they can no longer be read. NaN without features,
    or without any importance.

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
