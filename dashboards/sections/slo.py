"""Objectives: what is left of their error budgets, how fast it burns, and the slices that it was spent on."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Final

from dashboards.panels import queries
from dashboards.panels.builders import status_history, timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Query, Role, Scope
from dashboards.panels.style import GOOD, SEVERITY_COLOURS, State, Steps, alarm
from exporter import catalogue
from exporter.catalogue import SLO, VERSION, WINDOW, Severity
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import format_duration

_CRITICAL: Final = SEVERITY_COLOURS[Severity.CRITICAL]
_SPENT: Final[Steps] = ((None, _CRITICAL), (0, GOOD))
_NAMED: Final = f"{{{{{SLO}}}}}"
_BY_VERSION: Final = f"{_NAMED} {{{{{VERSION}}}}}"
_BY_WINDOW: Final = f"{_NAMED} {{{{{WINDOW}}}}}"


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """One folded section; none when the model has no objectives that are evaluated."""
    if not spec.spec.slos_evaluated:
        return []
    # The windows of burn are the objectives' own, whatever `$window` is.
    own = replace(scope, chosen={label: matcher for label, matcher in scope.chosen.items() if label != WINDOW})
    return [Section("objectives", "Objectives", [*_budget(spec, own), *_slices(spec, own), *_counts(spec, own)])]


def _budget(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope)
    return [
        draw(
            catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO,
            "Error budget remaining",
            "Falling: see which slices were bad. At or below 0: only what makes the model better is released.",
            limits=(None, 1),
            steps=_SPENT,
        ),
        draw(
            catalogue.SLO_BURN_RATE,
            "Burn rate",
            "Above 1 the budget does not last its period. `leeway explain` names the rate and the windows that page.",
            limits=(0, None),
            name=_BY_WINDOW,
        ),
    ]


def _slices(spec: ModelSpec, scope: Scope) -> list[Any]:
    good, sli, target = catalogue.SLO_GOOD, catalogue.SLO_SLI, catalogue.SLO_TARGET
    judged = panel_info(
        spec,
        good,
        "Newest slice good or bad",
        "Bad for one version alone: compare the versions. Bad since a promotion: roll back while you retrain.",
        window=_window(spec),
        size=(12, 6),
    )
    value = panel_info(
        spec,
        sli,
        "What objectives judge, and their targets",
        "Beyond its target (dashed) and yet good: within what chance does. Far beyond: retrain and promote.",
        window=_window(spec),
        size=(12, 6),
    )
    states = {0: State("bad", _CRITICAL), 1: State("good", GOOD)}
    lines = (
        Query(queries.drawn(sli, scope), _BY_VERSION),
        Query(queries.drawn(target, scope), f"{_NAMED} target", Role.THRESHOLD),
    )
    return [
        status_history(judged, Query(queries.latest(good, scope), _BY_VERSION), states),
        timeseries(value, lines, sli.unit, colour=alarm(catalogue.SLO_BURN_RATE)),
    ]


def _counts(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(_draw, spec, scope, size=(6, 6))
    both = f"{_BY_VERSION} {{{{{WINDOW}}}}}"
    return [
        draw(
            catalogue.SLO_BAD_SLICES,
            "Bad slices",
            "By version: which of them spent the budget. Compare with the promotions that are marked.",
            limits=(0, None),
            name=both,
        ),
        draw(
            catalogue.SLO_SLICES,
            "Known slices",
            "Fewer than the window has: labels are missing, and what is unknown spends no budget. Ask whoever labels.",
            limits=(0, None),
            name=both,
        ),
        draw(
            catalogue.SLO_ERROR_BUDGET_REMAINING_SECONDS,
            "Budget left as time",
            "Less than it takes to retrain and promote: begin now, before it is spent.",
            limits=(None, None),
        ),
        draw(
            catalogue.SLO_OBJECTIVE_RATIO,
            "Objectives",
            "A step is a change of the spec: the budget before it is judged by the new objective too.",
        ),
    ]


def _draw(spec: ModelSpec, scope: Scope, metric: catalogue.Metric, title: str, action: str, **more: Any) -> Any:
    return chart(spec, scope, metric, title, action, **{"name": _NAMED, "window": _window(spec), **more})


def _window(spec: ModelSpec) -> str:
    labels = spec.spec.labels
    mature = f"; of what labels tell, it ended {format_duration(labels.maturity)} ago" if labels else ""
    return f"each objective's own, whatever is chosen above{mature}."
