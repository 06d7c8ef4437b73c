"""Error budgets in practice: how often a healthy model exhausts its budget, and how soon a degraded model pages.

Both are counted in simulated months of labelled predictions, next to the values that `leeway explain` prints: with
independent labels, and with outcomes that come in storms.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import special
from simulation.clustered import Storms, bad_areas, bad_shares
from simulation.objectives import Labels, falls, months

from exporter.spec.sections.slo import Slo
from exporter.statistics.objectives.chances import Slices, exhaustion_chance, slices_until_fired
from exporter.statistics.objectives.laws import Area, Share

AUROC: Final = {"name": "auroc", "metric": "auroc", "at_least": 0.91, "objective": 0.95}
ACCURACY: Final = {**AUROC, "metric": "accuracy"}
WEEK: Final = {"over": "rolling", "window": "7d"}
EFFECTS: Final = (1, 3, 7, 12)


def period(slo: Slo, effect: float = 1, judged: float = 1) -> Slices:
    daily = timedelta(days=1) / slo.slice
    return Slices(slo.target, slo.slices, slo.judged_over // slo.slice, daily, effect, judged)


def independent(count: int) -> Table:
    slo, labels = Slo.model_validate({**AUROC, **WEEK}), Labels()
    law, table = Area(labels.positives), Table("event", "counted", "leeway explain")
    for area in (0.91, 0.92, 0.93):
        spent = np.mean(list(months(slo, area, labels, count)))
        expected = exhaustion_chance(law, area, period(slo), slo.budget)
        table.add_row(f"budget exhausted in a month, truly {area}", f"{spent:.2%}", f"{expected:.2%}")
    for area in (0.85, 0.88):
        days = np.quantile(list(falls(slo, (0.93, area), labels, count // 10)), 0.95, method="inverted_cdf")
        expected_days = slices_until_fired(law, (0.93, area), period(slo), slo.ratio, slo.fast())
        table.add_row(f"days until 19 of 20 paged, fallen to {area}", f"{days:g}", f"{expected_days}")
    return table


def objectives() -> Iterator[tuple[dict[str, Any], float]]:
    """Objectives with labels in a week: enough for a verdict about each slice."""
    yield {**ACCURACY}, 7000
    yield {**ACCURACY, **WEEK}, 7000
    yield {**ACCURACY, "slice": "1h"}, 33_600
    yield {**ACCURACY, **WEEK, "slice": "1h"}, 7056
    yield {**AUROC}, 2800
    yield {**AUROC, **WEEK}, 2800


def clustered(count: int, areas: int, *, widened: bool) -> Table:
    """Each objective at each design effect, with a model above its target by a part of what a verdict varies.

    Intervals are those of independent labels, or `widened` by the design effect as the exporter's are.
    """
    titles = ("metric", "slice", "over", "design effect", "truly", "counted", "leeway explain", "other laws of days")
    table = Table(*titles, title="intervals as wide as days vary" if widened else "intervals of independent labels")
    for given, weekly in objectives():
        slo = Slo.model_validate(given)
        is_area = slo.metric == "auroc"
        simulated, number = (bad_areas, areas) if is_area else (bad_shares, count)
        law = (Area if is_area else Share)(weekly * (slo.slice / timedelta(days=7)))
        for effect in EFFECTS if not widened else EFFECTS[1:]:
            slices = period(slo, effect, effect if widened else 1)
            above = 0.2 if widened else 0.8 if slo.judged_over >= timedelta(days=1) else 0.1
            truth = slo.target + above * math.sqrt(effect * law.variance(slo.target) / slices.overlap)
            links = (special.ndtr, *([] if is_area or effect == 1 else [special.expit, loglog]))
            storms = [Storms(weekly, effect, link, slices.judged_window) for link in links]
            budget = math.ceil(slo.budget)
            counted = [(np.concatenate(list(simulated(slo, truth, each, number))) >= budget).mean() for each in storms]
            expected = exhaustion_chance(law, truth, slices, slo.budget)
            others = ", ".join(f"{each:.1%}" for each in counted[1:])
            cells = (slo.metric, f"{slo.slice / timedelta(hours=1):g}h", slo.over, f"{effect}", f"{truth:.4f}")
            table.add_row(*cells, f"{counted[0]:.1%}", f"{expected:.1%}", others)
    return table


def loglog(values: np.ndarray) -> np.ndarray:
    """The link of a law that is skewed to the good side, unlike the others."""
    return np.asarray(-np.expm1(-np.exp(values)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=2000, help="with independent labels")
    parser.add_argument("--periods", type=int, default=10_000, help="with storms, of the accuracy")
    parser.add_argument("--area-periods", type=int, default=3000, help="with storms, of the AUROC")
    options = parser.parse_args()
    console, began = Console(width=140), time.monotonic()
    console.print(independent(options.months))
    for widened in (False, True):
        console.print(clustered(options.periods, options.area_periods, widened=widened))
    console.print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
