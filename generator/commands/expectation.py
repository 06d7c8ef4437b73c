"""What to expect of an objective: how often a healthy model exhausts its budget, and how soon a degraded one pages.

Computed for stated numbers of labels, since a spec does not hold how many there will be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from rich import box
from rich.console import RenderableType
from rich.table import Table

from exporter.spec.checks.objectives import SLO_METRICS
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import LOG_METRICS, Slo
from exporter.spec.value_types import format_duration
from exporter.statistics.labels.performance import Z_95
from exporter.statistics.objectives.chances import Slices, exhaustion_chance, slices_until_fired
from exporter.statistics.objectives.laws import Area, Law, Number, Share
from generator.commands.terminal import readable

_SHARES: Final = ("precision", "recall", "accuracy")
_EXACT: Final = (*LOG_METRICS, "label_coverage")
"""The metrics that are known exactly, so that nothing about them is chance."""
_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
_ABOVE: Final = 1 / 4, 0.02
_BELOW: Final = 1 / 3, 0.03
"""How far healthy and degraded models are from the target: a part of its scale, and the most of a share."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The assumptions that the spec does not hold.

    `rows` are labelled predictions in a week, for AUROC and recall the positive ones. `width` is the width of the 95 %
    confidence interval, where it is known from the gauges. A healthy model is better than its target by `above`, a
    degraded one worse by `below`; None for a part of the target's own scale. The values of days vary `effect` times as
    much as with independent labels.
    """

    rows: tuple[float, ...]
    width: float | None
    above: float | None
    below: float | None
    effect: float


@dataclass(frozen=True, slots=True)
class Case:
    """One number of labels: what it is called, the law of a slice, and its slices.

    The target of a `Number` is 0, since its law is the same everywhere; higher is better.
    """

    name: str
    law: Law
    slices: Slices

    def truths(self, distances: tuple[float, float]) -> tuple[float, float]:
        """Return the true values of a healthy and of a degraded model from their distances to the target."""
        above, below = distances
        return self.slices.target + above, self.slices.target - below


def expectation(spec: ModelSpec, slo: Slo, assumptions: Assumptions) -> Iterator[RenderableType]:
    """Yield what to expect of an objective as a sentence and a table; nothing where nothing is chance."""
    if slo.counts_events or slo.metric in _EXACT:
        return
    distances = steps(slo, assumptions)
    values = _values(slo, distances)
    found = list(cases(spec, slo, assumptions))
    if not _possible(slo, distances, values):
        yield "  Give --above and --below in the metric's own units: steps from the target to values that it can have."
    elif not found:
        yield "  Give --width, the width of the interval in the gauges, to print how often chance exhausts the budget."
    else:
        factor = readable(assumptions.effect)
        yield (
            f"  A day's value has {factor} times the variance of independent labels (--design-effect),"
            " and intervals are as wide."
        )
        healthy, degraded = (_value(value, step) for value, step in zip(values, distances, strict=True))
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("labels")
        table.add_column(f"chance that a model at {healthy} exhausts the budget in {format_duration(slo.period)}")
        table.add_column(f"time until a drop to {degraded} pages")
        for case in found:
            table.add_row(case.name, *_row(spec, slo, case, distances))
        yield table


def _values(slo: Slo, distances: tuple[float, float]) -> tuple[float, float]:
    """The values of a healthy and of a degraded model."""
    sign = 1 if slo.at_least is not None else -1
    return slo.target + sign * distances[0], slo.target - sign * distances[1]


def _possible(slo: Slo, distances: tuple[float, float], values: tuple[float, float]) -> bool:
    """Whether the models differ from the target, and the metric can have their values."""
    highest = 1.0 if SLO_METRICS[slo.metric].ratio else math.inf
    return all(distances) and all(0 <= value <= highest for value in values)


def steps(slo: Slo, assumptions: Assumptions) -> tuple[float, float]:
    """Return how far a healthy and a degraded model are from the target; 0 where the target has no scale.

    The scale of an error is the target itself; that of a share is the smaller of the target and what it lacks to 1.
    """
    ratio = SLO_METRICS[slo.metric].ratio
    scale = min(slo.target, 1 - slo.target) if ratio and slo.at_least is not None else abs(slo.target)
    parts = zip((assumptions.above, assumptions.below), (_ABOVE, _BELOW), strict=True)
    above, below = (
        min(part * scale, most if ratio else math.inf) if given is None else given for given, (part, most) in parts
    )
    return above, below


def cases(spec: ModelSpec, slo: Slo, assumptions: Assumptions) -> Iterator[Case]:
    """Yield the law of a slice for each number of labels; nothing where it cannot be computed."""
    overlap, daily = slo.judged_over // slo.slice, _DAY / slo.slice
    # The exporter widens intervals by the design effect that it learns.
    slices = Slices(slo.target, slo.slices, overlap, daily, assumptions.effect, judged=assumptions.effect)
    if assumptions.width is not None:
        deviation = assumptions.width / 2 / Z_95 * math.sqrt(overlap / slices.judged_window)
        yield Case(f"interval of {readable(assumptions.width)}", Number(deviation), replace(slices, target=0.0))
    elif slo.metric in (*_SHARES, "auroc"):
        law = Area if slo.metric == "auroc" else Share
        for rows in assumptions.rows:
            yield Case(f"{rows:,.0f} a week", law(rows * (slo.slice / _WEEK)), slices)


def _row(spec: ModelSpec, slo: Slo, case: Case, distances: tuple[float, float]) -> tuple[str, str]:
    if _too_few(spec, slo, case):
        few = f"none: fewer than thresholds.min_rows ({spec.spec.thresholds.min_rows}) in a verdict"
        return few, "never"
    chance = exhaustion_chance(case.law, case.truths(distances)[0], case.slices, slo.budget)
    within = page_time(spec, slo, case, distances)
    return _chance(chance), f"up to {format_duration(within)}" if within else "no reliable page"


def _too_few(spec: ModelSpec, slo: Slo, case: Case) -> bool:
    """Whether verdicts have too few labels; of other metrics than accuracy it is not known how many there are."""
    if slo.metric != "accuracy" or not isinstance(case.law, Share):
        return False
    return case.law.rows * case.slices.overlap < spec.spec.thresholds.min_rows


def page_time(spec: ModelSpec, slo: Slo, case: Case, distances: tuple[float, float]) -> timedelta | None:
    """Return the time within which 19 of 20 degraded models page; None if it may take more than a period.

    It begins when the model degrades, which may be anywhere in a slice. It lasts until enough slices are bad for a tier
    that pages, their labels are mature, and the exporter and the rule have been evaluated.

    Args:
        spec: the model.
        slo: the objective.
        case: the labels.
        distances: how far a healthy and a degraded model are from the target.
    """
    slices = slices_until_fired(case.law, case.truths(distances), case.slices, slo.ratio, slo.fast())
    if slices is None:
        return None
    body = spec.spec
    maturity = (body.labels.maturity if body.labels else timedelta()) + body.inference.delay
    evaluation = 3 * max(body.refresh.interval, timedelta(minutes=5))
    return (slices + 1) * slo.slice + maturity + evaluation


def _value(value: float, step: float) -> str:
    """A value with the digits that set it apart from the target."""
    decimals = max(2 - math.floor(math.log10(step)), 0)
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").removesuffix(".") if decimals else text


def _chance(chance: float) -> str:
    return "less than 0.1 %" if chance < 0.001 else f"{readable(100 * chance, 2)} %"
