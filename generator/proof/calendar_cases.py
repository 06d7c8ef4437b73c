"""What proves that rules follow the model's own calendar: real days, told by the calendar that the exporter uses.

promtool's clock starts at the epoch and knows no dates, so a day reaches a rule only as the exporter's gauge does, and
this is where its course over an ordinary weekend, a holiday and a night when clocks change is worked out.

A case runs from half a day before one change of the floor to half a day after the next, so on both sides of a local
midnight and of UTC's. It begins as long after a Thursday's midnight in UTC as promtool's clock does, so PromQL's own
weekday is that of the real day in UTC, and a rule that took it would be found out. The delay of the log would move all
of it alike and is left out.
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
from generator.weekday_floors import text, week, weekly, weekly_proxies

TICK: Final = timedelta(hours=1)
"""The time from one evaluation to the next: no more than what clocks change by."""

_HALF_DAY: Final = timedelta(hours=12)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_THURSDAY: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEAR: Final = 9
"""Days to either side in which a floor that changes every week must change."""
_NEW_YEAR: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Where the year begins from which days are taken; nothing here reads the clock."""
_DAYS: Final = 365
_SATURDAY: Final = WEEKDAYS.index("saturday")
_ABOVE: Final = 1.1
"""A drifted score is so little above the highest floor that a rule with a higher one is noticed."""

Case = dict[str, Any]


def calendar_cases(spec: ModelSpec) -> dict[str, list[Case]]:
    """The cases of each score whose floor differs between weekdays, by the score's key.

    Returns:
        Plain data, for jsonnet: a title, the score and the week's lowest floor, which stands for the threshold of an
        exporter that knows of no weekday, the tick at which it begins, and the days in their order, each as PromQL
        numbers it, for how many ticks it lasts and whether the score is above its floor. No cases where partitions are
        so long that no weekday changes.
    """
    differing = weekly(spec.spec.thresholds)
    for floor in islice(weekly_proxies(spec.spec.proxies).values(), 1):  # the one that stands in the proofs
        differing[catalogue.PROXY_DEVIATION.key] = floor
    found = {key: list(_Week(spec, one).cases()) for key, one in differing.items()}
    return {key: cases for key, cases in found.items() if cases}


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The time from one change of the floor, at `start`, to the next."""

    start: datetime
    stop: datetime
    before: float
    floor: float

    @property
    def contrast(self) -> float:
        """A score that is as high as one of the two floors, and above the other."""
        return max(self.before, self.floor)


class _Week:
    """A threshold on the days of a model's calendar."""

    def __init__(self, spec: ModelSpec, threshold: Threshold) -> None:
        self._calendar = Calendar.of(spec.spec.seasonality)
        self._grain, self._week = spec.spec.inference.grain, week(threshold)

    def cases(self) -> Iterator[Case]:
        """Every case that the calendar has."""
        yield from self._ordinary()
        yield from islice(self._holidays(), 1)
        yield from self._clock_changes()

    def _ordinary(self) -> Iterator[Case]:
        """A plain Saturday, or other day, whose floor is higher than the day's before; and the same day drifted."""
        rising = [day for day in range(7) if self._week[day] > self._week[day - 1]]
        weekday = _SATURDAY if _SATURDAY in rising else rising[0]
        for day in (_NEW_YEAR.date() + step * _DAY for step in range(_DAYS)):
            stretch = self._stretch(self._begins(day)) if day.weekday() == weekday else None
            if stretch and self._plain(stretch):
                name = f"{WEEKDAYS[weekday].title()}, {day}"
                yield self._case(f"on an ordinary {name}", stretch, stretch.contrast)
                yield self._case(f"on a drifted {name}", stretch, _ABOVE * max(self._week))
                return

    def _holidays(self) -> Iterator[Case]:
        """Holidays that count as a day whose floor is not that of their own weekday."""
        like = self._calendar.like
        for day in sorted(self._calendar.holidays):
            begins = self._begins(day)
            judged = self._calendar.is_holiday(begins - timedelta(microseconds=1))
            if judged and self._week[like] != self._week[day.weekday()] and (stretch := self._stretch(begins)):
                title = f"on a holiday, {day}, that counts as a {WEEKDAYS[like].title()}"
                yield self._case(title, stretch, stretch.contrast)

    def _clock_changes(self) -> Iterator[Case]:
        """The nights of the year in which clocks go forward and back; none in most of the world."""
        days = [_NEW_YEAR + step * _DAY for step in range(_DAYS)]
        found: dict[str, datetime] = {}
        for day, next_day in pairwise(days):
            if (before := self._calendar.utc_offset(day)) != (after := self._calendar.utc_offset(next_day)):
                hours = (day + hour * TICK for hour in range(1, 25))
                changed = next(hour for hour in hours if self._calendar.utc_offset(hour) != before)
                found.setdefault("forward" if after > before else "back", changed)
        for direction, instant in found.items():
            if stretch := self._stretch(instant):
                title = f"when clocks go {direction}, {self._calendar.local(instant).date()}"
                yield self._case(title, stretch, stretch.contrast)

    def _case(self, title: str, stretch: _Stretch, score: float) -> Case:
        start, stop = stretch.start - _HALF_DAY, stretch.stop + _HALF_DAY
        weekdays = [self._judged(start + tick * TICK) for tick in range((stop - start) // TICK)]
        days = [
            {"day": promql_weekday(day), "ticks": len(list(ticks)), "fires": score > self._week[day]}
            for day, ticks in groupby(weekdays)
        ]
        begins = (start - _THURSDAY) % _WEEK // TICK
        levels = {"score": text(score), "threshold": text(min(self._week))}
        return {"title": title, **levels, "begins": begins, "days": days}

    def _plain(self, stretch: _Stretch) -> bool:
        """Whether neither a holiday nor a change of clocks is near."""
        first, last = stretch.start - _DAY, stretch.stop + _DAY
        near = [first + step * _HALF_DAY for step in range((last - first) // _HALF_DAY + 1)]
        offsets = {self._calendar.utc_offset(instant) for instant in (first, last)}
        return len(offsets) == 1 and not any(map(self._calendar.is_holiday, near))

    def _stretch(self, instant: datetime) -> _Stretch | None:
        """The stretch of equal floors in which an instant lies."""
        today = self._calendar.local(instant).date()
        ends = [self._begins(today + step * _DAY) for step in range(-_NEAR, _NEAR + 1)]
        floors = [(end, self._week[self._calendar.end_weekday(end)]) for end in ends]
        changes = [(end, before, after) for (_, before), (end, after) in pairwise(floors) if before != after]
        past = [change for change in changes if change[0] <= instant]
        later = [end for end, _, _ in changes if end > instant]
        return _Stretch(past[-1][0], later[0], *past[-1][1:]) if past and later else None

    def _begins(self, day: date) -> datetime:
        """The end of the first partition that ends on a local day: after its midnight, not at it."""
        midnight = datetime.combine(day, time(), ZoneInfo(self._calendar.zone))
        return newest_end(midnight, timedelta(), self._grain) + self._grain

    def _judged(self, instant: datetime) -> int:
        """The weekday of the newest window."""
        return self._calendar.end_weekday(newest_end(instant, timedelta(), self._grain))
