"""What proves the alerts of an objective slice by slice: burn as the exporter would tell it, and when it must alert.

A story begins in a period of good slices. Its burn rates come from the function that the exporter has, and the slice in
which each alert must fire from the closed form that `leeway explain` prints; a rule that differs from either fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from itertools import groupby
from typing import Any, Final

from exporter import catalogue
from exporter.catalogue import Alert
from exporter.spec.model import ModelSpec
from exporter.spec.slo import Slo, Tier
from exporter.statistics.slo import Tally, Verdict, burn_rate, firing, slice_tally, slices_to_fire
from generator.weekday_floors import text

_TICKS: Final = tuple(timedelta(minutes=minutes) for minutes in (60, 30, 20, 15, 10, 5, 2, 1))
_AWAY: Final = timedelta(hours=1)
_LONGEST: Final = 400
"""Slices that a story may have: promtool takes long for more."""

GOOD, BAD, UNKNOWN = (slice_tally(each) for each in (Verdict.GOOD, Verdict.BAD, Verdict.UNKNOWN))

Case = dict[str, Any]


def slo_cases(spec: ModelSpec) -> list[Case]:
    """The stories of every objective; plain data, for jsonnet.

    Each has the alert's key, the objective's name, a title, the seconds from one evaluation to the next, and spans: for how
    many of these `ticks` each window's burn `rates` stand (None is no gauge), whether the rule's condition holds, and
    whether the alert must fire at their end.
    """
    return [case for slo in spec.spec.slos_evaluated for case in _of(slo)]


def tick(slo: Slo) -> timedelta:
    """The longest time between evaluations that is a fair part of a slice; a slice that has none is one itself."""
    return next((each for each in _TICKS if slo.slice % each == timedelta() and slo.slice >= 6 * each), slo.slice)


def _of(slo: Slo) -> Iterator[Case]:
    for alert, tiers in (
        (catalogue.ERROR_BUDGET_BURN_FAST, slo.fast()),
        (catalogue.ERROR_BUDGET_BURN_SLOW, slo.slow()),
    ):
        needed = [slices for tier in tiers if (slices := slices_to_fire(tier, slo.ratio)) is not None]
        if needed and min(needed) + 2 * max(tier.short for tier in tiers) < _LONGEST:
            yield from _stories(slo, alert, tiers, min(needed))


def _stories(slo: Slo, alert: Alert, tiers: Sequence[Tier], needed: int) -> Iterator[Case]:
    calm, outage = [GOOD] * 2, [BAD] * (needed + 1)
    over = [GOOD] * (max(tier.short for tier in tiers) + 1)
    yield _case(slo, alert, tiers, "when all is bad from one slice on", [*calm, *outage, *over])
    unknown = [BAD] * (needed - 1) + [UNKNOWN] * max(tier.long for tier in tiers)
    if len(unknown) < _LONGEST:
        yield _case(slo, alert, tiers, "with slices that are not known", [*calm, *unknown, *outage, *over])
    if slo.slice >= 2 * _AWAY:
        away = {1, needed + 2}
        yield _case(slo, alert, tiers, "when the exporter is away for an hour", [*calm, *outage, *over], away)


def _case(
    slo: Slo, alert: Alert, tiers: Sequence[Tier], title: str, story: Sequence[Tally], away: frozenset[int] | set[int] = frozenset()
) -> Case:
    """One story; in the middle of the slices in `away` there is no exporter for an hour."""
    past = [GOOD] * slo.slices
    spans: list[dict[str, Any]] = []
    for index in range(len(story)):
        so_far = [*past, *story[: index + 1]]
        holds = firing(so_far, slo.ratio, tiers)
        rates = {slo.window_name(length): _text(burn_rate(so_far[-length:], slo.ratio)) for length in _lengths(tiers)}
        spans += _spans(slo, rates, holds=holds, away=index in away)
    return {
        "alert": alert.key,
        "objective": slo.name,
        "title": f"{title}: {slo.name}",
        "tick": int(tick(slo).total_seconds()),
        "spans": [_merged(list(run)) for _, run in groupby(spans, lambda span: (span["rates"], span["fires"]))],
    }


def _spans(slo: Slo, rates: dict[str, str | None], *, holds: bool, away: bool) -> list[dict[str, Any]]:
    ticks = slo.slice // tick(slo)
    whole = {"rates": rates, "ticks": ticks, "fires": holds}
    if not away:
        return [whole]
    gone = _AWAY // tick(slo)
    before = (ticks - gone) // 2
    none = {"rates": dict.fromkeys(rates), "ticks": gone, "fires": holds}
    return [whole | {"ticks": before}, none, whole | {"ticks": ticks - gone - before}]


def _merged(run: list[dict[str, Any]]) -> dict[str, Any]:
    return run[0] | {"ticks": sum(span["ticks"] for span in run)}


def _lengths(tiers: Sequence[Tier]) -> list[int]:
    return sorted({length for tier in tiers for length in (tier.long, tier.short)})


def _text(burnt: Fraction | None) -> str | None:
    return None if burnt is None else text(float(burnt))
