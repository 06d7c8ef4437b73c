"""The variables of the dashboards: each has the name of the label that it filters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from grafanalib.core import (
    HIDE_VARIABLE,
    REFRESH_ON_TIME_RANGE_CHANGE,
    SORT_ALPHA_IGNORE_CASE_ASC,
    SORT_NUMERIC_ASC,
    Template,
)

from dashboards.panels.queries import SEVERITY_RANK, STATE, select
from dashboards.panels.scopes import Scope, selected_values
from dashboards.panels.style import DATASOURCE
from exporter.catalogue import (
    BUILD_INFO,
    FEATURE,
    FEATURE_ROWS,
    INSTANCE,
    JOB,
    MODEL,
    MODEL_INFO,
    ROLE,
    SEGMENT,
    TEAM,
    VERSION,
    VERSION_ROWS,
    WINDOW,
    WINDOW_END_TIMESTAMP_SECONDS,
    Metric,
    Severity,
)
from exporter.spec.value_types import format_duration

ALL: Final = "$__all"
"""Grafana's value for the selection of everything."""


def datasource() -> Template:
    """The Prometheus data source; at first the default one."""
    return Template(name="datasource", label="Data source", type="datasource", query="prometheus", default="default")


def window(lengths: Sequence[timedelta], default: timedelta) -> Template:
    """One of the window lengths of a spec."""
    texts = [format_duration(length) for length in lengths]
    return Template(name=WINDOW, label="Window", type="custom", query=",".join(texts), default=format_duration(default))


def model(*, multi: bool = True) -> Template:
    """The models that the exporters expose; at first all of them, or the first if not `multi`."""
    return _label_values(MODEL, "Model", MODEL_INFO, Scope((), {}), multi=multi)


def team() -> Template:
    """The teams that own a model; at first all of them."""
    return _label_values(TEAM, "Team", MODEL_INFO, Scope((), {}))


def model_of_team() -> Template:
    """The models of the selected teams; at first all of them, each by its name."""
    return _label_values(MODEL, "Model", MODEL_INFO, Scope((selected_values(TEAM),), {}), everything=None)


def state() -> Template:
    """The models that a ticket or a page is about, or all; at first the former."""
    ranks = {"in trouble": SEVERITY_RANK[Severity.WARNING], "all": 0}
    options = [
        {"selected": place == 0, "text": text, "value": str(rank)} for place, (text, rank) in enumerate(ranks.items())
    ]
    query = ", ".join(f"{text} : {rank}" for text, rank in ranks.items())
    return Template(name=STATE, label="State", type="custom", query=query, options=options)


def exporters() -> list[Template]:
    """The exporters in the time range, at first all of them; their jobs, by which Prometheus knows them, are hidden."""
    job, instance = (
        _label_values(label, title, BUILD_INFO, Scope((), {}))
        for label, title in ((JOB, "Job"), (INSTANCE, "Exporter"))
    )
    job.hide = HIDE_VARIABLE
    return [job, instance]


def windows() -> Template:
    """The window lengths of all models; at first all of them."""
    return _label_values(WINDOW, "Window", WINDOW_END_TIMESTAMP_SECONDS, Scope((), {}))


def window_of_model(scope: Scope) -> Template:
    """The window lengths of the selected model."""
    return _label_values(WINDOW, "Window", WINDOW_END_TIMESTAMP_SECONDS, scope, multi=False)


def version(scope: Scope) -> Template:
    """The model versions in the log."""
    return _label_values(VERSION, "Version", VERSION_ROWS, scope)


def role(scope: Scope) -> Template:
    """The roles in the log; at first all of them, and rows without a role."""
    return _label_values(ROLE, "Role", VERSION_ROWS, scope, everything=".*")


def segment(scope: Scope) -> Template:
    """The model's segments; at first the whole traffic, whose series have no segment."""
    return _label_values(SEGMENT, "Segment (All: whole traffic)", VERSION_ROWS, scope, everything="^$")


def feature(scope: Scope, *, multi: bool = True) -> Template:
    """The model's features; at first all of them, or the first if not `multi`."""
    return _label_values(FEATURE, "Feature", FEATURE_ROWS, scope, multi=multi)


def _label_values(
    label: str, title: str, metric: Metric, scope: Scope, *, everything: str | None = ".+", multi: bool = True
) -> Template:
    """Any of a label's values in a metric; at first all that match `everything`, including future values.

    Without `everything`, Grafana lists the present values. If not `multi`, exactly one value is selected, at first the
    first.
    """
    every_series = Scope(scope.model_matchers, {})
    return Template(
        name=label,
        label=title,
        query={"query": f"label_values({select(metric, every_series)}, {label})", "refId": label},
        dataSource=DATASOURCE,
        default=ALL if multi else None,
        includeAll=multi,
        allValue=everything if multi else None,
        multi=multi,
        refresh=REFRESH_ON_TIME_RANGE_CHANGE,
        sort=SORT_ALPHA_IGNORE_CASE_ASC if label != WINDOW else SORT_NUMERIC_ASC,
    )
