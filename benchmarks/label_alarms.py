"""How silent the alerts on labels are where outcomes come in storms, how far their intervals hold, and what they see.

A model is judged for a month after a labelled reference, once a day. The `for` of the alerts is left out, so
figures are a little worse than in production. What a person gets is counted after inhibition.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table
from simulation.objectives import GOOD
from simulation.storms import DAY, EDGES, GROUP, START, THRESHOLD, Fault, Log, log, usual_area

from exporter import catalogue
from exporter.catalogue import Alert
from exporter.labels.sums.by_score import merged
from exporter.samples.conditions import conditions
from exporter.samples.labels.coverage import UsualCoverage
from exporter.samples.labels.estimates import gap_samples
from exporter.samples.labels.estimators import fit_single_score
from exporter.samples.labels.labels import MatureWindow, label_samples
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise, fit_log
from exporter.samples.labels.outcome_sums import OutcomeSums
from exporter.samples.labels.rates import rate_samples
from exporter.samples.slo import evaluated_slices
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec
from exporter.statistics.objectives.slo import budget_remaining, firing

EFFECTS: Final = (1, 3, 7, 12)
MONTH, WEEK = 30, 7
FAULTS: Final = {
    "AUROC 0.03 lower": Fault(0, slope=0.862),
    "calibration off by 0.05": Fault(0, slope=1.47, step=-0.328),
    "rate 0.05 higher": Fault(0, step=0.33),
}
"""What is wrong from the first day of the month on."""
WINDOWS: Final = {"24h": 1, "7d": 7}
"""The days of each window."""
ALERTS: Final = (
    catalogue.LABEL_COVERAGE_LOW,
    catalogue.CALIBRATION_POOR,
    catalogue.CONCEPT_DRIFT_ALERT,
    catalogue.BASE_RATE_SHIFT_ALERT,
    catalogue.ERROR_BUDGET_BURN_FAST,
    catalogue.ERROR_BUDGET_BURN_SLOW,
    catalogue.ERROR_BUDGET_EXHAUSTED,
)
INHIBITED: Final[Mapping[Alert, Collection[Alert]]] = {
    catalogue.CALIBRATION_POOR: (catalogue.BASE_RATE_SHIFT_ALERT,),
    catalogue.ERROR_BUDGET_BURN_SLOW: (catalogue.ERROR_BUDGET_BURN_FAST, catalogue.ERROR_BUDGET_EXHAUSTED),
    catalogue.ERROR_BUDGET_EXHAUSTED: (catalogue.ERROR_BUDGET_BURN_FAST,),
}
"""The alerts that another one keeps from a person."""
Month = tuple[dict[Alert, set[int]], dict[str, list[bool]]]
"""The days, from 0, on which each alert is true, and whether each window's interval holds the truth."""


