"""Objectives as rules need them: exact text instead of numbers, and in words what each of them asks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import Slo, Tier
from exporter.spec.value_types import format_duration
from generator.weekday_floors import text


def objectives(spec: ModelSpec) -> list[dict[str, Any]]:
    """The objectives that have rules, with the tiers of their alerts; plain data, for jsonnet."""
    return [
        {
            "name": slo.name,
            "sentence": said(slo),
            "period": format_duration(slo.period),
            "fast": _tiers(slo, slo.fast()),
            "slow": _tiers(slo, slo.slow()),
        }
        for slo in spec.spec.slos_evaluated
    ]


def said(slo: Slo) -> str:
    """The objective as a sentence without its full stop: `auroc is at least 0.9 in 95 % of slices of 24h`."""
    share, slices = f"{text(float(slo.ratio * 100))} %", format_duration(slo.slice)
    if slo.counts_events:
        return f"{share} of predictions are within {text(slo.target)} of what comes true"
    bound = "at most" if slo.at_least is None else "at least"
    rolling = f" over the {format_duration(slo.window)} that end with it" if slo.window else ""
    return f"{slo.metric} is {bound} {text(slo.target)}{rolling} in {share} of slices of {slices}"


def _tiers(slo: Slo, tiers: Sequence[Tier]) -> list[dict[str, str]]:
    """Each tier's factor and windows; `above` is a rate at which it fires, `formatted` how a template writes that."""
    return [
        {
            "factor": text(float(tier.factor)),
            "long": slo.window_name(tier.long),
            "short": slo.window_name(tier.short),
            "above": text(float(tier.factor * Fraction(9, 8))),
            "formatted": f"{float(tier.factor * Fraction(9, 8)):.3g}",
        }
        for tier in tiers
    ]
