"""Test cases of an objective's alerts, slice by slice: the burn rates, and when the alert must fire.

A case begins after a period of good slices. Its outage is one slice longer than the alert needs according to `leeway
explain`. The burn rates come from the exporter's own function, so a rule that compares them in another way fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from exporter.catalogue import Alert
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import Slo, Tier
from exporter.statistics.objectives.slo import Tally, Verdict, burn_rate, firing, slice_tally, slices_to_fire
from generator.objectives import burn_alerts
from generator.weekday_floors import number_text

_TICKS: Final = tuple(timedelta(minutes=minutes) for minutes in (60, 30, 20, 15, 10, 5, 2, 1))
_AWAY: Final = timedelta(hours=1)
_LONGEST: Final = 400
"""The most slices of a case: promtool is slow with more."""

GOOD, BAD, UNKNOWN = (slice_tally(each) for each in (Verdict.GOOD, Verdict.BAD, Verdict.UNKNOWN))

Case = dict[str, Any]


def slo_cases(spec: ModelSpec) -> dict[str, list[Case]]:
    """Return the cases of every objective, by the objective's name.

    Each case has the alert's key, a title, `spans` and `runs`. A span has a number of ticks and the burn rate of each
    window, None where the gauge is absent. A run has a number of ticks and whether the alert's condition holds.
    """
    return {slo.name: list(_of(slo)) for slo in spec.spec.slos_evaluated}


def tick(slo: Slo) -> timedelta:
    """Return the longest evaluation interval that divides a slice into 6 or more; the slice itself if there is none."""
    return next((each for each in _TICKS if slo.slice % each == timedelta() and slo.slice >= 6 * each), slo.slice)


def _of(slo: Slo) -> Iterator[Case]:
    for alert, tiers in burn_alerts(slo):
        needed = [slices for tier in tiers if (slices := slices_to_fire(tier, slo.ratio)) is not None]
        if needed and min(needed) + 2 * max(tier.short for tier in tiers) < _LONGEST:
            yield from _cases(slo, alert, tiers, min(needed))


def _cases(slo: Slo, alert: Alert, tiers: Sequence[Tier], needed: int) -> Iterator[Case]:
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
    """Return one case; in the middle of the slices in `away` the exporter is away for an hour."""
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


def _text(burn: Fraction | None) -> str | None:
    return None if burn is None else number_text(float(burn))