def spec(true: float) -> ModelSpec:
    """A binary classifier with an objective of 0.02 below its true AUROC, the mean of its days."""
    source = {"local": "%Y-%m-%dT%H.parquet"}
    objective = {"name": "auroc", "metric": "auroc", "at_least": true - 0.02, "objective": 0.95}
    body: dict[str, Any] = {
        "task": "binary_classification",
        "inference": {"source": source, "grain": "1d", "columns": {"score": "s", "prediction_id": "i"}},
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


def run(seed: int, effect: float, fault: Fault | None, *, learned: bool, reference: int = 91) -> Month:
    """One month after so many days of reference; a fault begins with it."""
    first, days = reference + WEEK, reference + WEEK + MONTH
    changed = None if fault is None else Fault(first, fault.slope, fault.step)
    true = usual_area(effect)
    model, drawn = spec(true), log(np.random.default_rng([seed, round(effect)]), days, effect, changed)
    past = drawn.days(0, reference)
    noise, usual = (fit_log(model, past), UsualCoverage.of(model, past)) if learned else (INDEPENDENT, UsualCoverage())
    parts = [each.by_score for groups in past.values() for each in groups.values() if each.by_score is not None]
    estimator = fit_single_score(merged(parts), EDGES, THRESHOLD, binary=True)
    if estimator is None:
        raise ValueError("the reference has no labels")
    found: dict[Alert, set[int]] = {alert: set() for alert in ALERTS}
    held: dict[str, list[bool]] = {window: [] for window in WINDOWS}
    for day in range(MONTH + 1):
        windows = [_window(drawn, name, first + day) for name in WINDOWS]
        samples = [*label_samples(model, windows, {}, noise=noise, usual=usual)]
        samples += [*gap_samples(model, estimator, windows, noise), *rate_samples(model, estimator, windows, noise)]
        for each in conditions(samples, WINDOWS):
            found[each.alert].add(day)
        for name, holds in _held(samples, first + day, true):
            held[name].append(holds)
    for alert, day in _burns(model, drawn, noise, first):
        found[alert].add(day)
    return found, held


def _window(drawn: Log, name: str, day: int) -> MatureWindow:
    return MatureWindow(name, START + day * DAY, {GROUP: drawn.outcome((day - WINDOWS[name]) * 24, day * 24)})


def _held(samples: Sequence[Sample], day: int, true: float) -> Iterator[tuple[str, bool]]:
    """Whether each interval of windows that do not overlap holds the true AUROC."""
    values = {
        (each.metric, dict(zip(each.metric.labels, each.labels, strict=True))["window"]): each.value
        for each in samples
        if "window" in each.metric.labels
    }
    for window, every in WINDOWS.items():
        ends = [values.get((each, window)) for each in catalogue.AUROC.interval()]
        if day % every == 0 and ends[0] is not None and ends[1] is not None:
            yield window, ends[0] <= true <= ends[1]


def _burns(model: ModelSpec, drawn: Log, noise: LabelNoise, first: int) -> Iterator[tuple[Alert, int]]:
    """The days on which alerts of the objective are true, after a period without a bad day."""
    slo = model.spec.slos[0]
    hours = OutcomeSums(DAY, drawn.days(first - WEEK, first + MONTH))
    evaluated = evaluated_slices(model, slo, hours, START + (first + MONTH) * DAY, noise)
    tallies = [GOOD] * slo.slices + [each.tally or GOOD for each in evaluated]
    tiers = {catalogue.ERROR_BUDGET_BURN_FAST: slo.fast(), catalogue.ERROR_BUDGET_BURN_SLOW: slo.slow()}
    for day in range(1, MONTH + 1):
        known = tallies[: slo.slices + day]
        yield from ((alert, day) for alert, own in tiers.items() if firing(known, slo.ratio, own))
        if (budget_remaining(known[-slo.slices :], slo.ratio) or 0) <= 0:
            yield catalogue.ERROR_BUDGET_EXHAUSTED, day


def episodes(days: Collection[int]) -> int:
    """Firings with at least a day between them."""
    return int((np.diff(sorted(days)) > 1).sum()) + 1 if days else 0


def notified(found: Mapping[Alert, set[int]]) -> dict[Alert, set[int]]:
    """The days on which each alert reaches a person."""
    return {
        alert: days.difference(*(found[each] for each in INHIBITED.get(alert, ()))) for alert, days in found.items()
    }


def _silent(pool: ProcessPoolExecutor, seeds: int, reference: int, *, learned: bool) -> Table:
    title = f"{reference} days of reference; {'learned' if learned else 'independent'}; a model and month"
    names = [alert.name.removeprefix("ML").removeprefix("ErrorBudget") for alert in ALERTS]
    table = Table("effect", *names, "together", *(f"holds {window}" for window in WINDOWS), title=title)
    for effect in EFFECTS:
        task = partial(run, effect=effect, fault=None, learned=learned, reference=reference)
        months = list(pool.map(task, range(seeds)))
        counts = np.array(
            [[episodes(days[alert]) for alert in ALERTS] for days in (notified(each) for each, _ in months)]
        )
        shares = [np.mean([each for _, held in months for each in held[window]]) for window in WINDOWS]
        cells = [f"{mean:.2f}" for mean in (*counts.mean(axis=0), counts.sum(axis=1).mean())]
        table.add_row(str(effect), *cells, *(f"{share:.1%}" for share in shares))
    return table


def _seen(pool: ProcessPoolExecutor, seeds: int, reference: int) -> Table:
    table = Table("effect", "fault", "alert", "7 d", "14 d", "30 d", title="seen within")
    for effect in EFFECTS:
        for fault, true in FAULTS.items():
            task = partial(run, effect=effect, fault=true, learned=True, reference=reference)
            months = [found for found, _ in pool.map(task, range(seeds))]
            for alert in (None, *ALERTS):
                days = [set().union(*month.values()) if alert is None else month[alert] for month in months]
                first = np.array([min(each, default=np.inf) for each in days])
                if np.isfinite(first).any():
                    shares = (f"{(first <= within).mean():.0%}" for within in (7, 14, 30))
                    table.add_row(str(effect), fault, alert.name if alert is not None else "any", *shares)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--independent-seeds", type=int, default=10)
    parser.add_argument("--power-seeds", type=int, default=8)
    parser.add_argument("--reference", type=int, default=91, help="days of labelled reference")
    parser.add_argument("--workers", type=int, default=1)
    given, began, console = parser.parse_args(), time.monotonic(), Console(width=190)
    with ProcessPoolExecutor(given.workers) as pool:
        if given.seeds:
            console.print(_silent(pool, given.seeds, given.reference, learned=True))
        if given.independent_seeds:
            console.print(_silent(pool, given.independent_seeds, given.reference, learned=False))
        if given.power_seeds:
            console.print(_seen(pool, given.power_seeds, given.reference))
    console.print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
