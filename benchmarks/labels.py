"""What labels cost: a day of a million of them, joined to their predictions and judged, beside decoding both logs.

The floor is pyarrow decoding the columns that labels need, of the same files, with its threads. Joining reads the same
files, hashes their ids, keeps them on disk, joins every hour of labels with every hour of predictions, judges all of it
and gives the gauges. Each line is measured in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from profiles import machine, peak_memory
from rich import box
from rich.console import Console
from rich.table import Table

from exporter.profiles.binning import Binning, numeric_bins
from exporter.profiles.store import ProfileStore
from exporter.service.label_reading import LabelReader, open_labels
from exporter.service.reading import Attempt
from exporter.sources.local import Local
from exporter.spec.file import LoadedSpec
from exporter.spec.model import ModelSpec

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 10, 1, tzinfo=UTC)
INFERENCE, LABELS = "inference/%Y-%m-%dT%H.parquet", "labels/%Y-%m-%dT%H.parquet"
SPEC = {
    "apiVersion": "leeway/v1",
    "kind": "Model",
    "metadata": {"name": "model"},
    "spec": {
        "task": "binary_classification",
        "inference": {
            "source": {"local": INFERENCE},
            "columns": {"timestamp": "at", "prediction_id": "id", "model_version": "version", "score": "score"},
        },
        "labels": {
            "source": {"local": LABELS},
            "columns": {"prediction_id": "id", "label": "label", "timestamp": "at"},
            "maturity": "24h",
        },
        "reference": {"source": {"local": "reference.parquet"}},
        "features": [{"name": "age", "type": "numeric"}],
        "windows": ["1h", "24h"],
        "refresh": {"timeout": "10h"},
    },
}
COLUMNS = {"inference": ["id", "score", "at", "version"], "labels": ["id", "label", "at"]}


# ------------------------------------------------------------------------------------------------ the log


def write_log(folder: Path, hours: int, rows: int) -> None:
    """Hours of predictions with ids like those of `uuid.uuid4`; each hour's labels come spread over the next day."""
    generator = np.random.default_rng(1)
    for name in COLUMNS:
        (folder / name).mkdir(parents=True)
    waiting: dict[int, list[pa.Table]] = {}
    for hour in range(hours):
        made = hour_of_predictions(generator, START + hour * HOUR, rows)
        pq.write_table(made, folder / f"{START + hour * HOUR:{INFERENCE}}")
        for arrival, labels in labels_of(generator, made, hour):
            waiting.setdefault(min(arrival, hours - 1), []).append(labels)
        arrived = waiting.pop(hour, [])
        if arrived:
            pq.write_table(pa.concat_tables(arrived), folder / f"{START + hour * HOUR:{LABELS}}")


def hour_of_predictions(generator: np.random.Generator, start: datetime, rows: int) -> pa.Table:
    ids = [str(uuid.UUID(bytes=generator.bytes(16))) for _ in range(rows)]
    at = np.datetime64(start.replace(tzinfo=None), "us") + np.sort(generator.integers(0, 3_600_000_000, rows))
    scores = generator.beta(1, 4, rows)
    return pa.table({"id": ids, "score": scores, "at": at, "version": np.full(rows, "v3")})


def labels_of(generator: np.random.Generator, made: pa.Table, hour: int) -> list[tuple[int, pa.Table]]:
    """By the hour in which they come."""
    scores = made["score"].to_numpy()
    delays = np.minimum(generator.exponential(4, len(scores)), 22)
    labels = generator.random(len(scores)) < scores
    at = made["at"].to_numpy() + (delays * 3_600_000_000).astype("timedelta64[us]")
    table = pa.table({"id": made["id"], "label": labels, "at": at})
    arrivals = hour + delays.astype(int)
    return [(int(each), table.filter(pa.array(arrivals == each))) for each in np.unique(arrivals)]


# ------------------------------------------------------------------------------------------------ what is measured


def decode(folder: Path) -> None:
    for name, columns in COLUMNS.items():
        for path in sorted((folder / name).iterdir()):
            pq.read_table(path, columns=columns)


def reader(folder: Path, store: Path) -> tuple[LabelReader, Local]:
    loaded = LoadedSpec(folder / "spec.yaml", ModelSpec.model_validate(SPEC))
    source = Local(INFERENCE, folder)
    labels = open_labels(loaded, source, ProfileStore(store), refuse)
    if labels is None:
        raise TypeError(labels)
    return labels, source


def score_bins() -> Binning:
    scores = np.sort(np.random.default_rng(2).beta(1, 4, 100_000))
    return Binning((numeric_bins("score", scores, scores[0], scores[-1], 0.2),))


def refuse(stage: str, what: str, why: object) -> None:
    raise RuntimeError(f"{stage}: {what}: {why}")


def refresh(labels: LabelReader, source: Local, binning: Binning, now: datetime) -> int:
    """One refresh, as often as it takes; the number of gauges."""
    while True:
        samples = labels.read(Attempt(now), source.partitions([now.replace(minute=0) - HOUR]), binning)
        if samples:
            return len(samples)


def join(folder: Path, hours: int, binning: Binning) -> None:
    """Everything from nothing: the gauges of a day of predictions that are all mature."""
    store = folder / "store"
    shutil.rmtree(store, ignore_errors=True)
    refresh(*reader(folder, store), binning, START + hours * HOUR + HOUR / 2)


@dataclass(frozen=True)
class Measured:
    """Median seconds of one run, and the process's peak memory in bytes."""

    wall: float
    cpu: float
    memory: int


def measure(job: Callable[[], object], times: int) -> Measured:
    runs = [_timed(job) for _ in range(times)]
    walls, cpus = zip(*runs, strict=True)
    return Measured(statistics.median(walls), statistics.median(cpus), peak_memory())


def _timed(job: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="predictions a day")
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    console = Console(width=160)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_log(folder, 24, asked.rows // 24)
        jobs = {
            "decode both logs": partial(decode, folder),
            "join, judge and tell": partial(join, folder, 24, score_bins()),
        }
        with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
            found = {what: pool.submit(measure, job, asked.times).result() for what, job in jobs.items()}
    console.print(machine(), highlight=False)
    console.print(table(found))


def table(found: dict[str, Measured]) -> Table:
    floor = next(iter(found.values()))
    table = Table(box=box.MARKDOWN)
    table.add_column("what")
    for column in ("wall ms", "cpu ms", "x decode, wall", "x decode, cpu", "peak RSS MB"):
        table.add_column(column, justify="right")
    for what, each in found.items():
        ratios = f"{each.wall / floor.wall:.1f}", f"{each.cpu / floor.cpu:.1f}"
        table.add_row(what, f"{each.wall * 1e3:.0f}", f"{each.cpu * 1e3:.0f}", *ratios, f"{each.memory / 1e6:.0f}")
    return table


if __name__ == "__main__":
    main()
