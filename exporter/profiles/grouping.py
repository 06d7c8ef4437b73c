"""Which group each row belongs to: told from the columns that name its version, its role and its segments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from exporter import catalogue
from exporter.profiles.binning import Counts
from exporter.profiles.columns import ColumnMismatch, category_codes
from exporter.profiles.group import Group, Segment
from exporter.profiles.profile import most_frequent

OTHER_VERSIONS: Final = "other"
"""Where rows go once a partition names more versions than `MAX_VERSIONS`: a column of ids is not a version."""
MAX_VERSIONS: Final = 20
"""Versions that a partition tells apart; a week of them is held in memory."""
OTHER_ROLES: Final = "other"
"""The same of roles, beyond `MAX_ROLES`."""
MAX_ROLES: Final = 4
"""Roles that a partition tells apart."""

Rows = Counts | None
"""The positions of some rows of a table, increasing; None for all of them."""
Named = list[tuple[str, Rows]]
"""Values of a column, each with its rows."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What rows are called that name nothing, how many names are told apart, and what the others are called."""

    absent: str
    limit: int
    other: str


VERSION: Final = Axis(catalogue.UNKNOWN_VERSION, MAX_VERSIONS, OTHER_VERSIONS)
ROLE: Final = Axis("", MAX_ROLES, OTHER_ROLES)


@dataclass(frozen=True, slots=True)
class Grouping:
    """The columns that tell groups apart, and of the segments' columns the values that have a segment.

    Without a column of versions all rows are of the version `unknown`, and without one of roles they have none.
    """

    version: str | None = None
    role: str | None = None
    segments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns, each once."""
        return tuple(dict.fromkeys(filter(None, [self.version, self.role, *self.segments])))

    @property
    def fingerprint(self) -> str:
        """Changes when rows would be told apart otherwise."""
        return str((self.version, self.role, dict(self.segments)))

    def split(self, table: pa.Table, known: Iterable[Group]) -> tuple[list[tuple[Group, Rows]], dict[str, str]]:
        """The groups in a table, each with its rows, and why a column cannot tell them if it cannot.

        Args:
            table: some rows.
            known: the groups that were found in others before: their names are kept however many come.

        Returns:
            Every row once in a group that is no segment; and once more in a segment of each column that gives it one.
        """
        seen, problems = list(known), dict[str, str]()
        versions = _named(table, self.version, VERSION, {group.version for group in seen}, problems)
        roles = _named(table, self.role, ROLE, {group.role for group in seen}, problems)
        groups = list(_crossed(versions, roles, table.num_rows))
        segments = list(segment_rows(table, self.segments, problems))
        return [*groups, *_divided(groups, segments, table.num_rows)], problems


UNGROUPED: Final = Grouping()
"""All rows together."""


def segment_rows(
    table: pa.Table, values: Mapping[str, tuple[str, ...]], problems: dict[str, str]
) -> Iterator[tuple[Segment, Rows]]:
    """The segments in a table, each with its rows; a column that cannot tell them is added to `problems`."""
    for column, told_apart in values.items():
        names, codes = _coded(table, column, problems)
        places = {name: code for code, name in enumerate(names)}
        for value in told_apart:
            if value in places:
                yield Segment(column, value), np.flatnonzero(codes == places[value])


def _crossed(versions: Named, roles: Named, total: int) -> Iterator[tuple[Group, Rows]]:
    for version, of_version in versions:
        for role, of_role in roles:
            rows = intersect_rows(of_version, of_role, total)
            if rows is None or len(rows):
                yield Group(version, role), rows


def _divided(
    groups: Iterable[tuple[Group, Rows]], segments: Iterable[tuple[Segment, Rows]], total: int
) -> Iterator[tuple[Group, Rows]]:
    divided = list(segments)
    for group, of_group in groups:
        for segment, of_segment in divided:
            rows = intersect_rows(of_group, of_segment, total)
            if rows is None or len(rows):
                yield group.within(segment), rows


def intersect_rows(left: Rows, right: Rows, total: int) -> Rows:
    """The rows that are among both, of a table with `total` rows."""
    if left is None or right is None:
        return right if left is None else left
    among = np.zeros(total, np.bool_)
    among[right] = True
    return left[among[left]]


def _named(table: pa.Table, column: str | None, axis: Axis, known: set[str], problems: dict[str, str]) -> Named:
    names, codes = _coded(table, column, problems)
    if not names:
        return [(axis.absent, None)]
    return list(_capped([axis.absent if name is None else name for name in names], codes, known, axis))


def _coded(table: pa.Table, column: str | None, problems: dict[str, str]) -> tuple[list[str | None], Counts]:
    """A column as names and codes; without a name when it cannot be had."""
    nothing: tuple[list[str | None], Counts] = [], np.empty(0, np.int64)
    if column is None or column not in table.column_names:
        return nothing
    try:
        return category_codes(table.column(column))
    except ColumnMismatch as problem:
        problems[column] = str(problem)
        return nothing


def _capped(names: list[str], codes: Counts, known: set[str], axis: Axis) -> Iterator[tuple[str, Rows]]:
    """Each name with its rows; beyond the limit, those that are neither known nor frequent together."""
    rows = np.bincount(codes, minlength=len(names))
    present = {code: names[code] for code in np.flatnonzero(rows).tolist()}
    fresh = {name: int(rows[code]) for code, name in present.items() if name not in known}
    told_apart = {*known, *most_frequent(fresh, max(axis.limit - len(known), 0))}
    if len(present) == 1 and told_apart.issuperset(present.values()):
        yield next(iter(present.values())), None
        return
    named = {code: name for code, name in present.items() if name in told_apart}
    for code, name in named.items():
        yield name, np.flatnonzero(codes == code)
    if len(named) < len(present):
        yield axis.other, np.flatnonzero(~np.isin(codes, list(named)))
