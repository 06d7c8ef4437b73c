"""Columns of times, as teams write them: each row's time in microseconds since the Unix epoch.

A column holds timestamps, dates, epoch numbers or texts. Each row is read by itself, so one value that is no time costs
only its own row. A text is `2026-11-22`, `2026-11-22T10:00`, `2026-11-22 10:00:00.25` or the like; `/` may stand for
`-`. A fraction of a second has 1 to 9 digits. The zone is `Z`, `UTC`, `GMT`, `+02`, `+0200` or `+02:00`, with or
without a blank before it. Times without a zone are UTC. A date is its midnight. A text of 9 to 19 digits, perhaps with
a fraction, is an epoch number, as CSV has it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exporter.profiles.binning import Floats
from exporter.profiles.columns import ColumnMismatch, Mask, arrow_errors, is_text, value_type
from exporter.spec.value_types import TimeUnit

Instants = npt.NDArray[np.int64]
"""Microseconds since the Unix epoch."""

NO_TIME: Final = int(np.iinfo(np.int64).min)
"""Stands for a missing time; smaller than all times."""
UNREADABLE: Final = NO_TIME + 1
"""Stands for a value that is no time; smaller than all times but `NO_TIME`."""
UNITS_FROM: Final[tuple[tuple[TimeUnit, float], ...]] = (("s", 0), ("ms", 1e11), ("us", 1e14), ("ns", 1e17))
"""The unit of an epoch number whose spec names none, and the smallest number that has it. Every time from March 1973 to
the year 5138 has its own unit by this rule; others need the unit in the spec."""

_MOMENTS: Final = (pa.types.is_timestamp, pa.types.is_date)
_NUMBERS: Final = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = tuple(unit for unit, _ in UNITS_FROM)
_SMALLEST: Final = [smallest for _, smallest in UNITS_FROM]
_TO_MICROSECONDS: Final = ((1_000_000, 1), (1000, 1), (1, 1), (1, 1000))
"""By unit: a number is multiplied by the first and divided by the second."""
_MOST: Final = 2.0**62
"""So many microseconds and more are no time: 146,000 years."""
_BLOCK: Final = 4096
"""Texts that are read together. Where one of them has another form, only its block is read by `_FORM`."""
_FEW: Final = 32
_ZONED: Final = r"(?:[Zz]|:.*[+-]\d{2}(?::?\d{2})?)$"
_UTC: Final = r"\s*(?:UTC|GMT|[Zz])?\s*$"
_FORM: Final = (
    r"^\s*(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})"
    r"(?:[Tt ]\s*(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"\s*(?:(?P<sign>[+-])(?P<zone_hour>\d{2})(?::?(?P<zone_minute>\d{2}))?)?)?\s*(?:[Zz]|UTC|GMT)?\s*$"
)
_EPOCH_NUMBER: Final = r"^\s*(?:\d{9,18}|[1-8]\d{18})(?:\.\d*)?\s*$"
_RANGES: Final = {
    "year": (0, 9999),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
    "zone_hour": (0, 23),
    "zone_minute": (0, 59),
}


def is_time(kind: pa.DataType) -> bool:
    """Return whether a column of this type can hold times; a column of nulls alone can."""
    plain = value_type(kind)
    return is_text(plain) or any(test(plain) for test in (*_MOMENTS, *_NUMBERS, pa.types.is_null))


def instants(column: pa.ChunkedArray, unit: TimeUnit | None = None) -> Instants:
    """Return the time of each row: `NO_TIME` for a null or NaN, `UNREADABLE` for a value that is no time.

    Args:
        column: timestamps, dates, epoch numbers, texts, dictionaries of these, or only nulls.
        unit: of epoch numbers; None to take it from the magnitude of each, see `UNITS_FROM`.

    Raises:
        ColumnMismatch: when a column of this type does not hold times.
    """
    kind = value_type(column.type)
    if not is_time(kind):
        raise ColumnMismatch(f"the column is {kind}, a time was expected")
    if pa.types.is_null(kind):
        return np.full(len(column), NO_TIME)
    with arrow_errors(kind):
        plain = column.cast(kind) if kind != column.type else column
        if is_text(kind):
            return _of_texts(plain, unit)
        return _filled(plain) if any(test(kind) for test in _MOMENTS) else _of_numbers(plain, unit)


def microseconds(moment: datetime) -> int:
    """Return an aware moment in microseconds since the Unix epoch."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _filled(times: pa.ChunkedArray) -> Instants:
    exact = times.cast(pa.timestamp("us", getattr(times.type, "tz", None)), safe=False).cast(pa.int64())
    filled: Instants = pc.fill_null(exact, NO_TIME).to_numpy()
    return filled


