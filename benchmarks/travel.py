"""Bytes sent and received for one partition in BigQuery, by its number of rows.

The emulator of the tests counts the rows, and a proxy in front of it measures the traffic, compressed as by the real
service. Times are not measured, since an emulator's times do not apply to the service.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from rich import box
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "data"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "servers"))

from bigquery_server import BigQueryServer
from exporter.profiles.binning import Binning
from exporter.profiles.grouping import UNGROUPED
from exporter.reference.reference import build_binning
from exporter.sources.source import Batch, Selection, Stream
from exporter.sources.tables.bigquery import BigQuery
from exporter.sources.tables.bigquery_jobs import JobTerms, Limits
from exporter.sql.counting import count_partition

NUMERIC = tuple(f"number_{index:02}" for index in range(40))
CATEGORICAL = tuple(f"category_{index}" for index in range(10))
LOG = Selection((), NUMERIC, CATEGORICAL)
START = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
PIECE = 100_000
PATIENT = Limits(request=3600, retries=3600, job=3600)


def rows(count: int, seed: int) -> pa.Table:
    """Draw numbers with all digits, and categories of which a tenth are new and unique."""
    random = np.random.default_rng(seed)
    columns: dict[str, object] = {name: random.lognormal(3, 1, count) for name in NUMERIC}
    for place, name in enumerate(CATEGORICAL):
        known = random.integers(0, 3 ** (place % 6 + 1), count).astype(str).astype(object)
        new = random.random(count) < 0.1
        known[new] = [f"never-seen-before-{value}" for value in random.integers(0, 10**9, int(new.sum()))]
        columns[name] = pa.array(known.tolist(), pa.string())
    times = START + HOUR * np.arange(count) / count
    return pa.table({"at": pa.array(times.tolist(), pa.timestamp("us", "UTC")), **columns})


def binning() -> Binning:
    reference = rows(50_000, 1)
    return build_binning([Batch(reference, first=True, schema=reference.schema)], LOG, 100)[0]


def measure(server: BigQueryServer, count: int, cells: Binning) -> tuple[int, int, int]:
    """Return the bytes received, the bytes sent (two requests: a dry run, then the query), and the counted rows."""
    name = f"log_{count}"
    for start in range(0, count, PIECE):
        server.load(name, rows(min(PIECE, count - start), 2 + start), "at")
    stream = Stream("model", "inference", "at", HOUR)
    source = BigQuery(f"acme-data.ml.{name}", JobTerms(None, {}, 10**12), stream, whole=False, limits=PATIENT)
    partition = source.partitions([START])[START]
    server.calls.clear()
    profile = count_partition(source, partition, LOG, cells, UNGROUPED)
    sent = sum(len(json.dumps(call.body)) for call in server.calls)
    return sum(call.answered for call in server.calls), sent, profile.rows


def main() -> None:
    table = Table("rows", "kB received", "kB sent", box=box.MARKDOWN)
    cells = binning()
    with BigQueryServer(timeout=PATIENT.request) as server:
        os.environ["BIGQUERY_EMULATOR_HOST"] = server.address
        for count in map(int, sys.argv[1:] or ("10000", "1000000")):
            received, sent, counted = measure(server, count, cells)
            table.add_row(f"{counted:,}", f"{received / 1000:.1f}", f"{sent / 1000:.1f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
