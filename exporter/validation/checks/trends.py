"""Whether the reference trends: a column whose values move from week to week.

A window is compared with all weeks of the reference together. Where these move, the newest of them differs from the
others already, and what comes after it differs more: the trend is reported as drift. So it is named beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from scipy import special, stats

from exporter.profiles.binning import Floats
from exporter.profiles.columns import ColumnMismatch, category_codes, numeric_values
from exporter.profiles.times import Instants
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import Calendar
from exporter.validation.checks.columns import named_columns
from exporter.validation.checks.times import TimeColumn
from exporter.validation.finding import Finding, Place, printable
from exporter.validation.sample import Rows

_WEEK: Final = 7 * 24 * 3600 * 1_000_000
"""In microseconds."""
_FEWEST_WEEKS: Final = 3
_FEWEST_GROUPS: Final = 6
"""Weeks, or else days, that count as one observation each: what moves within one moves as a whole."""
_CERTAIN: Final = 0.01
"""The probability of naming any column of a reference that does not trend."""
_NOTED: Final = 0.25
_LARGE: Final = 0.5
"""Changes over the whole reference, in standard deviations. Its newest rows are off its mean by half of that, and a
shift by a quarter is above the usual floor of a PSI."""
_MOST_ROWS: Final = 20_000
_CATEGORIES: Final = 10
_APART: Final = 0.3
"""The least part of the spread of times that hours and weekdays must not explain."""
_ADVICE: Final = (
    "what is left of it is reported as drift: use a newer reference, reference.trailing, or a shorter period at its end"
)


@dataclass(frozen=True, slots=True)
class _Trend:
    """A straight line through the weeks: its rise by week in standard deviations, and how unlikely it is by chance."""

    weekly: float
    chance: float
    category: str = ""


def trend_findings(
    spec: ModelSpec, stream: str, reference: Rows, times: TimeColumn, calendar: Calendar
) -> Iterator[Finding]:
    """Yield the features, and the score, that trend in the reference, the most first.

    The line is fitted by least squares to normal scores of a number, or to each of the ten most frequent categories,
    beside the effects of hour and weekday. Its error is that of groups of rows (Liang and Zeger 1986): weeks, or days
    where there are fewer than six, each of which counts once. Nothing is found in less than three weeks.

    Args:
        spec: the model.
        stream: the name of the reference.
        reference: some rows of it.
        times: their times.
        calendar: the model's.
    """
    try:
        instants = times.instants
    except ColumnMismatch:
        return  # reported by the check of the columns
    fit = _Fit.of(instants, calendar)
    if fit is None:
        return
    keys, body = named_columns(spec.spec), spec.spec
    kinds = {feature.name: feature.type for feature in body.features}
    kinds |= {name: "numeric" for name in (body.inference.columns.score,) if name}
    found: dict[str, _Trend] = {}
    for name, kind in kinds.items():
        pieces = reference.column(name)
        if sum(map(len, pieces)) == len(instants):  # else some files lack it, and its rows are not those of the times
            with suppress(ColumnMismatch):
                trend = _numeric(pieces, fit) if kind == "numeric" else _categorical(pieces, fit)
                found |= {name: trend} if trend else {}
    certain = {name: trend for name, trend in found.items() if trend.chance * len(kinds) < _CERTAIN}
    for name, trend in sorted(certain.items(), key=lambda item: -abs(item[1].weekly)):
        total = trend.weekly * fit.weeks
        if abs(total) >= _NOTED:
            place = Place(stream, keys.get(name, ""), name)
            of_rows = f"the share of {printable(trend.category)} in {name}" if trend.category else name
            message = (
                f"{of_rows} trends in the reference: by {trend.weekly:+.2g} standard deviations a week, {total:+.1f} in"
                f" the {fit.weeks:.0f} weeks that were read"
            )
            say = place.warning if abs(total) >= _LARGE else place.note
            yield say("reference_trend", message, _ADVICE)


@dataclass(frozen=True, slots=True)
class _Fit:
    """The rows that have a time: their positions, times in weeks, groups, and hours of the week from 0 to 167."""

    rows: np.ndarray[tuple[int], np.dtype[np.int64]]
    time: Floats
    group: np.ndarray[tuple[int], np.dtype[np.int64]]
    cell: np.ndarray[tuple[int], np.dtype[np.int64]]

    @property
    def weeks(self) -> float:
        """How many weeks the rows span."""
        return float(np.ptp(self.time))

    @staticmethod
    def of(instants: Instants, calendar: Calendar) -> _Fit | None:
        """Return the rows that are used; None where they span too little."""
        rows = np.flatnonzero(instants >= 0)
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_ROWS)).astype(np.int64)] if len(rows) else rows
        time = instants[rows] / _WEEK
        if not len(rows) or np.ptp(time) < _FEWEST_WEEKS:
            return None
        time = time - time.min()
        cells = calendar.cells((instants[rows] // 3_600_000_000).astype("datetime64[h]"))
        weeks = time.astype(np.int64)
        group = weeks if len(np.unique(weeks)) >= _FEWEST_GROUPS else (time * 7).astype(np.int64)
        return _Fit(rows, time, group, cells.astype(np.int64))

    def line(self, values: Floats, known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[float, float] | None:
        """Return the slope of the known values by week and the probability of one as steep; None where unknown."""
        time, group, cell = self.time[known], self.group[known], self.cell[known]
        groups = len(np.unique(group))
        if groups < _FEWEST_GROUPS or np.ptp(time) < _FEWEST_WEEKS:
            return None
        alone, rest = _without_effects(cell, time, values[known])
        spread = float(alone @ alone)
        if spread < _APART * float(np.square(time - time.mean()).sum()):
            return None
        slope = float(alone @ rest) / spread
        sums = np.bincount(group, alone * (rest - slope * alone))
        error = math.sqrt(float(sums @ sums) * groups / (groups - 1)) / spread
        return slope, float(2 * stats.t.sf(abs(slope) / error, groups - 2)) if error else 1.0


def _without_effects(cell: np.ndarray[tuple[int], np.dtype[np.int64]], *columns: Floats) -> Iterator[Floats]:
    """Yield what is left of each column after the effects of hour and weekday are fitted by least squares.

    The normal equations of such indicators are counts and sums by hour and by weekday.
    """
    day, hour = np.divmod(cell, 24)
    both = np.bincount(cell, minlength=168).reshape(7, 24)
    counts = np.block([[np.diag(both.sum(0)), both.T], [both, np.diag(both.sum(1))]])
    solve = np.linalg.pinv(counts)
    for column in columns:
        effects = solve @ np.concatenate([np.bincount(hour, column, 24), np.bincount(day, column, 7)])
        yield column - effects[hour] - effects[24 + day]


def _numeric(pieces: Sequence[pa.ChunkedArray], fit: _Fit) -> _Trend | None:
    """Return the trend of a numeric column; None where it cannot be known."""
    values = np.concatenate([numeric_values(piece)[0] for piece in pieces])[fit.rows]
    known = np.isfinite(values)
    if not known.any():
        return None
    scores = np.zeros(len(values))
    scores[known] = special.ndtri((stats.rankdata(values[known]) - 0.5) / known.sum())
    deviation = float(scores[known].std())
    line = fit.line(scores / deviation, known) if deviation else None
    return _Trend(*line) if line else None


def _categorical(pieces: Sequence[pa.ChunkedArray], fit: _Fit) -> _Trend | None:
    """Return the trend of the category that has the most certain one; None where it cannot be known."""
    names = np.concatenate([_names(piece) for piece in pieces])[fit.rows]
    known = names != ""
    categories, counts = np.unique(names[known], return_counts=True)
    best: _Trend | None = None
    shown = np.argsort(-counts, kind="stable")[:_CATEGORIES]
    for place in shown:
        share = counts[place] / counts.sum()
        line = fit.line((names == categories[place]) / math.sqrt(share * (1 - share)), known) if share < 1 else None
        if line and (best is None or line[1] * len(shown) < best.chance):
            best = _Trend(line[0], min(line[1] * len(shown), 1.0), str(categories[place]))
    return best


def _names(piece: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """Return the category of each row; empty for a null."""
    names, codes = category_codes(piece)
    return np.array([*(str(name or "") for name in names), ""])[codes]
