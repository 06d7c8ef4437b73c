from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.targets.utc_hours import in_utc

DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
ZONES = ["UTC", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Kiritimati"]


def interval(days: str, start: str, end: str, zone: str) -> dict[str, Any]:
    return {"weekdays": [days], "times": [{"start_time": start, "end_time": end}], "location": zone}


def utc(days: str, start: str, end: str) -> dict[str, Any]:
    return {"weekdays": [days], "times": [{"start_time": start, "end_time": end}]}


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        (interval("monday:friday", "09:00", "18:00", "UTC"), [utc("monday:friday", "09:00", "18:00")]),
        # UTC-5 in winter, UTC-4 in summer: from 13:00, the earlier, to 23:00, the later.
        (interval("monday:friday", "09:00", "18:00", "America/New_York"), [utc("monday:friday", "13:00", "23:00")]),
        (
            interval("monday", "00:00", "10:00", "Asia/Tokyo"),
            [utc("sunday", "15:00", "24:00"), utc("monday", "00:00", "01:00")],
        ),
        # Saturday evening in Phoenix is Sunday in UTC: past the end of Alertmanager's week.
        (
            interval("saturday", "16:00", "20:00", "America/Phoenix"),
            [utc("sunday", "00:00", "03:00"), utc("saturday", "23:00", "24:00")],
        ),
        ({"location": "Asia/Tokyo"}, [utc("sunday:saturday", "00:00", "24:00")]),
    ],
)
def test_hours_by_hand(local: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert in_utc(local) == expected


def holds(intervals: list[dict[str, Any]], moment: datetime) -> bool:
    """Return whether a moment is in some intervals, by its own clock: Alertmanager's rule, implemented again."""
    clock = f"{moment:%H:%M}"
    for one in intervals:
        ranges = [text.split(":") for text in one["weekdays"]]
        if any(DAYS.index(days[0]) <= moment.isoweekday() % 7 <= DAYS.index(days[-1]) for days in ranges):
            for time in one["times"]:
                if time["start_time"] <= clock < time["end_time"]:
                    return True
    return False


@given(
    st.sampled_from(ZONES),
    st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted),
    st.tuples(st.integers(0, 95), st.integers(1, 96)).filter(lambda pair: pair[0] < pair[1]),
    st.integers(0, 4 * 24 * 365),
)
def test_no_local_hour_is_lost_and_at_most_a_change_of_clocks_is_added(
    zone: str, days: list[int], quarters: tuple[int, int], quarter: int
) -> None:
    start, end = (f"{one // 4:02}:{one % 4 * 15:02}" for one in quarters)
    local = interval(f"{DAYS[days[0]]}:{DAYS[days[1]]}", start, end, zone)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)
    in_hours = holds(in_utc(local), moment)
    there = moment.astimezone(ZoneInfo(zone))
    near = [(there + timedelta(minutes=shift)).replace(tzinfo=None) for shift in (-60, -30, 0, 30, 60)]
    assert in_hours >= holds([local], there.replace(tzinfo=None))
    assert in_hours <= any(holds([local], one) for one in near)
