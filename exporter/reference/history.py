"""The reference hour by hour, in PSI's cells: what its own weeks are learned from.

Far coarser than a profile, so that months of hours fit in memory: a dozen counts per feature and hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exporter.profiles.binning import Binning, Bins, CategoricalBins, Counts, Floats
from exporter.profiles.columns import ColumnMismatch, category_codes, numeric_values
from exporter.profiles.times import timestamps
from exporter.sources.source import Batch
from exporter.spec.seasons import HOURS_OF_WEEK

SECONDS: Final = 3600
LONGEST_WEEKS: Final = 13
"""Weeks that are learned from, the newest: a quarter."""


_Hours = tuple[Counts, npt.NDArray[Any]]
"""Values by hour: the hours, increasing, and a row of values for each."""


@dataclass(frozen=True, slots=True)
class HourlyColumn:
    """One column, hour by hour.

    `cells` are rows by PSI cell, (hours, cells). `finite` is the number of the finite values of a numeric column, and
    `sums` and `squares` what they and their squares sum up to, from the column's pivot, (hours,); zeros for a
    categorical one.
    """

    cells: Counts
    finite: Counts
    sums: Floats
    squares: Floats


@dataclass(frozen=True, slots=True)
class History:
    """A stretch of hours with none left out.

    `hours` counts them from the Unix epoch, (hours,); `rows` are those of each, 0 where there were none.
    """

    hours: Counts
    rows: Counts
    columns: Mapping[str, HourlyColumn]


def hours_of(column: pa.ChunkedArray) -> Counts:
    """The hour of each row, from the Unix epoch; -1 for a null, or a time before it. Times without a zone are UTC.

    Args:
        column: timestamps, dates (their midnight), or ISO 8601 texts that all have a zone or all have none.

    Raises:
        ColumnMismatch: when the column is not one of times.
    """
    column = timestamps(column)
    seconds = column.cast(pa.timestamp("s", getattr(column.type, "tz", None)), safe=False).cast(pa.int64())
    filled = pc.fill_null(seconds, -1).to_numpy()
    return np.where(filled < 0, -1, filled // SECONDS)


@dataclass(slots=True)
class HistoryBuilder:
    """Gathers a `History` from batches; the timestamps are a key, so every batch has them.

    Batches are added up as they come and hours that are too old are dropped, so however many batches there are and in
    whatever order, no more is held than the history itself.
    """

    binning: Binning
    timestamp: str
    _first: int | None = None
    _rows: _Hours | None = None
    _columns: dict[str, tuple[_Hours, ...]] = field(default_factory=dict)

    def add(self, batch: Batch) -> None:
        """Count a batch; a column of the wrong type is left out, as it is of the profiles.

        Raises:
            ColumnMismatch: when the timestamps are none.
        """
        hours, index = np.unique(hours_of(batch.table.column(self.timestamp)), return_inverse=True)
        known = hours[hours >= 0]
        if batch.first and len(known):
            first = int(known[0])
            self._first = first if self._first is None else min(first, self._first)
            self._rows = _added(self._rows, (hours, np.bincount(index, minlength=len(hours))))
        for name in batch.table.column_names:
            if name in self.binning.by_name and (batch.first or name != self.timestamp):
                with suppress(ColumnMismatch):
                    column = _hourly(batch.table.column(name), self.binning.by_name[name], index, len(hours))
                    self._add_column(name, hours, column)

    def _add_column(self, name: str, hours: Counts, column: HourlyColumn) -> None:
        held = self._columns.get(name, (None,) * 4)
        parts = (column.cells, column.finite, column.sums, column.squares)
        self._columns[name] = tuple(_added(one, (hours, part)) for one, part in zip(held, parts, strict=True))

    def take(self, other: HistoryBuilder) -> None:
        """Add what another has gathered of other rows."""
        self._first = min((hour for hour in (self._first, other._first) if hour is not None), default=None)
        if other._rows is not None:
            self._rows = _added(self._rows, other._rows)
        for name, parts in other._columns.items():
            held = self._columns.get(name, (None,) * len(parts))
            self._columns[name] = tuple(_added(one, part) for one, part in zip(held, parts, strict=True))

    def finish(self) -> History | None:
        """The newest `LONGEST_WEEKS` weeks, hour by hour; None when no row had a time."""
        if self._rows is None or self._first is None:
            return None
        end = int(self._rows[0][-1]) + 1
        hours = np.arange(max(self._first, end - LONGEST_WEEKS * HOURS_OF_WEEK), end)
        columns = {
            name: HourlyColumn(*(_spread(hours, part) for part in parts)) for name, parts in self._columns.items()
        }
        return History(hours, _spread(hours, self._rows), columns)


def _added(held: _Hours | None, more: _Hours) -> _Hours:
    """The sum of two stretches' hours, without those that are older than the history will be, or have no time."""
    parts = [more] if held is None else [held, more]
    hours = np.unique(np.concatenate([at for at, _ in parts]))
    newest = int(hours[-1]) if len(hours) else -1
    hours = hours[(hours >= 0) & (hours > newest - LONGEST_WEEKS * HOURS_OF_WEEK)]
    return hours, np.sum([_spread(hours, part) for part in parts], axis=0)


def _spread(hours: Counts, part: _Hours) -> npt.NDArray[Any]:
    """A part's values at these hours, 0 at those that it does not have; both are increasing."""
    at, values = part
    spread = np.zeros((len(hours), *values.shape[1:]), values.dtype)
    inside = np.isin(at, hours, assume_unique=True)
    spread[np.searchsorted(hours, at[inside])] = values[inside]
    return spread


def _hourly(column: pa.ChunkedArray, bins: Bins, index: Counts, hours: int) -> HourlyColumn:
    """A batch's column; `index` is each row's place among its hours."""
    codes, cells, values = _cells(column, bins)
    finite = np.isfinite(values)
    away, at = values[finite], index[finite]
    with np.errstate(over="ignore"):  # squares that are too large for a float are infinite, and no ratio comes of them
        squares = np.square(away)
    return HourlyColumn(
        np.bincount(index * cells + codes, minlength=hours * cells).reshape(hours, cells),
        np.bincount(at, minlength=hours),
        np.bincount(at, away, hours).astype(np.float64),
        np.bincount(at, squares, hours).astype(np.float64),
    )


def _cells(column: pa.ChunkedArray, bins: Bins) -> tuple[Counts, int, Floats]:
    """Each row's PSI cell, how many cells there are, and its value from the pivot; NaN where it has no number."""
    if isinstance(bins, CategoricalBins):
        names, codes = category_codes(column)
        known = {name: place for place, name in enumerate(bins.categories)}
        places = [len(known) + 1 if name is None else known.get(name, len(known)) for name in names]
        return np.array(places, np.int64)[codes], len(known) + 2, np.full(len(codes), np.nan)
    values, _ = numeric_values(column)
    ends = bins.edges[bins.deciles]
    missing = len(ends) + 1
    codes = np.where(np.isnan(values), missing, np.searchsorted(ends, values, side="left"))
    return codes, missing + 1, values - bins.pivot
