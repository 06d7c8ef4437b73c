"""A false-alarm budget, and the false-positive rate that keeps it.

Over a stretch in which nothing was wrong every alarm is false. The looser the rate, the lower the thresholds and the
sooner a fault is seen; so the rate to choose is the loosest that still keeps the budget.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from exporter.backtest.firing import Firing, incidents
from exporter.backtest.replaying import Replay
from exporter.catalogue import Layer, Severity
from exporter.spec.model import ModelSpec
from exporter.spec.sections.alerting import FalseAlarms

MONTH: Final = timedelta(days=365.2425 / 12)
RATES: Final = tuple(float(f"{digit}e{power}") for power in range(-2, -9, -1) for digit in (5, 2, 1))
"""The rates that are tried, the loosest first: 0.05, 0.02, 0.01, 0.005, …, 0.00000001."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """Notifications of a replay, a month: one for each incident of a layer, as Alertmanager groups them."""

    pages: float
    tickets: float

    def within(self, budget: FalseAlarms) -> bool:
        """Whether a budget is kept."""
        return self.pages <= budget.pages_per_month and self.tickets <= budget.tickets


def alarms(replay: Replay) -> Alarms:
    """What a replay's alerts come to in a month."""
    months = replay.stretch.length / MONTH
    pages, tickets = (_notifications(replay.firings, severity) for severity in (Severity.CRITICAL, Severity.WARNING))
    return Alarms(pages / months, tickets / months)


def _notifications(fired: Sequence[Firing], severity: Severity) -> int:
    """How many messages Alertmanager sends of a severity: one for all that fires at a time in a layer."""
    layers: dict[Layer, list[Firing]] = {}
    for firing in fired:
        if firing.condition.alert.severity == severity:
            layers.setdefault(firing.condition.alert.layer, []).append(firing)
    return sum(len(incidents(own)) for own in layers.values())


def evaluations(spec: ModelSpec) -> float:
    """How many windows are judged in a month."""
    return len(spec.spec.alert_windows) * (MONTH / spec.spec.inference.grain)


def solve(replay_at: Callable[[float], Replay], budget: FalseAlarms, evaluated: float) -> Replay | None:
    """The replay under the loosest rate that keeps the budget; None when even the strictest of `RATES` does not.

    No rate is tried at which chance alone would use up more than the budgeted pages: a month that happens to be calm
    must not loosen thresholds. A stricter rate raises every threshold and so can only silence, which lets the place of
    the first one that is strict enough be found by halves.

    Args:
        replay_at: replays the stretch at a rate.
        budget: what may be false.
        evaluated: how many windows are judged in a month.
    """
    rates = [rate for rate in RATES if rate * evaluated <= budget.pages_per_month]
    tried: dict[int, Replay] = {}

    def kept(place: int) -> bool:
        tried[place] = replay_at(rates[place])
        return alarms(tried[place]).within(budget)

    if rates and kept(0):
        return tried[0]
    place = bisect_left(range(len(rates)), 1, lo=1, key=lambda place: int(kept(place))) if rates else 0
    return tried[place] if place < len(rates) else None
