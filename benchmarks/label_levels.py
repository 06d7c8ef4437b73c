"""How often the level of labels alerts by chance where outcomes come in storms, and what it detects.

Twelve weeks of hourly labels are the reference; 60 days after them are judged, day by day and week by week.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from exporter.samples.labels.noise import LabelNoise
from exporter.statistics import thresholds
from exporter.statistics.labels import linearisation
from exporter.statistics.labels.design_effect import fit
from exporter.statistics.labels.levels import Level, Noise, rate_change, rate_gap

ROWS, RATE, FLOOR = 60, 0.09, 0.2
Q = thresholds.per_comparison(0.0005, 2)
PAST, DAYS, WEEK = 84, 60, 7
MOVED = (0.1, 0.12, 0.23)

Values = npt.NDArray[np.float64]


def labels(random: np.random.Generator, rate: float, days: int, effect: float) -> Values:
    """The positives of each hour; each day has a rate of its own."""
    variance = (effect - 1) * rate * (1 - rate) / (ROWS * 24)
    strength = rate * (1 - rate) / variance - 1 if variance else math.inf
    own = random.beta(rate * strength, (1 - rate) * strength, days) if variance else np.full(days, rate)
    return random.binomial(ROWS, np.repeat(own, 24)).astype(np.float64)


def multiple(positives: float, days: int, reference: Level, noise: Noise) -> float:
    """The value of the alert for a window."""
    rows = ROWS * 24.0 * days
    level = Level(rows, positives, rows * RATE, math.nan)
    shifts = (compare(level, reference, FLOOR, Q, noise) for compare in (rate_change, rate_gap))
    return max(shift.multiple for shift in shifts)


def learned(past: Values) -> Callable[[int], Noise]:
    """The noise of windows of some days, learned from the reference."""
    history = linearisation.of_share(past, np.full(len(past), float(ROWS)))
    excess = fit(history, np.repeat(np.arange(PAST), 24)) if history is not None else None
    noise = LabelNoise(len(past), {"rate": excess} if excess is not None else {})
    return lambda days: lambda error, q: noise.difference_noise("rate", error, 24.0 * days, q)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    random = np.random.default_rng(0)
    table = Table("design effect", "days", "weeks", "days, independent", *(f"week at {each:g}" for each in MOVED))
    for effect in (1, 3, 7, 12):
        days, weeks, plain, seen = 0, 0, 0, dict.fromkeys(MOVED, 0)
        for _ in range(seeds):
            past = labels(random, RATE, PAST, effect)
            noise = learned(past)
            rows = float(ROWS * len(past))
            reference = Level(rows, float(past.sum()), rows * RATE, math.nan)
            now = labels(random, RATE, DAYS, effect).reshape(DAYS, 24).sum(axis=1)
            days += sum(multiple(each, 1, reference, noise(1)) > 1 for each in now)
            plain += sum(multiple(each, 1, reference, thresholds.normal_noise) > 1 for each in now)
            weeks += sum(
                multiple(each, WEEK, reference, noise(WEEK)) > 1 for each in np.convolve(now, np.ones(WEEK), "valid")
            )
            for rate in MOVED:
                seen[rate] += multiple(labels(random, rate, WEEK, effect).sum(), WEEK, reference, noise(WEEK)) > 1
        looks = (f"{days} of {seeds * DAYS}", f"{weeks} of {seeds * (DAYS - WEEK + 1)}", f"{plain} of {seeds * DAYS}")
        table.add_row(f"{effect}", *looks, *(f"{each} of {seeds}" for each in seen.values()))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
