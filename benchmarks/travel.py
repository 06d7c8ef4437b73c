"""How much travels from BigQuery for one partition, however many rows it has: the answers, as the service packs them.

The emulator of the tests counts, and the door before it weighs what passes, compressed as the client asks for and the
service does. What an emulator takes says nothing about the service, so no time is told.
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
from exporter.sources.bigquery import BigQuery
from exporter.sources.bigquery_jobs import JobTerms, Limits
from exporter.sources.source import Batch, Selection, Stream
from exporter.sql.counting import count_partition

NUMERIC = tuple(f"number_{index:02}" for index in range(40))
CATEGORICAL = tuple(f"category_{index}" for index in range(10))
LOG = Selection((), NUMERIC, CATEGORICAL)
START = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
PIECE = 100_000
PATIENT = Limits(request=3600, retries=3600, job=3600)


def rows(count: int, seed: int) -> pa.Table:
    """Numbers of all their digits, and categories of which a tenth are new and each its own."""
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


def measured(server: BigQueryServer, count: int, cells: Binning) -> tuple[int, int, int]:
    """Bytes answered for the profile, bytes asked (twice: the price, then the counts), and rows counted."""
    name = f"log_{count}"
    for start in range(0, count, PIECE):
        server.load(name, rows(min(PIECE, count - start), 2 + start), "at")
    stream = Stream("model", "inference", "at", HOUR)
    source = BigQuery(f"acme-data.ml.{name}", JobTerms(None, {}, 10**12), stream, whole=False, limits=PATIENT)
    partition = source.partitions([START])[START]
    server.calls.clear()
    profile = count_partition(source, partition, LOG, cells, UNGROUPED)
    asked = sum(len(json.dumps(call.body)) for call in server.calls)
    return sum(call.answered for call in server.calls), asked, profile.rows


def main() -> None:
    table = Table("rows", "kB answered", "kB asked", box=box.MARKDOWN)
    cells = binning()
    with BigQueryServer(patience=PATIENT.request) as server:
        os.environ["BIGQUERY_EMULATOR_HOST"] = server.address
        for count in map(int, sys.argv[1:] or ("10000", "1000000")):
            answered, asked, counted = measured(server, count, cells)
            table.add_row(f"{counted:,}", f"{answered / 1000:.1f}", f"{asked / 1000:.1f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
