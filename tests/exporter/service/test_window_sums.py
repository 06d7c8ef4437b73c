"""Windows are sums of their partitions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from exporter.profiles.group import Group
from exporter.profiles.kernel import PartitionProfile
from exporter.profiles.profile import Profile
from exporter.service.window_sums import WindowSums
from exporter.spec.seasons import Calendar
from exporter.spec.sections.seasonality import Seasonality
from exporter.spec.windows import Window

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
GROUP, OTHER = Group("v1"), Group("v2")


def profile(**rows: int) -> PartitionProfile:
    """A partition with so many rows of each version, one cell and no sums."""
    zero = np.zeros(1)
    groups = {
        Group(version): Profile(number, np.array([number]), zero, zero, zero, zero) for version, number in rows.items()
    }
    return PartitionProfile(groups, {})


@pytest.fixture
def sums() -> WindowSums:
    return WindowSums(Calendar.of(Seasonality()), HOUR)


class TestWindowSums:
    def test_a_window_is_the_sum_of_its_partitions_by_group(self, sums: WindowSums) -> None:
        sums.update({MONDAY: profile(v1=1), MONDAY + HOUR: profile(v2=5, v1=2), MONDAY + 2 * HOUR: profile(v1=4)})
        window = sums.window("2h", Window(MONDAY + HOUR, MONDAY + 3 * HOUR))
        assert {group: part.rows for group, part in window.groups.items()} == {GROUP: 6, OTHER: 5}
        assert list(window.groups) == [GROUP, OTHER]
        assert window.hours[GROUP][:4].tolist() == [0, 2, 4, 0]
        assert window.hours[OTHER][:4].tolist() == [0, 5, 0, 0]

    def test_a_window_without_partitions_has_no_groups(self, sums: WindowSums) -> None:
        sums.update({MONDAY: profile(v1=1)})
        window = sums.window("1h", Window(MONDAY + HOUR, MONDAY + 2 * HOUR))
        assert not window.groups
        assert not window.hours

    def test_a_rewritten_partition_replaces_the_old_one(self, sums: WindowSums) -> None:
        span = Window(MONDAY, MONDAY + HOUR)
        sums.update({MONDAY: profile(v1=1)})
        assert sums.window("1h", span).groups[GROUP].rows == 1
        sums.update({MONDAY: profile(v1=7)})
        assert sums.window("1h", span).groups[GROUP].rows == 7

    def test_a_partition_of_a_day_spreads_its_rows_over_its_hours(self) -> None:
        sums = WindowSums(Calendar.of(Seasonality()), timedelta(days=1))
        sums.update({MONDAY: profile(v1=48)})
        window = sums.window("1d", Window(MONDAY, MONDAY + timedelta(days=1)))
        assert window.hours[GROUP].tolist() == [2.0] * 24 + [0.0] * 144
