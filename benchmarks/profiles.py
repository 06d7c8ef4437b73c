"""Time to profile a log: every row is decoded and counted once, and never read again.

Each line of the table is measured in a process of its own, so that memory is measured separately: one run to warm up,
then several runs, whose median is printed. The floor is pyarrow decoding the same columns of the same file at once with
its threads. Profiling decodes in the same way and counts with one thread, so compare the processor time.
"""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich import box
from rich.console import Console
from rich.table import Table

from exporter.profiles.binning import CategoricalBins
from exporter.profiles.group import Group
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import PartitionProfile, profile_partition
from exporter.profiles.profile import merge_profiles
from exporter.reference.reference import Reference, build_binning
from exporter.samples.windows import WindowProfile, evaluate
from exporter.sources.source import Batch, Selection
from exporter.sources.stores.local import Local
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import HOURS_OF_WEEK
from exporter.spec.windows import Window
from exporter.store.profiles import Key, ProfileStore
from exporter.store.references import load_reference, save_reference

T = TypeVar("T")
Job = Callable[[], object]

NUMERIC = tuple(f"number_{index:02}" for index in range(50))
CATEGORICAL = tuple(f"category_{index}" for index in range(10))
LOG = Selection(("version",), (*NUMERIC, "score"), CATEGORICAL)
FILES = {"hour": (41_700, 0.0), "canary": (41_700, 0.05), "million": (1_000_000, 0.0)}
"""Rows of each file, and the share of rows of a second version."""
SEGMENTED = "category_2"
"""The column whose most frequent values are segments; it has fifty values."""
WEEK = 168

SPEC = {
    "apiVersion": "leeway/v1",
    "kind": "Model",
    "metadata": {"name": "model"},
    "spec": {
        "task": "binary_classification",
        "inference": {"source": {"local": "%Y-%m-%dT%H.parquet"}, "columns": {"score": "score"}},
        "reference": {"source": {"local": "million.parquet"}},
        "features": [
            *({"name": name, "type": "numeric"} for name in NUMERIC),
            *({"name": name, "type": "categorical"} for name in CATEGORICAL),
        ],
    },
}


# ------------------------------------------------------------------------------------------------ the log


def rows(count: int, canary: float, seed: int) -> pa.Table:
    """Draw numbers of five kinds (every second column with nulls), 3 to 1000 categories, a score and a version."""
    generator = np.random.default_rng(seed)
    kinds: list[Callable[[int], Any]] = [
        lambda index: generator.normal(index, 1 + index, count),
        lambda index: generator.lognormal(0, 1 + index / 100, count),
        lambda index: generator.poisson(3 + index, count),
        lambda index: np.where(generator.random(count) < 0.6, 0, generator.exponential(1 + index, count)),
        lambda index: generator.uniform(-index, index, count),
    ]
    columns = {}
    for index, name in enumerate(NUMERIC):
        nulls = generator.random(count) < 0.03 if index % 2 else None
        columns[name] = pa.array(kinds[index % 5](index), mask=nulls)
    for index, name in enumerate(CATEGORICAL):
        names = np.array([f"category-{code}" for code in range((3, 10, 50, 200, 1000)[index % 5])])
        weights = 1 / np.arange(1, len(names) + 1)
        columns[name] = pa.array(generator.choice(names, count, p=weights / weights.sum()))
    columns["score"] = pa.array(generator.beta(1, 30, count))
    columns["version"] = pa.array(np.where(generator.random(count) < canary, "v4", "v3"))
    return pa.table(columns)


def write_log(folder: Path) -> None:
    """Write the files, and the reference from the largest."""
    for seed, (name, (count, canary)) in enumerate(FILES.items()):
        pq.write_table(rows(count, canary, seed), folder / f"{name}.parquet")
    save_reference(ProfileStore(folder), Key("", "reference", ()), make_reference(folder))


def make_reference(folder: Path) -> Reference:
    binning, problems = over(folder, "million", lambda batches: build_binning(batches, LOG, 200))
    counted = over(folder, "million", lambda batches: profile_partition(batches, binning))
    return Reference.whole(binning, merge_profiles(binning, counted.groups.values()), problems)


def reference(folder: Path) -> Reference:
    stored = load_reference(ProfileStore(folder), Key("", "reference", ()))
    if stored is None:
        raise FileNotFoundError(folder / "reference")
    return stored


def over(folder: Path, name: str, kernel: Callable[[Iterator[Batch]], T], selection: Selection = LOG) -> T:
    """Apply a kernel to a file, which is read as by the exporter."""
    source = Local(f"{name}.parquet", folder)
    data = source.dataset()
    if data is None:
        raise FileNotFoundError(folder / name)
    return source.profile(data, selection, kernel)


# ------------------------------------------------------------------------------------------------ the jobs


def decode(folder: Path, name: str) -> Job:
    columns, texts = [*LOG.numeric, *LOG.categorical, *LOG.keys], [*LOG.categorical, *LOG.keys]
    return lambda: pq.read_table(folder / f"{name}.parquet", columns=columns, read_dictionary=texts)


def profile(folder: Path, name: str) -> Job:
    binning = reference(folder).binning
    return lambda: over(folder, name, lambda batches: profile_partition(batches, binning, Grouping("version")))


