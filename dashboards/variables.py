"""What the user of a dashboard may choose: each variable has the name of the label that it narrows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from grafanalib.core import REFRESH_ON_TIME_RANGE_CHANGE, SORT_ALPHA_IGNORE_CASE_ASC, SORT_NUMERIC_ASC, Template

from dashboards.panels.queries import Scope, select
from dashboards.panels.style import DATASOURCE
from exporter.catalogue import (
    FEATURE,
    FEATURE_ROWS,
    MODEL,
    MODEL_INFO,
    ROLE,
    SEGMENT,
    VERSION,
    VERSION_ROWS,
    WINDOW,
    WINDOW_END_TIMESTAMP_SECONDS,
    Metric,
)
from exporter.spec.value_types import format_duration

ALL: Final = "$__all"
"""Grafana's own word for the choice of everything."""


def datasource() -> Template:
    """Which Prometheus is asked: the default one until the user says otherwise."""
    return Template(name="datasource", label="Data source", type="datasource", query="prometheus", default="default")


def window(lengths: Sequence[timedelta], default: timedelta) -> Template:
    """One of the window lengths of a spec."""
    texts = [format_duration(length) for length in lengths]
    return Template(name=WINDOW, label="Window", type="custom", query=",".join(texts), default=format_duration(default))


def model(*, multi: bool = True) -> Template:
    """The models that the exporter reports: all of them until the user chooses, or else the first."""
    return _label_values(MODEL, "Model", MODEL_INFO, Scope((), {}), multi=multi)


def windows() -> Template:
    """The window lengths of all models; of each the worst is shown until the user chooses."""
    return _label_values(WINDOW, "Window", WINDOW_END_TIMESTAMP_SECONDS, Scope((), {}))


def window_of_model(scope: Scope) -> Template:
    """The window lengths of the model that the user chose."""
    return _label_values(WINDOW, "Window", WINDOW_END_TIMESTAMP_SECONDS, scope, multi=False)


def version(scope: Scope) -> Template:
    """The model versions in the log."""
    return _label_values(VERSION, "Version", VERSION_ROWS, scope)


def role(scope: Scope) -> Template:
    """The roles in the log: champion beside challenger, and rows without one, until the user chooses."""
    return _label_values(ROLE, "Role", VERSION_ROWS, scope, everything=".*")


def segment(scope: Scope) -> Template:
    """The model's segments; until the user chooses, the whole, whose series have none."""
    return _label_values(SEGMENT, "Segment (All: the whole)", VERSION_ROWS, scope, everything="^$")


def feature(scope: Scope, *, multi: bool = True) -> Template:
    """The model's features: all of them until the user chooses, or else the first."""
    return _label_values(FEATURE, "Feature", FEATURE_ROWS, scope, multi=multi)


def _label_values(
    label: str, title: str, metric: Metric, scope: Scope, *, everything: str = ".+", multi: bool = True
) -> Template:
    """Any of a label's values in a metric; to begin with those that match `everything`, also those to come.

    Not `multi`, it is always one of them, to begin with the first.
    """
    all_of_them = Scope(scope.always, {})
    return Template(
        name=label,
        label=title,
        query={"query": f"label_values({select(metric, all_of_them)}, {label})", "refId": label},
        dataSource=DATASOURCE,
        default=ALL if multi else None,
        includeAll=multi,
        allValue=everything if multi else None,
        multi=multi,
        refresh=REFRESH_ON_TIME_RANGE_CHANGE,
        sort=SORT_ALPHA_IGNORE_CASE_ASC if label != WINDOW else SORT_NUMERIC_ASC,
    )
