"""Objectives as the rules need them: numbers as exact text, and each objective as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from exporter import catalogue
from exporter.catalogue import Alert, Unit
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import DRIFT_SHARE, FRESHNESS, WITHIN_TOLERANCE, Slo, Tier, exact
from exporter.spec.value_types import format_duration
from generator.weekday_floors import number_text

_ACRONYMS: Final = frozenset(("auroc", "mae", "ndcg", "rmse"))
_UNITS: Final = {
    WITHIN_TOLERANCE: Unit.RATIO,
    FRESHNESS: Unit.SECONDS,
    DRIFT_SHARE: Unit.RATIO,
    "label_coverage": Unit.RATIO,
}
"""The units of what is no metric of the catalogue."""


def objectives(spec: ModelSpec) -> list[dict[str, Any]]:
    """Return the objectives that have rules, with the tiers of their alerts, as plain data for jsonnet."""
    return [
        {
            "name": slo.name,
            "sentence": objective_sentence(slo),
            **_measured(slo),
            "period": format_duration(slo.period),
            "fast": _tiers(slo, slo.fast()),
            "slow": _tiers(slo, slo.slow()),
        }
        for slo in spec.spec.slos_evaluated
    ]


def _measured(slo: Slo) -> dict[str, Any]:
    """Return what the objective measures, for texts: its name, unit, target and the bad side of it."""
    unit = _UNITS.get(slo.metric) or next(each.unit for each in catalogue.METRICS if each.key == slo.metric)
    short = slo.metric.upper() if slo.metric in _ACRONYMS else slo.metric.replace("_", " ")
    below = slo.at_least is not None or slo.counts_events
    limit = _written(unit, slo.objective if slo.counts_events else slo.target)
    target = f"{'at least' if below else 'at most'} {limit}"
    return {"measured": short, "unit": unit.value, "bad_below": below, "target": target}


def _written(unit: Unit, limit: float) -> str:
    """Return a limit as the alerts write values, but with all its digits: 1,500, 95%, 3h."""
    if unit is Unit.RATIO:
        return f"{number_text(float(exact(limit) * 100))}%"
    if unit is Unit.SECONDS:
        return format_duration(timedelta(seconds=limit))
    return _grouped(limit)


def _grouped(number: float) -> str:
    """Return a number with all its digits, and commas between thousands."""
    return format(Decimal(number_text(number)), ",f")


def objective_sentence(slo: Slo) -> str:
    """Return the objective as a sentence without full stop: `auroc is at least 0.9 in 95 % of slices of 24h`."""
    share, slices = f"{number_text(float(slo.ratio * 100))} %", format_duration(slo.slice)
    if slo.counts_events:
        return f"{share} of predictions are within {_grouped(slo.target)} of their label"
    bound = "at most" if slo.at_least is None else "at least"
    rolling = f" (over the {format_duration(slo.window)} that end with the slice)" if slo.window else ""
    return f"{slo.metric} is {bound} {_grouped(slo.target)}{rolling} in {share} of slices of {slices}"


def burn_alerts(slo: Slo) -> tuple[tuple[Alert, Sequence[Tier]], ...]:
    """Return the two burn-rate alerts, each with the tiers that the objective has for it."""
    return ((catalogue.ERROR_BUDGET_BURN_FAST, slo.fast()), (catalogue.ERROR_BUDGET_BURN_SLOW, slo.slow()))


def _tiers(slo: Slo, tiers: Sequence[Tier]) -> list[dict[str, str]]:
    """Return each tier's factor and windows; `above` is a rate at which it fires, `formatted` its text."""
    return [
        {
            "factor": number_text(float(tier.factor)),
            "long": slo.window_name(tier.long),
            "short": slo.window_name(tier.short),
            "above": number_text(float(tier.factor * Fraction(9, 8))),
            "formatted": f"{float(tier.factor * Fraction(9, 8)):.3g}",
        }
        for tier in tiers
    ]
