"""The spec's `reference`: what windows are compared with."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from exporter.spec.sections.section import SpecSection, alternatives
from exporter.spec.sections.source import Source
from exporter.spec.value_types import Day, Duration, Text, TimeUnit


class Period(SpecSection):
    """A range of days of the inference log, both included, in the model's time zone."""

    start: Annotated[Day, Field(alias="from")]
    """The first day."""
    end: Annotated[Day, Field(alias="to")]
    """The last day."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError("must not end before it starts")
        return self


class ReferenceColumns(SpecSection):
    """The columns of a reference data set, where they differ from the log's."""

    timestamp: Text | None = None
    """When the prediction was made; needed for seasons."""
    timestamp_unit: TimeUnit | None = None
    """The unit of `timestamp` where it holds epoch numbers; left out, it follows from how large they are."""
    label: Text | None = None
    """The true outcome; with it, performance is estimated before labels arrive. With `timestamp` as well, intervals and
    thresholds of performance include how much its days differ."""


class Reference(SpecSection):
    """What windows are compared with: exactly one of a data set, a period of the log, or its trailing weeks."""

    model_config = alternatives("oneOf", "source", "period", "trailing")

    source: Source | None = None
    """A data set, usually the training data; all versions of the model are compared with it."""
    columns: ReferenceColumns = ReferenceColumns()
    """The names of the columns."""
    period: Period | None = None
    """Days of the inference log; with `labels`, performance is estimated from their labels."""
    trailing: Duration | None = None
    """The last whole weeks of the inference log, without the weeks with alerts; labels are used as for a period."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        self.exactly_one("source", "period", "trailing")
        return self
