from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exporter.errors import RenderError
from generator.routing.time_intervals import time_intervals


def within(instant: str, **interval: Any) -> bool:
    named = time_intervals({"time_intervals": [{"name": "it", "time_intervals": [interval]}]})
    return named["it"][0].contains(datetime.fromisoformat(instant))


@pytest.mark.parametrize(
    ("instant", "interval", "inside"),
    [
        ("2026-01-12T08:59Z", {"times": [{"start_time": "09:00", "end_time": "18:00"}]}, False),
        ("2026-01-12T09:00Z", {"times": [{"start_time": "09:00", "end_time": "18:00"}]}, True),
        ("2026-01-12T17:59:59Z", {"times": [{"start_time": "09:00", "end_time": "18:00"}]}, True),
        ("2026-01-12T18:00Z", {"times": [{"start_time": "09:00", "end_time": "18:00"}]}, False),
        ("2026-01-12T23:59Z", {"times": [{"start_time": "18:00", "end_time": "24:00"}]}, True),
        ("2026-01-11T12:00Z", {"weekdays": ["sunday"]}, True),
        ("2026-01-12T12:00Z", {"weekdays": ["sunday"]}, False),
        ("2026-01-16T12:00Z", {"weekdays": ["monday:friday"]}, True),
        ("2026-01-17T12:00Z", {"weekdays": ["monday:friday"]}, False),
        ("2026-02-28T12:00Z", {"days_of_month": ["-1"]}, True),
        ("2028-02-28T12:00Z", {"days_of_month": ["-1"]}, False),
        ("2026-02-28T12:00Z", {"days_of_month": ["25:31"]}, True),
        ("2026-02-28T12:00Z", {"days_of_month": ["29:31"]}, False),
        ("2026-02-01T12:00Z", {"days_of_month": ["-31:-28"]}, True),
        ("2026-03-01T12:00Z", {"months": ["january:march"]}, True),
        ("2026-04-01T12:00Z", {"months": ["1:3", "december"]}, False),
        ("2026-04-01T12:00Z", {"years": ["2020:2026"]}, True),
        ("2027-04-01T12:00Z", {"years": ["2020:2026"]}, False),
        ("2026-01-12T12:00Z", {"weekdays": ["monday"], "months": ["2"]}, False),  # all must hold
        ("2026-01-12T12:00Z", {}, True),
    ],
)
def test_an_instant_is_in_the_interval_or_not(instant: str, interval: dict[str, Any], inside: bool) -> None:
    assert within(instant, **interval) is inside


def test_an_interval_is_in_its_own_location_in_summer_too() -> None:
    nine = {"times": [{"start_time": "09:00", "end_time": "10:00"}], "location": "America/New_York"}
    assert within("2026-01-12T14:00Z", **nine)
    assert not within("2026-01-12T13:00Z", **nine)
    assert within("2026-07-13T13:00Z", **nine)


def test_an_instant_is_the_same_in_any_zone() -> None:
    (interval,) = time_intervals(
        {"mute_time_intervals": [{"name": "it", "time_intervals": [{"weekdays": ["monday"]}]}]}
    )["it"]
    instant = datetime(2026, 1, 12, 1, tzinfo=UTC)
    assert interval.contains(instant)
    assert not interval.contains(instant - timedelta(hours=2))


@pytest.mark.parametrize(
    "interval", [{"location": "Atlantis/Capital"}, {"weekdays": ["someday"]}, {"times": [{"start_time": "09:00"}]}]
)
def test_an_invalid_interval_is_an_error(interval: dict[str, Any]) -> None:
    with pytest.raises(RenderError, match="time_intervals: "):
        within("2026-01-12T12:00Z", **interval)
