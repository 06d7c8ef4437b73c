"""How near each series came to its alert, and whether the alert holds: for every alert that samples alone decide.

These are the alerts on a gauge with a threshold, and those on error budgets, whose thresholds are in the spec. All
others depend on the exporter, on Prometheus or on the time of day, which samples do not show: `NOT_JUDGED`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exporter import catalogue
from exporter.catalogue import Alert
from exporter.samples.conditions import THRESHOLD_ALERTS, Condition, compared_values, is_beyond
from exporter.samples.windows import Sample
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import Slo, Tier

BUDGET_ALERTS: Final = (
    catalogue.ERROR_BUDGET_BURN_FAST,
    catalogue.ERROR_BUDGET_BURN_SLOW,
    catalogue.ERROR_BUDGET_EXHAUSTED,
)
JUDGED: Final[tuple[Alert, ...]] = tuple(each for each in catalogue.ALERTS if each in THRESHOLD_ALERTS + BUDGET_ALERTS)
"""The alerts that can be judged, from cause to consequence."""
NOT_JUDGED: Final[tuple[Alert, ...]] = tuple(each for each in catalogue.ALERTS if each not in JUDGED)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the condition of an alert holds, and its gauge divided by its threshold: 0 or more, 1 at the threshold.

    For an alert on low values the ratio is the threshold divided by the gauge. It is infinite above a threshold of 0.
    """

    holds: bool
    ratio: float


def judgements(spec: ModelSpec, samples: Iterable[Sample]) -> dict[Condition, Judgement]:
    """Judge every series that an alert of a model reads; those without a value or a threshold are left out."""
    samples = list(samples)
    judged = {
        condition: _judgement(condition.alert, *pair)
        for condition, pair in compared_values(samples, spec.spec.alert_window_names).items()
    }
    rates, remaining = _objective_values(samples)
    for slo in spec.spec.slos_evaluated:
        judged |= _budget(spec.name, slo, rates, remaining)
    return judged


def nearest(judged: Mapping[Condition, Judgement]) -> dict[Alert, float]:
    """Return the greatest ratio of each alert's series; alerts without a series are left out."""
    ratios: dict[Alert, float] = {}
    for condition, judgement in judged.items():
        ratios[condition.alert] = max(ratios.get(condition.alert, 0.0), judgement.ratio)
    return ratios


def _judgement(alert: Alert, value: float, level: float) -> Judgement:
    part, whole = (level, value) if alert.metric.alerts_below else (value, level)
    ratio = part / whole if whole else math.inf if part > 0 else 0.0
    return Judgement(is_beyond(alert, value, level), ratio)


# ------------------------------------------------------------------------------------------------ error budgets

Rates = Mapping[tuple[str, str], float]
"""Burn rates by objective and window."""


def _objective_values(samples: Iterable[Sample]) -> tuple[Rates, Mapping[str, float]]:
    """Return the burn rates, and the share of its budget that each objective has left."""
    rates, remaining = {}, {}
    for sample in samples:
        if sample.metric is catalogue.SLO_BURN_RATE:
            rates[sample.labels[1], sample.labels[2]] = sample.value
        elif sample.metric is catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO:
            remaining[sample.labels[1]] = sample.value
    return rates, remaining


def _budget(model: str, slo: Slo, rates: Rates, remaining: Mapping[str, float]) -> dict[Condition, Judgement]:
    """Judge one objective as `rules/subjects/slo.libsonnet` does."""
    tiers = ((catalogue.ERROR_BUDGET_BURN_FAST, slo.fast()), (catalogue.ERROR_BUDGET_BURN_SLOW, slo.slow()))
    judged = {}
    for alert, own in tiers:
        ratios = list(_burnt(slo, own, rates))
        if ratios:
            judged[Condition(alert, (model, slo.name, ""))] = Judgement(max(ratios) > 1, max(ratios))
    if slo.name in remaining:
        spent = 1 - remaining[slo.name]
        labels = (model, slo.name)
        judged[Condition(catalogue.ERROR_BUDGET_EXHAUSTED, labels)] = Judgement(remaining[slo.name] <= 0, spent)
    return judged


def _burnt(slo: Slo, tiers: Iterable[Tier], rates: Rates) -> Iterator[float]:
    """Yield the burn rate of each tier divided by its factor: the lower one of its two windows counts."""
    for tier in tiers:
        both = [rates.get((slo.name, slo.window_name(length))) for length in (tier.long, tier.short)]
        known = [rate for rate in both if rate is not None]
        if len(known) == len(both):
            yield min(known) / float(tier.factor)
