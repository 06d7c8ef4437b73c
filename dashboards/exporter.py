"""The dashboard of the exporters: do they refresh, what do they read, and what do they leave out?"""

from __future__ import annotations

from typing import Any, Final

from grafanalib.core import Stat, TimeSeries

from dashboards import variables
from dashboards.board import TAG, board
from dashboards.panels import links, queries
from dashboards.panels.builders import PanelInfo, stat, timeseries
from dashboards.panels.charts import panel_info
from dashboards.panels.layout import Section, stack
from dashboards.panels.queries import Query, Scope, latest
from dashboards.panels.style import GOOD, SEVERITY_COLOURS, UNKNOWN, Steps
from dashboards.sections import freshness, retraining
from exporter import catalogue
from exporter.catalogue import MODEL, SPEC, Metric, Severity, Unit

_SIZE: Final = (6, 4)
_NONE_IS_GOOD: Final[Steps] = ((None, UNKNOWN), (0, GOOD), (1, SEVERITY_COLOURS[Severity.WARNING]))


def dashboard() -> dict[str, Any]:
    """The dashboard as plain JSON data, for whatever models the exporters have."""
    scope = queries.any_model_scope()
    return board(
        uid=links.EXPORTER,
        title="Leeway: the exporters",
        description="Can what the other dashboards show be believed? Refreshes, what is read, and what is left out.",
        tags=[TAG, "exporter"],
        templating=[variables.datasource(), variables.model()],
        marks=[],
        panels=stack(
            [
                Section("state", "", _tiles(scope)),
                Section("exporter", "Refreshes and reading", freshness.exporter(None, scope), collapsed=False),
                Section("specs", "Specs", [_specs(scope)], collapsed=False),
                Section("retraining", "Retraining hook", retraining.panels(None, scope)),
            ]
        ),
    )


def _tiles(scope: Scope) -> list[Stat]:
    success, last = catalogue.REFRESH_SUCCESS, catalogue.REFRESH_LAST_SUCCESS_TIMESTAMP_SECONDS
    limited, loaded = catalogue.SERIES_LIMITED, catalogue.SPEC_RELOAD_SUCCESS
    failing = f"count({latest(success, scope)} == 0) or on () 0 * count({latest(success, scope)})"
    return [
        _tile(success, "Models whose refresh fails", failing, "More than none: the stage stands below.", _NONE_IS_GOOD),
        _tile(
            last,
            "Longest since a success",
            f"max({queries.drawn(last, scope)})",
            "Much more than the refresh interval: see below which model, and what fails.",
            ((None, UNKNOWN), (0, GOOD)),
        ),
        _tile(
            loaded,
            "Exporters with a spec refused",
            f"count({queries.select(loaded, scope)} == 0) or on () 0 * count({queries.select(loaded, scope)})",
            "More than none: it goes on with the specs of before. Its log names file, line and key.",
            _NONE_IS_GOOD,
        ),
        _tile(
            limited,
            "Label values left out now",
            f"sum({latest(limited, scope)})",
            "More than none: see below of which model and label; raise its limit in the spec if they matter.",
            _NONE_IS_GOOD,
        ),
    ]


def _tile(metric: Metric, title: str, expression: str, action: str, steps: Steps) -> Stat:
    words: PanelInfo = panel_info(
        None, metric, title, action, key=f"now/{metric.key}", empty="No exporter scraped", size=_SIZE
    )
    unit = metric.unit if metric.unit is Unit.TIMESTAMP else Unit.NUMBER
    return stat(words, Query(expression), unit, steps=steps)


def _specs(scope: Scope) -> TimeSeries:
    """More than one is a rollout, or a replica that was forgotten."""
    info = catalogue.MODEL_INFO
    words = panel_info(
        None,
        info,
        "Specs in force at once, by model",
        "More than 1 for longer than a rollout takes: a replica runs an old spec. Reload it. Whether "
        "it is the one that the rules were made of, an alert says.",
        key="specs",
        meaning="With how many different specs the exporters evaluate a model: each has its own fingerprint.",
        size=(24, 7),
    )
    specs = queries.across("max", (MODEL, SPEC), latest(info, scope))
    return timeseries(
        words,
        [Query(queries.across("count", (MODEL,), specs), f"{{{{{MODEL}}}}}")],
        Unit.NUMBER,
        limits=(0, None),
        steps=((None, GOOD), (1.5, SEVERITY_COLOURS[Severity.WARNING])),
    )
