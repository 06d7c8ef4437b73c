"""Test cases which prove that rules follow the model's own calendar: real days, from the exporter's calendar.

promtool's clock starts at the epoch and has no dates, so a rule sees the day only through the exporter's gauge. The
values of that gauge over an ordinary weekend, a holiday and a night when clocks change are computed here.

A case runs from half a day before one change of the floor to half a day after the next. So it covers both sides of
local midnight and of UTC midnight. It begins as long after a Thursday's midnight in UTC as promtool's clock does, so
PromQL's own weekday is the weekday in UTC, and a rule that uses it fails the test. The delay of the log is left out: it
would shift everything by the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, islice, pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from exporter import catalogue
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import WEEKDAYS, Calendar, promql_weekday
from exporter.spec.sections.thresholds import Threshold
from exporter.spec.windows import newest_end
from generator.weekday_floors import number_text, varying_floors, varying_proxy_floors, week_of_floors

TICK: Final = timedelta(hours=1)
"""The evaluation interval: no longer than the time by which clocks change."""

_HALF_DAY: Final = timedelta(hours=12)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_THURSDAY: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEAR: Final = 9
"""The number of days on either side within which a weekly floor must change."""
_NEW_YEAR: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""The start of the year from which days are taken; the clock is not read."""
_DAYS: Final = 365
_SATURDAY: Final = WEEKDAYS.index("saturday")
_ABOVE: Final = 1.1
"""A drifted score relative to the highest floor: only a little above, so that a rule with a higher floor fails."""

Case = dict[str, Any]


def calendar_cases(spec: ModelSpec) -> dict[str, list[Case]]:
    """Return the cases of each score whose floor differs between weekdays, by the score's key.

    Returns:
        Plain data for each case: a title, the score, the threshold (the week's lowest floor, as an exporter without
        weekdays would publish it), the tick at which the case begins, and its days in order. A day has PromQL's
        number, its ticks, and whether the score is above its floor. There are no cases where partitions are so long
        that the weekday does not change.
    """
    floors = varying_floors(spec.spec.thresholds)
    for floor in islice(varying_proxy_floors(spec.spec.proxies).values(), 1):  # the proxy that the proofs use
        floors[catalogue.PROXY_DEVIATION.key] = floor
    by_score = {key: list(_Week(spec, threshold).cases()) for key, threshold in floors.items()}
    return {key: cases for key, cases in by_score.items() if cases}


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The time from one change of the floor, at `start`, to the next, at `stop`."""

    start: datetime
    stop: datetime
    before: float
    floor: float

    @property
    def contrast(self) -> float:
        """The higher of the two floors: a score of this value is above only the other."""
        return max(self.before, self.floor)


class _Week:
    """The floors of a threshold on the days of a model's calendar."""

    def __init__(self, spec: ModelSpec, threshold: Threshold) -> None:
        self._calendar = Calendar.of(spec.spec.seasonality)
        self._grain, self._week = spec.spec.inference.grain, week_of_floors(threshold)

    def cases(self) -> Iterator[Case]:
        """Yield every case that the calendar has."""
        yield from self._ordinary()
        yield from islice(self._holidays(), 1)
        yield from self._clock_changes()

    def _ordinary(self) -> Iterator[Case]:
        """Yield an ordinary Saturday, or another day whose floor rises, and the same day with drift."""
        rising = [day for day in range(7) if self._week[day] > self._week[day - 1]]
        weekday = _SATURDAY if _SATURDAY in rising else rising[0]
        for day in (_NEW_YEAR.date() + step * _DAY for step in range(_DAYS)):
            stretch = self._stretch(self._begins(day)) if day.weekday() == weekday else None
            if stretch and self._is_ordinary(stretch):
                name = f"{WEEKDAYS[weekday].title()}, {day}"
                yield self._case(f"on an ordinary {name}", stretch, stretch.contrast)
                yield self._case(f"on a drifted {name}", stretch, _ABOVE * max(self._week))
                return

    def _holidays(self) -> Iterator[Case]:
        """Yield holidays that count as a weekday whose floor differs from that of their own weekday."""
        like = self._calendar.like
        for day in sorted(self._calendar.holidays):
            begins = self._begins(day)
            is_holiday = self._calendar.is_holiday(begins - timedelta(microseconds=1))
            if is_holiday and self._week[like] != self._week[day.weekday()] and (stretch := self._stretch(begins)):
                title = f"on a holiday, {day}, that counts as a {WEEKDAYS[like].title()}"
                yield self._case(title, stretch, stretch.contrast)

    def _clock_changes(self) -> Iterator[Case]:
        """Yield the nights of the year in which clocks change; most time zones have none."""
        days = [_NEW_YEAR + step * _DAY for step in range(_DAYS)]
        changes: dict[str, datetime] = {}
        for day, next_day in pairwise(days):
            if (before := self._calendar.utc_offset(day)) != (after := self._calendar.utc_offset(next_day)):
                hours = (day + hour * TICK for hour in range(1, 25))
                changed = next(hour for hour in hours if self._calendar.utc_offset(hour) != before)
                changes.setdefault("forward" if after > before else "back", changed)
        for direction, instant in changes.items():
            if stretch := self._stretch(instant):
                title = f"when clocks go {direction}, {self._calendar.local(instant).date()}"
                yield self._case(title, stretch, stretch.contrast)

    def _case(self, title: str, stretch: _Stretch, score: float) -> Case:
        start, stop = stretch.start - _HALF_DAY, stretch.stop + _HALF_DAY
        weekdays = [self._weekday(start + tick * TICK) for tick in range((stop - start) // TICK)]
        days = [
            {"day": promql_weekday(day), "ticks": len(list(ticks)), "fires": score > self._week[day]}
            for day, ticks in groupby(weekdays)
        ]
        begins = (start - _THURSDAY) % _WEEK // TICK
        levels = {"score": number_text(score), "threshold": number_text(min(self._week))}
        return {"title": title, **levels, "begins": begins, "days": days}

    def _is_ordinary(self, stretch: _Stretch) -> bool:
        """Return whether neither a holiday nor a change of clocks is near."""
        first, last = stretch.start - _DAY, stretch.stop + _DAY
        near = [first + step * _HALF_DAY for step in range((last - first) // _HALF_DAY + 1)]
        offsets = {self._calendar.utc_offset(instant) for instant in (first, last)}
        return len(offsets) == 1 and not any(map(self._calendar.is_holiday, near))

    def _stretch(self, instant: datetime) -> _Stretch | None:
        """Return the stretch of equal floors that contains an instant."""
        today = self._calendar.local(instant).date()
        ends = [self._begins(today + step * _DAY) for step in range(-_NEAR, _NEAR + 1)]
        floors = [(end, self._week[self._calendar.end_weekday(end)]) for end in ends]
        changes = [(end, before, after) for (_, before), (end, after) in pairwise(floors) if before != after]
        past = [change for change in changes if change[0] <= instant]
        later = [end for end, _, _ in changes if end > instant]
        return _Stretch(past[-1][0], later[0], *past[-1][1:]) if past and later else None

    def _begins(self, day: date) -> datetime:
        """Return the end of the first partition that ends on a local day, after its midnight."""
        midnight = datetime.combine(day, time(), ZoneInfo(self._calendar.zone))
        return newest_end(midnight, timedelta(), self._grain) + self._grain

    def _weekday(self, instant: datetime) -> int:
        """Return the weekday of the newest window at an instant."""
        return self._calendar.end_weekday(newest_end(instant, timedelta(), self._grain))
