"""How large a shift of a feature would alarm in a window, from its threshold."""

from __future__ import annotations

from typing import Final

import numpy as np

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.profiles.profile import CategoricalColumn, NumericColumn
from exporter.statistics.sensitivity import Shape, detectable_shift, equivalent_shift

_TIES: Final = 0.1
"""The share of rows in one of 256 quantiles above which values are few: a shift does not move them bit by bit."""


def sensitivity_values(before: NumericColumn | CategoricalColumn, rows: float, level: float) -> dict[Metric, float]:
    """The least shift that would alarm at a threshold, in standard deviations of the reference.

    A feature without an order, and a numeric one with few values, has the shift of a normal feature with the same
    population stability index.

    Args:
        before: the column of the reference.
        rows: the rows of the window, above 0.
        level: the threshold of the population stability index, in nats.
    """
    if isinstance(before, CategoricalColumn) or before.bins.max() > _TIES * before.finite:
        return {catalogue.FEATURE_DETECTABLE_SHIFT: equivalent_shift(level)}
    edges = before.edges
    ends = np.concatenate([[min(before.low, edges[0])], edges, [max(before.high, edges[-1])]])
    still = np.zeros(len(before.deciles) + 2)
    still[0], still[-2], still[-1] = before.low_infinities, before.high_infinities, before.missing
    bins = np.asarray(before.bins, np.float64)
    shape = Shape(ends, bins, edges[before.deciles], still, before.stddev)
    return {catalogue.FEATURE_DETECTABLE_SHIFT: detectable_shift(shape, rows, level)}
