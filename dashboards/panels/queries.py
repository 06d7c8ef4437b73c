"""The PromQL of the panels, built from the constants of the catalogue.

Two replicas of the exporter expose the same values, so every expression first aggregates the replica labels away.
All functions return text. `$__range`, `$__interval` and `$__rate_interval` are variables of Grafana.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from dashboards.panels.scopes import Scope, equal, quote
from exporter.catalogue import (
    COLUMN,
    FEATURE,
    LE,
    METRICS,
    MODEL,
    MODEL_INFO,
    PART,
    RECORDED_SEVERITY,
    REPLICA_LABELS,
    ROLE,
    SEGMENT,
    SEGMENT_DRIFT,
    SEVERITY,
    VERSION,
    WINDOW,
    Metric,
    Severity,
    Unit,
)

ALERTS: Final = "ALERTS"
"""The series that Prometheus writes for alerts; its labels follow."""
ALERTS_FOR_STATE: Final = "ALERTS_FOR_STATE"
"""The series of the times since which the conditions of alerts hold."""
ALERTNAME: Final = "alertname"
ALERTSTATE: Final = "alertstate"

VERDICT: Final = "verdict"
"""A label that exists only in query results: `ABOVE` or `WITHIN` the threshold."""
ABOVE: Final = "above threshold"
WITHIN: Final = "within threshold"
NO_ALERT: Final = "none"
"""The severity if no alert fires."""
_STATISTIC: Final = "statistic"
_KNOWN: Final = frozenset(METRICS)

# ------------------------------------------------------------------------------------------------ one metric


def select(metric: Metric, scope: Scope) -> str:
    """The selector of a metric's series in a scope."""
    selected = (matcher for label, matcher in scope.selected.items() if label in metric.labels)
    matchers = (*scope.model_matchers, *selected) if MODEL in metric.labels else ()
    return f"{metric.name}{{{','.join(matchers)}}}"


def latest(metric: Metric, scope: Scope) -> str:
    """A metric's value, from any replica."""
    return _without_replicas("max", select(metric, scope))


def plotted(metric: Metric, scope: Scope) -> str:
    """The value that a panel plots: the increase of a counter, the age of a timestamp, or the value itself."""
    if metric.kind == "counter":
        return _without_replicas("sum", f"increase({select(metric, scope)}[$__rate_interval])")
    if metric.unit is Unit.TIMESTAMP:
        return f"time() - {latest(metric, scope)}"
    return latest(metric, scope)


def buckets(metric: Metric, scope: Scope) -> str:
    """The rows at or below the upper bound of each bucket of a histogram, summed over the selected versions."""
    return across("sum", (LE,), latest(metric.buckets, scope))


def range_extreme(operator: Literal["min", "max"], metric: Metric, scope: Scope) -> str:
    """The least or greatest value of any replica since the previous point, so that short changes are visible."""
    return _without_replicas(operator, f"{operator}_over_time({select(metric, scope)}[$__rate_interval])")


def by_model(operator: Literal["min", "max", "avg"], expression: str) -> str:
    """One value for each model."""
    return across(operator, (MODEL,), expression)


def over_threshold(metric: Metric, scope: Scope) -> str:
    """Each series of a metric, divided by its threshold; above 1 it alerts."""
    return f"{latest(metric, scope)} / {latest(metric.threshold(), scope)}"


def across(operator: str, labels: tuple[str, ...], expression: str) -> str:
    """One value for each combination of `labels`: `max by (feature) (…)`."""
    return f"{operator} by ({', '.join(labels)}) ({expression})"


def top_series(expression: str, count: int = 10) -> str:
    """The `count` series with the highest maximum in the time range, also if they have ended."""
    return f"topk({count}, max_over_time(({expression})[$__range:$__interval] @ end()))"


def still_present(expression: str, labels: tuple[str, ...], metric: Metric, scope: Scope) -> str:
    """The series of an expression by `labels` for which `metric` has a value at the end of the time range."""
    return f"{expression} and {across('max', labels, f'{select(metric, scope)} @ end()')}"


def _without_replicas(operator: str, expression: str) -> str:
    return f"{operator} without ({', '.join(REPLICA_LABELS)}) ({expression})"


# ------------------------------------------------------------------------------------------------ metric and threshold


def verdict(metric: Metric, scope: Scope) -> str:
    """The worst value, with a label that says whether it is above its threshold.

    Values above their thresholds have priority. Without a value or a threshold there is no result.
    """
    value, threshold = latest(metric, scope), latest(metric.threshold(), scope)
    above = _with_label(f"max({value} > {threshold})", VERDICT, ABOVE)
    within = _with_label(f"max({value} <= {threshold})", VERDICT, WITHIN)
    return f"{above} or on () {within}"


def worst_statistic(scope: Scope) -> str:
    """A feature's worst statistic divided by its threshold, by feature and version; above 1 it alerts."""
    alerting = (metric for metric in METRICS if FEATURE in metric.labels and metric.threshold() in _KNOWN)
    ratios = (_with_label(over_threshold(metric, scope), _STATISTIC, metric.key) for metric in alerting)
    return across("max", (FEATURE, VERSION), " or ".join(ratios))


def _with_label(expression: str, label: str, value: str) -> str:
    return f"label_replace({expression}, {quote(label)}, {quote(value)}, {quote('')}, {quote('')})"


# ------------------------------------------------------------------------------------------------ alerts


