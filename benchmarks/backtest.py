"""Time of a backtest: four weeks of a model with 50 features, replayed twice, and then with injected faults.

The log is simulated in a temporary folder: one Parquet file per hour, with 2,000 rows on average. The first replay
reads it; the second finds every profile in the store.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from rich import box
from rich.console import Console
from rich.table import Table
from simulation.month import SCORE, spec_of
from simulation.traffic import TIME, WEEK, Population, Traffic, hour

from exporter.backtest.firing import AlertTiming
from exporter.backtest.injection import InjectionRequest, injections
from exporter.backtest.replaying import Replayer, evaluation_times
from exporter.samples.judgements import JUDGED
from exporter.spec.loading import LoadedSpec
from exporter.spec.windows import Window
from exporter.store.profiles import ProfileStore

T = TypeVar("T")
LIVE_WEEKS = 4
ALERT_TIMINGS = {alert.name: AlertTiming(timedelta(minutes=15), timedelta(minutes=15)) for alert in JUDGED}

log = logging.getLogger("backtest")


def write_log(population: Population, folder: Path) -> int:
    """Write the reference and the replayed weeks, one file per hour; return the number of rows of the log."""
    weeks = population.traffic.weeks
    pq.write_table(pa.concat_tables([population.week(index) for index in range(weeks)]), folder / "reference.parquet")
    rows = 0
    for index in range(weeks, weeks + LIVE_WEEKS):
        for start, table in hours(population, index):
            pq.write_table(table, folder / f"{hour(start):%Y-%m-%dT%H}.parquet")
            rows += table.num_rows
        log.info("week %d of %d written", index - weeks + 1, LIVE_WEEKS)
    return rows


def hours(population: Population, week: int) -> Iterator[tuple[int, pa.Table]]:
    """Yield every hour of a week: its number and its rows."""
    table = population.week(week)
    times = table.column(TIME).to_numpy()
    for cell in range(WEEK):
        at = week * WEEK + cell
        own = times == times.dtype.type(hour(at).replace(tzinfo=None), "s")
        yield at, table.filter(pa.array(own)).drop_columns([TIME])


def timed(run: Callable[[], T]) -> tuple[T, float]:
    """Return the result of a call and its duration in seconds."""
    started = time.perf_counter()
    return run(), time.perf_counter() - started


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--rows", type=int, default=2000, help="mean rows per hour")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    population = Population(Traffic(features=options.features, rows=options.rows), seed=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = write_log(population, folder)
        table = measured(folder, population)
    Console().print(f"{options.features} features, {rows:,} rows in {LIVE_WEEKS * WEEK} hours", table, sep="\n")


def measured(folder: Path, population: Population) -> Table:
    """Measure two replays, and every fault in every column."""
    spec, first = spec_of(population.traffic), population.traffic.weeks * WEEK
    period = Window(hour(first), hour(first + LIVE_WEEKS * WEEK))
    loaded, store = LoadedSpec(folder / "simulated.yaml", spec), ProfileStore(folder / "store", forgets=False)
    replayer = Replayer.of(loaded, period, store, ALERT_TIMINGS)
    table = Table("task", box=box.ASCII2)
    for head in ("seconds", "ms per evaluation"):
        table.add_column(head, justify="right")

    def line(task: str, seconds: float, steps: int) -> None:
        table.add_row(task, f"{seconds:.1f}", f"{1000 * seconds / steps:.0f}")

    count = LIVE_WEEKS * WEEK
    _, seconds = timed(lambda: replayer.reference(evaluation_times(spec.spec.inference, period)[0]))
    line(f"the reference of {population.traffic.weeks} weeks, once", seconds, 1)
    baseline, seconds = timed(replayer.replay)
    line(f"{count} evaluations, the log read and profiled", seconds, count)
    _, seconds = timed(replayer.with_spec(spec).replay)
    line(f"{count} evaluations, from stored profiles", seconds, count)
    names = [feature.name for feature in spec.spec.features]
    reference, monday = replayer.reference(period.end), hour(first + WEEK)
    faults = injections(InjectionRequest(None, None, None), names, SCORE, reference, middle=monday, cell=lambda _: 0)
    detections, seconds = timed(lambda: [replayer.detect(fault, baseline, timedelta(hours=24)) for fault in faults])
    line(
        f"{len(faults)} faults, {sum(item.alert is not None for item in detections)} of them detected",
        seconds,
        len(faults),
    )
    return table


if __name__ == "__main__":
    main()
