"""Columns of names as small codes, batch by batch: version, role and segments."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exporter.profiles.binning import Counts
from exporter.profiles.columns import ColumnMismatch, category_codes
from exporter.profiles.group import Group
from exporter.profiles.grouping import ROLE, VERSION, Axis
from exporter.profiles.profile import most_frequent

Codes = npt.NDArray[np.int8]
WideCodes = npt.NDArray[np.int16]

MAX_VALUES: Final = 1000
"""Values of a segment's column that a partition names, and the greatest number of its segments."""


class ColumnNames:
    """The names in a column, in the order in which they came; None is the name of rows without one."""

    def __init__(self, column: str | None) -> None:
        """Start without names; without a column all rows have the name None."""
        self._column = column
        self._positions: dict[str | None, int] = {}
        self._rows: Counts | None = None

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._positions)

    def count(self, codes: Counts) -> None:
        """Count rows, given their positions, after the last of `codes`: these then tell the most frequent names."""
        rows = np.bincount(codes, minlength=len(self))
        self._rows = rows if self._rows is None else self._rows + rows

    def codes(self, table: pa.Table) -> Counts:
        """Return the position of each row's name, shape (rows,).

        All rows have the name None where the column is missing or has a wrong type.
        """
        own: list[str | None] = [None]
        codes = np.zeros(table.num_rows, np.int64)
        if self._column is not None and self._column in table.column_names:
            with suppress(ColumnMismatch):
                own, codes = category_codes(table.column(self._column))
        positions = [self._positions.setdefault(name, len(self._positions)) for name in own]
        return np.array(positions, np.int64)[codes]

    def most_frequent_names(self, codes: Counts, limit: int, axis: Axis | None = None) -> tuple[Counts, list[str]]:
        """Return the most frequent names of some rows, sorted, and each row's position among them; -1 for other rows.

        If rows were counted, it is the most frequent names of these.

        Args:
            codes: the rows' positions, shape (rows,).
            limit: the greatest number of names.
            axis: how values are names; if it is None, rows without a value have none.
        """
        names = [name if axis is None else axis.named(name) for name in self._positions]
        counts: dict[str, int] = {}
        number = np.bincount(codes, minlength=len(names)) if self._rows is None else self._rows
        for name, rows in zip(names, number.tolist(), strict=True):
            if rows and name is not None:
                counts[name] = counts.get(name, 0) + rows
        limited_names = sorted(most_frequent(counts, limit))
        position_of: dict[str | None, int] = {name: position for position, name in enumerate(limited_names)}
        return np.array([position_of.get(name, -1) for name in names], np.int64)[codes], limited_names


@dataclass(frozen=True, slots=True)
class CodedColumn:
    """The value of each row in a column.

    `codes`, shape (rows,), are positions in `names`, -1 where the value is none of them.
    """

    codes: WideCodes
    names: tuple[str, ...]


def encode_groups(
    versions: ColumnNames, roles: ColumnNames, of_versions: Counts, of_roles: Counts
) -> tuple[Codes, tuple[Group, ...]]:
    """Return the position of each row's group, and the groups in their order.

    Args:
        versions: the names of versions.
        roles: the names of roles.
        of_versions: the position of each row's version among these, shape (rows,).
        of_roles: the position of its role, shape (rows,).
    """
    version_codes, version_names = _all_named(versions, of_versions, VERSION)
    role_codes, role_names = _all_named(roles, of_roles, ROLE)
    pairs = version_codes * len(role_names) + role_codes
    present = np.bincount(pairs, minlength=1) > 0
    pairs_present = (divmod(pair, len(role_names)) for pair in np.flatnonzero(present).tolist())
    positions = (np.cumsum(present) - 1).astype(np.int8)[pairs]
    return positions, tuple(Group(version_names[version], role_names[role]) for version, role in pairs_present)


def _all_named(names: ColumnNames, codes: Counts, axis: Axis) -> tuple[Counts, list[str]]:
    limited, limited_names = names.most_frequent_names(codes, axis.limit, axis)
    if (limited >= 0).all():
        return limited, limited_names
    limited_names = limited_names if axis.other in limited_names else [*limited_names, axis.other]
    return np.where(limited < 0, limited_names.index(axis.other), limited), limited_names


def encode_column(names: ColumnNames, codes: Counts) -> CodedColumn:
    """Return the values of some rows in a segment's column, given their positions, shape (rows,)."""
    value_codes, values = names.most_frequent_names(codes, MAX_VALUES)
    return CodedColumn(value_codes.astype(np.int16), tuple(values))
