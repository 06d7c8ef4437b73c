"""The reference hour by hour, in PSI's cells, from which thresholds are fitted to its weeks.

It is far coarser than a profile: a dozen counts per feature and hour, so months of hours fit in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exporter.profiles.binning import Binning, Bins, CategoricalBins, Counts, Floats
from exporter.profiles.columns import ColumnMismatch, category_codes, column_of, numeric_values
from exporter.profiles.times import instants
from exporter.reference.outliers import ALL_HOURS, HourRange
from exporter.sources.source import Batch, Selection
from exporter.spec.seasons import HOURS_OF_WEEK
from exporter.spec.value_types import TimeUnit

SECONDS: Final = 3600
LONGEST_WEEKS: Final = 13
"""The newest weeks of a history: a quarter of a year."""


_Hours = tuple[Counts, npt.NDArray[Any]]
"""Values by hour: the hours, increasing, and one row of values for each hour."""


@dataclass(frozen=True, slots=True)
class TimeRule:
    """How a reference's times are read: the unit of epoch numbers, None to take it from their size, and which count."""

    unit: TimeUnit | None = None
    hours: HourRange = ALL_HOURS


ANY_TIME: Final = TimeRule()
"""Every time from the epoch on."""


@dataclass(frozen=True, slots=True)
class HourlyColumn:
    """One column, hour by hour.

    `cells` are rows by PSI cell, shape (hours, cells). `finite` is the number of finite values of a numeric column.
    `sums` and `squares` are the sums of the values and of their squares, both measured from the column's pivot, shape
    (hours,). All three are zero for a categorical column.
    """

    cells: Counts
    finite: Counts
    sums: Floats
    squares: Floats


@dataclass(frozen=True, slots=True)
class History:
    """A range of consecutive hours.

    `hours` counts them from the Unix epoch, shape (hours,). `rows` are the rows of each hour, 0 where it has none.
    """

    hours: Counts
    rows: Counts
    columns: Mapping[str, HourlyColumn]


def hours_of(column: pa.ChunkedArray, rule: TimeRule = ANY_TIME) -> Counts:
    """Return the hour of each row since the Unix epoch; -1 for a row without a readable time, or one that is left out.

    Args:
        column: times as `exporter.profiles.times` reads them.
        rule: how they are read.

    Raises:
        ColumnMismatch: when a column of this type does not hold times.
    """
    hours = instants(column, rule.unit) // (SECONDS * 1_000_000)
    return np.where((hours >= rule.hours.first) & (hours < rule.hours.end), hours, -1)


def counting_rows(batches: Iterable[Batch], selection: Selection, rule: TimeRule) -> Iterator[Batch]:
    """Yield batches with the rows whose time counts; all rows where the selection has no column of times.

    Args:
        batches: the rows.
        selection: the columns; the column of times is its only key.
        rule: how the times are read, and which count.

    Raises:
        ColumnMismatch: the column is missing, or does not hold times.
    """
    for batch in batches:
        if not selection.keys:
            yield batch
            continue
        counts = hours_of(column_of(batch, selection.keys[0]), rule) >= 0
        yield replace(batch, table=batch.table.filter(pa.array(counts)))


