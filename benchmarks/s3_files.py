"""Time to profile a partition of many small objects, read side by side and one after another, over a slow network.

The store is the S3 server of the tests, in a process of its own, with 30 ms added to each request. Both lines are
measured in one run against it, so compare their ratio.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing import Event, Pipe, Process
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event as Signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from profiles import machine
from rich import box
from rich.console import Console
from rich.table import Table

from exporter.sources.source import Batch, Selection
from exporter.sources.stores import files
from exporter.sources.stores.s3 import S3

OBJECTS, ROWS, DELAY = 300, 1_000, 0.03
NUMBERS = tuple(f"number_{index}" for index in range(10))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def content(seed: int) -> bytes:
    """Return a small Parquet file of ten numbers."""
    generator, buffer = np.random.default_rng(seed), io.BytesIO()
    pq.write_table(pa.table({name: generator.normal(size=ROWS) for name in NUMBERS}), buffer)
    return buffer.getvalue()


def serve(address: Connection, done: Signal) -> None:
    """Serve the objects until `done`, each request after a delay."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests/servers"))
    from s3_server import S3Server  # noqa: PLC0415 - of the tests, and only in this process

    with S3Server() as server:
        for index in range(OBJECTS):
            server.put("logs", f"12/{index:03}.parquet", content(index))
        server.delay = DELAY
        address.send(server.environment())
        done.wait()


def total(batches: Iterator[Batch]) -> int:
    """Return the number of rows."""
    return sum(batch.table.num_rows for batch in batches if batch.first)


def seconds(readers: int) -> float:
    """Return the time to read the partition with so many objects at a time."""
    files.READERS = readers  # type: ignore[misc]
    source = S3("s3://logs/%H/")
    partition = source.partitions([NOON])[NOON]
    start = time.perf_counter()
    rows = source.profile(partition, Selection((), NUMBERS, ()), total)
    taken = time.perf_counter() - start
    if rows != OBJECTS * ROWS:
        raise RuntimeError(f"{rows} rows were read")
    return taken


def main() -> None:
    """Print the table."""
    ours, theirs = Pipe()
    done = Event()
    server = Process(target=serve, args=(theirs, done))
    server.start()
    try:
        os.environ.update(ours.recv())
        seconds(16)  # to warm up
        measured = {readers: seconds(readers) for readers in (1, 4, 16)}
    finally:
        done.set()
        server.join()
    table = Table("objects at a time", "seconds", "x one after another", box=box.MARKDOWN)
    for readers, taken in measured.items():
        table.add_row(str(readers), f"{taken:.1f}", f"{measured[1] / taken:.1f}")
    console = Console(width=120)
    console.print(f"{OBJECTS} objects of {ROWS:,} rows, {1000 * DELAY:.0f} ms a request; {machine()}")
    console.print(table)


if __name__ == "__main__":
    main()
