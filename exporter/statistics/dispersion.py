"""Overdispersion of the reference: how much more its own weeks differ than sampling explains.

Textbook noise assumes that rows are independent and that weeks are alike. But users return, and campaigns start and
end: where 40 users make 10 rows each, a test at 1 % is wrong half of the time. So each past window of the reference is
compared with the *other* weeks, in which a trend is continued (see `weeks.past_windows`), by the statistic that later
compares new windows, and the noise is stretched until it covers the observed values (the scale of Rao & Scott 1981,
estimated from the windows themselves). Only the highest window of each day counts: the hours of a day move together, so
a day that moves as a whole is one observation, not 24.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from exporter.reference.history import History, HourlyColumn
from exporter.statistics.drift import many_effective_cells, population_stability_indices
from exporter.statistics.weeks.levels import highest_day, weekday_levels
from exporter.statistics.weeks.past_windows import WEEK, PastWindows, past_windows

Values = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

FIT: Final = "2"
"""The version of the fit: stored references that have stretches of another one are built anew."""
_FAR: Final = 1e-5
"""The probability at which noise is stretched: one false alarm in two thousand windows, shared by 50 features."""
_DAILY: Final = 24
"""Windows that end on the same day."""
_RESTLESS: Final = 0.005
"""How often a weekday may exceed its own level: its few days say nothing about rarer events."""

Stretch = tuple[float, ...]
"""The factor for the noise of a squared deviation (1 or more) on each weekday, Monday first."""


def fit_stretches(
    history: History, cells: Indices, season: Indices, hours: int, means: Collection[str]
) -> dict[str, Stretch]:
    """Fit the stretch of each column's noise, for windows of one length.

    Args:
        history: the reference, hour by hour.
        cells: the hour of the local week of each of its hours, (hours,).
        season: the season of each hour of the week, (168,).
        hours: the length of the windows.
        means: the columns whose mean is compared too; see `mean_of`.

    Returns:
        The stretch of each column; empty when the history has fewer than `FEWEST_WEEKS` weeks besides the windows.
        Windows of a week or more have one stretch for all weekdays.
    """
    windows = past_windows(history.rows.astype(np.float64), cells, season, hours)
    if windows is None:
        return {}
    columns = history.columns
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # ratios that are not finite are left out
        ratios = {name: _psi_ratios(column, windows) for name, column in columns.items()}
        ratios |= {mean_of(name): _mean_ratios(columns[name], windows) for name in means if name in columns}
    return {name: _stretches(*both, windows, hours) for name, both in ratios.items()}


def mean_of(column: str) -> str:
    """The key of the stretch of a column's mean; the key of its PSI's stretch is the column itself."""
    return f"mean of {column}"


def _psi_ratios(column: HourlyColumn, windows: PastWindows) -> tuple[Values, Values]:
    """The PSI of each past window in units of 1/n + 1/m, and the degrees of freedom of its law.

    A line may fall below 0 where it is continued; a share does not.
    """
    now, before = windows.now(column.cells), np.maximum(windows.before(column.cells), 0)
    unit = 1 / now.sum(axis=1) + 1 / before.sum(axis=1)
    return population_stability_indices(before, now) / unit, many_effective_cells(before, now) - 1


def _mean_ratios(column: HourlyColumn, windows: PastWindows) -> tuple[Values, Values]:
    """The squared mean shift of each past window, in units of the others' variance and 1/n + 1/m; one degree each.

    The variance is that of all rows of the other weeks, with what a trend adds: new windows are measured by it too.
    """
    n, now = (windows.now(values)[:, 0] for values in (column.finite, column.sums))
    m, before = (windows.before(values)[:, 0] for values in (column.finite, column.sums))
    rows, sums, squares = (
        windows.before(values, trend=False)[:, 0] for values in (column.finite, column.sums, column.squares)
    )
    variance = np.maximum(squares / rows - np.square(sums / rows), 0)
    return np.square(now / n - before / m) / (variance * (1 / n + 1 / m)), np.ones(len(n))


def _stretches(ratios: Values, freedom: Values, windows: PastWindows, hours: int) -> Stretch:
    """The stretch of each weekday, from that of quiet days and that of its own days, whichever is greater.

    For independent rows each of the `ratios` has the mean `freedom`. Windows of a week or more hold every weekday: they
    have one stretch. So have those of a weekday with fewer than `FEWEST_OF_WEEKDAY` days, together with all days. A
    weekday of more days is shrunk upwards only: a single restless one would look like chance, and alert.
    """
    known = np.isfinite(ratios) & (freedom > 0)
    if not known.any():
        return (1.0,) * 7
    highest, weekday = _highest(ratios[known] / freedom[known], windows.day[known], windows.weekday)
    law = float(freedom[known].mean())
    far = float(special.gammainccinv(law / 2, _FAR)) * 2 / law
    span = max(windows.hours, _DAILY)
    usual = partial(highest_day, q=span * _FAR, independent=_DAILY / span)
    if hours >= WEEK:
        return (max(1.0, usual(highest) / far),) * 7
    # A weekend, or a Monday and the windows that reach into the next day, would raise the thresholds of all other days.
    pairs = [(weekday == day) | (weekday == (day + 1) % 7) for day in range(7)]
    quiet = min(usual(highest[~pair]) for pair in pairs)
    own = weekday_levels(highest, weekday, _RESTLESS)
    alone = np.array([highest_day(highest[weekday == day], _RESTLESS) for day in range(7)])
    own = np.where(np.isnan(own), highest_day(highest, _RESTLESS), np.maximum(own, alone))
    return tuple(max(1.0, quiet / far, day / far) for day in own.tolist())


def _highest(ratios: Values, day: Indices, weekday: Indices) -> tuple[Values, Indices]:
    """The highest ratio of each day that has any, and its weekday."""
    highest = np.full(len(weekday), -np.inf)
    np.maximum.at(highest, day, ratios)
    seen = np.isfinite(highest)
    return highest[seen], weekday[seen]
