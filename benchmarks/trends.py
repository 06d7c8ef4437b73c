"""A reference that trends: is a shift of one standard deviation still seen, and is nothing else?

Each model has a reference whose weeks rise or fall, or are a part of a year with a season, or do neither; Mondays may
be restless. Counts in PSI's cells are drawn hour by hour for normal features with a daily season; stretches, noise,
mixtures of seasons and floors are the exporter's own. Four weeks at the mean level of the reference follow, in which
every alert is false: a page where more than a fifth of the features are above their thresholds, a ticket for each. Then
all features are shifted from random hours on. Last, the trend goes on, and an alert is true: how far had the feature
moved?
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table
from scipy import special

from exporter.comparison.features import KNOWN_WEEKS_PSI
from exporter.reference.history import History, HourlyColumn
from exporter.reference.seasonal import mixing_factors
from exporter.statistics.dispersion import fit_stretches
from exporter.statistics.drift import many_effective_cells, population_stability_indices
from exporter.statistics.thresholds import per_comparison

Floats = npt.NDArray[np.float64]

WEEK: Final = 168
LIVE: Final = 4
DAY: Final = 24
RATE: Final = 0.001
PAGE_SHARE: Final = 0.2


@dataclass(frozen=True)
class Kind:
    """A reference of some weeks: by how many standard deviations it rises, and the amplitude of its season of a year.

    Mondays of every fifth feature move by a random shift with `restless` standard deviations.
    """

    weeks: int
    trend: float = 0.0
    annual: float = 0.0
    restless: float = 0.0


KINDS: Final[Mapping[str, Kind]] = {
    "none, 4 weeks": Kind(4),
    "none, 8 weeks": Kind(8),
    "none, 13 weeks": Kind(13),
    "none, 8 weeks, restless Mondays": Kind(8, restless=0.5),
    "1.8 sd over 13 weeks": Kind(13, trend=1.8),
    "1 sd over 8 weeks": Kind(8, trend=1.0),
    "a year's sine of 1 sd, 13 weeks": Kind(13, annual=1.0),
    "a year's sine of 1 sd, 8 weeks": Kind(8, annual=1.0),
}


class Model:
    """One model: its features' levels by time, the cells of its reference, and its thresholds."""

    def __init__(self, kind: Kind, features: int, rows: int, seed: int) -> None:
        self.kind, self.features, self.random = kind, features, np.random.default_rng(seed)
        cells = np.arange(WEEK)
        self.rows = rows * (1 + 0.6 * np.sin(2 * np.pi * (cells % DAY - 9) / DAY)) * np.where(cells // DAY >= 5, 0.7, 1)
        self.season = self.random.uniform(0, 0.8, features) * np.sin(2 * np.pi * cells / DAY)[:, None]
        self.sign = self.random.choice([-1.0, 1.0], features)
        self.phase = self.random.uniform(0, 2 * np.pi, features)
        hours = np.arange(kind.weeks * WEEK)
        levels = self.trend(hours)
        self.mean = levels.mean(axis=0)
        spread = self.random.standard_normal(levels.shape) + levels + self.season[hours % WEEK]
        self.edges = np.quantile(spread, np.arange(1, 10) / 10, axis=0)
        counts = self.counts(hours, levels + self.mondays(kind.weeks))
        self.reference = counts.reshape(kind.weeks, WEEK, features, 10).sum(axis=0).astype(np.float64)
        totals = counts[:, 0].sum(axis=1)
        none = np.zeros(len(hours))
        columns = {str(at): HourlyColumn(counts[:, at], none, none, none) for at in range(features)}
        history, season = History(hours, totals, columns), np.arange(WEEK)
        fitted = {length: fit_stretches(history, hours % WEEK, season, length, ()) for length in (1, DAY)}
        self.stretch = {length: np.array([each[str(at)] for at in range(features)]) for length, each in fitted.items()}

    def trend(self, hours: npt.NDArray[np.int64]) -> Floats:
        """The level of each feature at some hours, (hours, features)."""
        weeks = hours[:, None] / WEEK
        rise = self.sign * self.kind.trend * (weeks / self.kind.weeks - 0.5)
        return np.asarray(rise + self.kind.annual * np.sin(2 * np.pi * weeks / 52 + self.phase))

    def mondays(self, weeks: int) -> Floats:
        """The shifts of restless Mondays, (hours, features)."""
        shifts = self.kind.restless * self.random.standard_normal((weeks, 1, self.features))
        monday = np.arange(WEEK)[:, None] < DAY
        return np.asarray((shifts * monday * (np.arange(self.features) % 5 == 0)).reshape(-1, self.features))

    def counts(self, hours: npt.NDArray[np.int64], levels: Floats) -> npt.NDArray[np.int64]:
        """The rows in each cell at some hours, (hours, features, cells)."""
        below = special.ndtr(self.edges.T - (levels + self.season[hours % WEEK])[..., None])
        shares = np.clip(np.diff(below, axis=-1, prepend=0, append=1), 0, 1)
        rows = self.random.poisson(self.rows[hours % WEEK])
        return self.random.multinomial(rows[:, None], shares / shares.sum(axis=-1, keepdims=True))

    def above(self, counts: npt.NDArray[np.int64], hours: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.bool_]:
        """Whether windows that end with each hour are above their thresholds, (windows, features)."""
        running = np.concatenate([np.zeros((1, *counts.shape[1:])), np.cumsum(counts, axis=0)])
        now, ends = running[length:] - running[:-length], hours[length - 1 :]
        inside = (ends[:, None] - np.arange(length)) % WEEK
        rows = counts[:, 0].sum(axis=1).astype(np.float64)
        own = rows[np.arange(length - 1, len(rows))[:, None] - np.arange(length)]
        factors = mixing_factors(own, self.reference.sum(axis=2)[:, 0][inside])
        before = np.einsum("wl,wlfc->wfc", factors, self.reference[inside], optimize=True)
        freedom = np.maximum(many_effective_cells(before, now) - 1, 1)
        law = 2 * special.gammainccinv(freedom / 2, per_comparison(RATE, self.features))
        noise = law * (1 / before.sum(axis=2) + 1 / now.sum(axis=2)) * self.stretch[length][:, ends % WEEK // DAY].T
        return np.asarray(population_stability_indices(before, now) > np.maximum(noise, KNOWN_WEEKS_PSI))


def episodes(above: npt.NDArray[np.bool_]) -> int:
    """Return how many sequences of true begin along the first axis."""
    return int((above & ~np.concatenate([np.zeros_like(above[:1]), above[:-1]])).sum())


def measure(kind: Kind, options: argparse.Namespace, seed: int) -> dict[str, list[float]]:
    """Simulate one model."""
    model = Model(kind, options.features, options.rows, seed)
    first = kind.weeks * WEEK
    hours = np.arange(first, first + LIVE * WEEK)
    quiet = np.broadcast_to(model.mean, (len(hours), model.features)) + model.mondays(LIVE)
    counts = model.counts(hours, quiet)
    found: dict[str, list[float]] = {"pages": [], "tickets": [], "small": [], "large": [], "first": []}
    for length in (1, DAY):
        above = model.above(counts, hours, length)
        found["tickets"].append(episodes(above))
        found["pages"].append(episodes(above.mean(axis=1, keepdims=True) > PAGE_SHARE))
    for start in model.random.integers(DAY, len(hours) - DAY, options.starts).tolist():
        part = slice(start - DAY + 1, start + DAY)
        for name, shift, within in (("small", 0.3, 3), ("large", 1.0, DAY)):
            moved = quiet[part] + shift * model.sign * (hours[part] >= hours[start])[:, None]
            shifted = model.counts(hours[part], moved)
            seen = model.above(shifted[DAY - 1 :], hours[part][DAY - 1 :], 1)[:within].any(axis=0)
            if within == DAY:
                seen |= model.above(shifted, hours[part], DAY)[:within].any(axis=0)
            found[name] += seen.tolist()
    if kind.trend or kind.annual:
        hours = np.arange(first, first + options.goes_on * WEEK)
        levels = model.trend(hours)
        above = model.above(model.counts(hours, levels), hours, 1)
        at = np.where(above.any(axis=0), above.argmax(axis=0), -1)
        distance = np.abs(levels - model.mean)[at, np.arange(model.features)]
        found["first"] += np.where(at >= 0, distance, np.inf).tolist()
    return found


def line(found: list[dict[str, list[float]]]) -> list[str]:
    """Return the cells of one kind of reference."""
    total: Callable[[str], list[float]] = lambda name: [value for each in found for value in each[name]]  # noqa: E731
    first = np.array(total("first"))
    known = first[np.isfinite(first)]
    seen = f"{100 * np.mean(np.isfinite(first)):.0f}" if len(first) else ""
    distance = f"{np.median(known):.2f} ({known.min():.2f} to {known.max():.2f})" if len(known) else ""
    small, large = (f"{100 * np.mean(total(name)):.1f}" for name in ("small", "large"))
    return [f"{sum(total('pages')):.0f}", f"{sum(total('tickets')):.0f}", small, large, seen, distance]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for name, default, help_ in (
        ("seeds", 4, "models of each kind of reference"),
        ("features", 50, "features of a model"),
        ("rows", 2000, "mean predictions an hour"),
        ("starts", 4, "hours at which shifts begin"),
        ("goes-on", 8, "weeks in which a trend goes on"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=help_)
    options, began = parser.parse_args(), time.monotonic()
    table = Table(box=box.MARKDOWN)
    for column in ("trend of the reference", "false pages", "false tickets", "0.3 sd in 3h, %", "1 sd in 24h, %"):
        table.add_column(column)
    for column in ("goes on: alarm, %", "at, sd"):
        table.add_column(column)
    for name, kind in KINDS.items():
        table.add_row(name, *line([measure(kind, options, seed) for seed in range(options.seeds)]))
    console = Console(width=160)
    console.print(table)
    console.print(f"{time.process_time():.0f} s of CPU, {time.monotonic() - began:.0f} s", highlight=False)


if __name__ == "__main__":
    main()
