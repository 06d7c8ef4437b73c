"""The explanation of an objective: its error budget, what spends it, and how soon its alerts fire.

It is computed from the spec alone, with the same functions as in the exporter and the rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from exporter import catalogue
from exporter.catalogue import Alert
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import LOG_METRICS, Slo, Tier
from exporter.spec.value_types import format_duration
from exporter.statistics.objectives.slo import slices_to_fire
from generator.commands.expectation import Assumptions, expectation
from generator.commands.terminal import readable
from generator.objectives import burn_alerts, objective_sentence

_MANY: Final = 10
"""From this many budgets on, a person says how many they are and not what percentage."""


def explanation(spec: ModelSpec, slo: Slo, assumptions: Assumptions) -> RenderableType:
    """Return the explanation of one objective as sentences and tables."""
    title = f"[bold]{escape(spec.name)}/{escape(slo.name)}[/]: {escape(objective_sentence(slo))}"
    sentences = "\n".join(f"  {escape(sentence)}" for sentence in _sentences(spec, slo))
    parts: list[RenderableType] = [title, sentences, _tiers(slo)]
    parts.extend(expectation(spec, slo, assumptions))
    return Group(*parts, "")


def _sentences(spec: ModelSpec, slo: Slo) -> Iterator[str]:
    slices, length = slo.window_name(1), format_duration(slo.period)
    if slo.counts_events:
        yield f"Budget: {_share(1 - slo.ratio)} of the predictions of {length} may be outside the tolerance."
    else:
        spent = math.ceil(slo.budget)
        lasts = format_duration(slo.budget.numerator * slo.slice // slo.budget.denominator)
        yield (
            f"Budget: {readable(float(slo.budget))} of the {slo.slices} slices of {slices} in {length} may be bad,"
            f" in total {lasts}; {spent} bad slices exhaust it."
        )
        yield from _one_bad_day(slo)
    if spec.spec.labels and slo.metric not in LOG_METRICS:
        maturity = format_duration(spec.spec.labels.maturity)
        yield f"A slice is evaluated {maturity} after its end, when its predictions are mature. Late labels correct it."
    if slo.counts_events:
        yield f"A prediction counts for {length}."
    else:
        yield f"A bad slice counts for {length}. A slice with too little data is unknown, which does not count as bad."


def _one_bad_day(slo: Slo) -> Iterator[str]:
    day = max(timedelta(days=1), slo.slice)
    slices = math.ceil((day + slo.judged_over - slo.slice) / slo.slice)
    spent = Fraction(slices) / slo.budget
    share = f"{readable(math.floor(spent))} times" if spent >= _MANY else f"{_share(spent)} of"
    noun = "slice" if slices == 1 else "slices"
    rolling = f", because it stays in the rolling window of {format_duration(slo.window)}" if slo.window else ""
    yield f"A bad period of {format_duration(day)} makes up to {slices} {noun} bad{rolling}: {share} the budget."


def _share(value: Fraction) -> str:
    return f"{readable(float(value * 100))} %"


# ------------------------------------------------------------------------------------------------ alerts


def _tiers(slo: Slo) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("alert", "burn rate above", "over", "and over", "fires if all is bad", "fires at burn rate 2"):
        table.add_column(title, overflow="fold")
    for alert, tiers in burn_alerts(slo):
        for tier in tiers:
            table.add_row(*_tier(slo, alert, tier))
    for tier in slo.unreachable():
        limit = f"cannot fire: the rate is at most {readable(float(1 / (1 - slo.ratio)))}"
        table.add_row("-", f"{readable(float(tier.factor))}", "-", "-", limit, "-")
    if not slo.counts_events:
        spent = math.ceil(slo.budget)
        twice = _after(slo, math.ceil(spent / (2 * (1 - slo.ratio))))
        table.add_row(
            catalogue.ERROR_BUDGET_EXHAUSTED.name, "-", format_duration(slo.period), "-", _after(slo, spent), twice
        )
    return table


def _tier(slo: Slo, alert: Alert, tier: Tier) -> tuple[str, ...]:
    outage, twice = slices_to_fire(tier, slo.ratio), slices_to_fire(tier, slo.ratio, Fraction(2))
    windows = slo.window_name(tier.long), slo.window_name(tier.short)
    return (alert.name, f"{readable(float(tier.factor))}", *windows, _after(slo, outage), _after(slo, twice))


def _after(slo: Slo, slices: int | None) -> str:
    return "never" if slices is None else f"after {slo.window_name(slices)}"
