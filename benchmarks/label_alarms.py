"""How silent the alerts on labels are where outcomes come in storms, how far their intervals hold, and what they see.

A model is judged for a month after thirteen weeks of labelled reference, once a day. The `for` of the alerts is
left out, so the figures are a little worse than in production.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table
from simulation.objectives import GOOD
from simulation.storms import EDGES, GROUP, HOUR, START, THRESHOLD, Fault, Log, area, log

from exporter import catalogue
from exporter.labels.sums.by_score import merged
from exporter.samples.conditions import conditions
from exporter.samples.labels.estimates import gap_samples
from exporter.samples.labels.estimators import fit_single_score
from exporter.samples.labels.labels import MatureWindow, label_samples
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise, fit_log
from exporter.samples.slo import evaluated_slices
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec
from exporter.statistics.objectives.slo import firing

EFFECTS: Final = (1, 3, 7, 12)
REFERENCE, MONTH, WEEK = 91, 30, 7
STEP = 24
"""Hours between two evaluations."""
FAULTS: Final = {
    "AUROC 0.03 lower": Fault(REFERENCE + WEEK, slope=0.862),
    "all outcomes more frequent, 0.05": Fault(REFERENCE + WEEK, step=0.33),
}
WINDOWS: Final = ("24h", "7d")


def spec() -> ModelSpec:
    """A binary classifier with an objective of 0.02 below its true AUROC."""
    source = {"local": "%Y-%m-%dT%H.parquet"}
    objective = {"name": "auroc", "metric": "auroc", "at_least": area() - 0.02, "objective": 0.95}
    body: dict[str, Any] = {
        "task": "binary_classification",
        "inference": {"source": source, "columns": {"score": "s", "prediction_id": "i"}},
        "labels": {
            "source": source,
            "columns": {"prediction_id": "i", "label": "y"},
            "maturity": "1d",
            "threshold": THRESHOLD,
        },
        "reference": {"source": {"local": "r.parquet"}},
        "features": [{"name": "x", "type": "numeric"}],
        "windows": list(WINDOWS),
        "slos": [{**objective, "over": "rolling", "window": "7d", "period": "30d", "slice": "1d"}],
    }
    document = {"apiVersion": "leeway/v1", "kind": "Model", "metadata": {"name": "m", "team": "t", "owner": "o"}}
    return ModelSpec.model_validate({**document, "spec": body})


def run(seed: int, effect: float, fault: Fault | None, *, learned: bool) -> dict[str, list[float]]:
    """One month: the hours at which each alert is true, counted from its start, and which intervals hold the truth."""
    model, drawn = spec(), log(np.random.default_rng([seed, round(effect)]), REFERENCE + MONTH + WEEK, effect, fault)
    reference = drawn.hours(0, REFERENCE * 24)
    noise = fit_log(model, reference) if learned else INDEPENDENT
    parts = [each.by_score for groups in reference.values() for each in groups.values() if each.by_score is not None]
    estimator = fit_single_score(merged(parts), EDGES, THRESHOLD, binary=True)
    if estimator is None:
        raise ValueError("the reference has no labels")
    found: dict[str, list[float]] = {}
    for hour in range((REFERENCE + WEEK) * 24, (REFERENCE + WEEK + MONTH) * 24 + 1, STEP):
        windows = [_window(drawn, name, hour) for name in WINDOWS]
        samples = [*label_samples(model, windows, {}, noise=noise), *gap_samples(model, estimator, windows, noise)]
        for each in conditions(samples, WINDOWS):
            found.setdefault(each.alert.name, []).append(hour - (REFERENCE + WEEK) * 24)
        for name, held in _held(samples, hour):
            found.setdefault(name, []).append(held)
    return found | dict(_burns(model, drawn, noise))


def _window(drawn: Log, name: str, hour: int) -> MatureWindow:
    length = {"24h": 24, "7d": 168}[name]
    return MatureWindow(name, START + hour * HOUR, {GROUP: drawn.outcome(hour - length, hour)})


def _held(samples: Sequence[Sample], hour: int) -> Iterator[tuple[str, bool]]:
    """Whether each interval of windows that do not overlap holds the true AUROC."""
    values = {
        (each.metric, dict(zip(each.metric.labels, each.labels, strict=True))["window"]): each.value
        for each in samples
        if "window" in each.metric.labels
    }
    for window, every in (("24h", 24), ("7d", 168)):
        ends = [values.get((each, window)) for each in catalogue.AUROC.interval()]
        if hour % every == 0 and ends[0] is not None and ends[1] is not None:
            yield f"holds {window}", ends[0] <= area() <= ends[1]


def _burns(model: ModelSpec, drawn: Log, noise: LabelNoise) -> Iterator[tuple[str, list[float]]]:
    slo = model.spec.slos[0]
    end = START + (REFERENCE + WEEK + MONTH) * 24 * HOUR
    hours = drawn.hours(REFERENCE * 24, (REFERENCE + WEEK + MONTH) * 24)
    tallies = [each.tally or GOOD for each in evaluated_slices(model, slo, hours, end, noise)]
    padded = [GOOD] * slo.slices + tallies
    tiers = {"MLErrorBudgetBurnFast": slo.fast(), "MLErrorBudgetBurnSlow": slo.slow()}
    for name, own in tiers.items():
        days = [day for day in range(1, MONTH + 1) if firing(padded[: slo.slices + day], slo.ratio, own)]
        if days:
            yield name, [day * 24.0 for day in days]


def episodes(hours: Sequence[float]) -> int:
    """Firings that are more than a day apart, or are of one alert without a pause."""
    return int((np.diff(sorted(set(hours))) > 24).sum()) + 1 if hours else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--power-seeds", type=int, default=8)
    parser.add_argument("--workers", type=int, default=1)
    given, began, console = parser.parse_args(), time.monotonic(), Console(width=150)
    with ProcessPoolExecutor(given.workers) as pool:
        for learned in (True, False):
            table = Table("design effect", "alert", "a model and month", title=f"learned: {learned}")
            for effect in EFFECTS:
                months = list(pool.map(partial(run, effect=effect, fault=None, learned=learned), range(given.seeds)))
                for name in sorted({key for month in months for key in month}):
                    values = [month.get(name, []) for month in months]
                    if name.startswith("holds"):
                        table.add_row(str(effect), name, f"{np.mean([one for each in values for one in each]):.1%}")
                    else:
                        table.add_row(str(effect), name, f"{np.mean([episodes(each) for each in values]):.2f}")
            console.print(table)
        table = Table("design effect", "fault", "alert", "seen within 7 d", "14 d", "30 d")
        for effect in EFFECTS:
            for fault, true in FAULTS.items():
                months = list(pool.map(partial(run, effect=effect, fault=true, learned=True), range(given.power_seeds)))
                for name in sorted({key for month in months for key in month if not key.startswith("holds")}):
                    first = np.array([min(month.get(name, [np.inf])) for month in months])
                    table.add_row(
                        str(effect), fault, name, *(f"{(first <= days * 24).mean():.0%}" for days in (7, 14, 30))
                    )
        console.print(table)
    console.print(f"{given.seeds} seeds, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
