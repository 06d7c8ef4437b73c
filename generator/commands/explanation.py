"""The explanation of an objective: its error budget, what spends it, and how soon its alerts fire.

It is computed from the spec alone, with the same functions as in the exporter and the rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
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
from exporter.statistics.slo import slices_to_fire
from exporter.statistics.slo_chances import auroc_half_width, exhaustion_chance, share_half_width, slices_until_fired
from generator.objectives import burn_alerts, objective_sentence

_SHARES: Final = ("precision", "recall", "accuracy")
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The assumptions that the spec does not hold.

    `rows` are labelled predictions in a week, for AUROC and recall the positive ones. `width` is the width of the 95 %
    confidence interval, where it is known from the gauges. A healthy model is better than its target by `above`, a
    degraded one worse by `below`.
    """

    rows: tuple[float, ...]
    width: float | None
    above: float
    below: float


def explanation(spec: ModelSpec, slo: Slo, assumptions: Assumptions) -> RenderableType:
    """Return the explanation of one objective as sentences and tables."""
    title = f"[bold]{escape(spec.name)}/{escape(slo.name)}[/]: {escape(objective_sentence(slo))}"
    sentences = "\n".join(f"  {escape(sentence)}" for sentence in _sentences(spec, slo))
    parts: list[RenderableType] = [title, sentences, _tiers(slo)]
    parts.extend(_expected(spec, slo, assumptions))
    return Group(*parts, "")


def _sentences(spec: ModelSpec, slo: Slo) -> Iterator[str]:
    slices, length = slo.window_name(1), format_duration(slo.period)
    if slo.counts_events:
        yield f"Budget: {_share(1 - slo.ratio)} of the predictions of {length} may be outside the tolerance."
    else:
        spent = math.ceil(slo.budget)
        lasts = format_duration(slo.budget.numerator * slo.slice // slo.budget.denominator)
        yield (
            f"Budget: {float(slo.budget):g} of the {slo.slices} slices of {slices} in {length} may be bad,"
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
    share = _share(Fraction(slices) / slo.budget)
    noun = "slice" if slices == 1 else "slices"
    rolling = f", because it stays in the rolling window of {format_duration(slo.window)}" if slo.window else ""
    yield f"A bad period of {format_duration(day)} makes up to {slices} {noun} bad{rolling}: {share} of the budget."


def _share(value: Fraction) -> str:
    return f"{float(value * 100):.3g} %"


# ------------------------------------------------------------------------------------------------ alerts


def _tiers(slo: Slo) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("alert", "burn rate above", "over", "and over", "fires if all is bad", "fires at burn rate 2"):
        table.add_column(title, overflow="fold")
    for alert, tiers in burn_alerts(slo):
        for tier in tiers:
            table.add_row(*_tier(slo, alert, tier))
    for tier in slo.unreachable():
        limit = f"cannot fire: the rate is at most {float(1 / (1 - slo.ratio)):g}"
        table.add_row("-", f"{float(tier.factor):g}", "-", "-", limit, "-")
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
    return (alert.name, f"{float(tier.factor):g}", *windows, _after(slo, outage), _after(slo, twice))


def _after(slo: Slo, slices: int | None) -> str:
    return "never" if slices is None else f"after {slo.window_name(slices)}"


# ------------------------------------------------------------------------------------------------ what to expect


def half_widths(slo: Slo, value: float, assumptions: Assumptions) -> Iterator[tuple[str, float]]:
    """Yield half of the interval's width at a value, for each number of rows; nothing where it cannot be computed."""
    if slo.counts_events:
        return
    if assumptions.width is not None:
        yield f"interval of {assumptions.width:g}", assumptions.width / 2
    elif 0 < value < 1 and slo.metric in (*_SHARES, "auroc"):
        half_width = auroc_half_width if slo.metric == "auroc" else share_half_width
        for rows in assumptions.rows:
            yield f"{rows:,.0f} a week", half_width(value, rows * (slo.judged_over / _WEEK))


def page_time(spec: ModelSpec, slo: Slo, half: float, assumptions: Assumptions) -> timedelta | None:
    """Return the time within which 19 of 20 degraded models page; None if it may take more than a period.

    It begins when the model degrades, which may be anywhere in a slice. It lasts until enough slices are bad for a tier
    that pages, their labels are mature, and the exporter and the rule have been evaluated.
    """
    overlap, tiers = slo.judged_over // slo.slice, slo.fast()
    fall = assumptions.above, assumptions.below, half
    slices = slices_until_fired(*fall, overlap=overlap, objective=slo.ratio, tiers=tiers, horizon=slo.slices)
    if slices is None:
        return None
    body = spec.spec
    maturity = (body.labels.maturity if body.labels else timedelta()) + body.inference.delay
    evaluation = 3 * max(body.refresh.interval, timedelta(minutes=5))
    return (slices + 1) * slo.slice + maturity + evaluation


def _expected(spec: ModelSpec, slo: Slo, assumptions: Assumptions) -> Iterator[RenderableType]:
    sign = 1 if slo.at_least is not None else -1
    healthy, degraded = slo.target + sign * assumptions.above, slo.target - sign * assumptions.below
    widths = zip(half_widths(slo, healthy, assumptions), half_widths(slo, degraded, assumptions), strict=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("labels")
    table.add_column(f"chance that a model at {healthy:g} exhausts the budget in {format_duration(slo.period)}")
    table.add_column(f"time until a drop to {degraded:g} pages")
    overlap = slo.judged_over // slo.slice
    for (name, half), (_, degraded_half) in widths:
        chance = exhaustion_chance(assumptions.above, half, slo.slices, slo.budget, overlap)
        within = page_time(spec, slo, degraded_half, assumptions)
        table.add_row(name, _chance(chance), f"up to {format_duration(within)}" if within else "no reliable page")
    if table.row_count:
        yield table
    elif not slo.counts_events and slo.metric not in (*LOG_METRICS, "label_coverage"):
        yield "  Give --width, the width of the interval in the gauges, to print how often chance exhausts the budget."


def _chance(chance: float) -> str:
    return "less than 0.1 %" if chance < 0.001 else f"{100 * chance:.1f} %"
