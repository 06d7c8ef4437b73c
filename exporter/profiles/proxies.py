"""Sums of a partition's rows for ratios of columns: a ratio and its standard error are computed from them.

By the delta method, the variance of a ratio of sums is the variance of its residuals (numerator minus ratio times
denominator) over the square of the denominator's sum (Cochran 1977, "Sampling Techniques", 6.4). So six sums of rows
are enough for any later ratio. For zeros and ones over rows the result is the binomial variance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final

import numpy as np
import pyarrow as pa

from exporter.profiles.binning import Floats
from exporter.profiles.columns import ColumnMismatch, category_codes, explained, numeric_values, required_column
from exporter.profiles.values import value_of
from exporter.sources.source import Batch, Selection
from exporter.spec.sections.proxies import ColumnRatio

Sums = Floats
"""The sums of one partition, shape (ratios, 6); NaN in the row of a ratio whose columns cannot be used."""


class Moment(IntEnum):
    """The sums, over the rows in which both numerator x and denominator y are known."""

    ROWS = 0
    NUMERATOR = 1
    DENOMINATOR = 2
    NUMERATOR_SQUARES = 3
    PRODUCTS = 4
    DENOMINATOR_SQUARES = 5


MOMENTS: Final = len(Moment)


def ratio_selection(ratios: Iterable[ColumnRatio]) -> Selection:
    """Return the columns that `sum_moments` needs, as keys, so that all of them are in each batch."""
    listed = tuple(ratios)
    numbers = {name for ratio in listed for name in ratio.columns if ratio.equals is None or name != ratio.numerator}
    keys = tuple(dict.fromkeys(name for ratio in listed for name in ratio.columns))
    return Selection(keys, (), (), numeric_keys=tuple(name for name in keys if name in numbers))


def sum_moments(batches: Iterable[Batch], ratios: Sequence[ColumnRatio]) -> tuple[Sums, dict[int, str]]:
    """Sum up a partition's rows.

    A row is left out of a ratio in which it has a null, a NaN or an infinity, and so is a file without its columns.

    Args:
        batches: the rows, with the columns of `ratio_selection`.
        ratios: the ratios.

    Returns:
        The sums, and by position why a ratio lacks those of a file: a column is missing or of a wrong type. The sums
        are NaN where all files lack it.
    """
    sums, problems = np.zeros((len(ratios), MOMENTS)), dict[int, str]()
    counted = np.zeros(len(ratios), np.bool_)
    for batch in batches:
        for position, ratio in enumerate(ratios):
            try:
                sums[position] += _moments(batch.table, ratio)
                counted[position] = True
            except ColumnMismatch as problem:
                problems.setdefault(position, str(explained(problem, batch)))
    sums[[position for position in problems if not counted[position]]] = np.nan
    return sums, problems


def _moments(table: pa.Table, ratio: ColumnRatio) -> Floats:
    x = _numbers(table, ratio.numerator) if ratio.equals is None else _matches(table, ratio.numerator, ratio.equals)
    y = np.ones(table.num_rows) if ratio.denominator is None else _numbers(table, ratio.denominator)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    with np.errstate(over="ignore"):
        return np.array([len(x), x.sum(), y.sum(), x @ x, x @ y, y @ y])


def _numbers(table: pa.Table, column: str) -> Floats:
    return numeric_values(required_column(table, column))[0]


def _matches(table: pa.Table, column: str, value: str) -> Floats:
    """Return 1 in the rows that equal the value, 0 in others, NaN in nulls."""
    names, codes = category_codes(required_column(table, column))
    wanted = value_of(value)
    matches: Floats = np.array([np.nan if name is None else float(value_of(name) == wanted) for name in names])[codes]
    return matches
