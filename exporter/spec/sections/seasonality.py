"""The spec's `seasonality`: the model's calendar."""

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
    """The weekday that the holidays count as."""


class Seasonality(SpecSection):
    """The model's calendar."""

    timezone: TimeZone = "UTC"
    """The IANA time zone of weekdays, hours and holidays."""
    season: Literal["none", "weekend", "day_of_week", "hour_of_week"] = "none"
    """The seasonal pattern of the traffic."""
    holidays: Holidays = Holidays()
    """Days that count as another weekday."""
