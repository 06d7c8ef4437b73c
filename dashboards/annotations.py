"""What is marked on every graph of a dashboard: alerts that fire, versions that begin to answer, retrainings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dashboards.panels import queries
from dashboards.panels.queries import ALERTNAME, Scope
from dashboards.panels.style import DATASOURCE, GOOD, SEVERITY_COLOURS
from exporter import catalogue
from exporter.catalogue import MODEL, SEVERITY, VERSION, Severity


def alerts(scope: Scope, *matchers: str) -> dict[str, Any]:
    """The alerts of the models while they fire, those only that `matchers` match."""
    labels = (*([MODEL] if scope.several else []), ALERTNAME, SEVERITY)
    told = (SEVERITY, *([MODEL] if scope.several else []))
    return _mark(
        "Alerts",
        queries.across("max", labels, queries.firing(scope, *matchers)),
        SEVERITY_COLOURS[Severity.CRITICAL],
        f"{{{{{ALERTNAME}}}}}",
        text=" ".join(f"{{{{{label}}}}}" for label in told),
        tags=SEVERITY,
    )


def promotions(scope: Scope) -> dict[str, Any]:
    """The hour in which a version made its first predictions, whichever versions are chosen.

    The scope holds one window, in which a version is new that had no rows in it an hour ago.
    """
    everyone = replace(scope, chosen={label: chosen for label, chosen in scope.chosen.items() if label != VERSION})
    rows = queries.select(catalogue.VERSION_ROWS, everyone)
    now, before = (queries.across("max", (VERSION,), series) for series in (rows, f"{rows} offset 1h"))
    return _mark(
        "Promotions",
        f"{now} unless {before} and on () max({rows} offset 1h)",
        SEVERITY_COLOURS[Severity.INFO],
        f"{{{{{VERSION}}}}} began to answer",
        tags=VERSION,
    )


def retrainings(scope: Scope) -> dict[str, Any]:
    """The moments at which the hook started a retraining: it has its own series, without a model's constant labels."""
    started = queries.latest(catalogue.RETRAIN_LAST_START_TIMESTAMP_SECONDS, scope)
    named = f" of {{{{{MODEL}}}}}" if scope.several else ""
    mark = _mark("Retrainings", f"{started} * 1000", GOOD, f"A retraining{named} was started")
    return mark | {"useValueForTime": True}


def _mark(name: str, expression: str, colour: str, title: str, *, text: str = "", tags: str = "") -> dict[str, Any]:
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
