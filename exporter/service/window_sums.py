"""The profiles of windows, summed from blocks of partitions, so that a window that moves on is not summed anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from exporter.profiles.binning import Floats
from exporter.profiles.group import Group
from exporter.profiles.kernel import PartitionProfile
from exporter.profiles.profile import Profile
from exporter.samples.windows import WindowProfile
from exporter.spec.seasons import HOURS_OF_WEEK, Calendar, partition_cells
from exporter.spec.windows import EPOCH, Window, partition_number
from exporter.statistics.block_sums import BlockSums


@dataclass(frozen=True, slots=True)
class _Counted:
    """Some partitions: the profile of each group, and its rows by hour of the local week, shape (168,)."""

    groups: Mapping[Group, Profile]
    hours: Mapping[Group, Floats]

    def __add__(self, other: _Counted) -> _Counted:
        groups, hours = dict(self.groups), dict(self.hours)
        for group, profile in other.groups.items():
            known = group in groups
            groups[group] = groups[group] + profile if known else profile
            hours[group] = hours[group] + other.hours[group] if known else other.hours[group]
        return _Counted(groups, hours)


class WindowSums:
    """Sums one model's partitions into windows. One thread at a time may use it."""

    def __init__(self, calendar: Calendar, grain: timedelta) -> None:
        """Without partitions.

        Args:
            calendar: the model's.
            grain: the length of a partition.
        """
        self._calendar = calendar
        self._grain = grain
        self._sums: BlockSums[PartitionProfile, _Counted] = BlockSums(self._count, _Counted.__add__)

    def update(self, profiles: Mapping[datetime, PartitionProfile]) -> None:
        """Take the profiles of these partitions, by start, in place of those before."""
        self._sums.update({self._place(start): profile for start, profile in profiles.items()})

    def window(self, name: str, span: Window) -> WindowProfile:
        """Return the profile of a window: the sum of its partitions' profiles, and its rows by hour of the week.

        Args:
            name: of the window's length.
            span: the window.
        """
        total = self._sums.total(self._place(span.start), self._place(span.end)) or _Counted({}, {})
        groups = {group: total.groups[group] for group in sorted(total.groups)}
        return WindowProfile(name, span, groups, total.hours)

    def _place(self, start: datetime) -> int:
        return partition_number(start, self._grain)

    def _count(self, place: int, profile: PartitionProfile) -> _Counted:
        cells = partition_cells(self._calendar, EPOCH + place * self._grain, self._grain)
        shares = np.bincount(cells, minlength=HOURS_OF_WEEK) / len(cells)
        return _Counted(profile.groups, {group: part.rows * shares for group, part in profile.groups.items()})
