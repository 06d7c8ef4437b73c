"""Bit-for-bit equality of profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.profiles.kernel import PartitionProfile
from exporter.profiles.profile import Profile


def assert_identical(left: Profile, right: Profile) -> None:
    """Assert that two profiles are equal bit for bit."""
    assert left.rows == right.rows
    for name in ("counts", "sums", "squares", "lows", "highs"):
        one, other = getattr(left, name), getattr(right, name)
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()
    assert left.novel == right.novel
    assert left.unreadable == right.unreadable


def assert_all_identical(left: Mapping[Any, Profile], right: Mapping[Any, Profile]) -> None:
    """Assert that both have the same profiles under the same names, in the same order."""
    assert list(left) == list(right)
    for name, profile in right.items():
        assert_identical(left[name], profile)


def assert_identical_partition(left: PartitionProfile | None, right: PartitionProfile) -> None:
    """Assert that two partitions have the same groups and problems."""
    assert left is not None
    assert left.problems == right.problems
    assert_all_identical(left.groups, right.groups)
