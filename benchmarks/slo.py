"""Error budgets in practice: how often a healthy model exhausts its budget, and how soon a degraded model pages.

Both are counted in simulated months of labelled predictions, next to the values that `leeway explain` prints.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from rich.console import Console
from rich.table import Table
from simulation.objectives import Labels, falls, months

from exporter.spec.sections.slo import Slo
from exporter.statistics.slo_chances import auroc_half_width, exhaustion_chance, slices_until_fired

SLO = {"name": "auroc", "metric": "auroc", "at_least": 0.91, "objective": 0.95, "over": "rolling", "window": "7d"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=2000)
    count = parser.parse_args().months
    slo, labels, began = Slo.model_validate(SLO), Labels(), time.monotonic()
    weekly = labels.positives * 7
    table = Table("event", "counted", "leeway explain")
    for area in (0.91, 0.92, 0.93):
        spent = np.mean(list(months(slo, area, labels, count)))
        half = auroc_half_width(area, weekly)
        expected = exhaustion_chance(area - slo.target, half, slo.slices, slo.budget, slo.judged_over // slo.slice)
        table.add_row(f"budget exhausted in a month, truly {area}", f"{spent:.2%}", f"{expected:.2%}")
    for area in (0.85, 0.88):
        days = np.quantile(list(falls(slo, (0.93, area), labels, count // 10)), 0.95, method="inverted_cdf")
        expected_days = slices_until_fired(
            0.93 - slo.target,
            slo.target - area,
            auroc_half_width(area, weekly),
            overlap=slo.judged_over // slo.slice,
            objective=slo.ratio,
            tiers=slo.fast(),
            horizon=slo.slices,
        )
        table.add_row(f"days until 19 of 20 paged, fallen to {area}", f"{days:g}", f"{expected_days}")
    console = Console()
    console.print(f"{weekly:g} positives a week, {count} months, {time.monotonic() - began:.0f} s")
    console.print(table)


if __name__ == "__main__":
    main()
