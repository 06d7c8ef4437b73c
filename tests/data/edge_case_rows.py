"""Rows with edge cases of every type of column, and a binning that does not fit all of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from exporter.profiles.binning import Binning, CategoricalBins, NumericBins, numeric_bins
from exporter.sources.source import Selection

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
NUMERIC = ("amount", "items", "price", "flag", "missing", "country_code", "late")
CATEGORICAL = ("country", "code", "ratio", "void", "absent", "id")
SELECTION = Selection(("version", "role", "country"), NUMERIC, CATEGORICAL)


def edge_case_rows(rows: int, seed: int = 1) -> pa.Table:
    """Return rows with nulls, NaN, infinities, empty strings, unicode, and more new categories than are named."""
    random = np.random.default_rng(seed)

    def any_of(*values: object) -> list[object]:
        return [values[place] for place in random.integers(0, len(values), rows)]

    amounts: list[float | None] = [*random.normal(100, 50, rows)]
    for place, value in enumerate((None, math.nan, math.inf, -math.inf, -0.0, 1e200)):
        amounts[place::40] = [value] * len(amounts[place::40])
    return pa.table(
        {
            "at": pa.array([START + row * timedelta(minutes=7) for row in range(rows)], pa.timestamp("us", "UTC")),
            "version": pa.array(any_of("v1", "v2", "v1", None, "v3")),
            "role": pa.array(any_of("champion", "challenger", None)),
            "amount": pa.array(amounts, pa.float64()),
            "items": pa.array(any_of(1, 2, 3, None, 5, 2**60), pa.int64()),
            "price": pa.array(any_of(Decimal("1.50"), Decimal("0.25"), None, Decimal(7)), pa.decimal128(38, 9)),
            "flag": pa.array(any_of(True, False, None), pa.bool_()),
            "country": pa.array(any_of("DE", "", None, "ÅÄ", "日本", 'a"b\\,c', "new", "newer", "it's")),
            "country_code": pa.array(any_of("DE", "FR")),  # of the wrong type
            "code": pa.array(any_of(7, 8, None, 9, 10), pa.int64()),
            "ratio": pa.array(any_of(7.0, 0.1, -0.0, 1e16, 1e-7, math.inf, math.nan, None, 0.30000000000000004)),
            "void": pa.array([None] * rows, pa.string()),
            "id": pa.array([f"id {place}" for place in random.integers(0, 300, rows)]),
        }
    )


def edge_case_binning() -> Binning:
    """Return a binning for them; the rows have no columns `missing` and `absent`, and only some files have `late`."""
    sample = np.random.default_rng(2).normal(100, 40, 1000)
    known = {"country": ("", "ÅÄ", "gone"), "code": ("7", "11"), "ratio": ("7", "0.1", "0", "inf", "word")}
    return Binning(
        (
            numeric_bins("amount", sample, float(sample.min()), float(sample.max()), float(sample.mean())),
            NumericBins("items", np.array([0.5, 2.0, 3.0]), np.array([1]), 2.0),
            NumericBins("price", np.array([0.25, 1.5]), np.array([1]), 1.0),
            *(NumericBins(name, np.array([0.0, 1.0]), np.array([1]), 0.5) for name in NUMERIC[3:]),
            *(CategoricalBins(name, known.get(name, ("a",))) for name in CATEGORICAL),
        )
    )


def put_files(folder: Path, files: int, rows: int = 150) -> None:
    """Write the rows to files of several row groups; the last files have a new column, and one of another type."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        table = edge_case_rows(rows, seed=number)
        if number >= files - 2:
            table = table.append_column("late", pa.array(np.arange(rows) / rows))
            table = table.set_column(table.column_names.index("code"), "code", pa.array([b"x"] * rows))
        pq.write_table(table, folder / f"{number:02}.parquet", row_group_size=40)
