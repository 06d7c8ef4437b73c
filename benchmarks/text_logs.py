"""Time to read an hour of JSON Lines, CSV and payload logs, beside the time of Arrow or Python for the same bytes.

All lines are measured in one run, so compare their ratios. The plain reading keeps all columns as Arrow or Python finds
them, in memory at once; ours yields the columns of a spec with their types, in blocks.
"""

from __future__ import annotations

import gzip
import io
import json
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq
from profiles import machine
from rich import box
from rich.console import Console
from rich.table import Table

from exporter.sources.formats.file_format import FileFormat
from exporter.sources.formats.payloads import Shape, Writer
from exporter.sources.source import Selection, StoredObject
from exporter.spec.file_names import Format

ROWS, REQUESTS, ROUNDS = 300_000, 50_000, 3
NUMBERS = tuple(f"number_{index}" for index in range(10))
FEATURES = (*NUMBERS, "country", "device")
WANTED = Selection(("id", "at"), NUMBERS, ("country", "device"), ("id",))


def log(rows: int) -> pa.Table:
    """Return a log of ten numbers, two categories, an id and a time in seconds."""
    generator = np.random.default_rng(7)
    columns = {name: generator.normal(size=rows).round(6) for name in NUMBERS}
    columns["country"] = generator.choice(["US", "DE", "FR"], rows)
    columns["device"] = generator.choice(["mobile", "desktop"], rows)
    columns["id"] = np.array([f"request-{row:09}" for row in range(rows)])
    columns["at"] = generator.integers(1_795_341_600, 1_795_345_200, rows)
    return pa.table(columns)


def json_lines(table: pa.Table) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in table.to_pylist())


def delimited(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(table, buffer)
    return buffer.getvalue()


def parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def payloads(table: pa.Table) -> bytes:
    lines = []
    for row in table.to_pylist():
        lines.append({"id": row["id"], "time": row["at"], "data": {"instances": [[row[name] for name in FEATURES]]}})
        lines.append({"id": row["id"], "time": row["at"], "data": {"predictions": [0.5]}})
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def ours(form: FileFormat, data: bytes, rows: int) -> None:
    """Read a file as a source does."""
    item = StoredObject("log", len(data), "tag")
    kernel = form.whole(lambda batches: sum(batch.table.num_rows for batch in batches), WANTED)
    found = kernel(form.read(partial(pa.BufferReader, data), item, WANTED, lambda _item, _error: None))
    if found != rows:
        raise RuntimeError(f"{found} of {rows} rows were read")


def seconds(call: Callable[[], object]) -> float:
    """Return the shortest time of some calls."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    """Print the table."""
    hour, requests = log(ROWS), log(REQUESTS)
    lines, fields, events = json_lines(hour), delimited(hour), payloads(requests)
    shape = Shape(Writer.KSERVE, FEATURES, ("score",))
    read_lines, read_fields = pyarrow.json.read_json, pyarrow.csv.read_csv
    unzip = gzip.decompress
    zipped_lines, zipped_fields, columns = gzip.compress(lines, 6), gzip.compress(fields, 6), parquet(hour)
    cases: dict[str, tuple[bytes, int, FileFormat, Callable[[bytes], object], str]] = {
        "Parquet": (columns, ROWS, FileFormat(Format.PARQUET), lambda data: pq.read_table(io.BytesIO(data)), "Arrow"),
        "JSON Lines": (lines, ROWS, FileFormat(Format.JSONL), lambda data: read_lines(io.BytesIO(data)), "Arrow"),
        "JSON Lines, gzip": (
            zipped_lines,
            ROWS,
            FileFormat(Format.JSONL),
            lambda data: read_lines(io.BytesIO(unzip(data))),
            "gzip, then Arrow",
        ),
        "CSV": (fields, ROWS, FileFormat(Format.CSV), lambda data: read_fields(io.BytesIO(data)), "Arrow"),
        "CSV, gzip": (
            zipped_fields,
            ROWS,
            FileFormat(Format.CSV),
            lambda data: read_fields(io.BytesIO(unzip(data))),
            "gzip, then Arrow",
        ),
        "KServe": (
            events,
            REQUESTS,
            FileFormat(Format.JSONL, shape),
            lambda data: [json.loads(line) for line in data.splitlines()],
            "json.loads",
        ),
    }
    table = Table("log", "MB", "rows", "seconds", "rows a second", "x plain reading", "plain", box=box.MARKDOWN)
    for name, (data, rows, form, plain, what) in cases.items():
        taken, alone = seconds(partial(ours, form, data, rows)), seconds(partial(plain, data))
        speed = f"{rows / taken:,.0f}"
        table.add_row(name, f"{len(data) / 1e6:.0f}", f"{rows:,}", f"{taken:.2f}", speed, f"{taken / alone:.1f}", what)
    console = Console(width=140)
    console.print(f"ten numbers, two categories, an id and a time; {machine()}")
    console.print(table)


if __name__ == "__main__":
    main()
