from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from examples import RECEIVERS, model
from generator.routing.hours import hours

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def sent_at(text: str | None, zone: str = "UTC") -> dict[str, bool]:
    ticket = {"slack": RECEIVERS["slack"]} | ({"hours": text} if text else {})
    spec = model(alerting={"ticket": ticket}, seasonality={"timezone": zone}).spec
    return {each["at"]: each["told"] for each in hours(spec)}


def test_instants_are_at_the_edges_of_the_local_hours_in_winter_and_summer() -> None:
    assert sent_at("Mon-Fri 09:00-18:00", "America/New_York") == {
        "2026-01-12T13:59:00+00:00": False,
        "2026-01-12T14:00:00+00:00": True,
        "2026-01-12T22:59:00+00:00": True,
        "2026-01-12T23:00:00+00:00": False,
        "2026-01-17T14:00:00+00:00": False,
        "2026-07-13T12:59:00+00:00": False,
        "2026-07-13T13:00:00+00:00": True,
        "2026-07-13T21:59:00+00:00": True,
        "2026-07-13T22:00:00+00:00": False,
        "2026-07-18T13:00:00+00:00": False,
    }


def test_a_ticket_at_all_hours_of_some_days_is_sent_on_those_days() -> None:
    assert set(sent_at("00:00-24:00").values()) == {True}
    assert list(sent_at("Sat 00:00-24:00").values())[:5] == [False, True, True, False, False]


def test_tickets_at_any_hour_have_no_edges() -> None:
    assert sent_at(None) == {}
    assert list(hours(model().spec)) == []


@given(st.sampled_from(DAYS), st.sampled_from(DAYS), st.integers(0, 22), st.sampled_from(["UTC", "Asia/Kolkata"]))
def test_every_instant_follows_the_local_clock(first: str, last: str, start: int, zone: str) -> None:
    open_days = {(DAYS.index(first) + step) % 7 for step in range((DAYS.index(last) - DAYS.index(first)) % 7 + 1)}
    for at, expected in sent_at(f"{first}-{last} {start:02}:00-{start + 1:02}:00", zone).items():
        local = datetime.fromisoformat(at).astimezone(ZoneInfo(zone))
        assert expected == (local.weekday() in open_days and local.hour == start), (at, local)
