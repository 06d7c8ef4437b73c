"""Columns of names, batch by batch, as small codes: its version, its role and its segments."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exporter.catalogue import UNKNOWN_VERSION
from exporter.profiles.binning import Counts
from exporter.profiles.columns import ColumnMismatch, category_codes
from exporter.profiles.group import Group
from exporter.profiles.grouping import MAX_ROLES, MAX_VERSIONS, OTHER_ROLES, OTHER_VERSIONS
from exporter.profiles.profile import most_frequent

Codes = npt.NDArray[np.int8]
WideCodes = npt.NDArray[np.int16]

MAX_VALUES: Final = 1000
"""Values of a segment's column that a partition tells apart; so many may have a segment."""


class ColumnNames:
    """The names in a column, in the order in which they came; None is what rows have that name nothing."""

    def __init__(self, column: str | None) -> None:
        """Nothing is named yet; without a column nothing ever is."""
        self._column = column
        self._places: dict[str | None, int] = {}

    def codes(self, table: pa.Table) -> Counts:
        """The place of each row's name, (rows,); a column that is missing or holds no names names nothing."""
        own: list[str | None] = [None]
        codes = np.zeros(table.num_rows, np.int64)
        if self._column is not None and self._column in table.column_names:
            with suppress(ColumnMismatch):
                own, codes = category_codes(table.column(self._column))
        places = [self._places.setdefault(name, len(self._places)) for name in own]
        return np.array(places, np.int64)[codes]

    def few(self, codes: Counts, limit: int, absent: str | None = None) -> tuple[Counts, list[str]]:
        """The most frequent names of some rows, sorted, and the place of each row's among them; -1 where it has none.

        Args:
            codes: the rows' places, (rows,).
            limit: how many names at most.
            absent: the name of rows that name nothing; without it they have none.
        """
        names = [absent if name is None else name for name in self._places]
        counts: dict[str, int] = {}
        for name, rows in zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True):
            if rows and name is not None:
                counts[name] = counts.get(name, 0) + rows
        kept = sorted(most_frequent(counts, limit))
        place: dict[str | None, int] = {name: position for position, name in enumerate(kept)}
        return np.array([place.get(name, -1) for name in names], np.int64)[codes], kept


@dataclass(frozen=True, slots=True)
class CodedColumn:
    """The value of each row in a column: `codes`, (rows,), are positions in `names`, -1 where it is none of them."""

    codes: WideCodes
    names: tuple[str, ...]


def encode_groups(
    versions: ColumnNames, roles: ColumnNames, of_versions: Counts, of_roles: Counts
) -> tuple[Codes, tuple[Group, ...]]:
    """The groups that some rows are of, in their order, and the place of each row's.

    Args:
        versions: the names of versions.
        roles: the names of roles.
        of_versions: the place of each row's version among these, (rows,).
        of_roles: that of its role, (rows,).
    """
    version_codes, told_versions = _all_named(versions, of_versions, MAX_VERSIONS, UNKNOWN_VERSION, OTHER_VERSIONS)
    role_codes, told_roles = _all_named(roles, of_roles, MAX_ROLES, "", OTHER_ROLES)
    pairs = version_codes * len(told_roles) + role_codes
    there = np.bincount(pairs, minlength=1) > 0
    found = (divmod(pair, len(told_roles)) for pair in np.flatnonzero(there).tolist())
    places = (np.cumsum(there) - 1).astype(np.int8)[pairs]
    return places, tuple(Group(told_versions[one], told_roles[two]) for one, two in found)


def _all_named(names: ColumnNames, codes: Counts, limit: int, absent: str, other: str) -> tuple[Counts, list[str]]:
    told, kept = names.few(codes, limit, absent)
    if (told >= 0).all():
        return told, kept
    kept = kept if other in kept else [*kept, other]
    return np.where(told < 0, kept.index(other), told), kept


def encode_column(names: ColumnNames, codes: Counts) -> CodedColumn:
    """The values of some rows in a segment's column, given their places, (rows,)."""
    told, values = names.few(codes, MAX_VALUES)
    return CodedColumn(told.astype(np.int16), tuple(values))
