"""The model's own week: which season it is in, and what its calendar says."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from dashboards.panels.builders import state_timeline
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Query, Scope, history, range_extreme
from dashboards.panels.style import CLEAR, GOOD, SEVERITY_COLOURS, State
from exporter import catalogue
from exporter.catalogue import Severity
from exporter.spec.model import ModelSpec

_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_WEEKEND: Final = SEVERITY_COLOURS[Severity.INFO]


def section(spec: ModelSpec, scope: Scope) -> Section:
    """One folded section."""
    return Section("calendar", "The model's calendar", [*_seasons(spec, scope), *_clock(spec, scope)])


def _seasons(spec: ModelSpec, scope: Scope) -> list[Any]:
    season, weekday, judged = catalogue.SEASON_INFO, catalogue.CALENDAR_DAY_OF_WEEK, catalogue.WINDOW_DAY_OF_WEEK
    coarse = "A level coarser than the spec's season: the reference has too few rows or weeks of it. Give it more."
    local = "$window: the day by which it is judged. Trouble that keeps to one of them: give the spec a finer season."
    days = {day: State(name, _WEEKEND if day in {0, 6} else CLEAR) for day, name in enumerate(_DAYS)}
    weekdays = [
        Query(range_extreme("max", weekday, scope), "today"),
        Query(range_extreme("max", judged, scope), "$window"),
    ]
    return [
        state_timeline(
            panel_info(spec, season, "Season in force", coarse), history(season, scope), {1: State("now", GOOD)}
        ),
        state_timeline(panel_info(spec, weekday, "Weekday", local), weekdays, days),
    ]


def _clock(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope, size=(8, 6))
    return [
        draw(
            catalogue.CALENDAR_HOLIDAY,
            "Holidays",
            "A holiday that is missing here reads as drift: add its date to the spec.",
        ),
        draw(
            catalogue.CALENDAR_HOUR,
            "Hour of the day",
            "Trouble at the same hour each day is a season, not drift: compare with the finest season.",
        ),
        draw(
            catalogue.CALENDAR_UTC_OFFSET_SECONDS,
            "Distance from UTC",
            "A step is a change of the clocks. Trouble that begins with it: some writer of the log uses local time.",
        ),
    ]
