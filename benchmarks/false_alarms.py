"""False alarms on seasonal traffic without drift, and the time to detect shifts and faults.

Each run is one simulated model: weeks of reference, then four weeks of hours, each evaluated by the exporter's own code
as in service, with a spec of defaults. An episode is a sequence of hours in which the same alert of the same feature
and window is above its threshold. The usual methods are evaluated on the same hours: PSI above 0.2, and a
Kolmogorov-Smirnov test at 5 %, both against the whole reference.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from simulation.month import FOLLOWED, LIVE_WEEKS, Findings, month
from simulation.traffic import WEEK, Traffic

log = logging.getLogger("false_alarms")

Job = tuple[str, Traffic, int, int]


def variants(traffic: Traffic) -> dict[str, Traffic]:
    """Return the variants of the traffic, each with one change."""
    return {
        "40 users x 10 rows, correlation 0.8": replace(traffic, rows=400, users=40),
        "a fifth of the features restless on Mondays, 0.5 sd": replace(traffic, restless=0.5),
        "50 rows an hour": replace(traffic, rows=50),
        "4 weeks of reference": replace(traffic, weeks=4),
        "12 weeks of reference": replace(traffic, weeks=12),
    }


def jobs(options: argparse.Namespace) -> Iterator[Job]:
    """Yield the months to simulate: name, traffic, seed, number of injections of each kind."""
    base = Traffic(features=options.features, rows=options.rows, weeks=options.weeks)
    for seed in range(options.seeds):
        yield "seasonal traffic", base, seed, options.injections
    narrow = replace(base, features=min(options.variant_features, base.features))
    for name, traffic in variants(narrow).items():
        for seed in range(options.variant_seeds):
            yield name, traffic, seed, options.injections


def run(job: Job) -> tuple[Job, Findings]:
    """Simulate one month."""
    _, traffic, seed, injections = job
    return job, month(traffic, seed, injections)


def measure(wanted: Sequence[Job], console: Console) -> dict[str, list[tuple[Traffic, Findings]]]:
    """Simulate every month, two at a time; return them in the order of the seeds."""
    done: list[tuple[Job, Findings]] = []
    bar = Progress(console=console, disable=not console.is_terminal)
    with bar, ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for finished in as_completed([pool.submit(run, job) for job in wanted]):
            done.append(finished.result())
            if not bar.tasks:
                bar.add_task("months", total=len(wanted))
            bar.advance(bar.tasks[0].id)
            if not console.is_terminal:
                log.info("%d of %d months", len(done), len(wanted))
    months: dict[str, list[tuple[Traffic, Findings]]] = {}
    for (name, traffic, _, _), findings in sorted(done, key=lambda item: wanted.index(item[0])):
        months.setdefault(name, []).append((traffic, findings))
    return months


# ------------------------------------------------------------------------------------------------ the tables


def spread(values: Sequence[float], unit: str = "") -> str:
    """Return mean, standard error and range over the months: `0.3 ± 0.1 (0 to 2)`."""
    error = f" ± {np.std(values, ddof=1) / np.sqrt(len(values)):.2g}" if len(values) > 1 else ""
    return f"{np.mean(values):.3g}{error} ({min(values):.3g} to {max(values):.3g}){unit}"


def false_alarms(measured: dict[str, list[tuple[Traffic, Findings]]]) -> list[str]:
    """Return lines with the false alarms of each kind of traffic."""
    lines = []
    for name, months in measured.items():
        traffic, own = months[0][0], [month for _, month in months]
        lines += [
            f"\n{name}: {len(own)} months of {LIVE_WEEKS * WEEK} hours, {traffic.weeks} weeks of reference",
            f"  {traffic.features} features, {traffic.rows} rows an hour",
            f"  false pages a month              {spread([findings.pages for findings in own])}",
            f"  false tickets a month            {spread([findings.tickets for findings in own])}",
            f"    by windows of 1h               {spread([findings.by_window['1h'] for findings in own])}",
            f"    by windows of 24h              {spread([findings.by_window['24h'] for findings in own])}",
            f"  hours with a ticket              {spread([findings.ticket_hours for findings in own])}",
            f"  pooled PSI > 0.2: episodes       {spread([findings.pooled for findings in own])}",
            f"  pooled PSI > 0.2: hours with one {spread([findings.pooled_hours for findings in own])}",
            f"  pooled KS p < 0.05: features     {spread([100 * findings.ks_share for findings in own])} %",
            f"  pooled KS p < 0.05: hours        {spread([100 * findings.ks_hours for findings in own])} %",
        ]
    return lines


def detection(name: str, months: Sequence[Findings]) -> Table:
    """Return a table of the detected share of injections by hours after the injection."""
    table = Table(title=f"{name}: detected, % of the runs", box=box.MARKDOWN)
    for column in ("injected", "by windows of", "runs", "within 1h", "2h", "3h", f"{FOLLOWED}h"):
        table.add_column(column, justify="left" if column in ("injected", "by windows of") else "right")
    for kind, view in sorted({seen for findings in months for seen in findings.delays}):
        delays = [delay or np.inf for findings in months for delay in findings.delays.get((kind, view), [])]
        shares = (100 * np.mean(np.array(delays) <= hours) for hours in (1, 2, 3, FOLLOWED))
        table.add_row(kind, view, str(len(delays)), *(f"{share:.1f}" for share in shares))
    return table


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for name, default, help_ in (
        ("seeds", 4, "months of seasonal traffic"),
        ("features", 50, "features of the model"),
        ("rows", 2000, "mean predictions an hour"),
        ("weeks", 8, "weeks of reference"),
        ("injections", 4, "hours of each month at which each shift and fault is injected"),
        ("variant-seeds", 1, "months of each variant"),
        ("variant-features", 20, "features of the model in variants"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=help_)
    return parser.parse_args()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options, console, began = arguments(), Console(width=140), time.monotonic()
    console.print(", ".join(f"{name} {value}" for name, value in vars(options).items()), highlight=False)
    measured = measure(list(jobs(options)), console)
    for line in false_alarms(measured):
        console.print(line, highlight=False)
    for name, months in measured.items():
        console.print(detection(name, [findings for _, findings in months]), highlight=False)
    console.print(f"{time.monotonic() - began:.0f} s", highlight=False)


if __name__ == "__main__":
    main()
