"""Small samples for the checks of data, and what they find."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from exporter.sources.source import Batch, Partition, StoredObject
from exporter.spec.model import ModelSpec
from exporter.validation.finding import Finding, Place
from exporter.validation.sample import LogSample, Rows
from fraud_log import labelled_spec_document

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 22, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


def partition(start: datetime = START, size: int = 100) -> Partition:
    name = f"{start:%Y-%m-%dT%H:%MZ}"
    return Partition(name, (StoredObject(f"log/{name}.parquet", size, "1"),))


def rows_of(*tables: pa.Table, total: int | None = None, **more: Any) -> Rows:
    """Return tables as the rows of a partition, each of a file of its own."""
    batches = tuple(Batch(table, first=True, schema=table.schema) for table in tables)
    read = sum(table.num_rows for table in tables)
    return Rows(partition(), batches, read if total is None else total, start=START, **more)


def log_of(*tables: pa.Table, **more: Any) -> LogSample:
    sample: dict[str, Any] = {"partitions": {START: partition()}, "wanted": (START,), "rows": rows_of(*tables)}
    return LogSample(Place("inference", "spec.inference.source.local"), "log/%Y", HOUR, **(sample | more))


def spec(**body: Any) -> ModelSpec:
    return ModelSpec.model_validate(labelled_spec_document(**body))


def brief(findings: Iterable[Finding]) -> list[str]:
    """Return the severity and the check of each finding, with its column."""
    return [f"{each.severity} {each.check} {each.column}".strip() for each in findings]


def texts(findings: Iterable[Finding]) -> str:
    return "\n".join(f"{each.message}; {each.advice}" for each in findings)
