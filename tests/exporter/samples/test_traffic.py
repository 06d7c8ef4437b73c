"""Samples of traffic: comparison with the same hours of the local week, clock changes, holidays and grains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from exporter import catalogue
from exporter.catalogue import INFERENCE
from exporter.samples.traffic import LOOK_BACK, PartitionRows, traffic_samples
from exporter.spec.model import ModelSpec
from fraud_log import local_spec_document

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
NEW_YORK = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 9, 21, tzinfo=UTC)


def spec(**body: Any) -> ModelSpec:
    return ModelSpec.model_validate(local_spec_document(**body))


def samples(model: ModelSpec, log: PartitionRows) -> dict[tuple[str, str], float]:
    """Values by key of the metric and window."""
    return {(one.metric.key, one.labels[-1]): one.value for one in traffic_samples(model, log)}


def log_of(end: datetime, rows: Any, grain: timedelta = HOUR, back: timedelta = LOOK_BACK + WEEK) -> PartitionRows:
    """A log whose partitions have the rows that `rows` returns for their start."""
    start = end - back
    return PartitionRows(start, grain, np.array([rows(start + step * grain) for step in range(back // grain)], float))


def factor(of: dict[tuple[str, str], float], window: str) -> float:
    return of[catalogue.TRAFFIC_FACTOR.key, window]


def usual(of: dict[tuple[str, str], float], window: str) -> float:
    return of[catalogue.WINDOW_ROWS_REFERENCE.key, window]


def test_a_window_has_its_usual_rows_and_factor() -> None:
    log = log_of(MONDAY, lambda start: 50 if start >= MONDAY - HOUR else 200)
    found = list(traffic_samples(spec(windows=["1h", "24h"]), log))
    assert [(one.metric, one.labels) for one in found] == [
        (catalogue.WINDOW_ROWS_REFERENCE, ("fraud", INFERENCE, "1h")),
        (catalogue.TRAFFIC_FACTOR, ("fraud", "1h")),
        (catalogue.TRAFFIC_FACTOR_THRESHOLD, ("fraud", "1h")),
        (catalogue.WINDOW_ROWS_REFERENCE, ("fraud", INFERENCE, "24h")),
        (catalogue.TRAFFIC_FACTOR, ("fraud", "24h")),
        (catalogue.TRAFFIC_FACTOR_THRESHOLD, ("fraud", "24h")),
    ]
    assert [one.value for one in found] == pytest.approx([200, 4, 2, 4800, 4800 / 4650, 2])


def test_the_floor_is_that_of_the_weekday_on_which_the_window_ends() -> None:
    model = spec(
        windows=["1h"],
        seasonality={"timezone": "America/New_York"},
        thresholds={"traffic_factor": {"floor": 3, "weekdays": {"sunday": 5}}},
    )
    key = catalogue.TRAFFIC_FACTOR_THRESHOLD.key, "1h"
    assert samples(model, log_of(MONDAY, lambda _: 900))[key] == 5, "Sunday evening in New York"
    assert samples(model, log_of(MONDAY + 5 * HOUR, lambda _: 900))[key] == 3


@pytest.mark.parametrize("season", ["none", "hour_of_week"])
def test_hours_follow_the_local_clock_after_a_change(season: str) -> None:
    """Rows begin at nine in New York; clocks went back on Sunday, 1 November 2026."""
    model = spec(windows=["1h"], seasonality={"timezone": "America/New_York", "season": season})

    def rows(start: datetime) -> int:
        return 500 if 9 <= start.astimezone(NEW_YORK).hour < 17 else 20

    nine = datetime(2026, 11, 2, 14, tzinfo=UTC)
    assert usual(samples(model, log_of(nine, rows)), "1h") == 20
    assert usual(samples(model, log_of(nine + HOUR, rows)), "1h") == 500


@pytest.mark.parametrize(("month", "day", "hours"), [(11, 1, 25), (3, 8, 23)])
def test_a_day_on_which_clocks_change_has_its_own_length(month: int, day: int, hours: int) -> None:
    model = spec(windows=[f"{hours}h"], seasonality={"timezone": "America/New_York"})
    midnight = datetime(2026, month, day, tzinfo=NEW_YORK).astimezone(UTC)
    found = samples(model, log_of(midnight + hours * HOUR, lambda start: 10 + start.astimezone(NEW_YORK).hour))
    local = [(midnight + step * HOUR).astimezone(NEW_YORK).hour for step in range(hours)]
    assert usual(found, f"{hours}h") == sum(10 + hour for hour in local)
    assert factor(found, f"{hours}h") == 1


def test_a_holiday_is_compared_with_the_weekday_that_it_counts_as() -> None:
    """Thanksgiving 2026, a Thursday, is as quiet as a Sunday."""
    holiday = datetime(2026, 11, 26, tzinfo=UTC)

    def rows(start: datetime) -> int:
        return 100 if start.weekday() == 6 or start.date() == holiday.date() else 1000

    log = log_of(holiday + DAY, rows)
    dates = {"holidays": {"dates": ["2026-11-26"], "like": "sunday"}}
    assert factor(samples(spec(windows=["24h"], seasonality=dates), log), "24h") == 1
    assert factor(samples(spec(windows=["24h"]), log), "24h") == 10


def test_hours_that_are_usually_empty_have_no_factor() -> None:
    found = samples(spec(windows=["1h", "24h"]), log_of(MONDAY, lambda start: 100 if 8 <= start.hour < 18 else 0))
    assert usual(found, "1h") == 0
    assert (catalogue.TRAFFIC_FACTOR.key, "1h") not in found
    assert (usual(found, "24h"), factor(found, "24h")) == (1000, 1)


def test_two_weeks_are_no_history() -> None:
    def rows(start: datetime) -> float:
        return 100 if start >= MONDAY - 2 * WEEK - 2 * HOUR else np.nan

    assert samples(spec(windows=["1h"]), log_of(MONDAY, rows)) == {}


def test_unknown_rows_of_the_window_are_not_counted() -> None:
    log = log_of(MONDAY, lambda start: np.nan if start == MONDAY - HOUR else 100)
    assert factor(samples(spec(windows=["2h"]), log), "2h") == 2


@pytest.mark.parametrize(("grain", "window"), [(DAY, "24h"), (DAY, "7d"), (15 * HOUR / 60, "1h"), (6 * HOUR, "6h")])
def test_any_grain_will_do(grain: timedelta, window: str) -> None:
    def rows(start: datetime) -> float:
        return grain / HOUR * (1 + start.weekday()) * 60

    found = samples(spec(windows=[window]), log_of(MONDAY, rows, grain))
    hours = {"1h": 1, "6h": 6, "24h": 24}.get(window)
    assert usual(found, window) == (7 * 60 * hours if hours else 24 * 60 * sum(range(1, 8)))
    assert factor(found, window) == 1


def test_a_window_shorter_than_an_hour_has_its_share_of_the_hour() -> None:
    quarter = HOUR / 4
    found = samples(spec(windows=["15m"]), log_of(MONDAY, lambda _: 25, quarter))
    assert (usual(found, "15m"), factor(found, "15m")) == (25, 1)
