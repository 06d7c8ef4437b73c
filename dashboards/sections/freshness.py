"""Whether what a dashboard shows is of today: the age of the windows, and how the exporter itself is doing."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from dashboards.panels.builders import state_timeline, timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Query, Scope, history, legend, named, range_extreme
from dashboards.panels.style import GOOD, SEVERITY_COLOURS, State, Steps
from exporter import catalogue
from exporter.catalogue import Severity, Unit
from exporter.spec.model import ModelSpec

_RED: Final = SEVERITY_COLOURS[Severity.CRITICAL]
_ORANGE: Final = SEVERITY_COLOURS[Severity.WARNING]
_THIRD: Final = (8, 8)
_BILL: Final = "The source's bill follows this. After the first refresh only new partitions are read."


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """Two folded sections."""
    return [
        Section("freshness", "Freshness", _windows(spec, scope)),
        Section("exporter", "The exporter", exporter(spec, scope)),
    ]


def age_steps(spec: ModelSpec) -> Steps:
    """Overdue from when the next window should have been evaluated, stale from when the spec says so."""
    inference = spec.spec.inference
    overdue = (inference.grain + inference.delay + spec.spec.refresh.interval).total_seconds()
    stale = inference.staleness.total_seconds()
    return ((overdue, _ORANGE), (stale, _RED)) if overdue < stale else ((stale, _RED),)


def _windows(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope, size=_THIRD)
    return [
        draw(
            catalogue.WINDOW_ROWS,
            "Rows read, $window",
            "0 or a cliff: ask whoever writes the log. Half of the dashed line, which is usual: some writers or files "
            "are missing. The whole grey line is last week.",
            last_week=True,
        ),
        draw(
            catalogue.TRAFFIC_FACTOR,
            "Rows against what is usual, $window",
            "Above its dashed threshold: the rows beside it say whether they are more or fewer. Ask whoever calls the "
            "model, then whoever writes the log.",
            limits=(1, None),
            empty="Not yet known: it takes three weeks of the log",
        ),
        draw(
            catalogue.WINDOW_END_TIMESTAMP_SECONDS,
            "Age of the newest window, $window",
            "A saw-tooth is healthy. A climb past the dashed lines: no new data, or the exporter does not refresh.",
            steps=((None, GOOD), *age_steps(spec)),
        ),
    ]


def exporter(spec: ModelSpec | None, scope: Scope) -> list[Any]:
    """The exporter's own panels, for one model or, without a spec, for all of them."""
    return [*_states(spec, scope), *_refreshes(spec, scope), *_reading(spec, scope)]


def _states(spec: ModelSpec | None, scope: Scope) -> list[Any]:
    refreshed, loaded, info = catalogue.REFRESH_SUCCESS, catalogue.SPEC_RELOAD_SUCCESS, catalogue.MODEL_INFO
    failed = "Failed: the exporter's log names model, partition and column; the stage stands below."
    gone = "Gone: the exporter is down or lost the model. Another spec than the rules carry: generate, or reload."
    return [
        state_timeline(
            panel_info(spec, refreshed, "Refreshes and spec loads", failed),
            [
                Query(range_extreme("min", refreshed, scope), named("refresh", scope)),
                Query(range_extreme("min", loaded, scope), "spec load"),
            ],
            {1: State("ok", GOOD), 0: State("failed", _ORANGE)},
        ),
        state_timeline(
            panel_info(spec, info, "Spec in force", gone, empty="The exporter does not report this model"),
            history(info, scope),
            {1: State("in force", GOOD)},
        ),
    ]


def _refreshes(spec: ModelSpec | None, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope, size=_THIRD)
    last, loaded = catalogue.REFRESH_LAST_SUCCESS_TIMESTAMP_SECONDS, catalogue.SPEC_RELOAD_SUCCESS_TIMESTAMP_SECONDS
    growing = "A refresh that grows past its interval: refreshes fail. Spec load grows until the next reload."
    return [
        timeseries(
            panel_info(spec, last, "Since the last success", growing, size=_THIRD),
            [*history(last, scope, name=named("refresh", scope)), *history(loaded, scope, name="spec load")],
            last.unit,
        ),
        draw(
            catalogue.REFRESH_DURATION_SECONDS,
            "Duration of a refresh",
            "Near the refresh interval: lengthen the interval, or give the exporter more of the machine.",
        ),
        draw(
            catalogue.REFRESH_FAILURES_TOTAL,
            "Failures by stage",
            "list, read: the store or its credentials. query: the Prometheus of proxies. column: the log's schema. "
            "reference: the reference itself.",
            empty="No failure counted",
        ),
    ]


def _reading(spec: ModelSpec | None, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope)
    built, reused = catalogue.PROFILES_BUILT_TOTAL, catalogue.PROFILES_REUSED_TOTAL
    read, billed = catalogue.SOURCE_READ_BYTES_TOTAL, catalogue.SOURCE_BILLED_BYTES_TOTAL
    again = "Built again and again: files are rewritten, or the store of profiles is lost at each start."
    return [
        draw(
            catalogue.SOURCE_REQUESTS_TOTAL,
            "Requests to the source",
            "None: the exporter does not look. A flood: too fine a grain, or files that are rewritten.",
            size=_THIRD,
        ),
        timeseries(
            panel_info(spec, read, "Bytes read and billed", _BILL, size=_THIRD),
            [
                *history(read, scope, name=f"read {legend(read, scope)}"),
                *history(billed, scope, name=f"billed {legend(billed, scope)}"),
            ],
            read.unit,
            style="bars",
        ),
        timeseries(
            panel_info(spec, built, "Partitions profiled and reused", again, size=_THIRD),
            [
                *history(built, scope, name=f"built {legend(built, scope)}"),
                *history(reused, scope, name=f"reused {legend(reused, scope)}"),
            ],
            Unit.NUMBER,
            style="bars",
        ),
        draw(
            catalogue.SERIES_LIMITED,
            "Label values left out",
            "They are counted, not shown. Raise the limit in the spec if they matter.",
            empty="Nothing is left out",
        ),
        draw(
            catalogue.BUILD_INFO,
            "Exporter's version",
            "A change at the moment of a shift: read what the release changed.",
        ),
    ]
