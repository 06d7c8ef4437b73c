"""Where rows are: the spec's `source`, wherever it has one."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, model_validator

from exporter.spec.sections.section import SpecSection, alternatives
from exporter.spec.value_types import Bytes, Text, YesNo

_DIRECTIVES: Final = re.compile(r"%(.?)")


def _template(value: str) -> str:
    unknown = sorted({f"%{letter}" for letter in _DIRECTIVES.findall(value)} - {"%Y", "%m", "%d", "%H", "%M", "%j"})
    if unknown:
        raise ValueError(f"has {', '.join(unknown)}; a path may use %Y, %m, %d, %j, %H and %M")
    return value


def _s3(value: str) -> str:
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+", value):
        raise ValueError("must be s3://bucket/path")
    return value


def _table(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9.:-]{4,62}\.\w+\.[\w$-]+", value):
        raise ValueError("must be project.dataset.table")
    return value


BYTES_BILLED: Final = 100 * 10**9
"""What one query may be billed for where a spec does not say: cents."""
_ABOUT_TABLES: Final = ("partition_column", "location", "maximum_bytes_billed", "unpartitioned")


def _column(value: str) -> str:
    if not re.fullmatch(r"[^\W\d][\w-]{0,299}", value):
        raise ValueError("must be the name of a column")
    return value


def _location(value: str) -> str:
    if not re.fullmatch("[A-Za-z][A-Za-z0-9-]*", value):
        raise ValueError("must be a location such as EU, US or europe-west3")
    return value


class Source(SpecSection):
    """Where rows are: exactly one of the kinds.

    A path is a strftime template in UTC (`%Y %m %d %j %H %M`); it may hold `*` and may end in `/`, and then all the
    files that match are one partition.
    """

    model_config = alternatives("oneOf", "s3", "local", "bigquery")

    s3: Annotated[Text, AfterValidator(_template), AfterValidator(_s3)] | None = None
    """`s3://bucket/path-%Y-%m-%dT%H.parquet`; endpoint, region, role and credentials come from the AWS environment."""
    local: Annotated[Text, AfterValidator(_template)] | None = None
    """A path on this machine, relative to the spec's folder."""
    bigquery: Annotated[Text, AfterValidator(_table)] | None = None
    """`project.dataset.table`; credentials come from Google's environment."""
    engine: Literal["spark"] | None = None
    """Of files: what counts them, where they outgrow this machine: `spark`. Left out, the exporter itself."""
    partition_column: Annotated[Text, AfterValidator(_column)] | None = None
    """Of a table: the column that it is partitioned by, of times in UTC; left out, the log's timestamp."""
    location: Annotated[Text, AfterValidator(_location)] | None = None
    """Of a table: where its queries run, such as `EU`; left out, BigQuery finds it."""
    maximum_bytes_billed: Bytes | None = None
    """Of a table: what one query may be billed for; one that would cost more is not run. Left out, 100 GB."""
    unpartitioned: YesNo = False
    """Of a table: that it has no such partitions, and each query may read all of it."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        kind = self.exactly_one("s3", "local", "bigquery")
        given = [name for name in _ABOUT_TABLES if getattr(self, name)]
        if given and kind != "bigquery":
            raise ValueError(f"must not have {', '.join(given)}: only a table in BigQuery has")
        if self.engine is not None and kind == "bigquery":
            raise ValueError("must not have engine: BigQuery counts a table itself")
        return self

    @property
    def billing_limit(self) -> int:
        """`maximum_bytes_billed`, or its default."""
        return self.maximum_bytes_billed or BYTES_BILLED

    @property
    def kind(self) -> str:
        """Which of the kinds this is."""
        return self.exactly_one("s3", "local", "bigquery")

    @property
    def template(self) -> str:
        """The path template or the table's name."""
        return str(getattr(self, self.kind))
