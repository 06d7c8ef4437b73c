"""Groups of rows that are counted together: the rows of a version and a role, all of them or those of a segment."""

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
        """The value of the series label: `country_code=US`; empty for the whole."""
        return f"{self.column}={self.value}" if self.column else ""


WHOLE: Final = Segment("", "")
"""All rows, in every segment or none."""


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Rows that are counted together; `role` is empty where the log has no role."""

    version: str
    role: str = ""
    segment: Segment = WHOLE

    @property
    def labels(self) -> dict[str, str]:
        """The series labels of the group; an empty label is the same as none."""
        return {
            catalogue.VERSION: self.version,
            catalogue.ROLE: self.role,
            catalogue.SEGMENT: self.segment.label,
        }

    def within(self, segment: Segment) -> Group:
        """Return the group of a segment's rows with the same version and role."""
        return Group(self.version, self.role, segment)


def unsegmented(groups: Iterable[Group]) -> list[Group]:
    """Return the groups that are not segments: together they hold every row once."""
    return [group for group in groups if group.segment == WHOLE]


def segments_of(whole: Group, groups: Iterable[Group]) -> list[Group]:
    """Return the groups that are segments of a whole group."""
    return [group for group in groups if group.segment != WHOLE and whole.within(group.segment) == group]


def serving_groups(groups: Iterable[Group]) -> list[Group]:
    """Return the groups that are not segments and not challengers. A challenger's predictions are not served."""
    return [group for group in unsegmented(groups) if group.role != catalogue.CHALLENGER]


def largest_groups(rows: Mapping[Group, int], versions: int) -> list[Group]:
    """Return the whole groups of the versions with most rows in all their roles, in the order of the versions.

    Args:
        rows: the rows of each group.
        versions: the greatest number of versions.
    """
    by_version = Counter[str]()
    for group in unsegmented(rows):
        by_version[group.version] += rows[group]
    largest = most_frequent(by_version, versions)
    return [group for version in largest for group in unsegmented(rows) if group.version == version]