def _of_numbers(column: pa.ChunkedArray, unit: TimeUnit | None) -> Instants:
    """Return the times of epoch numbers; those of integers are exact."""
    values = np.asarray(column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy())
    exact = values
    if pa.types.is_integer(column.type):
        exact = column.cast(pa.int64(), safe=False).fill_null(0).to_numpy()
    size = np.abs(values)
    places = np.full(len(size), _UNITS.index(unit)) if unit else np.searchsorted(_SMALLEST, size, "right") - 1
    times = np.where(np.isnan(values), NO_TIME, UNREADABLE)
    for place, (up, down) in enumerate(_TO_MICROSECONDS):
        rows = (places == place) & (size < min(_MOST / up * down, 2.0**63))
        times[rows] = _scaled(exact[rows], up, down)
    return times


def _scaled(numbers: Instants | Floats, up: int, down: int) -> Instants | Floats:
    if down > 1:
        return numbers // down
    return np.rint(numbers * up) if numbers.dtype == np.float64 else numbers * up


def _of_texts(texts: pa.ChunkedArray, unit: TimeUnit | None) -> Instants:
    texts = texts.cast(pa.large_string())
    whole = _quick(texts)
    if whole is not None:
        return whole
    blocks = [texts.slice(start, _BLOCK) for start in range(0, len(texts), _BLOCK)]
    return np.concatenate([_of_block(block, unit) for block in blocks])


def _of_block(texts: pa.ChunkedArray, unit: TimeUnit | None) -> Instants:
    is_epoch = pc.match_substring_regex(texts, _EPOCH_NUMBER)
    if not pc.any(is_epoch).as_py():
        return _of_calendar(texts)
    nothing = pa.scalar(None, texts.type)
    numbers = pc.utf8_trim_whitespace(pc.if_else(is_epoch, texts, nothing))
    whole = not pc.any(pc.match_substring(numbers, ".")).as_py()
    times = _of_numbers(numbers.cast(pa.int64() if whole else pa.float64()), unit)
    others = pc.if_else(is_epoch, nothing, texts)
    return np.where(_mask(pc.fill_null(is_epoch, pa.scalar(value=False))), times, _of_calendar(others))


def _of_calendar(texts: pa.ChunkedArray) -> Instants:
    quick = _quick(texts)
    quick = _quick(_usual(texts)) if quick is None else quick
    return _by_form(texts) if quick is None else quick


def _quick(texts: pa.ChunkedArray) -> Instants | None:
    """Return the times of texts that Arrow reads, with a zone in all or in none; None where there is another.

    A few rows are tried first: Arrow takes fifty times as long for a text that it cannot read.
    """
    for kind in (pa.timestamp("ns", "UTC"), pa.timestamp("ns")):
        with suppress(pa.ArrowInvalid):
            texts.slice(0, _FEW).cast(kind)
            return _filled(texts.cast(kind))
    return None


def _usual(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts in the form that Arrow reads, as far as a few replacements can do it."""
    plain = pc.replace_substring(pc.replace_substring_regex(texts, _UTC, ""), "/", "-")
    zoned = pc.match_substring_regex(plain, _ZONED)
    if not pc.any(zoned).as_py():
        return plain
    zone = pc.if_else(zoned, pa.scalar("", pa.large_string()), pa.scalar("Z", pa.large_string()))
    return pc.binary_join_element_wise(plain, zone, pa.scalar("", pa.large_string()))


def _by_form(texts: pa.ChunkedArray) -> Instants:
    """Return the times of texts of any form that this module names."""
    fields = pc.extract_regex(texts.combine_chunks(), _FORM)
    text = {name: pc.fill_null(fields.field(name), "") for name in (*_RANGES, "fraction", "sign")}
    number = {name: _whole(text[name]) for name in _RANGES}
    month = (number["year"] - 1970) * 12 + number["month"] - 1
    day = month.astype("datetime64[M]").astype("datetime64[D]") + (number["day"] - 1)
    proper = _mask(fields.is_valid()) & (day.astype("datetime64[M]").astype(np.int64) == month)
    for name, (least, most) in _RANGES.items():
        proper &= (number[name] >= least) & (number[name] <= most)
    east = (number["zone_hour"] * 60 + number["zone_minute"]) * np.where(_mask(pc.equal(text["sign"], "-")), -1, 1)
    minutes = day.astype(np.int64) * 1440 + number["hour"] * 60 + number["minute"] - east
    fraction = _whole(pc.utf8_slice_codeunits(pc.utf8_rpad(text["fraction"], 6, "0"), 0, 6))
    times = (minutes * 60 + number["second"]) * 1_000_000 + fraction
    return np.where(_mask(texts.is_null()), NO_TIME, np.where(proper, times, UNREADABLE))


def _mask(flags: pa.Array | pa.ChunkedArray) -> Mask:
    return np.asarray(flags)


def _whole(digits: pa.Array) -> Instants:
    """Return texts of digits as numbers; an empty one is 0."""
    numbers: Instants = pc.if_else(pc.equal(digits, ""), "0", digits).cast(pa.int64()).to_numpy()
    return numbers
