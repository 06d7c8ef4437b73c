"""The group of each row, from the columns of its version, its role and its segments."""

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
from exporter.profiles.readability import Watched
from exporter.profiles.values import find_values

OTHER_VERSIONS: Final = "other"
"""The version of rows beyond `MAX_VERSIONS`, which protects against a column of ids."""
MAX_VERSIONS: Final = 20
"""Versions of a partition that have a name; a week of them is in memory."""
OTHER_ROLES: Final = "other"
"""The role of rows beyond `MAX_ROLES`."""
MAX_ROLES: Final = 4
"""Roles of a partition that have a name."""

Rows = Counts | None
"""The positions of some rows of a table, increasing; None for all of them."""
Named = list[tuple[str, Rows]]
"""Values of a column, each with its rows."""


@dataclass(frozen=True, slots=True)
class Axis:
    """How the values of a column are names.

    `absent` is the name of rows with no value or an empty one, `limit` the greatest number of names, and `other` the
    name of the others. `word` is a name that means something: it is recognised in any case and with blanks around it.
    """

    absent: str
    limit: int
    other: str
    word: str = ""

    def named(self, value: str | None) -> str:
        """Return the name of a value."""
        if value and value.strip().lower() == self.word:
            return self.word
        return value or self.absent


VERSION: Final = Axis(catalogue.UNKNOWN_VERSION, MAX_VERSIONS, OTHER_VERSIONS)
ROLE: Final = Axis("", MAX_ROLES, OTHER_ROLES, catalogue.CHALLENGER)


@dataclass(frozen=True, slots=True)
class Grouping:
    """The columns of version and role, and for each segment column the values that have a segment.

    `watched` are the columns for which each group counts the rows in which they cannot be read. Without a version
    column all rows have the version `unknown`, and without a role column they have no role.
    """

    version: str | None = None
    role: str | None = None
    segments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    watched: tuple[Watched, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns, each once."""
        return tuple(dict.fromkeys(filter(None, [self.version, self.role, *self.segments])))

    @property
    def fingerprint(self) -> str:
        """Changes when rows are grouped differently, or other columns are watched."""
        watched = [tuple(map(str, column)) for column in self.watched]
        return str((self.version, self.role, dict(self.segments), watched))

    def split(self, table: pa.Table, known: Iterable[Group]) -> tuple[list[tuple[Group, Rows]], dict[str, str]]:
        """Return the groups in a table, each with its rows, and by column why it cannot be used.

        Args:
            table: some rows.
            known: the groups of earlier rows: their names stay, however many others come.

        Returns:
            Every row once in a whole group, and once more in a segment of each column that has a segment for it.
        """
        groups_before, problems = list(known), dict[str, str]()
        versions = _named(table, self.version, VERSION, {group.version for group in groups_before}, problems)
        roles = _named(table, self.role, ROLE, {group.role for group in groups_before}, problems)
        groups = list(_crossed(versions, roles, table.num_rows))
        segments = list(segment_rows(table, self.segments, problems))
        return [*groups, *_divided(groups, segments, table.num_rows)], problems


UNGROUPED: Final = Grouping()
"""All rows together."""


def segment_rows(
    table: pa.Table, values: Mapping[str, tuple[str, ...]], problems: dict[str, str]
) -> Iterator[tuple[Segment, Rows]]:
    """Yield the segments in a table, each with its rows; if a column cannot be used, the reason goes to `problems`."""
    for column, with_segment in values.items():
        names, codes = _coded(table, column, problems)
        places = np.array(find_values(names, with_segment), np.int64)
        of_rows = places[codes]
        for place, value in enumerate(with_segment):
            if place in places:
                yield Segment(column, value), np.flatnonzero(of_rows == place)


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
    """Return the rows that are in both, for a table with `total` rows."""
    if left is None or right is None:
        return right if left is None else left
    among = np.zeros(total, np.bool_)
    among[right] = True
    return left[among[left]]


def _named(table: pa.Table, column: str | None, axis: Axis, known: set[str], problems: dict[str, str]) -> Named:
    names, codes = _coded(table, column, problems)
    if not names:
        return [(axis.absent, None)]
    positions: dict[str, int] = {}
    merged = [positions.setdefault(axis.named(name), len(positions)) for name in names]
    return list(_capped(list(positions), np.array(merged, np.int64)[codes], known, axis))


def _coded(table: pa.Table, column: str | None, problems: dict[str, str]) -> tuple[list[str | None], Counts]:
    """Return a column as names and codes; no names when the column cannot be used."""
    nothing: tuple[list[str | None], Counts] = [], np.empty(0, np.int64)
    if column is None or column not in table.column_names:
        return nothing
    try:
        return category_codes(table.column(column))
    except ColumnMismatch as problem:
        problems[column] = str(problem)
        return nothing


def _capped(names: list[str], codes: Counts, known: set[str], axis: Axis) -> Iterator[tuple[str, Rows]]:
    """Yield each name with its rows; names beyond the limit that are neither known nor frequent are one."""
    rows = np.bincount(codes, minlength=len(names))
    present = {code: names[code] for code in np.flatnonzero(rows).tolist()}
    new = {name: int(rows[code]) for code, name in present.items() if name not in known}
    separate = {*known, *most_frequent(new, max(axis.limit - len(known), 0))}
    if len(present) == 1 and separate.issuperset(present.values()):
        yield next(iter(present.values())), None
        return
    named = {code: name for code, name in present.items() if name in separate}
    for code, name in named.items():
        yield name, np.flatnonzero(codes == code)
    if len(named) < len(present):
        yield axis.other, np.flatnonzero(~np.isin(codes, list(named)))
