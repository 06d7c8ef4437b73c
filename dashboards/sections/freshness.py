"""Freshness: the age of a model's windows, and, on a dashboard of its own, the state of the exporters."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final

from grafanalib.core import Table

from dashboards.panels import links
from dashboards.panels.builders import state_timeline, timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Query, across, history, latest, legend, range_extreme, select, with_model_name
from dashboards.panels.scopes import Scope
from dashboards.panels.style import GOOD, SEVERITY_COLOURS, UNITS, State, Steps
from dashboards.panels.tables import Column, table
from exporter import catalogue
from exporter.catalogue import SPEC, VERSION, Severity, Unit
from exporter.spec.model import ModelSpec

_RED: Final = SEVERITY_COLOURS[Severity.CRITICAL]
_ORANGE: Final = SEVERITY_COLOURS[Severity.WARNING]
_THIRD: Final = (8, 8)


def section(spec: ModelSpec, scope: Scope) -> Section:
    """One collapsed section, with a link to the exporters."""
    return Section("freshness", "Freshness", _windows(spec, scope))


def age_steps(spec: ModelSpec) -> Steps:
    """Orange when the next window should have been evaluated, red when the window is stale by the spec."""
    inference = spec.spec.inference
    return steps_until_stale(inference.grain + inference.delay + spec.spec.refresh.interval, inference.staleness)


def steps_until_stale(late: timedelta, stale: timedelta) -> Steps:
    """Orange from one age on and red from another; only red if that comes first."""
    orange, red = (late.total_seconds(), _ORANGE), (stale.total_seconds(), _RED)
    return (orange, red) if late < stale else (red,)


def _windows(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope, size=_THIRD)
    return [
        draw(
            catalogue.WINDOW_ROWS,
            "Rows read",
            "If it is 0 or drops suddenly: ask the owner of the log pipeline. If it is half of the usual number "
            "(dotted): some writers or files are missing. The solid grey line is last week.",
            last_week=True,
        ),
        draw(
            catalogue.TRAFFIC_FACTOR,
            "Rows / usual rows",
            "If it is above its dashed threshold: see in the panel of rows whether there are more or fewer. Ask the "
            "owner of the service that calls the model, then the owner of the log pipeline.",
            limits=(1, None),
            no_data="Not known yet: it needs three weeks of the log",
        ),
        draw(
            catalogue.WINDOW_END_TIMESTAMP_SECONDS,
            "Age of the newest window",
            "A saw-tooth is normal. If it rises above the dashed lines: there are no new data, or the exporter does "
            "not refresh.",
            steps=((None, GOOD), *age_steps(spec)),
            links=(
                *links.to_runbooks(spec, catalogue.WINDOW_END_TIMESTAMP_SECONDS),
                links.to_exporters(spec, "The exporters of this model"),
            ),
        ),
    ]


def exporter(scope: Scope) -> list[Any]:
    """The panels about the exporters, for all models."""
    return [*_states(scope), *_refreshes(scope), *_reads(scope), *_left_out(scope), _versions()]


def _states(scope: Scope) -> list[Any]:
    refreshed, loaded, model_info = catalogue.REFRESH_SUCCESS, catalogue.SPEC_RELOAD_SUCCESS, catalogue.MODEL_INFO
    failed = (
        "If it failed: read the exporter's log, which names model, partition and column. The panel *Failures by stage* "
        "names the stage."
    )
    gone = (
        "If the bar ends: the exporter is down, or it no longer has the model. If the spec differs from the rules: "
        "generate the rules again, or reload the exporter."
    )
    rejected = (
        "If it is rejected: read the exporter's log or its page at /, which name file, line and key. A model that was "
        "loaded before runs its old spec until the exporter restarts."
    )
    file = catalogue.SPEC_LOAD_SUCCESS
    return [
        state_timeline(
            panel_info(None, refreshed, "Refreshes and spec loads", failed),
            [
                Query(range_extreme("min", refreshed, scope), with_model_name("refresh", scope)),
                Query(range_extreme("min", loaded, scope), "spec load"),
            ],
            {1: State("ok", GOOD), 0: State("failed", _ORANGE)},
        ),
        state_timeline(
            panel_info(None, file, "Spec files", rejected, no_data="The exporter has no spec of the model"),
            [Query(range_extreme("min", file, Scope((), {})), f"{{{{{catalogue.FILE}}}}}")],
            {1: State("loaded", GOOD), 0: State("rejected", _ORANGE)},
        ),
        state_timeline(
            panel_info(None, model_info, "Spec in use", gone, no_data="The exporter does not expose this model"),
            [Query(_short_specs(scope), legend(model_info, scope))],
            {1: State("in use", GOOD)},
        ),
    ]


def _short_specs(scope: Scope) -> str:
    """The specs in use, with the first letters of their fingerprints, which are enough to tell two apart."""
    return f'label_replace({latest(catalogue.MODEL_INFO, scope)}, "{SPEC}", "$1", "{SPEC}", "(.{{7}}).*")'


def _refreshes(scope: Scope) -> list[Any]:
    draw = partial(chart, None, scope, size=_THIRD)
    last, loaded = catalogue.REFRESH_LAST_SUCCESS_TIMESTAMP_SECONDS, catalogue.SPEC_RELOAD_SUCCESS_TIMESTAMP_SECONDS
    growing = (
        "If *refresh* grows past the refresh interval: refreshes fail. *spec load* grows until the next reload, which "
        "is normal."
    )
    running, iteration = catalogue.REFRESH_IN_PROGRESS, catalogue.LOOP_LAST_ITERATION_TIMESTAMP_SECONDS
    hanging = "If it stays at 1 for longer than the refresh timeout: the source hangs. Look at the source's side first."
    stalled = "It stays below a few seconds. If it grows: the refresh loop stands still, so restart the exporter."
    return [
        timeseries(
            panel_info(None, last, "Time since the last success", growing, size=_THIRD),
            [
                *history(last, scope, name=with_model_name("refresh", scope)),
                *history(loaded, scope, name="spec load"),
            ],
            last.unit,
        ),
        draw(
            catalogue.REFRESH_DURATION_SECONDS,
            "Duration of a refresh",
            "If it is near the refresh interval: make the interval longer, or give the exporter more CPU and memory.",
        ),
        draw(
            catalogue.REFRESH_WAITING_SECONDS,
            "Time that a due refresh waits",
            "If it grows for all models: the refresh loop stands still, so restart the exporter. If for some: others "
            "hold the slots, so raise --refresh.workers.",
        ),
        timeseries(
            panel_info(None, running, "Refreshes that run", hanging, size=_THIRD),
            history(running, scope),
            running.unit,
        ),
        timeseries(
            panel_info(None, iteration, "Age of the loop's last iteration", stalled, size=_THIRD),
            history(iteration, scope, name="age"),
            iteration.unit,
        ),
        draw(
            catalogue.LOOP_ERRORS_TOTAL,
            "Unexpected errors of the loop",
            "If there are any: read the exporter's log, and see whether it has files, threads and memory left.",
        ),
        draw(
            catalogue.REFRESH_FAILURES_TOTAL,
            "Failures by stage",
            "list, read: check the source and its credentials. query: check the Prometheus of the proxies. column: "
            "check the schema of the log. reference: check the reference. timeout: the source hangs.",
            no_data="No failures",
        ),
    ]


def _reads(scope: Scope) -> list[Any]:
    draw = partial(chart, None, scope)
    built, reused = catalogue.PROFILES_BUILT_TOTAL, catalogue.PROFILES_REUSED_TOTAL
    read, billed = catalogue.SOURCE_READ_BYTES_TOTAL, catalogue.SOURCE_BILLED_BYTES_TOTAL
    cost = "The cost of the source follows this. After the first refresh only new partitions are read."
    rebuilt = (
        "If partitions are built again and again: files are rewritten, or the profile store is lost at each start."
    )
    return [
        draw(
            catalogue.SOURCE_REQUESTS_TOTAL,
            "Requests to the source",
            "If there are none: the exporter does not read. If there are very many: the grain is too fine, or files "
            "are rewritten.",
            size=_THIRD,
        ),
        timeseries(
            panel_info(None, read, "Bytes read and billed", cost, size=_THIRD),
            [
                *history(read, scope, name=f"read {legend(read, scope)}"),
                *history(billed, scope, name=f"billed {legend(billed, scope)}"),
            ],
            read.unit,
            style="bars",
        ),
        timeseries(
            panel_info(None, built, "Partitions profiled and reused", rebuilt, size=_THIRD),
            [
                *history(built, scope, name=f"built {legend(built, scope)}"),
                *history(reused, scope, name=f"reused {legend(reused, scope)}"),
            ],
            Unit.NUMBER,
            style="bars",
        ),
    ]


def _left_out(scope: Scope) -> list[Any]:
    draw = partial(chart, None, scope, size=_THIRD)
    return [
        draw(
            catalogue.PARTITIONS_WAITING,
            "Partitions waiting to be read",
            "After a start or a new spec it falls with each refresh; what needs the past or labels is not complete "
            "until it is 0. If it does not fall: make `refresh.timeout` longer, or find out why the source is slow.",
        ),
        draw(
            catalogue.FILES_SKIPPED,
            "Files that are left out",
            "The rows of these files are in no value. The log and the status page of the exporter name each file and "
            "what to do. A file that is allowed, replaced or deleted is read at the next refresh.",
            no_data="All files are read",
        ),
        draw(
            catalogue.SERIES_LIMITED,
            "Label values without a series",
            "These values are counted but have no series of their own. If they matter, raise the limit in the spec.",
            no_data="All values have series",
        ),
    ]


def _versions() -> Table:
    build = catalogue.BUILD_INFO
    action = "If there are several for longer than a rollout: update the others. Read the changelog of the exporter."
    info = panel_info(
        None,
        build,
        "Versions of the exporter",
        action,
        meaning="The number of running exporters of each version.",
        size=_THIRD,
    )
    running = across("count", (VERSION,), select(build, Scope((), {})))
    return table(info, {VERSION: "Version"}, [Column("Exporters", running, UNITS[Unit.NUMBER])], sort=["Exporters"])
