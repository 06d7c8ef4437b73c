"""What proves the alerts of an objective slice by slice: burn as the exporter would tell it, and when it must alert.

A story begins in a period of good slices, and its outage lasts for one slice more than `leeway explain` says that the
alert needs. Its burn rates come from the function that the exporter has; a rule that tells them apart otherwise fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from exporter import catalogue
from exporter.catalogue import Alert
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import Slo, Tier
from exporter.statistics.slo import Tally, Verdict, burn_rate, firing, slice_tally, slices_to_fire
from generator.weekday_floors import text

_TICKS: Final = tuple(timedelta(minutes=minutes) for minutes in (60, 30, 20, 15, 10, 5, 2, 1))
_AWAY: Final = timedelta(hours=1)
_LONGEST: Final = 400
"""Slices that a story may have: promtool takes long for more."""

GOOD, BAD, UNKNOWN = (slice_tally(each) for each in (Verdict.GOOD, Verdict.BAD, Verdict.UNKNOWN))

Case = dict[str, Any]


def slo_cases(spec: ModelSpec) -> dict[str, list[Case]]:
    """The stories of every objective, by its name; plain data, for jsonnet.

    Each has the alert's key, a title, `spans`, for how many ticks each window's burn `rates` stand, None where there is
    no gauge, and `runs`, for how many ticks the alert's condition holds or not.
    """
    return {slo.name: list(_of(slo)) for slo in spec.spec.slos_evaluated}


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
    yield _case(slo, alert, tiers, "when all is bad from one slice on", story=[*calm, *outage, *over])
    unknown = [BAD] * (needed - 1) + [UNKNOWN] * max(tier.long for tier in tiers)
    if len(unknown) < _LONGEST:
        yield _case(slo, alert, tiers, "with slices that are not known", story=[*calm, *unknown, *outage, *over])
    if slo.slice >= 2 * _AWAY:
        away = {1, needed + 2}
        yield _case(
            slo, alert, tiers, "when the exporter is away for an hour", story=[*calm, *outage, *over], away=away
        )


def _case(
    slo: Slo, alert: Alert, tiers: Sequence[Tier], title: str, *, story: Sequence[Tally], away: Collection[int] = ()
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
        "title": title,
        "spans": [_merged(run) for _, run in groupby(spans, itemgetter("rates"))],
        "runs": [_merged(run) for _, run in groupby(spans, itemgetter("fires"))],
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


def _merged(run: Iterable[dict[str, Any]]) -> dict[str, Any]:
    spans = list(run)
    return spans[0] | {"ticks": sum(span["ticks"] for span in spans)}


def _lengths(tiers: Sequence[Tier]) -> list[int]:
    return sorted({length for tier in tiers for length in (tier.long, tier.short)})


def _text(burnt: Fraction | None) -> str | None:
    return None if burnt is None else text(float(burnt))
