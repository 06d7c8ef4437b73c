from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from amtool import accepted, routing_of
from examples import RECEIVERS, model

WEEK = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]


def intervals(hours: str, zone: str = "UTC") -> dict[str, Any]:
    ticket = {"slack": RECEIVERS["slack"], "hours": hours}
    return routing_of(model(alerting={"ticket": ticket}, seasonality={"timezone": zone}))


@pytest.mark.parametrize(
    ("hours", "weekdays", "start", "end"),
    [
        ("Mon-Fri 09:00-18:00", ["monday:friday"], "09:00", "18:00"),
        ("Sat 10:00-12:30", ["saturday"], "10:00", "12:30"),
        ("Sun-Sat 00:00-24:00", ["sunday:saturday"], "00:00", "24:00"),
        ("Fri-Mon 08:00-20:00", ["friday:saturday", "sunday:monday"], "08:00", "20:00"),
        ("Sat-Sun 08:00-20:00", ["saturday", "sunday"], "08:00", "20:00"),
        ("08:00-20:00", None, "08:00", "20:00"),
    ],
)
def test_hours_are_weekdays_and_times(
    hours: str, weekdays: list[str] | None, start: str, end: str, tmp_path: Path
) -> None:
    routing = intervals(hours)
    (named,) = routing["time_intervals"]
    (interval,) = named["time_intervals"]
    assert named["name"] == "fraud-ticket-hours"
    assert interval.get("weekdays") == weekdays
    assert interval["times"] == [{"start_time": start, "end_time": end}]
    valid, output = accepted(routing, tmp_path)
    assert valid, output


@pytest.mark.parametrize("first", WEEK)
@pytest.mark.parametrize("last", WEEK)
def test_any_two_days_are_a_range_of_the_days_between_them(first: str, last: str) -> None:
    (named,) = intervals(f"{first[:3].title()}-{last[:3].title()} 09:00-18:00")["time_intervals"]
    days: set[str] = set()
    for text in named["time_intervals"][0]["weekdays"]:
        start, _, end = text.partition(":")
        assert WEEK.index(start) <= WEEK.index(end or start)
        days |= set(WEEK[WEEK.index(start) : WEEK.index(end or start) + 1])
    count = (WEEK.index(last) - WEEK.index(first)) % 7 + 1
    assert days == {WEEK[(WEEK.index(first) + step) % 7] for step in range(count)}


def test_hours_are_in_the_models_own_zone(tmp_path: Path) -> None:
    routing = intervals("Mon-Fri 09:00-18:00", "America/New_York")
    assert routing["time_intervals"][0]["time_intervals"][0]["location"] == "America/New_York"
    valid, output = accepted(routing, tmp_path)
    assert valid, output
