"""Checks of objectives and of the gate of a retraining: their metrics, durations and budgets."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Final, Literal, NamedTuple, get_args

from exporter.spec.checks.mistakes import Checks, Mistakes, duplicates, not_multiple
from exporter.spec.messages import KeyPath
from exporter.spec.model import Body
from exporter.spec.sections.slo import DRIFT_SHARE, FRESHNESS, LOG_METRICS, WITHIN_TOLERANCE, BurnTier, Slo
from exporter.spec.sections.task import CLASSIFICATION, SINGLE_SCORE_TASKS, Task
from exporter.spec.value_types import format_duration


class _Metric(NamedTuple):
    """The rules for a metric in an objective; `by_class`: for multiclass it needs the score of every class."""

    target: Literal["at_least", "at_most"]
    ratio: bool
    tasks: tuple[Task, ...]
    by_class: bool = False

    @property
    def better(self) -> str:
        """The better direction: `higher` or `lower`."""
        return "higher" if self.target == "at_least" else "lower"


PERFORMANCE: Final[Mapping[str, _Metric]] = {
    "auroc": _Metric("at_least", ratio=True, tasks=CLASSIFICATION, by_class=True),
    "f1_score": _Metric("at_least", ratio=True, tasks=CLASSIFICATION),
    "precision": _Metric("at_least", ratio=True, tasks=CLASSIFICATION),
    "recall": _Metric("at_least", ratio=True, tasks=CLASSIFICATION),
    "accuracy": _Metric("at_least", ratio=True, tasks=CLASSIFICATION),
    "calibration_error": _Metric("at_most", ratio=True, tasks=CLASSIFICATION),
    "brier_score": _Metric("at_most", ratio=True, tasks=CLASSIFICATION, by_class=True),
    "log_loss": _Metric("at_most", ratio=False, tasks=CLASSIFICATION, by_class=True),
    "rmse": _Metric("at_most", ratio=False, tasks=("regression",)),
    "mae": _Metric("at_most", ratio=False, tasks=("regression",)),
    "ndcg": _Metric("at_least", ratio=True, tasks=("ranking",)),
}
"""The metrics of performance and calibration, which need labels."""

SLO_METRICS: Final[Mapping[str, _Metric]] = {
    **PERFORMANCE,
    "label_coverage": _Metric("at_least", ratio=True, tasks=get_args(Task)),
    FRESHNESS: _Metric("at_most", ratio=False, tasks=get_args(Task)),
    DRIFT_SHARE: _Metric("at_most", ratio=True, tasks=get_args(Task)),
}
"""The metrics by which an objective evaluates a slice."""


def _slo_names(body: Body) -> Mistakes:
    yield from duplicates(("slos",), [slo.name for slo in body.slos], "name")


def _slo_labels(body: Body) -> Mistakes:
    if body.labels is None and any(slo.metric not in LOG_METRICS for slo in body.slos):
        yield ("slos",), "needs labels: add spec.labels, or leave the objectives out"


def _slo_metrics(body: Body) -> Mistakes:
    known = [name for name, metric in SLO_METRICS.items() if body.task in metric.tasks]
    known += [WITHIN_TOLERANCE] if body.task in SINGLE_SCORE_TASKS else []
    for index, slo in enumerate(body.slos):
        if slo.metric not in known:
            yield ("slos", index, "metric"), f"must be a metric of {body.task}: {', '.join(known)}"
        elif slo.metric == WITHIN_TOLERANCE or slo.counts_events:
            yield from _slo_tolerance(("slos", index), slo)
        else:
            yield from _slo_target(("slos", index), slo, SLO_METRICS[slo.metric])
            yield from _slo_scores(("slos", index, "metric"), body, SLO_METRICS[slo.metric])


def _slo_scores(path: KeyPath, body: Body, metric: _Metric) -> Mistakes:
    columns = body.inference.columns
    if body.task == "multiclass_classification" and metric.by_class and not columns.scores:
        yield path, "needs inference.columns.scores: for multiclass it is computed from the score of every class"


def _slo_tolerance(path: KeyPath, slo: Slo) -> Mistakes:
    if not slo.counts_events:
        yield path, f"must have a tolerance: {WITHIN_TOLERANCE} counts predictions with at most that error"
    elif slo.metric != WITHIN_TOLERANCE:
        yield (*path, "tolerance"), f"is only for {WITHIN_TOLERANCE}: {slo.metric} needs at_least or at_most"
    elif slo.window is not None:
        yield (*path, "over"), "must be cohort: predictions are counted, each in the slice in which it was made"


def _slo_target(path: KeyPath, slo: Slo, metric: _Metric) -> Mistakes:
    given = "at_most" if slo.at_least is None else "at_least"
    value = slo.at_most if slo.at_least is None else slo.at_least
    if given != metric.target:
        yield (*path, given), f"must be {metric.target}: a {metric.better} {slo.metric} is better"
    if metric.ratio and value is not None and not 0 <= value <= 1:
        yield (*path, given), "must be between 0 and 1"


def _slo_times(body: Body) -> Mistakes:
    grain = body.inference.grain
    for index, slo in enumerate(body.slos):
        yield from not_multiple(("slos", index, "slice"), slo.slice, grain, "grain")
        yield from not_multiple(("slos", index, "period"), slo.period, slo.slice, "slice")
        if slo.window is not None:
            yield from not_multiple(("slos", index, "window"), slo.window, grain, "grain")
            if slo.window < slo.slice:
                yield ("slos", index, "window"), f"must not be shorter than the slice, {format_duration(slo.slice)}"
        if slo.metric in LOG_METRICS and slo.window is not None:
            yield ("slos", index, "over"), f"must be cohort: {slo.metric} is measured for each slice alone"
        if slo.metric in LOG_METRICS and slo.slice > max(body.windows):
            longest = format_duration(max(body.windows))
            yield ("slos", index, "slice"), f"must not be longer than the longest window, {longest}"


def _slo_budgets(body: Body) -> Mistakes:
    """The budget is more than one slice, or a single bad slice exhausts it."""
    for index, slo in enumerate(body.slos):
        if not slo.counts_events and slo.budget <= 1:
            yield ("slos", index, "objective"), _too_strict(slo)


def _too_strict(slo: Slo) -> str:
    budget, longest = float(slo.budget), slo.period * float(1 - slo.ratio)
    rolling = f", and stays in the window for {format_duration(slo.window)}" if slo.window else ""
    highest = floor((1 - Fraction(1, slo.slices)) * 10_000) / 10_000
    return (
        f"leaves a budget of {budget:g} of the {slo.slices} slices of {format_duration(slo.slice)}: one bad slice"
        f" exhausts it and fires every alert{rolling}; choose slices shorter than"
        f" {format_duration(longest)}, or an objective below {highest:g}"
    )


def _slo_burn(body: Body) -> Mistakes:
    for index, slo in enumerate(body.slos):
        for severity in ("fast", "slow"):
            for position, given in enumerate(getattr(slo.burn, severity) or ()):
                yield from _burn_tier(("slos", index, "burn", severity, position), slo, given)


def _burn_tier(path: KeyPath, slo: Slo, given: BurnTier) -> Mistakes:
    tier, share = slo.tier(given), 1 - slo.ratio
    yield from not_multiple((*path, "window"), given.window, slo.slice, "slice")
    if given.window > slo.period:
        yield (*path, "window"), f"must not be longer than the period, {format_duration(slo.period)}"
    if not tier.reachable(slo.ratio):
        highest = float(1 / share)
        message = f"must be less than {highest:g}, the highest possible burn rate at an objective of {slo.objective:g}"
        yield (*path, "factor"), message
    elif not slo.counts_events and tier.bad_slices(slo.ratio) < 2:
        shortest = slo.window_name(ceil(1 / (tier.factor * share)))
        yield (*path, "window"), f"must be at least {shortest}: in a shorter window one bad slice fires the alert"


def _retrain_gate(body: Body) -> Mistakes:
    retrain = body.alerting.retrain
    if retrain is None or retrain.gate is None:
        return
    path, gate = ("alerting", "retrain", "gate"), retrain.gate
    known = [name for name, metric in PERFORMANCE.items() if body.task in metric.tasks]
    if gate.metric not in known:
        yield (*path, "metric"), f"must be a metric of {body.task}: {', '.join(known)}"
    elif getattr(gate, (metric := PERFORMANCE[gate.metric]).target) is None:
        yield path, f"must have {metric.target}: a {metric.better} {gate.metric} is better"
    if gate.window not in body.windows:
        yield (*path, "window"), f"must be one of the model's windows: {', '.join(map(format_duration, body.windows))}"
    if body.labels is None:
        yield path, "needs labels: add spec.labels, or leave hook and gate out"


OBJECTIVE_CHECKS: Final[Checks] = {
    _slo_names: frozenset({"slos[].name"}),
    _slo_labels: frozenset({"slos", "labels?"}),
    _slo_metrics: frozenset({"slos[]", "task", "inference.columns.scores"}),
    _slo_times: frozenset({"slos[]", "inference.grain", "windows"}),
    _slo_budgets: frozenset({"slos[]"}),
    _slo_burn: frozenset({"slos[]"}),
    _retrain_gate: frozenset({"alerting.retrain", "task", "windows", "labels?"}),
}
