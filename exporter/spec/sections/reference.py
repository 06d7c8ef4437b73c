"""The spec's `reference`: what windows are compared with."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from exporter.spec.sections.section import SpecSection, alternatives
from exporter.spec.sections.source import Source
from exporter.spec.value_types import Day, Duration, Text


class Period(SpecSection):
    """A stretch of the inference log, both days included, in the model's time zone."""

    start: Annotated[Day, Field(alias="from")]
    """Its first day."""
    end: Annotated[Day, Field(alias="to")]
    """Its last day."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError("must not end before it starts")
        return self


class ReferenceColumns(SpecSection):
    """The columns of a reference data set, where they differ from the log's."""

    timestamp: Text | None = None
    """With a timestamp the reference has seasons."""
    label: Text | None = None
    """What turned out to be true; with it performance is estimated before labels come."""


class Reference(SpecSection):
    """What windows are compared with: exactly one of a data set, a period of the log, or its trailing weeks."""

    model_config = alternatives("oneOf", "source", "period", "trailing")

    source: Source | None = None
    """A data set, usually the training data; `{version}` in its path is the model version's."""
    columns: ReferenceColumns = ReferenceColumns()
    """Which column is what."""
    period: Period | None = None
    """Days of the inference log itself; with `labels` theirs tell performance before today's come."""
    trailing: Duration | None = None
    """Its last whole weeks, without those in which the model was alarming; labels tell as those of a period."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        self.exactly_one("source", "period", "trailing")
        return self
