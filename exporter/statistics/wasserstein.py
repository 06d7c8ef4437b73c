"""Wasserstein-1 distance between a window and its reference, from counts and sums per bin."""

from __future__ import annotations

import math

import numpy as np

from exporter.statistics.drift import Counts, Values, both_sides


def wasserstein_distance(
    edges: Values, reference_counts: Counts, reference_sums: Values, current_counts: Counts, current_sums: Values
) -> float:
    """Wasserstein-1 distance (earth mover's) of the finite values, in the data's units; 0 or more.

    The area between the two quantile functions (Vallender 1974). The rows of a bin are treated as uniform over the
    widest interval around their mean that fits into the bin, so every bin keeps its count and its sum, and ties at an
    edge stay ties. The rows of the two open bins are placed at their means, which is exact where the other side has no
    rows there: let the edges reach from just below the reference's minimum to its maximum.

    The error is at most 8/27 of the sum of width x (reference's share + current's share) over the bins between edges:
    0.014 standard deviations for a normal reference in 256 bins. A window whose few values move within one bin comes
    near that bound; measured, the error is below 1 % of the distance for smooth distributions, and below 5 % or 0.01
    deviations for heavy tails.

    A metric: symmetric, with the triangle inequality, 0 for proportional counts and sums. It scales with the data and
    does not change when both sides are shifted. NaN when a side has no rows or a sum has overflowed.

    Args:
        edges: increasing, (k,); the bins are (-inf, e0], (e0, e1], ..., (e[k-1], inf).
        reference_counts: finite values per bin, (k + 1,).
        reference_sums: sum of the finite values per bin, (k + 1,).
        current_counts: finite values per bin, (k + 1,).
        current_sums: sum of the finite values per bin, (k + 1,).

    Raises:
        ValueError: when the counts or sums do not have one bin more than there are edges.
    """
    reference, current, n, m = both_sides(reference_counts, current_counts)
    if not len(edges) + 1 == len(reference) == len(reference_sums) == len(current_sums):
        raise ValueError(f"{len(edges)} edges make {len(edges) + 1} bins; counts and sums must have as many")
    if not (n and m and np.isfinite(reference_sums).all() and np.isfinite(current_sums).all()):
        return math.nan
    # Shares times n * m are whole numbers, so proportional counts have exactly equal ranks.
    reference_mass, current_mass = reference * m, current * n
    ranks = np.concatenate(([0.0], np.cumsum(reference_mass), np.cumsum(current_mass)))
    ranks.sort()
    low, high = _quantiles(edges, reference, reference_sums, reference_mass, ranks)
    current_low, current_high = _quantiles(edges, current, current_sums, current_mass, ranks)
    return float(_area(low - current_low, high - current_high) @ (np.diff(ranks) / ranks[-1]))


def _quantiles(edges: Values, counts: Values, sums: Values, mass: Values, ranks: Values) -> tuple[Values, Values]:
    """The quantile function at both ends of each interval between `ranks`; it is linear in between."""
    mean = np.divide(sums, counts, out=np.zeros_like(counts), where=counts > 0)
    reach = np.minimum(mean[1:-1] - edges[:-1], edges[1:] - mean[1:-1])
    slope = np.zeros_like(mean)
    np.divide(2 * reach, mass[1:-1], out=slope[1:-1], where=counts[1:-1] > 0)
    top = np.cumsum(mass)
    index = np.searchsorted(top[:-1], (ranks[:-1] + ranks[1:]) / 2)  # without the last total, which is rounded
    mean, slope, centre = mean[index], slope[index], (top - mass / 2)[index]
    return mean + slope * (ranks[:-1] - centre), mean + slope * (ranks[1:] - centre)


def _area(left: Values, right: Values) -> Values:
    """The area between zero and lines of unit width from `left` to `right`."""
    left_half, right_half = np.abs(left) / 2, np.abs(right) / 2  # halves, which cannot overflow
    whole = left_half + right_half
    crossing = 2 * left_half * np.divide(right_half, whole, out=np.zeros_like(whole), where=whole > 0)
    area: Values = whole - np.where((left < 0) != (right < 0), crossing, 0.0)
    return area