@dataclass(slots=True)
class HistoryBuilder:
    """Builds a `History` from batches; the timestamps are a key, so every batch has them.

    Each batch is added up, and hours that are too old are dropped. So memory never holds more than the history itself,
    however many batches there are and in whatever order.
    """

    binning: Binning
    timestamp: str
    rule: TimeRule = ANY_TIME
    _first: int | None = None
    _rows: _Hours | None = None
    _columns: dict[str, tuple[_Hours, ...]] = field(default_factory=dict)

    def add(self, batch: Batch) -> None:
        """Count a batch; a column of the wrong type is left out, as it is in profiles.

        Raises:
            ColumnMismatch: when the timestamps are not times.
        """
        hours, index = np.unique(hours_of(column_of(batch, self.timestamp), self.rule), return_inverse=True)
        known = hours[hours >= 0]
        if batch.first and len(known):
            first = int(known[0])
            self._first = first if self._first is None else min(first, self._first)
            self._rows = _added(self._rows, (hours, np.bincount(index, minlength=len(hours))))
        for name in batch.table.column_names:
            if name in self.binning.by_name and (batch.first or name != self.timestamp):
                with suppress(ColumnMismatch):
                    column = _hourly(batch.table.column(name), self.binning.by_name[name], index, len(hours))
                    parts = (column.cells, column.finite, column.sums, column.squares)
                    self._add_column(name, tuple((hours, part) for part in parts))

    def _add_column(self, name: str, parts: tuple[_Hours, ...]) -> None:
        totals = self._columns.get(name, (None,) * len(parts))
        self._columns[name] = tuple(_added(total, part) for total, part in zip(totals, parts, strict=True))

    def merge(self, other: HistoryBuilder) -> None:
        """Add the counts of another builder, which has read other rows."""
        self._first = min((hour for hour in (self._first, other._first) if hour is not None), default=None)
        if other._rows is not None:
            self._rows = _added(self._rows, other._rows)
        for name, parts in other._columns.items():
            self._add_column(name, parts)

    def finish(self) -> History | None:
        """Return the newest `LONGEST_WEEKS` weeks, hour by hour; None when no row has a time."""
        if self._rows is None or self._first is None:
            return None
        end = int(self._rows[0][-1]) + 1
        hours = np.arange(max(self._first, end - LONGEST_WEEKS * HOURS_OF_WEEK), end)
        columns = {
            name: HourlyColumn(*(_spread(hours, part) for part in parts)) for name, parts in self._columns.items()
        }
        return History(hours, _spread(hours, self._rows), columns)


def _added(total: _Hours | None, more: _Hours) -> _Hours:
    """Return the sum by hour, without hours that are older than the history, and without rows that have no time."""
    parts = [more] if total is None else [total, more]
    hours = np.unique(np.concatenate([at for at, _ in parts]))
    newest = int(hours[-1]) if len(hours) else -1
    hours = hours[(hours >= 0) & (hours > newest - LONGEST_WEEKS * HOURS_OF_WEEK)]
    return hours, np.sum([_spread(hours, part) for part in parts], axis=0)


def _spread(hours: Counts, part: _Hours) -> npt.NDArray[Any]:
    """Return a part's values at these hours, 0 at hours that it does not have; the hours of both are increasing."""
    at, values = part
    spread = np.zeros((len(hours), *values.shape[1:]), values.dtype)
    inside = np.isin(at, hours, assume_unique=True)
    spread[np.searchsorted(hours, at[inside])] = values[inside]
    return spread


def _hourly(column: pa.ChunkedArray, bins: Bins, index: Counts, hours: int) -> HourlyColumn:
    """Return the hourly counts of a batch's column; `index` is each row's position in the batch's hours."""
    codes, cells, values = _cells(column, bins)
    finite = np.isfinite(values)
    away, at = values[finite], index[finite]
    with np.errstate(over="ignore"):  # too large squares are infinite and give no ratio
        squares = np.square(away)
    return HourlyColumn(
        np.bincount(index * cells + codes, minlength=hours * cells).reshape(hours, cells),
        np.bincount(at, minlength=hours),
        np.bincount(at, away, hours).astype(np.float64),
        np.bincount(at, squares, hours).astype(np.float64),
    )


def _cells(column: pa.ChunkedArray, bins: Bins) -> tuple[Counts, int, Floats]:
    """Return each row's PSI cell, the number of cells, and each row's value minus the pivot; NaN without a number."""
    if isinstance(bins, CategoricalBins):
        names, codes = category_codes(column)
        return bins.cells_of(names)[codes], bins.cells, np.full(len(codes), np.nan)
    values, _ = numeric_values(column)
    ends = bins.edges[bins.deciles]
    missing = len(ends) + 1
    codes = np.where(np.isnan(values), missing, np.searchsorted(ends, values, side="left"))
    return codes, missing + 1, values - bins.pivot
