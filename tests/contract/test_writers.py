"""Parquet, JSON Lines and CSV as each writer writes them: the same rows give the same profile, times and ids."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import fastparquet
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import PartitionProfile, profile_partition
from exporter.profiles.times import instants
from exporter.sources.source import Batch, Partition, Selection
from exporter.sources.stores.local import Local
from profile_equality import assert_same_partition
from profiling import binning, categorical, numeric

ROWS = 400
START = datetime(2026, 11, 22, 10, tzinfo=UTC)
BINNING = binning(
    *(numeric(name, (0.0, 2.0, 4.0)) for name in ("amount", "small", "items", "flag", "price")),
    categorical("country", "DE", "", "ÅÄ", "日本"),
    categorical("code", "7", "8"),
)
KEYS = pa.schema({"id": pa.string(), "at": pa.timestamp("us", "UTC")})
DELTA = {"id": "DELTA_BYTE_ARRAY", "country": "DELTA_LENGTH_BYTE_ARRAY", "items": "DELTA_BINARY_PACKED"}


def rows() -> pa.Table:
    """Rows of every type that all writers have; decimals are added where a writer has them."""
    random = np.random.default_rng(7)
    amounts = random.normal(2, 1, ROWS)
    return pa.table(
        {
            "id": [f"00{row}" for row in range(ROWS)],
            "at": pa.array([START + row * timedelta(seconds=7) for row in range(ROWS)], pa.timestamp("us", "UTC")),
            "version": random.choice(["v1", "v2"], ROWS),
            "amount": pa.array([None if row % 9 == 0 else float(amounts[row]) for row in range(ROWS)]),
            "small": pa.array(random.normal(2, 1, ROWS).astype(np.float32)),
            "items": pa.array(random.integers(0, 6, ROWS)),
            "flag": pa.array(random.random(ROWS) < 0.3),
            "country": pa.array([["DE", "", "ÅÄ", "日本", "new", None][row % 6] for row in range(ROWS)]),
            "code": pa.array(random.integers(7, 10, ROWS), pa.int32()),
        }
    )


def priced() -> pa.Table:
    prices = [None if row % 7 == 0 else Decimal(row % 500) / 100 for row in range(ROWS)]
    return rows().append_column("price", pa.array(prices, pa.decimal128(9, 2)))


def by_arrow(**options: object) -> Callable[[Path], object]:
    return lambda path: pq.write_table(priced(), path, **options)


def by_duckdb(options: str) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with duckdb.connect() as connection:
            connection.register("log", priced())
            connection.sql(f"COPY log TO '{path}' (FORMAT parquet, {options})")

    return write


def by_polars(path: Path) -> None:
    frame = pl.from_arrow(priced())
    assert isinstance(frame, pl.DataFrame)
    frame.with_columns(pl.col("version").cast(pl.Categorical)).write_parquet(path)


def by_pandas(path: Path) -> None:
    frame = priced().to_pandas().astype({"version": "category"}).set_index("id")
    frame.to_parquet(path)


def by_fastparquet(**options: object) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        frame = rows().to_pandas()
        # It takes every time for nanoseconds, which pandas no longer has by itself.
        frame = frame.astype({"version": "category", "at": "datetime64[ns, UTC]"})
        with warnings.catch_warnings(action="ignore"):  # it uses what newer pandas calls old
            fastparquet.write(str(path), frame, **options)

    return write


WRITERS = {
    "pyarrow, dictionary of one page": by_arrow(dictionary_pagesize_limit=64, data_page_size=256),
    "pyarrow, data page 2.0": by_arrow(data_page_version="2.0"),
    "pyarrow, format 1.0": by_arrow(version="1.0"),
    "pyarrow, int96": by_arrow(use_deprecated_int96_timestamps=True),
    "pyarrow, milliseconds": by_arrow(coerce_timestamps="ms"),
    "pyarrow, delta encodings": by_arrow(use_dictionary=False, column_encoding=DELTA),
    "pyarrow, byte stream split": by_arrow(use_dictionary=False, use_byte_stream_split=["amount", "small"]),
    "pyarrow, without Arrow's schema": by_arrow(store_schema=False),
    "pyarrow, decimals as integers": by_arrow(store_decimal_as_integer=True),
    "pyarrow, row groups of 50": by_arrow(row_group_size=50),
    **{f"pyarrow, {name}": by_arrow(compression=name) for name in ("none", "gzip", "zstd", "brotli", "lz4")},
    "pandas, an index and a categorical": by_pandas,
    "DuckDB": by_duckdb("COMPRESSION snappy"),
    "DuckDB, V2": by_duckdb("PARQUET_VERSION v2, COMPRESSION zstd"),
    "Polars": by_polars,
    "fastparquet": by_fastparquet(),
    "fastparquet, int96": by_fastparquet(times="int96", row_group_offsets=100, compression="GZIP"),
}


def log(path: Path) -> tuple[Local, Partition]:
    source = Local(path.name, path.parent)
    partition = source.dataset()
    assert partition is not None
    return source, partition


def profile(path: Path) -> PartitionProfile:
    names = tuple(column.name for column in BINNING.columns)
    source, partition = log(path)
    selection = Selection(("version",), names[:5], names[5:])
    return source.profile(partition, selection, lambda rows: profile_partition(rows, BINNING, Grouping("version")))


def keys(path: Path) -> tuple[list[str], list[int]]:
    """The id and the time of each row."""
    source, partition = log(path)

    def read(batches: Iterator[Batch]) -> tuple[list[str], list[int]]:
        table = pa.concat_tables([batch.table.cast(KEYS) for batch in batches])
        return table["id"].to_pylist(), instants(table["at"]).tolist()

    return source.profile(partition, Selection(("id", "at"), (), (), plain=("id",)), read)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_each_writer_s_file_has_the_same_profile_times_and_ids(write: Callable[[Path], object], tmp_path: Path) -> None:
    (tmp_path / "expected").mkdir()
    expected, path = tmp_path / "expected" / "log.parquet", tmp_path / "log.parquet"
    write(path)
    has_prices = "price" in pq.read_schema(path).names
    pq.write_table(priced() if has_prices else rows(), expected)
    assert_same_partition(profile(path), profile(expected))
    assert keys(path) == keys(expected)
    ids, times = keys(path)
    assert (ids[1], times[1]) == ("001", pd.Timestamp(START).value // 1000 + 7_000_000)


def texts_by_duckdb(options: str) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with duckdb.connect() as connection:
            connection.register("log", wide())
            connection.sql(f"SET TimeZone = 'UTC'; COPY log TO '{path}' ({options})")

    return write


def texts_by_pandas(**options: Any) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        frame = wide().to_pandas().astype({"amount": str, "small": str})  # it would round them
        with warnings.catch_warnings(action="ignore"):  # a newer pandas writes no epoch numbers by itself
            frame.to_json(path, orient="records", lines=True, **options)

    return write


def wide() -> pa.Table:
    """The rows without narrow floats, whose texts are shorter than their values."""
    return rows().set_column(4, "small", rows()["small"].cast(pa.float64()))


def polars_frame() -> pl.DataFrame:
    frame = pl.from_arrow(wide())
    assert isinstance(frame, pl.DataFrame)
    return frame


TEXT_WRITERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "pyarrow": ("log.csv", lambda path: pyarrow.csv.write_csv(wide(), path)),
    "DuckDB, CSV": ("log.csv", texts_by_duckdb("FORMAT csv, HEADER")),
    "DuckDB, TSV": ("log.tsv.zst", texts_by_duckdb("FORMAT csv, HEADER, DELIMITER '\t', COMPRESSION zstd")),
    "DuckDB, JSON Lines": ("log.ndjson.gz", texts_by_duckdb("FORMAT json, COMPRESSION gzip")),
    "Polars, CSV": ("log.csv", lambda path: polars_frame().write_csv(path)),
    "Polars, CSV with all quoted": ("log.csv", lambda path: polars_frame().write_csv(path, quote_style="always")),
    "Polars, JSON Lines": ("log.jsonl", lambda path: polars_frame().write_ndjson(path)),
    "pandas, CSV": ("log.csv.gz", lambda path: wide().to_pandas().to_csv(path, index=False)),
    "pandas, CSV with CRLF": ("log.csv", lambda path: wide().to_pandas().to_csv(path, lineterminator="\r\n")),
    **{
        f"pandas, JSON Lines, {form}": ("log.json", texts_by_pandas(date_format=form, date_unit="ms"))
        for form in ("epoch", "iso")
    },
}


@pytest.mark.parametrize(("name", "write"), TEXT_WRITERS.values(), ids=TEXT_WRITERS.keys())
def test_each_writer_s_texts_have_the_same_profile_times_and_ids(
    name: str, write: Callable[[Path], object], tmp_path: Path
) -> None:
    (tmp_path / "expected").mkdir()
    expected, path = tmp_path / "expected" / "log.parquet", tmp_path / name
    write(path)
    table = wide()
    if "json" not in name:  # CSV does not tell an empty text from none
        countries = [text or None for text in table["country"].to_pylist()]
        table = table.set_column(7, "country", pa.array(countries))
    pq.write_table(table, expected)
    assert_same_partition(profile(path), profile(expected))
    source, partition = log(path)
    found = source.profile(partition, Selection(("id", "at"), (), (), plain=("id",)), list)
    assert [each for batch in found for each in batch.table["id"].to_pylist()] == table["id"].to_pylist()
    assert [each for batch in found for each in instants(batch.table["at"]).tolist()] == keys(expected)[1]
