"""Samples of the model's calendar, for a team's own rules and graphs: PromQL has only UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from exporter import catalogue
from exporter.reference.reference import Reference
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import Calendar, promql_weekday, season_name


def calendar_samples(spec: ModelSpec, now: datetime) -> Iterator[Sample]:
    """Weekday, hour, holiday and UTC offset at `now`, in the model's time zone."""
    calendar = Calendar.of(spec.spec.seasonality)
    local = calendar.local(now)
    values = {
        catalogue.CALENDAR_DAY_OF_WEEK: promql_weekday(local.weekday()),
        catalogue.CALENDAR_HOUR: local.hour,
        catalogue.CALENDAR_HOLIDAY: calendar.is_holiday(now),
        catalogue.CALENDAR_UTC_OFFSET_SECONDS: calendar.utc_offset(now).total_seconds(),
    }
    for metric, value in values.items():
        yield Sample(metric, (spec.name,), float(value))


def season_sample(spec: ModelSpec, reference: Reference, end: datetime) -> Sample:
    """The season with which the newest hour, ending at `end`, is compared."""
    cell = Calendar.of(spec.spec.seasonality).cell(end - timedelta(microseconds=1))
    level = reference.seasons.levels[int(reference.seasons.season[cell])]
    return Sample(catalogue.SEASON_INFO, (spec.name, season_name(level, cell), level.value), 1.0)
