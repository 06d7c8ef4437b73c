"""Assertions that two ways of counting give equal results: counts exactly, sums up to their last digits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from exporter.profiles.binning import Binning, NumericBins
from exporter.profiles.kernel import PartitionProfile
from exporter.profiles.profile import Profile
from exporter.reference.history import History

DIGITS = 1e-9


def assert_same_partition(left: PartitionProfile, right: PartitionProfile) -> None:
    """Assert that both have the same groups, and failed at the same columns for the same reasons."""
    assert left.problems == right.problems
    assert_same_profiles(left.groups, right.groups)


def assert_same_profiles(left: Mapping[Any, Profile], right: Mapping[Any, Profile]) -> None:
    """Assert that both have the same profiles under the same names."""
    assert left.keys() == right.keys()
    for name, one in left.items():
        other = right[name]
        assert one.rows == other.rows
        np.testing.assert_array_equal(one.counts, other.counts)
        np.testing.assert_allclose(one.sums, other.sums, rtol=DIGITS)
        np.testing.assert_allclose(one.squares, other.squares, rtol=DIGITS)
        np.testing.assert_array_equal(one.lows, other.lows)
        np.testing.assert_array_equal(one.highs, other.highs)
        assert one.novel == other.novel
        assert one.unreadable == other.unreadable


def assert_same_binning(left: Binning, right: Binning) -> None:
    """Assert that both have the same cells; pivots are means, so they may differ in their last digits."""
    assert [bins.name for bins in left.columns] == [bins.name for bins in right.columns]
    for one, other in zip(left.columns, right.columns, strict=True):
        if isinstance(one, NumericBins) and isinstance(other, NumericBins):
            np.testing.assert_array_equal(one.edges, other.edges)
            np.testing.assert_array_equal(one.deciles, other.deciles)
            np.testing.assert_allclose(one.pivot, other.pivot, rtol=DIGITS)
        else:
            assert one == other


def assert_same_history(left: History | None, right: History | None) -> None:
    """Assert that both have the same hours."""
    assert left is not None
    assert right is not None
    np.testing.assert_array_equal(left.hours, right.hours)
    np.testing.assert_array_equal(left.rows, right.rows)
    assert left.columns.keys() == right.columns.keys()
    for name, one in left.columns.items():
        other = right.columns[name]
        np.testing.assert_array_equal(one.cells, other.cells)
        np.testing.assert_array_equal(one.finite, other.finite)
        np.testing.assert_allclose(one.sums, other.sums, rtol=DIGITS)
        np.testing.assert_allclose(one.squares, other.squares, rtol=DIGITS)
