"""Arrow columns as times: microseconds since the Unix epoch."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exporter.profiles.columns import ColumnMismatch, value_type

Instants = npt.NDArray[np.int64]
"""Microseconds since the Unix epoch."""

NO_TIME: Final = int(np.iinfo(np.int64).min)
"""Stands for a missing time; smaller than all times."""

_MOMENTS: Final = (pa.types.is_timestamp, pa.types.is_date)
_TEXTS: Final = (pa.types.is_string, pa.types.is_large_string)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def is_time(kind: pa.DataType) -> bool:
    """Return whether a column of this type can hold times: timestamps, dates or texts."""
    return any(test(value_type(kind)) for test in (*_MOMENTS, *_TEXTS))


def timestamps(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of timestamps or dates unchanged, and a column of texts as timestamps.

    Args:
        column: timestamps, dates (their midnight), or ISO 8601 texts that all have a zone or all have none.

    Raises:
        ColumnMismatch: when the column does not hold times.
    """
    kind = value_type(column.type)
    if not is_time(kind):
        raise ColumnMismatch(f"the column is {kind}, a time was expected")
    plain = column.cast(kind) if kind != column.type else column
    return _parsed(plain) if any(test(kind) for test in _TEXTS) else plain


def instants(column: pa.ChunkedArray) -> Instants:
    """Return the time of each row, `NO_TIME` for a null. Times without a zone are UTC.

    Raises:
        ColumnMismatch: as `timestamps`.
    """
    times = timestamps(column)
    exact = times.cast(pa.timestamp("us", getattr(times.type, "tz", None)), safe=False).cast(pa.int64())
    filled: Instants = pc.fill_null(exact, NO_TIME).to_numpy()
    return filled


def microseconds(moment: datetime) -> int:
    """Return an aware moment in microseconds since the Unix epoch."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _parsed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    with suppress(pa.ArrowInvalid):
        return texts.cast(pa.timestamp("ns", "UTC"))
    try:
        return texts.cast(pa.timestamp("ns"))
    except pa.ArrowInvalid as problem:
        raise ColumnMismatch(f"the column holds what is not a time: {problem}") from problem
