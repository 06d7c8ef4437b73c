"""What a team watches while labels have not come: each proxy metric beside what is expected of it."""

from __future__ import annotations

from typing import Final

from grafanalib.core import TimeSeries

from dashboards.panels.builders import timeseries
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Query, Role, Scope, drawn
from exporter import catalogue
from exporter.catalogue import PROXY
from exporter.spec.model import ModelSpec
from exporter.spec.sections.proxies import Proxy

_EMPTY: Final = "No value yet: too few rows, or Prometheus has none"
_LINES: Final = (
    (catalogue.PROXY_VALUE, "value", Role.VALUE),
    (catalogue.PROXY_EXPECTED, "expected", Role.REFERENCE),
    (catalogue.PROXY_EXPECTED_LOWER, "alerts below", Role.LOWER),
    (catalogue.PROXY_EXPECTED_UPPER, "alerts above", Role.UPPER),
)


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """One folded section; none when the spec has no proxies."""
    if not spec.spec.proxies:
        return []
    return [Section("proxies", "Proxy metrics", [_deviation(spec, scope), *_values(spec, scope)])]


def _deviation(spec: ModelSpec, scope: Scope) -> TimeSeries:
    return chart(
        spec,
        scope,
        catalogue.PROXY_DEVIATION,
        "Proxies against what is expected, $window",
        "Above its dashed threshold: see the proxy's own panel for whether it fell or rose, then look for a release of "
        "the model or of what shows its answers.",
        limits=(0, None),
        size=(24, 8),
        empty="Not yet known: it takes three weeks of values",
    )


def _values(spec: ModelSpec, scope: Scope) -> list[TimeSeries]:
    return [_value(spec, scope.with_value(PROXY, proxy.name), proxy) for proxy in spec.spec.proxies]


def _value(spec: ModelSpec, scope: Scope, proxy: Proxy) -> TimeSeries:
    metric = catalogue.PROXY_VALUE
    words = panel_info(
        spec,
        metric,
        f"Proxy {proxy.name}, $window",
        "Outside the outer dotted lines it alerts. A step: a release, or an event that is counted otherwise. A slope: "
        "the world changes.",
        key=f"{metric.key}/{proxy.name}",
        empty=_EMPTY,
    )
    queries = [Query(drawn(one, scope), name, role) for one, name, role in _LINES if _has(proxy, role)]
    return timeseries(words, queries, metric.unit)


def _has(proxy: Proxy, role: Role) -> bool:
    """Whether a proxy has a line: it alerts on no side on which its direction does not look."""
    return not (role is Role.LOWER and proxy.direction == "up") and not (
        role is Role.UPPER and proxy.direction == "down"
    )
