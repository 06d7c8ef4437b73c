"""Samples of the model's calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from exporter import catalogue
from exporter.profiles.binning import Binning, CategoricalBins
from exporter.profiles.profile import Profile, empty_profile
from exporter.reference.reference import Reference
from exporter.samples.calendar import calendar_samples, season_sample
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import Level, season_levels
from fraud_log import local_spec_document

BINNING = Binning((CategoricalBins("colour", ("red",)),))


def _spec(**seasonality: Any) -> ModelSpec:
    return ModelSpec.model_validate(local_spec_document(seasonality={"timezone": "America/New_York", **seasonality}))


def _values(spec: ModelSpec, now: datetime) -> dict[str, float]:
    samples = list(calendar_samples(spec, now))
    assert {sample.labels for sample in samples} == {("fraud",)}
    return {sample.metric.key: sample.value for sample in samples}


def test_friday_evening_in_new_york_is_saturday_in_utc() -> None:
    now = datetime(2026, 11, 21, 4, 59, tzinfo=UTC)
    assert _values(_spec(), now) == {
        catalogue.CALENDAR_DAY_OF_WEEK.key: 5,
        catalogue.CALENDAR_HOUR.key: 23,
        catalogue.CALENDAR_HOLIDAY.key: 0,
        catalogue.CALENDAR_UTC_OFFSET_SECONDS.key: -5 * 3600,
    }
    assert _values(_spec(), now + timedelta(minutes=1))[catalogue.CALENDAR_DAY_OF_WEEK.key] == 6


def test_sunday_is_zero_as_in_promql() -> None:
    assert _values(_spec(), datetime(2026, 11, 22, 12, tzinfo=UTC))[catalogue.CALENDAR_DAY_OF_WEEK.key] == 0


def test_a_holiday_keeps_its_own_weekday() -> None:
    spec = _spec(holidays={"dates": ["2026-12-25"], "like": "sunday"})
    values = _values(spec, datetime(2026, 12, 25, 12, tzinfo=UTC))
    assert (values[catalogue.CALENDAR_HOLIDAY.key], values[catalogue.CALENDAR_DAY_OF_WEEK.key]) == (1, 5)


def test_the_clock_goes_forward_between_two_hours() -> None:
    before, after = (_values(_spec(), datetime(2026, 3, 8, hour, tzinfo=UTC)) for hour in (6, 7))
    hour, offset = catalogue.CALENDAR_HOUR.key, catalogue.CALENDAR_UTC_OFFSET_SECONDS.key
    assert (before[hour], after[hour]) == (1, 3)
    assert (before[offset], after[offset]) == (-5 * 3600, -4 * 3600)


def _profile(rows: int) -> Profile:
    none = empty_profile(BINNING)
    return Profile(rows, np.array([rows, 0, 0]), none.sums, none.squares, none.lows, none.highs)


@pytest.mark.parametrize(
    ("rows", "weeks", "season", "level"),
    [
        (200, 4, "saturday 23:00", Level.HOUR_OF_WEEK),
        (50, 4, "saturday 18:00-24:00", Level.PART_OF_DAY),
        (200, 1, "all", Level.NONE),
    ],
)
def test_the_season_of_the_newest_hour_and_its_level(rows: int, weeks: int, season: str, level: Level) -> None:
    by_cell = {cell: _profile(rows) for cell in range(168)}
    reference = Reference(BINNING, by_cell, dict.fromkeys(by_cell, weeks), season_levels("hour_of_week"), {}, {})
    sample = season_sample(_spec(season="hour_of_week"), reference, datetime(2026, 11, 22, 5, tzinfo=UTC))
    assert (sample.metric, sample.labels, sample.value) == (catalogue.SEASON_INFO, ("fraud", season, level.value), 1)
