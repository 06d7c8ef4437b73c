"""Time to join and evaluate a day of labels, compared with decoding both logs; and of a month.

The log is that of a small fraud model: an id, a score, a time, a version, a decision and five features. The floor is
pyarrow decoding the same files with its threads: all of them, and of them the columns that labels need. Joining reads
these, hashes the ids, stores everything on disk, joins every hour of labels with every hour of predictions, evaluates
it and computes the gauges. Each line is measured in a process of its own, so that memory is measured separately; the
lines of the look-back are measured in one process, as in an exporter.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import uuid
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from profiles import Job, Measured, machine, measure
from rich import box
from rich.console import Console
from rich.table import Table

from exporter.profiles.binning import Binning, categorical_bins, numeric_bins
from exporter.service.attempt import Attempt
from exporter.service.labels.reading import LabelReader, open_labels
from exporter.sources.stores.local import Local
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 10, 1, tzinfo=UTC)
INFERENCE, LABELS = "inference/%Y-%m-%dT%H.parquet", "labels/%Y-%m-%dT%H.parquet"


def spec(maturity: str, segments: Sequence[str] = ()) -> ModelSpec:
    columns = {"timestamp": "at", "prediction_id": "id", "model_version": "version", "score": "score"}
    labels = {
        "source": {"local": LABELS},
        "columns": {"prediction_id": "id", "label": "label", "timestamp": "at"},
        "maturity": maturity,
    }
    body = {
        "task": "binary_classification",
        "inference": {"source": {"local": INFERENCE}, "columns": columns},
        "labels": labels,
        "reference": {"source": {"local": "reference.parquet"}},
        "features": [{"name": "age", "type": "numeric"}, *({"name": name, "type": "categorical"} for name in SEGMENTS)],
        "segments": list(segments),
        "windows": ["1h", "24h"],
    }
    document = {"apiVersion": "leeway/v1", "kind": "Model", "metadata": {"name": "model"}, "spec": body}
    return ModelSpec.model_validate(document)


SEGMENTS = {"country_code": ["US", "CA", "MX", "GB"], "device_type": ["mobile", "desktop", "tablet"]}
COLUMNS = {"inference": ["id", "score", "at", "version"], "labels": ["id", "label", "at"]}


# ------------------------------------------------------------------------------------------------ the log


class Log:
    """Hours of predictions with ids like those of `uuid.uuid4`; the labels of an hour arrive over the next day."""

    def __init__(self, folder: Path, rows: int) -> None:
        self._folder = folder
        self._rows = rows
        self._random = np.random.default_rng(1)
        self._waiting: dict[int, list[pa.Table]] = {}
        self.hours = 0
        for name in COLUMNS:
            (folder / name).mkdir(parents=True)

    def add(self, hours: int) -> None:
        """Write more hours; labels that arrive after the last hour are written with it."""
        for hour in range(self.hours, self.hours + hours):
            made = hour_of_predictions(self._random, START + hour * HOUR, self._rows)
            pq.write_table(made, self._folder / f"{START + hour * HOUR:{INFERENCE}}")
            for arrival, labels in labels_of(self._random, made, hour):
                self._waiting.setdefault(arrival, []).append(labels)
            last = hour + 1 == self.hours + hours
            due = [arrival for arrival in self._waiting if last or arrival <= hour]
            arrived = [table for arrival in due for table in self._waiting.pop(arrival)]
            pq.write_table(pa.concat_tables(arrived), self._folder / f"{START + hour * HOUR:{LABELS}}")
        self.hours += hours


def hour_of_predictions(generator: np.random.Generator, start: datetime, rows: int) -> pa.Table:
    at = np.datetime64(start.replace(tzinfo=None), "us") + np.sort(generator.integers(0, 3_600_000_000, rows))
    scores = generator.beta(1, 4, rows)
    return pa.table(
        {
            "id": [str(uuid.UUID(bytes=generator.bytes(16))) for _ in range(rows)],
            "score": scores,
            "at": at,
            "version": np.full(rows, "v3"),
            "decision": np.where(scores > 0.5, "decline", "approve"),
            "age": generator.normal(40, 12, rows),
            "credit_balance": generator.lognormal(7, 1, rows),
            "txn_count_7d": generator.poisson(6, rows),
            "country_code": generator.choice(["US", "CA", "MX", "GB"], rows, p=[0.7, 0.15, 0.1, 0.05]),
            "device_type": generator.choice(["mobile", "desktop", "tablet"], rows, p=[0.6, 0.3, 0.1]),
        }
    )


def labels_of(generator: np.random.Generator, made: pa.Table, hour: int) -> list[tuple[int, pa.Table]]:
    """Return the labels by the hour of their arrival."""
    scores = made["score"].to_numpy()
    delays = np.minimum(generator.exponential(4, len(scores)), 22)
    labels = generator.random(len(scores)) < scores
    at = made["at"].to_numpy() + (delays * 3_600_000_000).astype("timedelta64[us]")
    table = pa.table({"id": made["id"], "label": labels, "at": at})
    arrivals = hour + delays.astype(int)
    return [(int(each), table.filter(pa.array(arrivals == each))) for each in np.unique(arrivals)]


# ------------------------------------------------------------------------------------------------ the jobs


def decode(folder: Path, *, whole: bool) -> None:
    for name, columns in COLUMNS.items():
        for path in sorted((folder / name).iterdir()):
            pq.read_table(path, columns=None if whole else columns)


def reader(folder: Path, store: Path, maturity: str, segments: Sequence[str] = ()) -> tuple[LabelReader, Local]:
    source, model = Local(INFERENCE, folder), spec(maturity, segments)
    labels = open_labels(LoadedSpec(folder / "spec.yaml", model), source, ProfileStore(store), fail)
    if labels is None:
        raise TypeError(labels)
    return labels, source


def bins() -> Binning:
    scores = np.sort(np.random.default_rng(2).beta(1, 4, 100_000))
    segments = (categorical_bins(name, dict.fromkeys(values, 1), 20) for name, values in SEGMENTS.items())
    return Binning((numeric_bins("score", scores, scores[0], scores[-1], 0.2), *segments))


def fail(stage: str, subject: str, reason: object) -> None:
    raise RuntimeError(f"{stage}: {subject}: {reason}")


def refresh(labels: LabelReader, source: Local, binning: Binning, now: datetime) -> int:
    """Refresh until there are gauges; return their number."""
    while True:
        samples = labels.read(Attempt(now), source.partitions([now.replace(minute=0) - HOUR]), binning)
        if samples:
            return len(samples)


def join(folder: Path, hours: int, binning: Binning, segments: Sequence[str] = ()) -> None:
    """Join and evaluate a day from an empty store."""
    store = folder / "store"
    shutil.rmtree(store, ignore_errors=True)
    refresh(*reader(folder, store, "1h", segments), binning, START + hours * HOUR + HOUR / 2)


def write_once(folder: Path, rows: int, hours: int) -> None:
    """Write a log of some hours, unless it exists."""
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        Log(unfinished, rows).add(hours)
        unfinished.rename(folder)


def look_back(folder: Path, days: int) -> dict[str, Measured]:
    """Measure the first join of several days, and of two more hours after it."""
    shutil.rmtree(folder / "store", ignore_errors=True)
    labels, source = reader(folder, folder / "store", f"{days - 2}d")
    measured, binning = {}, bins()
    for more, task in enumerate((f"{days} days at once", "one more hour", "and another")):
        now = START + days * DAY + more * HOUR + HOUR / 2
        measured[task] = measure(partial(refresh, labels, source, binning, now), 1)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="predictions a day")
    parser.add_argument("--times", type=int, default=5, help="number of joins of a day")
    parser.add_argument("--days", type=int, default=0, help="days of the look-back, 0 for none")
    parser.add_argument("--days-rows", type=int, default=1_000_000, help="predictions a day in the look-back")
    parser.add_argument("--logs", type=Path, help="folder in which logs are kept for the next run")
    options = parser.parse_args()
    console = Console(width=160)
    with tempfile.TemporaryDirectory() as name, one_process() as pool:
        logs = options.logs or Path(name)
        folder = logs / f"day-{options.rows}"
        write_once(folder, options.rows // 24, 24)
        jobs: dict[str, Job] = {
            "decode both logs": partial(decode, folder, whole=True),
            "decode the columns that labels need": partial(decode, folder, whole=False),
            "join and evaluate": partial(join, folder, 24, bins()),
            "with seven segments of two columns": partial(join, folder, 24, bins(), list(SEGMENTS)),
        }
        measured = {task: pool.submit(measure, job, options.times).result() for task, job in jobs.items()}
        console.print(machine(), highlight=False)
        console.print(table(measured))
        if options.days:
            days = logs / f"days-{options.days}-{options.days_rows}"
            # Two hours after the look-back, and one that is not read, with the remaining labels.
            write_once(days, options.days_rows // 24, 24 * options.days + 3)
            month = pool.submit(look_back, days, options.days).result()
            console.print(machine(), highlight=False)
            console.print(table(month, measured["decode both logs"]))


def one_process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1)


def table(measured: dict[str, Measured], floor: Measured | None = None) -> Table:
    floor = floor or next(iter(measured.values()))
    table = Table(box=box.MARKDOWN)
    table.add_column("task")
    for column in ("wall ms", "cpu ms", "x decode, wall", "x decode, cpu", "peak RSS MB"):
        table.add_column(column, justify="right")
    for task, each in measured.items():
        ratios = f"{each.wall / floor.wall:.1f}", f"{each.cpu / floor.cpu:.1f}"
        table.add_row(task, f"{each.wall * 1e3:.0f}", f"{each.cpu * 1e3:.0f}", *ratios, f"{each.memory / 1e6:.0f}")
    return table


if __name__ == "__main__":
    main()
