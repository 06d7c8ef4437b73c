"""The annotations on the graphs of a dashboard: firing alerts, new versions, retrainings."""

from __future__ import annotations

from typing import Any

from dashboards.panels import queries
from dashboards.panels.queries import ALERTNAME
from dashboards.panels.scopes import Scope
from dashboards.panels.style import DATASOURCE, GOOD, SEVERITY_COLOURS
from exporter import catalogue
from exporter.catalogue import MODEL, SEVERITY, VERSION, Severity


def alerts(scope: Scope, *matchers: str) -> dict[str, Any]:
    """The times since which the conditions of the firing alerts hold; only of the alerts that `matchers` select.

    Marks and no regions: an alert that fires for a week would colour the whole graph. On a dashboard of several models
    they are off until someone turns them on.
    """
    labels = (*([MODEL] if scope.multiple_models else []), ALERTNAME, SEVERITY)
    text_labels = (SEVERITY, *([MODEL] if scope.multiple_models else []))
    annotation = _annotation(
        "Alerts",
        f"{queries.across('max', labels, queries.firing_since(scope, *matchers))} * 1000",
        SEVERITY_COLOURS[Severity.CRITICAL],
        f"{{{{{ALERTNAME}}}}}",
        text=" ".join(f"{{{{{label}}}}}" for label in text_labels),
        tags=SEVERITY,
    )
    return annotation | {"useValueForTime": True, "enable": not scope.multiple_models}


def promotions(scope: Scope) -> dict[str, Any]:
    """The hour in which a version made its first predictions, for all versions, also those that are not selected.

    The scope has one window. A version is new if it had no rows in this window an hour ago.
    """
    every_version = scope.without(VERSION)
    rows = queries.select(catalogue.VERSION_ROWS, every_version)
    now, before = (queries.across("max", (VERSION,), series) for series in (rows, f"{rows} offset 1h"))
    return _annotation(
        "Promotions",
        f"{now} unless {before} and on () max({rows} offset 1h)",
        SEVERITY_COLOURS[Severity.INFO],
        f"First predictions of version {{{{{VERSION}}}}}",
        tags=VERSION,
    )


def retrainings(scope: Scope) -> dict[str, Any]:
    """The times at which the hook started a retraining; its series have no constant labels of a model."""
    started = queries.latest(catalogue.RETRAIN_LAST_START_TIMESTAMP_SECONDS, scope)
    model_name = f" of {{{{{MODEL}}}}}" if scope.multiple_models else ""
    annotation = _annotation("Retrainings", f"{started} * 1000", GOOD, f"Retraining{model_name} started")
    return annotation | {"useValueForTime": True}


def _annotation(
    name: str, expression: str, colour: str, title: str, *, text: str = "", tags: str = ""
) -> dict[str, Any]:
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": colour,
        "expr": expression,
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": tags,
    }
