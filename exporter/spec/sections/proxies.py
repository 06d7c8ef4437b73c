"""The spec's `proxies` and `prometheus`: metrics to watch before labels arrive, and where their PromQL runs."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, StringConstraints, model_validator

from exporter.spec.sections.section import SpecSection, alternatives
from exporter.spec.sections.thresholds import Floor, Threshold
from exporter.spec.value_types import Name, SecretFile, Text, Url

_WHITESPACE: Final = "\n\t"


def _promql(value: str) -> str:
    if any((ord(letter) < 32 and letter not in _WHITESPACE) or ord(letter) == 127 for letter in value):
        raise ValueError("must not contain control characters other than line breaks and tabs")
    return value


PromQL = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000), AfterValidator(_promql)
]


class ColumnRatio(SpecSection):
    """The ratio of two sums over the rows of the inference log; rows without one of the two values are left out."""

    numerator: Text
    """The column to sum: numbers, or booleans as 0 and 1."""
    equals: Text | None = None
    """Count the rows in which the numerator column has this value, such as `review`, instead of summing it.

    Values are compared, not texts: `1`, `1.0` and `true` are one.
    """
    denominator: Text | None = None
    """The column to divide by; left out, the number of rows."""

    @model_validator(mode="after")
    def _different_columns(self) -> Self:
        if self.numerator == self.denominator and self.equals is None:
            raise ValueError("must have two different columns: this ratio is always 1")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the ratio, each once."""
        return tuple(dict.fromkeys(filter(None, (self.numerator, self.denominator))))


class Proxy(SpecSection):
    """A metric of your own, compared by season: exactly one of a ratio of columns and a PromQL expression."""

    model_config = alternatives("oneOf", "ratio", "promql")

    name: Name
    """The metric's name: the label `proxy`."""
    ratio: ColumnRatio | None = None
    """A ratio of columns of the inference log."""
    promql: PromQL | None = None
    """A query that Prometheus evaluates at the end of each hour: one series, best over a range of one hour, `[1h]`."""
    floor: Floor = Threshold(floor=0.1)
    """Never alert at or below this deviation relative to the expected value; 0.1 is 10 % more or less."""
    direction: Literal["down", "up", "both"] = "both"
    """Alert on a fall, on a rise, or on both."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        self.exactly_one("ratio", "promql")
        return self


class Prometheus(SpecSection):
    """The Prometheus, or another server with its HTTP API, that evaluates the proxies' PromQL."""

    url: Url | None = None
    """The server's address; left out, the exporter's flag `--prometheus.url`."""
    credentials_file: SecretFile | None = None
    """The file that contains the bearer token for queries."""