def firing(scope: Scope, *matchers: str) -> str:
    """The firing alerts of the models."""
    selector = ",".join((equal(ALERTSTATE, "firing"), *scope.model_matchers, *matchers))
    return _without_replicas("max", f"{ALERTS}{{{selector}}}")


def firing_since(scope: Scope, *matchers: str) -> str:
    """The firing alerts of the models; the value is the time since which the condition of each holds.

    Prometheus writes the times without the state, so they have all other labels of the alerts.
    """
    selector = ",".join((*scope.model_matchers, *matchers))
    since = _without_replicas("min", f"{ALERTS_FOR_STATE}{{{selector}}}")
    return f"{since} and ignoring ({ALERTSTATE}) {firing(scope, *matchers)}"


def alerts_by_severity(scope: Scope) -> str:
    """The number of firing alerts by severity; 0 with severity `none` if none fires and the model is exposed."""
    none = _with_label(f"0 * max({latest(MODEL_INFO, scope)})", SEVERITY, NO_ALERT)
    return f"{across('count', (SEVERITY,), firing(scope))} or on () {none}"


SEVERITY_RANK: Final = {severity: rank for rank, severity in enumerate(reversed(Severity), start=1)}
"""1 is the least severe."""


def alert_labels(scope: Scope) -> tuple[str, ...]:
    """The labels by which a person distinguishes the alerts of a model."""
    return (ALERTNAME, FEATURE, COLUMN, PART, *([SEGMENT] if SEGMENT in scope.selected else []), WINDOW)


def alert_states(scope: Scope) -> str:
    """The rank of each alert's severity while it fires, by `alert_labels`."""
    return ranked_alerts(alert_labels(scope), scope)


def ranked_alerts(labels: tuple[str, ...], scope: Scope) -> str:
    """The rank of each alert's severity while it fires, by any labels."""
    return " or ".join(
        f"{rank} * {across('max', labels, firing(scope, equal(SEVERITY, severity.value)))}"
        for severity, rank in SEVERITY_RANK.items()
    )


def worst_alert(scope: Scope) -> str:
    """The rank and name of each model's most severe alert; 0 without a name if no alert of an exposed model fires."""
    most_severe = f"topk by ({MODEL}) (1, {ranked_alerts((MODEL, ALERTNAME), scope)})"
    return f"{most_severe} or on ({MODEL}) 0 * {by_model('max', latest(MODEL_INFO, scope))}"


STATE: Final = "state"
"""The variable with the least rank that a model's most severe alert must have."""


def in_state(expression: str, scope: Scope) -> str:
    """The series of those models that are in the chosen state now, or whose state is not known."""
    state = across("max", (MODEL,), f"{select(RECORDED_SEVERITY, scope)} @ end()")
    return f"({expression}) unless on ({MODEL}) {state} < ${STATE}"


# ------------------------------------------------------------------------------------------------ over time


class Role(StrEnum):
    """The role of a series among the others of its panel."""

    VALUE = "value"
    THRESHOLD = "threshold"
    REFERENCE = "reference"
    LOWER = "lower bound"
    UPPER = "upper bound"
    LAST_WEEK = "last week"


@dataclass(frozen=True, slots=True)
class Query:
    """One expression of a panel; `legend` is a Grafana template such as `{{feature}}`."""

    expression: str
    legend: str = ""
    role: Role = Role.VALUE


def legend(metric: Metric, scope: Scope) -> str:
    """The labels by which the series of a metric differ in a scope: `{{feature}} {{version}}`."""
    constant = {label for label in (ROLE, SEGMENT) if scope.selected.get(label) in {None, equal(label, "")}}
    omitted = {VERSION, WINDOW, *([] if scope.multiple_models else [MODEL]), *constant}
    shown = [label for label in metric.labels if label not in omitted]
    shown += [VERSION] if VERSION in metric.labels else []
    return " ".join(f"{{{{{label}}}}}" for label in shown)


def with_model_name(name: str, scope: Scope) -> str:
    """A legend that is a name, after the name of the model if the scope has several models."""
    return f"{{{{{MODEL}}}}} {name}" if scope.multiple_models else name


def history(
    metric: Metric,
    scope: Scope,
    *,
    rank: str = "",
    name: str = "",
    last_week: bool = False,
) -> tuple[Query, ...]:
    """A metric over time with what the catalogue has for it: threshold, reference and confidence interval.

    Of features, columns and segments, only the worst are shown.

    Args:
        metric: the metric.
        scope: the series of the dashboard.
        rank: an expression with the metric's labels; the series with its highest values are shown. By default it is the
            value itself.
        name: replaces the legend.
        last_week: add the value of a week ago.
    """
    value = plotted(metric, scope)
    many = FEATURE in metric.labels or COLUMN in metric.labels or metric == SEGMENT_DRIFT
    top = f" and {top_series(rank or value)}" if many else ""
    name = name or legend(metric, scope)
    lower, upper = metric.interval()
    companions = (
        (metric.threshold(), Role.THRESHOLD),
        (metric.reference(), Role.REFERENCE),
        (lower, Role.LOWER),
        (upper, Role.UPPER),
    )
    return (
        Query(value + top, name),
        *(
            Query(plotted(companion, scope) + top, f"{name} {role}", role)
            for companion, role in companions
            if companion in _KNOWN
        ),
        *([Query(_week_before(metric, scope), f"{name} {Role.LAST_WEEK}", Role.LAST_WEEK)] if last_week else []),
    )


def _week_before(metric: Metric, scope: Scope) -> str:
    return _without_replicas("max", f"{select(metric, scope)} offset 1w")