def segmented(folder: Path, name: str) -> Job:
    """Profile also each of the twenty most frequent values of a column."""
    binning = reference(folder).binning
    bins = binning.by_name[SEGMENTED]
    values = bins.categories[:20] if isinstance(bins, CategoricalBins) else ()
    grouping = Grouping("version", None, {SEGMENTED: values})
    selection = replace(LOG, keys=grouping.keys)
    return lambda: over(folder, name, lambda batches: profile_partition(batches, binning, grouping), selection)


def first_profile(folder: Path, name: str) -> PartitionProfile:
    profiled = profile(folder, name)()
    if not isinstance(profiled, PartitionProfile):
        raise TypeError(profiled)
    return profiled


def make_window(folder: Path) -> Job:
    binning, hour = reference(folder).binning, first_profile(folder, "hour").groups[Group("v3")]
    return lambda: merge_profiles(binning, [hour] * WEEK)


def evaluate_window(folder: Path) -> Job:
    end = datetime(2026, 11, 23, tzinfo=UTC)
    groups = first_profile(folder, "hour").groups
    hours = {group: np.bincount([0], [profile.rows], HOURS_OF_WEEK) for group, profile in groups.items()}
    windows = [WindowProfile("1h", Window(end - timedelta(hours=1), end), groups, hours)]
    spec, known = ModelSpec.model_validate(SPEC), reference(folder)
    return lambda: evaluate(spec, known, windows)


def write_profile(folder: Path) -> Job:
    hour = first_profile(folder, "hour")
    return lambda: ProfileStore(folder).save_partition(Key("", "hour", ()), hour)


def read_profile(folder: Path) -> Job:
    write_profile(folder)()
    return lambda: ProfileStore(folder).load_partition(Key("", "hour", ()))


JOBS: dict[str, tuple[Callable[[Path], Job], str, int]] = {
    "hour of 41,700 rows: decode": (partial(decode, name="hour"), "", 15),
    "hour of 41,700 rows: decode and profile": (partial(profile, name="hour"), "hour of 41,700 rows: decode", 15),
    "hour with a second version: decode and profile": (
        partial(profile, name="canary"),
        "hour of 41,700 rows: decode",
        15,
    ),
    "1,000,000 rows: decode": (partial(decode, name="million"), "", 5),
    "1,000,000 rows: decode and profile": (partial(profile, name="million"), "1,000,000 rows: decode", 5),
    "hour with 20 segments: decode and profile": (
        partial(segmented, name="hour"),
        "hour of 41,700 rows: decode",
        15,
    ),
    "1,000,000 rows with 20 segments: decode and profile": (
        partial(segmented, name="million"),
        "1,000,000 rows: decode",
        5,
    ),
    "reference of 1,000,000 rows: edges, then counts": (
        lambda folder: partial(make_reference, folder),
        "1,000,000 rows: decode",
        3,
    ),
    "window of 168 hours: merge": (make_window, "", 15),
    "window: evaluate 60 features and the score": (evaluate_window, "", 15),
    "store: write one hour": (write_profile, "", 15),
    "store: read one hour": (read_profile, "", 15),
}
"""The jobs: what makes each, the job that is its floor, the number of runs."""


@dataclass(frozen=True)
class Measured:
    """Median seconds of one run, and the process's peak memory in bytes."""

    wall: float
    cpu: float
    memory: int


def measure_named(name: str, folder: Path) -> Measured:
    make, _, times = JOBS[name]
    job = make(folder)
    job()
    return measure(job, times)


def measure(job: Job, times: int) -> Measured:
    runs = [_timed(job) for _ in range(times)]
    walls, cpus = zip(*runs, strict=True)
    return Measured(statistics.median(walls), statistics.median(cpus), peak_memory())


def _timed(job: Job) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - cpu


def peak_memory() -> int:
    """Return the peak memory of this process in bytes."""
    # Not getrusage: its maximum survives exec, and would be that of the process that wrote the log.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


# ------------------------------------------------------------------------------------------------ the table


def machine() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].split(":")[1].strip() if models else platform.machine()
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, pyarrow {pa.__version__}"
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return f"{os.cpu_count()} x {model}; {versions}; load {load}; files in the page cache"


def table(measured: dict[str, Measured]) -> Table:
    table = Table(box=box.MARKDOWN)
    table.add_column("task")
    for column in ("wall ms", "cpu ms", "x decode, wall", "x decode, cpu", "peak RSS MB"):
        table.add_column(column, justify="right")
    for name, each in measured.items():
        floor = measured.get(JOBS[name][1])
        ratios = (f"{each.wall / floor.wall:.1f}", f"{each.cpu / floor.cpu:.1f}") if floor else ("", "")
        table.add_row(name, f"{each.wall * 1e3:.1f}", f"{each.cpu * 1e3:.1f}", *ratios, f"{each.memory / 1e6:.0f}")
    return table


def main() -> None:
    console = Console(width=160)
    with tempfile.TemporaryDirectory() as name, console.status("writing the log") as status:
        folder = Path(name)
        write_log(folder)
        measured = {}
        with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
            for job in JOBS:
                status.update(job)
                measured[job] = pool.submit(measure_named, job, folder).result()
    console.print(machine(), highlight=False)
    console.print(table(measured))


if __name__ == "__main__":
    main()
