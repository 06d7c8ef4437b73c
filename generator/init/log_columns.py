"""The columns of a Parquet file, described from its first rows, as the input of a first spec."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from exporter.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.fs import FileSystem

_ROWS: Final = 50_000


class Kind(StrEnum):
    """The kind of a column's values, as far as a spec distinguishes them."""

    NUMBER = "number"
    WHOLE = "whole number"
    TEXT = "text"
    TIME = "time"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: among the first rows, `rows` have a value, and `distinct` values are different."""

    name: str
    kind: Kind
    type: str
    rows: int
    distinct: int
    low: float | None = None
    high: float | None = None

    @property
    def is_probability(self) -> bool:
        """Whether the column has fractional numbers, all of them from 0 to 1."""
        bounds = self.low is not None and self.high is not None and 0 <= self.low <= self.high <= 1
        return self.kind is Kind.NUMBER and bounds

    @property
    def is_unique(self) -> bool:
        """Whether more than 90 % of the values are different."""
        return self.rows > 0 and self.distinct > 0.9 * self.rows


def read(address: str) -> list[Column]:
    """Return the columns of a file, in its order.

    Args:
        address: a path on this machine, or `s3://bucket/key`; endpoint, region and credentials of S3 come from the AWS
            environment.

    Raises:
        UsageError: when it cannot be read, or is not a Parquet file.
    """
    import pyarrow as pa  # noqa: PLC0415 - nothing else of the generator needs it
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        system, path = _opened(address)
        with system.open_input_file(path) as source, pq.ParquetFile(source) as file:
            schema = file.schema_arrow
            batch = next(file.iter_batches(batch_size=_ROWS), None)
    except (OSError, pa.ArrowException) as problem:
        raise UsageError(f"{address}: cannot be read: {' '.join(str(problem).split())}") from None
    table = pa.Table.from_batches([batch] if batch is not None else [], schema)
    return [_column(field, table.column(index)) for index, field in enumerate(schema)]


def find(address: str) -> str:
    """Return the address of a log file: the given one, or in a folder or below a prefix the last by name.

    Hidden names, which begin with `.` or `_`, are passed over.

    Raises:
        UsageError: when the folder cannot be read, or has no Parquet file.
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import fs  # noqa: PLC0415

    try:
        system, path = _opened(address)
        if system.get_file_info(path.rstrip("/") or path).type is not fs.FileType.Directory:
            return address
        file = _last_file(system, path.rstrip("/") or path)
    except (OSError, pa.ArrowException) as problem:
        raise UsageError(f"{address}: cannot be read: {' '.join(str(problem).split())}") from None
    if file is None:
        raise UsageError(f"{address}: has no *.parquet file")
    return f"s3://{file}" if address.startswith("s3://") else file


def _last_file(system: FileSystem, folder: str) -> str | None:
    from pyarrow import fs  # noqa: PLC0415

    for entry in sorted(system.get_file_info(fs.FileSelector(folder)), key=lambda entry: entry.path, reverse=True):
        if entry.base_name.startswith((".", "_")):
            continue
        if entry.type is fs.FileType.Directory and (file := _last_file(system, entry.path)) is not None:
            return file
        if entry.type is fs.FileType.File and entry.base_name.endswith(".parquet"):
            return str(entry.path)
    return None


def _opened(address: str) -> tuple[FileSystem, str]:
    from pyarrow import fs  # noqa: PLC0415

    if not address.startswith("s3://"):
        return fs.LocalFileSystem(), address
    path = address.removeprefix("s3://")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        return fs.S3FileSystem(region=fs.resolve_s3_region(path.partition("/")[0])), path
    scheme, host = urlsplit(endpoint)[:2]
    return fs.S3FileSystem(endpoint_override=host, scheme=scheme), path


def _column(field: pa.Field, values: pa.ChunkedArray) -> Column:
    kind = _kind(field.type)
    rows = len(values) - values.null_count
    if kind is Kind.OTHER:
        return Column(field.name, kind, str(field.type), rows, 0)
    distinct = len(values.drop_null().unique())
    low, high = _range(values) if kind in {Kind.NUMBER, Kind.WHOLE} and rows else (None, None)
    return Column(field.name, kind, str(field.type), rows, distinct, low, high)


def _range(values: pa.ChunkedArray) -> tuple[float | None, float | None]:
    import pyarrow.compute as pc  # noqa: PLC0415

    bounds: dict[str, Any] = pc.min_max(values).as_py()
    return float(bounds["min"]), float(bounds["max"])


def _kind(given: pa.DataType) -> Kind:
    import pyarrow as pa  # noqa: PLC0415

    kind = given.value_type if pa.types.is_dictionary(given) else given
    tests = {
        Kind.TIME: (pa.types.is_timestamp, pa.types.is_date),
        Kind.NUMBER: (pa.types.is_floating, pa.types.is_decimal),
        Kind.WHOLE: (pa.types.is_integer,),
        Kind.TEXT: (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_boolean),
    }
    return next((name for name, matching in tests.items() if any(test(kind) for test in matching)), Kind.OTHER)
