"""What an objective means before it has to: its budget, what spends it, and how soon anybody hears.

All of it is arithmetic of the spec, by the functions that the exporter and the rules have their numbers from.
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
from generator.objectives import said

_SHARES: Final = ("precision", "recall", "accuracy")
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is asked beside the spec.

    `rows` are labelled predictions in a week, of an AUROC and a recall the positives among them; `width` is that of the
    interval at 95 %, where it is known from the gauges. A model is truly `above` its target, or falls to `below` it.
    """

    rows: tuple[float, ...]
    width: float | None
    above: float
    below: float


def explanation(spec: ModelSpec, slo: Slo, question: Assumptions) -> RenderableType:
    """All there is to say of one objective, in words and tables."""
    words = "\n".join(f"  {escape(sentence)}" for sentence in _sentences(spec, slo))
    parts: list[RenderableType] = [f"[bold]{escape(spec.name)}/{escape(slo.name)}[/]: {escape(said(slo))}", words]
    parts.append(_tiers(slo))
    parts.extend(_expected(spec, slo, question))
    return Group(*parts, "")


def _sentences(spec: ModelSpec, slo: Slo) -> Iterator[str]:
    slices, length = slo.window_name(1), format_duration(slo.period)
    if slo.counts_events:
        yield f"Budget: {_share(1 - slo.ratio)} of the predictions of {length} may be farther off."
    else:
        spent = math.ceil(slo.budget)
        lasts = format_duration(slo.budget.numerator * slo.slice // slo.budget.denominator)
        yield (
            f"Budget: {float(slo.budget):g} of the {slo.slices} slices of {slices} in {length}, {lasts} together;"
            f" {spent} bad ones exhaust it."
        )
        yield from _one_bad_day(slo)
    if spec.spec.labels and slo.metric not in LOG_METRICS:
        waits = format_duration(spec.spec.labels.maturity)
        yield f"A slice is judged {waits} after it ends, when its predictions are mature; late labels correct it."
    yield f"What was bad counts until it is {length} old. A slice of which too little is known is unknown, and not bad."


def _one_bad_day(slo: Slo) -> Iterator[str]:
    day = max(timedelta(days=1), slo.slice)
    slices = math.ceil((day + slo.judged_over - slo.slice) / slo.slice)
    share = _share(Fraction(slices) / slo.budget)
    stays = f" since it stays in a window of {format_duration(slo.window)}," if slo.window else ""
    yield f"One bad {format_duration(day)} makes up to {slices} slices bad,{stays} which is {share} of the budget."


def _share(value: Fraction) -> str:
    return f"{float(value * 100):.3g} %"


# ------------------------------------------------------------------------------------------------ alerts


def _tiers(slo: Slo) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("alert", "burns faster than", "over", "and over", "fires when all is bad after", "at twice the rate"):
        table.add_column(title, overflow="fold")
    for alert, tiers in (
        (catalogue.ERROR_BUDGET_BURN_FAST, slo.fast()),
        (catalogue.ERROR_BUDGET_BURN_SLOW, slo.slow()),
    ):
        for tier in tiers:
            table.add_row(*_tier(slo, alert, tier))
    for tier in slo.unreachable():
        most = f"cannot fire: at most {float(1 / (1 - slo.ratio)):g}"
        table.add_row("-", f"{float(tier.factor):g}", "-", "-", most, "-")
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
    return "never" if slices is None else slo.window_name(slices)


# ------------------------------------------------------------------------------------------------ what to expect


def half_widths(slo: Slo, value: float, question: Assumptions) -> Iterator[tuple[str, float]]:
    """Half of the interval's width at a value, for each number of rows that is asked for; none where it is unknown."""
    if slo.counts_events:
        return
    if question.width is not None:
        yield f"interval of {question.width:g}", question.width / 2
    elif 0 < value < 1 and slo.metric in (*_SHARES, "auroc"):
        of = auroc_half_width if slo.metric == "auroc" else share_half_width
        for rows in question.rows:
            yield f"{rows:,.0f} a week", of(value, rows * (slo.judged_over / _WEEK))


def page_time(spec: ModelSpec, slo: Slo, half: float, question: Assumptions) -> timedelta | None:
    """Within how long 19 of 20 models that have fallen page; None if it may take more than a period.

    From the moment of the fall, which may be anywhere in a slice: until enough slices are bad for a tier that pages,
    until their labels are mature, and until the exporter and the rule have looked.
    """
    overlap, tiers = slo.judged_over // slo.slice, slo.fast()
    fall = question.above, question.below, half
    slices = slices_until_fired(*fall, overlap=overlap, objective=slo.ratio, tiers=tiers, horizon=slo.slices)
    if slices is None:
        return None
    body = spec.spec
    waits = (body.labels.maturity if body.labels else timedelta()) + body.inference.delay
    look = 3 * max(body.refresh.interval, timedelta(minutes=5))
    return (slices + 1) * slo.slice + waits + look


def _expected(spec: ModelSpec, slo: Slo, question: Assumptions) -> Iterator[RenderableType]:
    sign = 1 if slo.at_least is not None else -1
    good, fallen = slo.target + sign * question.above, slo.target - sign * question.below
    widths = zip(half_widths(slo, good, question), half_widths(slo, fallen, question), strict=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("labels")
    table.add_column(f"truly {good:g}: budget exhausted in {format_duration(slo.period)}")
    table.add_column(f"fallen to {fallen:g}: paged within")
    overlap = slo.judged_over // slo.slice
    for (name, half), (_, after) in widths:
        chance = exhaustion_chance(question.above, half, slo.slices, slo.budget, overlap)
        within = page_time(spec, slo, after, question)
        table.add_row(name, _chance(chance), format_duration(within) if within else "no: lost in the noise")
    if table.row_count:
        yield table
    elif not slo.counts_events and slo.metric not in (*LOG_METRICS, "label_coverage"):
        yield "  With --width, that of the interval as the gauges tell it: how often chance alone exhausts the budget."


def _chance(chance: float) -> str:
    return "less than 0.1 %" if chance < 0.001 else f"{100 * chance:.1f} %"
