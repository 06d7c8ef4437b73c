"""The spec's `seasonality`: the calendar that the model lives by."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from exporter.spec.sections.section import SpecSection
from exporter.spec.sections.thresholds import Weekday
from exporter.spec.value_types import Day, TimeZone


class Holidays(SpecSection):
    """Days that count as another weekday."""

    dates: Annotated[tuple[Day, ...], Field(max_length=1000)] = ()
    """The days, in the model's time zone."""
    like: Weekday = "sunday"
    """The weekday that they count as."""


class Seasonality(SpecSection):
    """The calendar that the model lives by."""

    timezone: TimeZone = "UTC"
    """An IANA zone; weekdays, hours and holidays are taken in it."""
    season: Literal["none", "weekend", "day_of_week", "hour_of_week"] = "none"
    """What traffic repeats with."""
    holidays: Holidays = Holidays()
    """Days that count as another weekday."""
