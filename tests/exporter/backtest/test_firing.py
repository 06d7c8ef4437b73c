"""From conditions to alerts, as in Prometheus: all expected times are calculated by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exporter import catalogue
from exporter.backtest.firing import AlertTiming, Firing, firings, incidents, notifications
from exporter.samples.conditions import Condition

START = datetime(2026, 11, 21, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DRIFT = Condition(catalogue.FEATURE_DRIFT_HIGH, ("fraud", "v3", "age", "1h"))
SHARE = Condition(catalogue.DATA_DRIFT_HIGH, ("fraud", "v3", "1h"))
ALERT_TIMINGS = {
    DRIFT.alert.name: AlertTiming(90 * MINUTE, 15 * MINUTE),
    SHARE.alert.name: AlertTiming(10 * MINUTE, 90 * MINUTE),
}


def _held(*hours: int, of: Condition = DRIFT, until: int = 6) -> dict[datetime, set[Condition]]:
    return {START + hour * HOUR: ({of} if hour in hours else set()) for hour in range(until)}


def _spans(held: dict[datetime, set[Condition]], until: int = 6) -> list[tuple[float, float]]:
    """Hours since the start at which alerts begin and end."""
    found = firings(held, ALERT_TIMINGS, START + until * HOUR)
    return [((firing.start - START) / HOUR, (firing.end - START) / HOUR) for firing in found]


def test_a_condition_shorter_than_for_does_not_fire() -> None:
    assert _spans(_held(1, 3)) == []


def test_an_alert_fires_after_for_and_stays_for_keep_firing_for() -> None:
    assert _spans(_held(1, 2)) == [(2.5, 3.25)]


def test_an_alert_ends_at_the_end_of_the_replay() -> None:
    assert _spans(_held(3, 4, 5)) == [(4.5, 6)]


def test_a_condition_that_returns_within_keep_firing_for_continues_the_alert() -> None:
    assert _spans(_held(0, 2, of=SHARE)) == [(10 / 60, 4.5)]


def test_a_condition_that_returns_later_is_another_alert() -> None:
    assert _spans(_held(0, 3, of=SHARE)) == [(10 / 60, 2.5), (3 + 10 / 60, 5.5)]


def test_a_condition_exactly_as_long_as_for_does_not_fire() -> None:
    held = _held(1)
    assert firings(held, {DRIFT.alert.name: AlertTiming(HOUR, MINUTE)}, START + 6 * HOUR) == []
    assert len(firings(held, {DRIFT.alert.name: AlertTiming(HOUR - MINUTE, MINUTE)}, START + 6 * HOUR)) == 1


def test_every_series_has_its_own_alert() -> None:
    other = Condition(DRIFT.alert, ("fraud", "v3", "income", "1h"))
    held = {START + hour * HOUR: {DRIFT, other} for hour in range(3)}
    found = firings(held, ALERT_TIMINGS, START + 3 * HOUR)
    assert [firing.condition for firing in found] == [DRIFT, other], "in the order of their labels"


def _firing(first: float, last: float) -> Firing:
    return Firing(DRIFT, START + first * HOUR, START + last * HOUR)


def test_overlapping_or_adjacent_alerts_are_one_incident() -> None:
    spans = incidents([_firing(5, 6), _firing(0, 3), _firing(1, 2), _firing(3, 4)])
    assert [((start - START) / HOUR, (end - START) / HOUR) for start, end in spans] == [(0, 4), (5, 6)]
    assert incidents([]) == []


def test_an_alert_that_begins_while_others_fire_notifies_again() -> None:
    assert notifications([_firing(0, 259 * 24), _firing(30, 31), _firing(30.25, 33), _firing(40, 41)]) == [
        START + hour * HOUR for hour in (0, 30, 40)
    ]
    assert notifications([]) == []


@given(st.sets(st.integers(0, 30)), st.integers(0, 180), st.integers(0, 180))
def test_an_alert_starts_while_its_condition_holds_and_never_overlaps_itself(
    hours: set[int], hold: int, linger: int
) -> None:
    held = _held(*hours, until=31)
    found = firings(held, {DRIFT.alert.name: AlertTiming(hold * MINUTE, linger * MINUTE)}, START + 31 * HOUR)
    for firing in found:
        assert (firing.start - START) // HOUR in hours
        assert firing.start < firing.end <= START + 31 * HOUR
    assert all(one.end < other.start for one, other in pairwise(found))
    assert len(incidents(found)) == len(found)
