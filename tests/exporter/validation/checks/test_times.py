from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from exporter.spec.seasons import Calendar
from exporter.spec.windows import Window
from exporter.validation.checks.times import TimeColumn, label_time_findings, time_findings
from exporter.validation.finding import Place
from sampled import HOUR, NOW, START, brief, texts

NEW_YORK = Calendar("America/New_York", frozenset(), 6)
PLACE = Place("inference", "spec.inference.columns.timestamp", "at")
SPAN = Window(START, START + HOUR)


def spread(shift: timedelta = timedelta(), rows: int = 120) -> list[datetime]:
    return [START + shift + HOUR * row / rows for row in range(rows)]


def utc(times: list[datetime]) -> pa.Array:
    return pa.array(times, pa.timestamp("us", "UTC"))


def naive(times: list[datetime]) -> pa.Array:
    return pa.array([each.replace(tzinfo=None) for each in times], pa.timestamp("us"))


def numbers(times: list[datetime], per_second: float) -> pa.Array:
    return pa.array([int(each.timestamp() * per_second) for each in times])


def findings(values: pa.Array, span: Window = SPAN, **options: Any) -> list[Any]:
    column = TimeColumn([pa.chunked_array([values])], options.get("unit"))
    return list(time_findings(PLACE, column, span, span.end + HOUR / 12, NEW_YORK, whole=options.get("whole", True)))


@pytest.mark.parametrize(
    "values",
    [
        utc(spread()),
        naive(spread()),
        numbers(spread(), 1),
        numbers(spread(), 1000),
        pa.array([each.isoformat() for each in spread()]),
        utc(spread(-HOUR / 2)),  # written half an hour late
    ],
)
def test_times_in_their_partition_are_no_finding(values: pa.Array) -> None:
    assert findings(values) == []


@pytest.mark.parametrize(
    ("hours", "severity", "words"),
    [
        (-5, "error", "100 % of the rows are outside their partition, which they are 5 h before: they are local times"),
        (-5, "error", "of America/New_York without a zone, and are read as UTC; write UTC"),
        (2, "error", "they are 2 h after; paths are in UTC"),
        (5.5, "error", "they are 5.5 h after"),
        (-1, "warning", "they are 1 h before; paths are in UTC"),
        (-48, "error", "they are 48 h before"),
    ],
)
def test_rows_that_are_hours_off_are_in_another_zone(hours: float, severity: str, words: str) -> None:
    found = findings(naive(spread(hours * HOUR)))
    assert brief(found) == [f"{severity} time_zone at"]
    assert words in texts(found)


def test_times_with_a_zone_are_never_called_local() -> None:
    found = findings(utc(spread(-5 * HOUR)))
    assert brief(found) == ["error time_zone at"]
    assert "local" not in texts(found)


@pytest.mark.parametrize(
    ("values", "unit", "words"),
    [
        (numbers(spread(), 1000), "s", "epoch numbers in ms, and are read as"),
        (numbers(spread(), 1), "ms", "epoch numbers in s, and are read as 1970-01-21"),
        (numbers(spread(), 1e6), "ns", "set timestamp_unit: us"),
        (naive(spread(timedelta(days=-20_000))), None, "name the column of the prediction's time, or its unit"),
    ],
)
def test_a_wrong_unit_is_named_with_the_right_one(values: pa.Array, unit: str | None, words: str) -> None:
    found = findings(values, unit=unit)
    assert brief(found) == ["error time_unit at"]
    assert words in texts(found)


def test_unreadable_and_missing_times_are_shares() -> None:
    values = pa.array(["soon"] * 30 + [None] + [each.isoformat() for each in spread(rows=89)])
    found = findings(values)
    assert brief(found) == ["warning time_unreadable at", "note time_missing at"]
    assert "25 % of the rows have a value that is no time" in texts(found)


def test_rows_far_outside_their_partition_are_lost_to_labels() -> None:
    found = findings(utc(spread(rows=90) + [START - 7 * HOUR + HOUR * row for row in range(5)] + spread()[:5]))
    assert brief(found) == ["warning time_outside at"]
    assert "5 % of the rows are farther outside their partition than 1:00:00 allows" in texts(found)


def test_times_in_the_future_are_named_with_how_far() -> None:
    found = findings(utc([*spread(rows=99), START + 30 * HOUR]))
    assert brief(found) == ["warning time_future at", "warning time_outside at"]
    assert "1 % of the times are in the future, by up to 28.9 h" in texts(found)


DAY = Window(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))


def day_of_traffic(night: int) -> list[datetime]:
    """A thousand times of a UTC day, with a tenth of the traffic in the six hours that begin at `night`."""
    weights = np.array([0.1 if (hour - night) % 24 < 6 else 1 for hour in range(24)])
    hours = np.repeat(np.arange(24), (weights * 60).astype(int))
    return [DAY.start + timedelta(hours=int(hour)) for hour in hours]


def test_a_day_of_local_times_is_noticed_by_its_night() -> None:
    local = naive(day_of_traffic(night=0))  # quiet from 0 to 6, if these are local times; from 19 to 1 if they are UTC
    found = findings(local, DAY)
    assert brief(found) == ["warning time_zone at"]
    assert "around 22:00 in America/New_York if the times are UTC, and around 03:00 if they are local" in texts(found)
    assert findings(local, DAY, whole=False) == []
    assert findings(utc(day_of_traffic(night=0)), DAY) == []
    assert findings(naive(day_of_traffic(night=5)), DAY) == []  # quiet from 0 to 6 in New York


def test_a_day_that_begins_at_local_midnight_is_noticed_by_its_hours() -> None:
    found = findings(utc([each + 5 * HOUR for each in day_of_traffic(night=0)]), DAY)
    assert brief(found) == ["warning time_zone at"]
    assert "they are 5 h after" in texts(found)


def test_a_column_that_holds_no_times_is_left_to_another_check() -> None:
    assert findings(pa.array([[1]])) == []


@pytest.mark.parametrize(
    ("values", "expected", "words"),
    [
        (utc(spread(-48 * HOUR)), [], ""),
        (naive(spread(5 * HOUR)), ["error labels_later at"], "by some 4.5 h: they are left out; times without a zone"),
        (utc([*spread(rows=95), *spread(9 * HOUR, 5)]), ["warning labels_later at"], "5 % of the labels have a time"),
        (numbers(spread(), 1000), [], ""),
    ],
)
def test_labels_may_be_old_but_not_later_than_their_partition(
    values: pa.Array, expected: list[str], words: str
) -> None:
    found = list(label_time_findings(PLACE, TimeColumn([pa.chunked_array([values])]), SPAN, NOW))
    assert brief(found) == expected
    assert words in texts(found)
