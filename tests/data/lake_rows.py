"""Rows of lake tables, and how the tests read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from exporter.sources.source import Batch, Selection
from exporter.sources.tables.lake import Lake

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = [NOON + index * HOUR for index in range(3)]
AGES = Selection(keys=(), numeric=("age",), categorical=())


def rows(*ages: int, at: datetime = NOON, step: timedelta = timedelta(minutes=1), **more: Any) -> pa.Table:
    """Return a row for each age, a step apart; `more` are values that all rows have."""
    times = pa.array([at + index * step for index in range(len(ages))], pa.timestamp("us", "UTC"))
    columns = {name: [value] * len(ages) for name, value in more.items()}
    return pa.table({"at": times, "age": pa.array(ages, pa.int64()), **columns})


def ages(batches: Iterable[Batch]) -> list[Any]:
    """Return the ages of all rows, sorted."""
    return sorted(age for batch in batches for age in batch.table["age"].to_pylist())


def count(batches: Iterable[Batch]) -> int:
    """Return the number of rows."""
    return sum(batch.table.num_rows for batch in batches)


def read(source: Lake, starts: Iterable[datetime] = HOURS) -> dict[datetime, list[Any]]:
    """Return the ages of each partition that exists."""
    return {start: source.profile(each, AGES, ages) for start, each in source.partitions(starts).items()}
