"""Proxy metrics: what a team watches while labels have not come, and where the answers to its PromQL are."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, StringConstraints, model_validator

from exporter.spec.sections.section import SpecSection, alternatives
from exporter.spec.sections.thresholds import Floor, Threshold
from exporter.spec.value_types import Name, SecretFile, Text, Url

_LAYOUT: Final = "\n\t"


def _expression(value: str) -> str:
    if any((ord(letter) < 32 and letter not in _LAYOUT) or ord(letter) == 127 for letter in value):
        raise ValueError("must not contain control characters other than line breaks and tabs")
    return value


PromQL = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000), AfterValidator(_expression)
]


class ColumnRatio(SpecSection):
    """A sum over the rows of the inference log, divided by another; rows that lack one of the two are left out."""

    numerator: Text
    """The column that is added up: numbers, or booleans as 0 and 1."""
    equals: Text | None = None
    """Count the rows in which the numerator's column is this value instead of adding it up: `review`."""
    denominator: Text | None = None
    """The column that divides; left out, the number of rows."""

    @model_validator(mode="after")
    def _different(self) -> Self:
        if self.numerator == self.denominator and self.equals is None:
            raise ValueError("must have two different columns: this ratio is always 1")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it takes, each once."""
        return tuple(dict.fromkeys(filter(None, (self.numerator, self.denominator))))


class Proxy(SpecSection):
    """A metric of your own that follows the season: exactly one of a ratio of columns and a PromQL expression."""

    model_config = alternatives("oneOf", "ratio", "promql")

    name: Name
    """Its name: the label `proxy`."""
    ratio: ColumnRatio | None = None
    """Of columns of the inference log."""
    promql: PromQL | None = None
    """Asked of Prometheus for the end of each hour: one series, best over a range of that hour, `[1h]`."""
    floor: Floor = Threshold(floor=0.1)
    """Never alert at or below this deviation, relative to what is expected; 0.1 is a tenth more or less."""
    direction: Literal["down", "up", "both"] = "both"
    """Whether a fall alerts, a rise, or both."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        self.exactly_one("ratio", "promql")
        return self


class Prometheus(SpecSection):
    """The Prometheus, or what speaks its HTTP API, that knows the proxies' PromQL."""

    url: Url | None = None
    """Its address; left out, the exporter's flag `--prometheus.url` says it."""
    credentials_file: SecretFile | None = None
    """A file that holds the bearer token to ask it with."""
