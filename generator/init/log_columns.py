"""The columns of some files of a log, described from their first rows, as the input of a first spec."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from exporter.errors import SourceError, UsageError
from exporter.spec.file_names import Format, known_format
from generator.init.templates import path_keys

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS: Final = 50_000
_TEXT_BYTES: Final = 16 * 2**20
"""The first bytes of files of texts, whose lines describe their columns."""


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


def read(addresses: Sequence[str], above: str = "") -> list[Column]:
    """Return the columns of some files of a log together, in the order of the first, and the keys of their paths.

    Args:
        addresses: paths on this machine, `s3://bucket/key`, `gs://…` or `abfss://…`; settings and credentials come from
            the cloud's environment. The first must be readable; others whose columns have other types are left out.
        above: the folder of the log; the keys of a path that are columns are those below it.

    Raises:
        UsageError: when a file cannot be read, or does not have the format that its name tells.
    """
    import pyarrow as pa  # noqa: PLC0415 - nothing else of the generator needs it

    table, *others = (_head(address, len(addresses), above) for address in addresses)
    for other in others:
        with suppress(pa.ArrowException):
            table = pa.concat_tables([table, other], promote_options="default")
    return [_column(field, table.column(index)) for index, field in enumerate(table.schema)]


def _head(address: str, files: int, above: str) -> pa.Table:
    """Return the first rows of one of several files."""
    import pyarrow as pa  # noqa: PLC0415

    from exporter.sources.browsing import files_at  # noqa: PLC0415 - it imports pyarrow

    form = known_format(address) or Format.PARQUET
    try:
        with files_at(address).opened(address) as source:
            if form is Format.PARQUET:
                rows = _parquet_head(source, _ROWS // files)
            else:
                rows = _text_head(source, address, form, _TEXT_BYTES // files)
    except (OSError, SourceError, pa.ArrowException) as problem:
        raise UsageError(f"{address}: cannot be read: {' '.join(str(problem).split())}") from None
    for key, value in path_keys(address, above).items():
        if key not in rows.schema.names:
            rows = rows.append_column(key, pa.array([value] * rows.num_rows, pa.string()))
    return rows


def _parquet_head(source: pa.NativeFile, rows: int) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    with pq.ParquetFile(source) as file:
        batch = next(file.iter_batches(batch_size=rows), None)
        return pa.Table.from_batches([batch] if batch is not None else [], file.schema_arrow)


def _text_head(source: pa.NativeFile, address: str, form: Format, size: int) -> pa.Table:
    """Return the rows in the first bytes, with the types that Arrow finds in them."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv, json  # noqa: PLC0415

    packed = {".gz": "gzip", ".zst": "zstd"}.get(address[address.rfind(".") :])
    start = bytes((pa.CompressedInputStream(source, packed) if packed else source).read(size))
    whole = start[: start.rfind(b"\n") + 1] if len(start) == size else start
    lines = pa.BufferReader(whole.removeprefix(b"\xef\xbb\xbf"))
    if form is Format.JSONL:
        return json.read_json(lines, json.ReadOptions(block_size=len(whole) + 1))
    reading = csv.ReadOptions(block_size=len(whole) + 1)
    parsing = csv.ParseOptions(delimiter="\t" if form is Format.TSV else ",", newlines_in_values=True)
    return csv.read_csv(lines, reading, parsing)


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
