"""The `source` of a log or a data set."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from exporter.spec.json_path import parse_path
from exporter.spec.sections.section import SpecSection, alternatives
from exporter.spec.value_types import Bytes, Text, YesNo

_DIRECTIVE: Final = re.compile("%-?.?")
_NUMBER: Final = "%-[mdjHM]"
_JOINED: Final = re.compile(rf"[0-9*?}}]{_NUMBER}|%-?[YmdjHM]{_NUMBER}|{_NUMBER}[0-9*?{{%]")
_DIRECTIVES: Final = {"%Y", "%m", "%d", "%H", "%M", "%j", "%-m", "%-d", "%-H", "%-M", "%-j"}


def directives(template: str) -> list[str]:
    """Return the strftime directives of a path, in order, such as `%Y` and `%-H`."""
    return _DIRECTIVE.findall(template)


def _template(value: str) -> str:
    unknown = sorted(set(directives(value)) - _DIRECTIVES)
    if unknown:
        raise ValueError(f"has {', '.join(unknown)}: a path can use only %Y, %m, %d, %j, %H and %M")
    if joined := _JOINED.search(value):
        raise ValueError(f"has {joined[0]}: a number without leading zeros needs other characters on both sides")
    return value


def _form(pattern: str, must: str) -> AfterValidator:
    """A check that a text as a whole has a form; `must` is the end of the message "must be …"."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"must be {must}")
        return value

    return AfterValidator(check)


_BUCKET: Final = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/"
_S3: Final = _form(f"{_BUCKET}.+", "s3://bucket/path")
_GCS: Final = _form(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]/.+", "gs://bucket/path")
_AZURE: Final = _form(
    r"abfss://[a-z0-9$][a-z0-9-]{2,62}@[a-z0-9-]{3,63}\.dfs\.[a-z0-9.-]+/.+",
    "abfss://container@account.dfs.core.windows.net/path",
)
_BIGQUERY: Final = _form(r"[a-z][a-z0-9.:-]{4,62}\.\w+\.[\w$-]+", "project.dataset.table")
_ATHENA: Final = _form(
    r"(?:[\w-]+\.)?[a-z0-9_-]+\.[a-z0-9_-]+", "database.table or catalog.database.table, in small letters"
)
_REDSHIFT: Final = _form(r"[a-z0-9_-]+(?:\.[a-z0-9_$-]+){2}", "database.schema.table, in small letters")
_CLUSTER: Final = _form(r"[a-z][a-z0-9-]{0,62}", "the identifier of a cluster")
_DB_USER: Final = _form(r"[a-zA-Z_][\w@.+-]{0,127}", "the name of a user of the database")
_SECRET: Final = _form(r"arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+", "the ARN of a secret")
_OUTPUT: Final = _form(f"{_BUCKET}(?:.*/)?", "s3://bucket/folder/, which ends in /")
_WORKGROUP: Final = _form(r"[a-zA-Z0-9._-]{1,128}", "the name of a workgroup")
_ICEBERG: Final = _form(
    r"[\w-]+(?:\.[\w$-]+){2,}",
    "catalog.namespace.table, with the catalog's name in PyIceberg's own configuration",
)
_COLUMN: Final = _form(r"[^\W\d][\w-]{0,299}", "the name of a column")
_LOCATION: Final = _form("[A-Za-z][A-Za-z0-9-]*", "a location such as EU, US or europe-west3")


def _keys(value: Mapping[str, str]) -> Mapping[str, str]:
    used = {each.replace("-", "") for template in value.values() for each in directives(template)}
    bare = sorted(key for key, template in value.items() if not directives(template))
    if bare:
        raise ValueError(f"has {bare[0]} without a time: each key needs a template such as %Y-%m-%d")
    if value and not ("%Y" in used and ("%j" in used or {"%m", "%d"} <= used)):
        raise ValueError("must tell a day: the templates together need %Y with %m and %d, or %Y with %j")
    return value


def _delta(value: str) -> str:
    if "://" in value and not re.fullmatch(f"{_BUCKET}.+", value):
        raise ValueError("must be s3://bucket/path, or a folder")
    if value.rstrip("/").endswith("_delta_log"):
        raise ValueError("must be the folder of the table, in which _delta_log is")
    if found := re.search(r"%-?[YmdjHM]|[*?]|\{[A-Za-z_]\w*\}", value):
        raise ValueError(f"has {found[0]}: must be the folder of one table, whose log knows the time of each file")
    return value.rstrip("/") or "/"


