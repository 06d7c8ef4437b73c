"""The dashboard of the exporters: refreshes, reads, and label values over the limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from grafanalib.core import Stat, TimeSeries

from dashboards import variables
from dashboards.board import TAG, board
from dashboards.panels import links, queries, scopes
from dashboards.panels.builders import PanelInfo, stat, state_timeline, timeseries
from dashboards.panels.charts import panel_info
from dashboards.panels.layout import Section, stack
from dashboards.panels.queries import Query, latest
from dashboards.panels.scopes import Scope
from dashboards.panels.style import FROM_ZERO, GOOD, SEVERITY_COLOURS, UNKNOWN, State, Steps
from dashboards.sections import freshness, retraining
from exporter import catalogue
from exporter.catalogue import INSTANCE, JOB, MODEL, SPEC, Metric, Severity, Unit
from exporter.spec.model import ModelSpec

_SIZE: Final = (6, 4)
_THIRD: Final = (8, 7)
_ZERO_IS_GOOD: Final[Steps] = ((None, UNKNOWN), (0, GOOD), (1, SEVERITY_COLOURS[Severity.WARNING]))


def dashboard(specs: Iterable[ModelSpec] = ()) -> dict[str, Any]:
    """The dashboard as plain JSON data, for all models that the exporters have.

    Args:
        specs: known models; the colours of the time since a refresh are those of the slowest.
    """
    scope = scopes.any_model_scope()
    return board(
        uid=links.EXPORTER,
        title="Leeway: the exporters",
        description="Are the values on the other dashboards up to date and complete? Refreshes, reads and limits.",
        tags=[TAG, "exporter"],
        templating=[variables.datasource(), variables.model(), *variables.exporters()],
        annotations=[],
        panels=stack(
            [
                Section("state", "", _tiles(scope, _overdue(specs))),
                Section("exporter", "Refreshes and reads", freshness.exporter(scope), collapsed=False),
                Section("specs", "Specs", [_specs(scope)]),
                Section("process", "Processes", _processes()),
                Section("retraining", "Retraining hook", retraining.panels(scope)),
            ]
        ),
    )


def _overdue(specs: Iterable[ModelSpec]) -> Steps:
    """Orange when two refreshes of the slowest model have failed, red when the windows of all models are stale."""
    times = [(3 * spec.spec.refresh.interval, spec.spec.inference.staleness) for spec in specs]
    if not times:
        return ()
    late, stale = (max(each) for each in zip(*times, strict=True))
    return freshness.steps_until_stale(late, stale)


def _tiles(scope: Scope, overdue: Steps) -> list[Stat]:
    success, last = catalogue.REFRESH_SUCCESS, catalogue.REFRESH_LAST_SUCCESS_TIMESTAMP_SECONDS
    limited, loaded = catalogue.SERIES_LIMITED, catalogue.SPEC_RELOAD_SUCCESS
    failing = f"count({latest(success, scope)} == 0) or on () 0 * count({latest(success, scope)})"
    return [
        _tile(
            success,
            "Models with a failing refresh",
            failing,
            "If it is above 0: see the panel *Failures by stage* below.",
            _ZERO_IS_GOOD,
        ),
        _tile(
            last,
            "Longest time since a successful refresh",
            f"max({queries.plotted(last, scope)})",
            "If it is much longer than the refresh interval: see below which model it is, and which stage fails.",
            ((None, UNKNOWN), (0, GOOD), *overdue),
        ),
        _tile(
            loaded,
            "Exporters that rejected a spec",
            f"count({queries.select(loaded, scope)} == 0) or on () 0 * count({queries.select(loaded, scope)})",
            "If it is above 0: read the exporter's log, which names file, line and key. The exporter still uses the "
            "previous specs.",
            _ZERO_IS_GOOD,
        ),
        _tile(
            limited,
            "Label values over the limits",
            f"sum({latest(limited, scope)})",
            "If it is above 0: see below for which model and label. If the values matter, raise the limit in the spec.",
            _ZERO_IS_GOOD,
        ),
    ]


def _tile(metric: Metric, title: str, expression: str, action: str, steps: Steps) -> Stat:
    info: PanelInfo = panel_info(
        None, metric, title, action, key=f"now/{metric.key}", no_data="No exporter scraped", size=_SIZE
    )
    unit = metric.unit if metric.unit is Unit.TIMESTAMP else Unit.NUMBER
    return stat(info, Query(expression), unit, steps=steps)


def _processes() -> list[Any]:
    """Whether each exporter is up, and what it takes."""
    up, cpu, memory = catalogue.PROCESS_METRICS
    one = (INSTANCE,)
    name = f"{{{{{INSTANCE}}}}}"
    down = "If it is down: read the log of the exporter, then look at its limits of memory. Its models have an alert."
    busy = "If it is near the number of processors that it may use, refreshes take longer: raise the limit."
    full = "If it grows to its limit, the process is killed and begins anew: raise the limit, or share the models out."
    scraped = queries.across("min", one, f"min_over_time({_of_exporters(up)}[$__rate_interval])")
    used = queries.across("max", one, f"rate({_of_exporters(cpu)}[$__rate_interval])")
    return [
        state_timeline(
            panel_info(None, up, "Exporters that are scraped", down, size=_THIRD, no_data="No exporter scraped"),
            [Query(scraped, name)],
            {1: State("up", GOOD), 0: State("down", SEVERITY_COLOURS[Severity.CRITICAL])},
        ),
        timeseries(panel_info(None, cpu, "Processors in use", busy, size=_THIRD), [Query(used, name)], Unit.NUMBER),
        timeseries(
            panel_info(None, memory, "Memory in use", full, size=_THIRD),
            [Query(queries.across("max", one, _of_exporters(memory)), name)],
            memory.unit,
        ),
    ]


def _of_exporters(metric: Metric) -> str:
    return f"{metric.name}{{{scopes.selected_values(JOB)},{scopes.selected_values(INSTANCE)}}}"


def _specs(scope: Scope) -> TimeSeries:
    """The number of specs in use for each model; more than one is a rollout, or a replica with an old spec."""
    model_info = catalogue.MODEL_INFO
    info = panel_info(
        None,
        model_info,
        "Specs in use, by model",
        "If it is above 1 for longer than a rollout: one replica runs an old spec, so reload it. A separate alert "
        "checks whether the spec matches the rules.",
        key="specs",
        meaning="The number of different specs that the exporters use for a model. Each spec has its own fingerprint.",
        size=(24, 7),
        data_links=(links.to_model_of_series("Dashboard of this model"),),
    )
    specs = queries.across("max", (MODEL, SPEC), latest(model_info, scope))
    return timeseries(
        info,
        [Query(queries.across("count", (MODEL,), specs), f"{{{{{MODEL}}}}}")],
        Unit.NUMBER,
        limits=FROM_ZERO,
        steps=((None, GOOD), (1.5, SEVERITY_COLOURS[Severity.WARNING])),
    )
