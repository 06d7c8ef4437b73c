"""Proxy metrics: each one beside its expected value. They show a problem before labels arrive."""

from __future__ import annotations

from typing import Final

from grafanalib.core import TimeSeries

from dashboards.panels.builders import timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Query, Role, plotted
from dashboards.panels.scopes import Scope
from dashboards.panels.style import FROM_ZERO
from exporter import catalogue
from exporter.catalogue import PROXY
from exporter.spec.model import ModelSpec
from exporter.spec.sections.proxies import Proxy

_NO_DATA: Final = "No value yet: too few rows, or Prometheus has none"
_LINES: Final = (
    (catalogue.PROXY_VALUE, "value", Role.VALUE),
    (catalogue.PROXY_EXPECTED, "expected", Role.REFERENCE),
    (catalogue.PROXY_EXPECTED_LOWER, "alerts below", Role.LOWER),
    (catalogue.PROXY_EXPECTED_UPPER, "alerts above", Role.UPPER),
)


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """One collapsed section; none if the spec has no proxies."""
    if not spec.spec.proxies:
        return []
    return [Section("proxies", "Proxy metrics", [_deviation(spec, scope), *_values(spec, scope)])]


def _deviation(spec: ModelSpec, scope: Scope) -> TimeSeries:
    return chart(
        spec,
        scope,
        catalogue.PROXY_DEVIATION,
        "Proxies: deviation from expected",
        "If it is above its dashed threshold: see in the proxy's own panel whether it fell or rose. Then look for a "
        "release of the model or of what shows its predictions.",
        limits=FROM_ZERO,
        size=(24, 8),
        no_data="Not known yet: it needs three weeks of values",
    )


def _values(spec: ModelSpec, scope: Scope) -> list[TimeSeries]:
    return [_value(spec, scope.with_value(PROXY, proxy.name), proxy) for proxy in spec.spec.proxies]


def _value(spec: ModelSpec, scope: Scope, proxy: Proxy) -> TimeSeries:
    metric = catalogue.PROXY_VALUE
    info = panel_info(
        spec,
        metric,
        f"Proxy {proxy.name}",
        "Outside the outer dotted lines it alerts. A step: look for a release, or for events that are counted "
        "differently. A slow change: people really react differently.",
        key=f"{metric.key}/{proxy.name}",
        no_data=_NO_DATA,
    )
    queries = [Query(plotted(line, scope), name, role) for line, name, role in _LINES if _has_line(proxy, role)]
    return timeseries(info, queries, metric.unit)


def _has_line(proxy: Proxy, role: Role) -> bool:
    """Whether a proxy has a line: it has no limit on the side that its `direction` ignores."""
    return not (role is Role.LOWER and proxy.direction == "up") and not (
        role is Role.UPPER and proxy.direction == "down"
    )
