"""Time to count on Spark: the same files, counted by the exporter alone and by Spark on this machine.

The log is that of `profiles.py`: one file of a million rows under several names, so that fifty million rows need the
disk space of one million. Both engines read it from the page cache, the exporter with one thread for counting, Spark
with one worker per processor. Spark is started before the measurement; its start time is printed separately. Each size
is counted by both engines, one after the other; on a busy machine only their ratio is meaningful.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import exporter  # noqa: F401 - before NumPy, whose sorting it sets: see exporter/processor.py

# isort: split
import pyarrow.parquet as pq
from rich import box
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent / ".spark"))

from profiles import LOG, machine, rows

from exporter.profiles.binning import Binning
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import PartitionProfile
from exporter.reference.reference import build_binning
from exporter.sources import spark
from exporter.sources.source import Partition, Source
from exporter.sources.stores.local import Local
from exporter.sql.counting import count_partition

T = TypeVar("T")

MILLION = 1_000_000
SETTINGS = "--conf spark.ui.enabled=false --conf spark.log.level=ERROR --conf spark.driver.host=127.0.0.1"


def timed(job: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    return job(), time.perf_counter() - started


def links(folder: Path, millions: int) -> Local:
    """Make a folder in which the file has several names."""
    names = folder / str(millions)
    names.mkdir()
    for number in range(millions):
        (names / f"{number:03}.parquet").hardlink_to(folder / "million.parquet")
    return Local("*.parquet", names)


def whole(source: Source) -> Partition:
    partition = source.dataset()
    if partition is None:
        raise FileNotFoundError
    return partition


def count(source: Source, binning: Binning) -> tuple[PartitionProfile, float]:
    return timed(lambda: count_partition(source, whole(source), LOG, binning, Grouping("version")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--millions", type=int, nargs="+", default=[1, 10], metavar="N", help="rows, in millions (1 10)"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N", help="workers of Spark")
    options = parser.parse_args()
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--master local[{options.workers}] {SETTINGS} pyspark-shell"
    console, table = Console(width=120), Table(box=box.MARKDOWN)
    for column in ("rows", "GB", "pieces", "exporter s", "Spark s", "Spark / exporter", "load"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory(prefix="leeway-spark-") as name, console.status("writing the log") as status:
        folder = Path(name)
        pq.write_table(rows(MILLION, 0.0, 1), folder / "million.parquet", row_group_size=MILLION // 8)
        first = Local("million.parquet", folder)
        binning, _ = first.profile(whole(first), LOG, lambda batches: build_binning(batches, LOG, 200))
        status.update("starting Spark")
        _, start = timed(spark.session)
        _, warm = count(spark.Spark(first, "first"), binning)
        count(first, binning)
        for millions in options.millions:
            status.update(f"{millions} million rows")
            source = links(folder, millions)
            data = whole(source)
            alone, alone_s = count(source, binning)
            shared, shared_s = count(spark.Spark(source, "log"), binning)
            if not alone.rows == shared.rows == millions * MILLION:
                raise ValueError(f"{alone.rows} and {shared.rows} rows were counted")
            pieces = len(spark.cut(0, data))
            cells = (f"{data.size / 1e9:.2f}", f"{pieces}", f"{alone_s:.1f}", f"{shared_s:.1f}")
            load = f"{os.getloadavg()[0]:.1f}"
            table.add_row(f"{millions * MILLION:,}", *cells, f"{shared_s / alone_s:.2f}", load)
    console.print(machine(), highlight=False)
    console.print(f"{options.workers} workers; Spark took {start:.1f} s to start, its first job {warm:.1f} s")
    console.print(table)


if __name__ == "__main__":
    main()
