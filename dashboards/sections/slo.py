"""Objectives: the error budget that is left, the burn rate, and the bad slices."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from dashboards.panels import queries
from dashboards.panels.builders import status_history, timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Query, Role
from dashboards.panels.scopes import Scope
from dashboards.panels.style import ANY, GOOD, SEVERITY_COLOURS, TO_ONE, TRANSPARENT, State, Steps, alert_colour
from exporter import catalogue
from exporter.catalogue import SLO, VERSION, WINDOW, Severity
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import Slo
from exporter.spec.value_types import format_duration

_CRITICAL: Final = SEVERITY_COLOURS[Severity.CRITICAL]
_SPENT: Final[Steps] = ((None, _CRITICAL), (0, TRANSPARENT))
_BY_SLO: Final = f"{{{{{SLO}}}}}"
_BY_VERSION: Final = f"{_BY_SLO} {{{{{VERSION}}}}}"
_BY_WINDOW: Final = f"{_BY_SLO} {{{{{WINDOW}}}}}"


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """One collapsed section; none if the model has no objectives that are evaluated."""
    if not spec.spec.slos_evaluated:
        return []
    # Burn rates have the windows of the objectives' tiers, independent of `$window`.
    every_window = scope.without(WINDOW)
    panels = [*_budget(spec, every_window), *_slices(spec, every_window), *_counts(spec, every_window)]
    return [Section("objectives", "Objectives", panels)]


def _budget(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope)
    return [
        draw(
            catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO,
            "Error budget remaining",
            "If it falls: see which slices were bad. At or below 0: release only what makes the model better.",
            limits=TO_ONE,
            steps=_SPENT,
            shaded=True,
        ),
        draw(
            catalogue.SLO_BURN_RATE,
            "Burn rate",
            "Above 1 the budget is gone before its period ends. Above a red line both windows of a tier page, above an "
            "orange one they make a ticket. `leeway explain` prints each tier.",
            limits=TO_ONE,
            name=_BY_WINDOW,
            steps=_tiers(spec),
        ),
    ]


def _tiers(spec: ModelSpec) -> Steps:
    """The burn rates of all objectives' tiers, the lowest first; where one pages and another does not, it pages."""
    slow, fast = (
        {float(tier.factor): SEVERITY_COLOURS[severity] for slo in spec.spec.slos_evaluated for tier in tiers(slo)}
        for tiers, severity in ((Slo.slow, Severity.WARNING), (Slo.fast, Severity.CRITICAL))
    )
    return ((None, TRANSPARENT), *sorted((slow | fast).items()))


def _slices(spec: ModelSpec, scope: Scope) -> list[Any]:
    good, sli, target = catalogue.SLO_GOOD, catalogue.SLO_SLI, catalogue.SLO_TARGET
    newest = panel_info(
        spec,
        good,
        "Newest slice: good or bad",
        "If only one version is bad: compare the versions. If it is bad since a promotion: roll back, then retrain.",
        window=_window_text(spec),
        size=(12, 6),
    )
    value = panel_info(
        spec,
        sli,
        "Objectives: value and target",
        "If a value misses its target (dashed) and its slice is still good: chance can explain it. If it is far from "
        "its target: retrain and promote.",
        window=_window_text(spec),
        size=(12, 6),
    )
    states = {0: State("bad", _CRITICAL), 1: State("good", GOOD)}
    lines = (
        Query(queries.plotted(sli, scope), _BY_VERSION),
        Query(queries.plotted(target, scope), f"{_BY_SLO} target", Role.THRESHOLD),
    )
    return [
        status_history(newest, Query(queries.latest(good, scope), _BY_VERSION), states),
        timeseries(value, lines, sli.unit, colour=alert_colour(catalogue.SLO_BURN_RATE)),
    ]


def _counts(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope, size=(8, 6))
    by_version_and_window = f"{_BY_VERSION} {{{{{WINDOW}}}}}"
    known = Query(queries.plotted(catalogue.SLO_SLICES, scope), f"known {by_version_and_window}")
    return [
        draw(
            catalogue.SLO_BAD_SLICES,
            "Slices: bad and known",
            "See which version used the budget. If fewer slices are known than the window has, labels are missing: ask "
            "the labelling team. Unknown slices do not use the budget.",
            limits=TO_ONE,
            name=f"bad {by_version_and_window}",
            beside=[known],
        ),
        draw(
            catalogue.SLO_ERROR_BUDGET_REMAINING_SECONDS,
            "Error budget remaining as time",
            "If it is shorter than retraining and promotion take: start now, before the budget is gone.",
            limits=ANY,
        ),
        draw(
            catalogue.SLO_OBJECTIVE_RATIO,
            "Objectives",
            "A step is a change of the spec: the new objective also applies to the time before it.",
        ),
    ]


def _draw(spec: ModelSpec, scope: Scope, metric: catalogue.Metric, title: str, action: str, **more: Any) -> Any:
    return chart(spec, scope, metric, title, action, **{"name": _BY_SLO, "window": _window_text(spec), **more})


def _window_text(spec: ModelSpec) -> str:
    labels = spec.spec.labels
    mature = f"; if it needs labels, it ended {format_duration(labels.maturity)} ago" if labels else ""
    return f"each objective's own, not the selected window{mature}."