KINDS: Final = ("s3", "gcs", "azure", "local", "bigquery", "athena", "redshift", "delta", "iceberg")
TABLES: Final = ("bigquery", "athena", "redshift", "delta", "iceberg")
"""The kinds that are tables: their partitions are ranges of a column of times."""
ENGINES: Final = {"bigquery": "BigQuery", "athena": "Athena", "redshift": "Redshift"}
"""The kinds that are tables of an engine that counts them, with its name."""
BYTES_BILLED: Final = 100 * 10**9
"""The default limit of the bytes billed for one query: 100 GB, which cost cents."""
_KEYS: Final = {
    "partition_column": TABLES,
    "unpartitioned": ("bigquery", "athena", "delta", "iceberg"),
    "location": ("bigquery",),
    "maximum_bytes_billed": ("bigquery",),
    "partition_keys": ("athena",),
    "workgroup": ("athena", "redshift"),
    "output": ("athena",),
    "cluster": ("redshift",),
    "db_user": ("redshift",),
    "secret": ("redshift",),
}
"""The keys of tables, and the kinds that have them."""


def _path(value: str) -> str:
    parse_path(value)
    return value


class Source(SpecSection):
    """The place of the rows: exactly one of its kinds, such as `s3`, `local`, `delta` and `bigquery`.

    A path to files is a strftime template in UTC (`%Y %m %d %j %H %M`, or `%-m` and its like for numbers without
    leading zeros). It may contain `*` and may end in `/`: then all files that match are one partition. Folders such as
    `country=de` are columns that the files lack.
    """

    model_config = alternatives("oneOf", *KINDS)

    s3: Annotated[Text, AfterValidator(_template), _S3] | None = None
    """`s3://bucket/path-%Y-%m-%dT%H.parquet`; endpoint, region, role and credentials come from the AWS environment."""
    gcs: Annotated[Text, AfterValidator(_template), _GCS] | None = None
    """`gs://bucket/path-%Y-%m-%dT%H.parquet`; credentials come from the Google Cloud environment."""
    azure: Annotated[Text, AfterValidator(_template), _AZURE] | None = None
    """`abfss://container@account.dfs.core.windows.net/path-%Y-%m-%dT%H.parquet`, in Blob Storage or Data Lake Storage;
    credentials come from the Azure environment."""
    local: Annotated[Text, AfterValidator(_template)] | None = None
    """A path on this machine, relative to the spec's folder."""
    bigquery: Annotated[Text, _BIGQUERY] | None = None
    """`project.dataset.table`; credentials come from the Google Cloud environment."""
    athena: Annotated[Text, _ATHENA] | None = None
    """`database.table` or `catalog.database.table`; region and credentials come from the AWS environment."""
    redshift: Annotated[Text, _REDSHIFT] | None = None
    """`database.schema.table` of a table or view; region and credentials come from the AWS environment."""
    delta: Annotated[Text, AfterValidator(_delta)] | None = None
    """The folder of a Delta table: `s3://bucket/path`, or a path relative to the spec's folder."""
    iceberg: Annotated[Text, _ICEBERG] | None = None
    """`catalog.namespace.table` of an Iceberg table; the catalog is in PyIceberg's configuration or environment."""
    format: Literal["parquet", "jsonl", "csv", "tsv"] | None = None
    """For files: their format, if their names do not tell; see [logs.md](logs.md#formats)."""
    shape: Literal["kserve", "triton", "sagemaker"] | None = None
    """For JSON Lines: the tool that writes the lines, if they are payload logs; see [logs.md](logs.md#payload-logs)."""
    request: Annotated[tuple[Text, ...], Field(max_length=10_000)] = ()
    """With `shape`: the names of the values of a request's row, if it is a list."""
    response: Annotated[tuple[Text, ...], Field(max_length=10_000)] = ()
    """With `shape`: the names of the values of a response's row, if it is a list."""
    paths: Annotated[Mapping[Text, Annotated[Text, AfterValidator(_path)]], Field(max_length=10_000)] = {}
    """For JSON Lines: columns by their path in a line, such as `{age: $.user.age}`; with `[*]` a line is many rows."""
    engine: Literal["spark"] | None = None
    """For files: the engine that counts the rows, `spark` where one machine is too small; left out, the exporter."""
    partition_column: Annotated[Text, _COLUMN] | None = None
    """For a table: the column by which it is cut into partitions, with times in UTC; left out, the log's timestamp."""
    location: Annotated[Text, _LOCATION] | None = None
    """For BigQuery: where its queries run, such as `EU`; left out, BigQuery decides."""
    maximum_bytes_billed: Bytes | None = None
    """For BigQuery: the maximum bytes billed for one query; a query above it is not run. Left out, 100 GB."""
    partition_keys: Annotated[
        Mapping[Annotated[Text, _COLUMN], Annotated[Text, AfterValidator(_template)]],
        AfterValidator(_keys),
        Field(max_length=10),
    ] = {}
    """For Athena: the table's partition keys of times with the templates of their values in UTC, the coarsest first,
    such as `{dt: "%Y-%m-%d", hour: "%H"}`."""
    workgroup: Annotated[Text, _WORKGROUP] | None = None
    """For Athena: the workgroup of its queries; left out, `primary`. For Redshift Serverless: its workgroup."""
    output: Annotated[Text, _OUTPUT] | None = None
    """For Athena: where its results are written, `s3://bucket/folder/`; left out, where the workgroup says."""
    cluster: Annotated[Text, _CLUSTER] | None = None
    """For Redshift: the identifier of its cluster, where it has no workgroup."""
    db_user: Annotated[Text, _DB_USER] | None = None
    """For Redshift, with `cluster`: the user of the database; left out, the one of the AWS identity."""
    secret: Annotated[Text, _SECRET] | None = None
    """For Redshift: the ARN of the secret with user and password; left out, the AWS identity is the user."""
    unpartitioned: YesNo = False
    """For a table: it is not partitioned by this column, so each partition may read all of it."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kind = self.exactly_one(*KINDS)
        wrong = {name: kinds for name, kinds in _KEYS.items() if getattr(self, name) and kind not in kinds}
        if wrong:
            named = (f"{name}, which is only for {', '.join(kinds)}" for name, kinds in wrong.items())
            raise ValueError(f"must not have {'; or '.join(named)}")
        if self.format is not None and kind in TABLES:
            raise ValueError("must not have format: only for files")
        self._check_shape()
        if kind == "redshift":
            self._check_warehouse()
        if self.engine is not None and kind in ENGINES:
            raise ValueError(f"must not have engine: {ENGINES[kind]} counts a table itself")
        if self.engine is not None and kind in TABLES:
            raise ValueError("must not have engine: the exporter itself counts a lake table")
        return self

    def _check_warehouse(self) -> None:
        if (self.workgroup is None) == (self.cluster is None):
            raise ValueError("redshift needs a workgroup or a cluster, and not both")
        if self.workgroup is not None and not re.fullmatch("[a-z0-9-]{3,64}", self.workgroup):
            raise ValueError("must have a workgroup of 3 to 64 small letters, digits and - with redshift")
        if self.db_user is not None and (self.cluster is None or self.secret is not None):
            raise ValueError("must have db_user only with cluster, and without secret")

    def _check_shape(self) -> None:
        shaped = [name for name in ("shape", "paths") if getattr(self, name)]
        if shaped and self.format != "jsonl":
            raise ValueError(f"must have format: jsonl with {', '.join(shaped)}: other formats have columns")
        named = [name for name in ("request", "response") if getattr(self, name)]
        if named and self.shape is None:
            raise ValueError(f"must have shape with {', '.join(named)}: they name what its rows have")
        if self.shape is not None and any("[*]" in path for path in self.paths.values()):
            raise ValueError("must have no path with [*] with shape: the shape defines the rows of a line")
        twice = sorted(
            name for name, count in Counter((*self.request, *self.response, *self.paths)).items() if count > 1
        )
        if twice:
            raise ValueError(f"must not name {', '.join(twice)} twice in request, response and paths")
        if self.engine is not None and self.shape in {"kserve", "triton"}:
            raise ValueError(f"must not have engine with shape {self.shape}: the exporter itself joins its lines")

    @property
    def is_table(self) -> bool:
        """Whether its partitions are ranges of a column of times, and not paths."""
        return self.kind in TABLES

    @property
    def billing_limit(self) -> int:
        """`maximum_bytes_billed`, or its default."""
        return self.maximum_bytes_billed or BYTES_BILLED

    @property
    def kind(self) -> str:
        """The kind of the source, which is the name of its key."""
        return self.exactly_one(*KINDS)

    @property
    def template(self) -> str:
        """The path template or the table's name."""
        return str(getattr(self, self.kind))
