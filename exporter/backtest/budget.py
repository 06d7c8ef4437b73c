"""The false-alarm budget, and the false-positive rate that keeps it.

In a period without faults every alert is false. A higher rate gives lower thresholds and earlier detection, so the
highest rate that keeps the budget is chosen.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from exporter.backtest.firing import Firing, notifications
from exporter.backtest.replaying import Replay
from exporter.catalogue import Layer, Severity
from exporter.spec.model import ModelSpec
from exporter.spec.sections.alerting import FalseAlarms

MONTH: Final = timedelta(days=365.2425 / 12)
RATES: Final = tuple(float(f"{digit}e{power}") for power in range(-2, -9, -1) for digit in (5, 2, 1))
"""The rates to try, the highest first: 0.05, 0.02, 0.01, 0.005, …, 0.00000001."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """Notifications per month in a replay, as Alertmanager groups them: one whenever an alert of a layer begins."""

    pages: float
    tickets: float

    def within(self, budget: FalseAlarms) -> bool:
        """Return whether a budget is kept."""
        return self.pages <= budget.pages_per_month and self.tickets <= budget.tickets


def alarms(replay: Replay) -> Alarms:
    """Return the notifications per month of a replay."""
    months = replay.counted / MONTH
    pages, tickets = (_notifications(replay.firings, severity) for severity in (Severity.CRITICAL, Severity.WARNING))
    return Alarms(pages / months, tickets / months)


def _notifications(firings: Sequence[Firing], severity: Severity) -> int:
    """Count the notifications of a severity: one for all alerts of a layer that begin at the same time."""
    layers: dict[Layer, list[Firing]] = {}
    for firing in firings:
        if firing.condition.alert.severity == severity:
            layers.setdefault(firing.condition.alert.layer, []).append(firing)
    return sum(len(notifications(layer_firings)) for layer_firings in layers.values())


def evaluations_per_month(spec: ModelSpec) -> float:
    """Return how many windows are evaluated in a month."""
    return len(spec.spec.alert_windows) * (MONTH / spec.spec.inference.grain)


def solve(replay_at: Callable[[float], Replay], budget: FalseAlarms, evaluations: float) -> Replay | None:
    """Return the replay at the highest rate that keeps the budget; None when even the lowest of `RATES` does not.

    Rates at which noise alone would use more than the budgeted pages are not tried, so that a quiet month does not
    lower thresholds. A lower rate raises every threshold and can only remove alerts, so the first rate that keeps the
    budget is found by bisection.

    Args:
        replay_at: replays the period at a rate.
        budget: the allowed false alarms.
        evaluations: how many windows are evaluated in a month.
    """
    rates = [rate for rate in RATES if rate * evaluations <= budget.pages_per_month]
    replays: dict[int, Replay] = {}

    def is_kept(index: int) -> bool:
        replays[index] = replay_at(rates[index])
        return alarms(replays[index]).within(budget)

    if rates and is_kept(0):
        return replays[0]
    first = bisect_left(range(len(rates)), 1, lo=1, key=lambda index: int(is_kept(index))) if rates else 0
    return replays[first] if first < len(rates) else None
