"""The `source` of a log or a data set."""

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
        raise ValueError(f"has {', '.join(unknown)}: a path can use only %Y, %m, %d, %j, %H and %M")
    return value


def _s3(value: str) -> str:
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+", value):
        raise ValueError("must be s3://bucket/path")
    return value


def _gcs(value: str) -> str:
    if not re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]/.+", value):
        raise ValueError("must be gs://bucket/path")
    return value


def _azure(value: str) -> str:
    if not re.fullmatch(r"abfss://[a-z0-9$][a-z0-9-]{2,62}@[a-z0-9-]{3,63}\.dfs\.[a-z0-9.-]+/.+", value):
        raise ValueError("must be abfss://container@account.dfs.core.windows.net/path")
    return value


def _table(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9.:-]{4,62}\.\w+\.[\w$-]+", value):
        raise ValueError("must be project.dataset.table")
    return value


BYTES_BILLED: Final = 100 * 10**9
"""The default limit of the bytes billed for one query: 100 GB, which cost cents."""
_KINDS: Final = ("s3", "gcs", "azure", "local", "bigquery")
_TABLE_KEYS: Final = ("partition_column", "location", "maximum_bytes_billed", "unpartitioned")


def _column(value: str) -> str:
    if not re.fullmatch(r"[^\W\d][\w-]{0,299}", value):
        raise ValueError("must be the name of a column")
    return value


def _location(value: str) -> str:
    if not re.fullmatch("[A-Za-z][A-Za-z0-9-]*", value):
        raise ValueError("must be a location such as EU, US or europe-west3")
    return value


class Source(SpecSection):
    """The place of the rows: exactly one of `s3`, `gcs`, `azure`, `local` and `bigquery`.

    A path is a strftime template in UTC (`%Y %m %d %j %H %M`). It may contain `*` and may end in `/`: then all files
    that match are one partition.
    """

    model_config = alternatives("oneOf", *_KINDS)

    s3: Annotated[Text, AfterValidator(_template), AfterValidator(_s3)] | None = None
    """`s3://bucket/path-%Y-%m-%dT%H.parquet`; endpoint, region, role and credentials come from the AWS environment."""
    gcs: Annotated[Text, AfterValidator(_template), AfterValidator(_gcs)] | None = None
    """`gs://bucket/path-%Y-%m-%dT%H.parquet`; credentials come from the Google Cloud environment."""
    azure: Annotated[Text, AfterValidator(_template), AfterValidator(_azure)] | None = None
    """`abfss://container@account.dfs.core.windows.net/path-%Y-%m-%dT%H.parquet`, in Blob Storage or Data Lake Storage;
    credentials come from the Azure environment."""
    local: Annotated[Text, AfterValidator(_template)] | None = None
    """A path on this machine, relative to the spec's folder."""
    bigquery: Annotated[Text, AfterValidator(_table)] | None = None
    """`project.dataset.table`; credentials come from the Google Cloud environment."""
    engine: Literal["spark"] | None = None
    """For files: the engine that counts the rows, `spark` where one machine is too small; left out, the exporter."""
    partition_column: Annotated[Text, AfterValidator(_column)] | None = None
    """For a table: the column by which it is partitioned, with times in UTC; left out, the log's timestamp."""
    location: Annotated[Text, AfterValidator(_location)] | None = None
    """For a table: where its queries run, such as `EU`; left out, BigQuery decides."""
    maximum_bytes_billed: Bytes | None = None
    """For a table: the maximum bytes billed for one query; a query above it is not run. Left out, 100 GB."""
    unpartitioned: YesNo = False
    """For a table: it has no partitions, so each query may read all of it."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kind = self.exactly_one(*_KINDS)
        given = [name for name in _TABLE_KEYS if getattr(self, name)]
        if given and kind != "bigquery":
            raise ValueError(f"must not have {', '.join(given)}: only for a BigQuery table")
        if self.engine is not None and kind == "bigquery":
            raise ValueError("must not have engine: BigQuery counts a table itself")
        return self

    @property
    def billing_limit(self) -> int:
        """`maximum_bytes_billed`, or its default."""
        return self.maximum_bytes_billed or BYTES_BILLED

    @property
    def kind(self) -> str:
        """The kind of the source, which is the name of its key."""
        return self.exactly_one(*_KINDS)

    @property
    def template(self) -> str:
        """The path template or the table's name."""
        return str(getattr(self, self.kind))
