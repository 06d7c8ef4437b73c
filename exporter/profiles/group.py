"""Which rows of a model are counted together: those of a version, in a role, of the whole or of one of its segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from exporter import catalogue
from exporter.profiles.profile import most_frequent


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """The rows that have a value in a column."""

    column: str
    value: str

    @property
    def label(self) -> str:
        """How series name it: `country_code=US`; empty for the whole."""
        return f"{self.column}={self.value}" if self.column else ""


WHOLE: Final = Segment("", "")
"""All rows, whatever their segment."""


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Rows that are counted together; `role` is empty where the log names none."""

    version: str
    role: str = ""
    segment: Segment = WHOLE

    @property
    def labels(self) -> dict[str, str]:
        """What tells its series apart; an empty label is none."""
        return {
            catalogue.VERSION: self.version,
            catalogue.ROLE: self.role,
            catalogue.SEGMENT: self.segment.label,
        }

    def within(self, segment: Segment) -> Group:
        """The rows of a segment that are of the same version and in the same role."""
        return Group(self.version, self.role, segment)


def unsegmented(groups: Iterable[Group]) -> list[Group]:
    """The groups that are no segments: together they hold every row once."""
    return [group for group in groups if group.segment == WHOLE]


def segments_of(whole: Group, groups: Iterable[Group]) -> list[Group]:
    """The groups that are segments of one that is none."""
    return [group for group in groups if group.segment != WHOLE and whole.within(group.segment) == group]


def serving_groups(groups: Iterable[Group]) -> list[Group]:
    """The groups that are no segments and no challengers, which serve nobody."""
    return [group for group in unsegmented(groups) if group.role != catalogue.CHALLENGER]


def largest_groups(rows: Mapping[Group, int], versions: int) -> list[Group]:
    """The groups of the versions with most rows in all their roles, without their segments; a version's in their order.

    Args:
        rows: of each group.
        versions: how many versions at most.
    """
    by_version = Counter[str]()
    for group in unsegmented(rows):
        by_version[group.version] += rows[group]
    shown = most_frequent(by_version, versions)
    return [group for version in shown for group in unsegmented(rows) if group.version == version]
