"""The model's calendar: the season in use, weekdays with holidays, and the clock."""

from __future__ import annotations

from typing import Any, Final

from dashboards.panels.builders import state_timeline
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Query, across, latest, range_extreme
from dashboards.panels.scopes import Scope
from dashboards.panels.style import GOOD, SEVERITY_COLOURS, TRANSPARENT, State
from exporter import catalogue
from exporter.catalogue import LEVEL, Severity
from exporter.spec.model import ModelSpec

_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_HOUR: Final = 3600
_WEEKEND: Final = SEVERITY_COLOURS[Severity.INFO]


def section(spec: ModelSpec, scope: Scope) -> Section:
    """One collapsed section."""
    return Section("calendar", "Calendar", [*_seasons(spec, scope), *_clock(spec, scope)])


def _seasons(spec: ModelSpec, scope: Scope) -> list[Any]:
    season, weekday, window_day = catalogue.SEASON_INFO, catalogue.CALENDAR_DAY_OF_WEEK, catalogue.WINDOW_DAY_OF_WEEK
    coarse = (
        "If the level is coarser than the season in the spec: the reference has too few rows or weeks of it. Use a "
        "longer reference."
    )
    local = (
        "*$window* is the weekday whose thresholds apply to the window. If problems occur only on one weekday: use a "
        "finer season in the spec. A holiday that is missing looks like drift: add its date to the spec."
    )
    days = {day: State(name, _WEEKEND if day in {0, 6} else TRANSPARENT) for day, name in enumerate(_DAYS)}
    holiday = len(_DAYS)
    weekdays = [
        Query(range_extreme("max", weekday, scope), "today"),
        Query(range_extreme("max", window_day, scope), "$window"),
        Query(f"{holiday} * ({range_extreme('max', catalogue.CALENDAR_HOLIDAY, scope)} > 0)", "holidays"),
    ]
    return [
        state_timeline(
            panel_info(
                spec,
                season,
                "Season in use",
                coarse,
                meaning="How fine the season is that the newest hour is compared with.",
            ),
            [Query(across("max", (LEVEL,), range_extreme("max", season, scope)), f"{{{{{LEVEL}}}}}")],
            {1: State("in use", GOOD)},
        ),
        state_timeline(
            panel_info(spec, weekday, "Weekdays and holidays", local),
            weekdays,
            days | {holiday: State("holiday", GOOD)},
        ),
    ]


def _clock(spec: ModelSpec, scope: Scope) -> list[Any]:
    offset = f"{latest(catalogue.CALENDAR_UTC_OFFSET_SECONDS, scope)} / {_HOUR}"
    return [
        chart(
            spec,
            scope,
            catalogue.CALENDAR_HOUR,
            "Local time: hour of the day and hours from UTC",
            "If problems occur at the same hour each day, it is a season and not drift: compare with the finest "
            "season. If they start where the hours from UTC change: some writer of the log uses local time.",
            name="hour of the day",
            beside=[Query(offset, "hours from UTC")],
            size=(24, 6),
        )
    ]
