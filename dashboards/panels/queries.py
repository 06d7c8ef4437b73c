"""PromQL, made of the catalogue's constants: no metric and no label of Leeway is spelled here.

Two replicas of the exporter expose the same values, so every expression first takes the replica labels away. What a
dashboard looks at is its `Scope`; the user's choices in it are Grafana variables that have the label's own name.
Everything here is pure text; `$__range`, `$__interval` and `$__rate_interval` are Grafana's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

from exporter.catalogue import (
    CHALLENGER,
    FEATURE,
    LE,
    METRICS,
    MODEL,
    MODEL_INFO,
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
from exporter.spec.model import ModelSpec

ALERTS: Final = "ALERTS"
"""The series that Prometheus itself keeps of alerts, with its labels:"""
ALERTNAME: Final = "alertname"
ALERTSTATE: Final = "alertstate"

VERDICT: Final = "verdict"
"""A label that exists in results only: `ABOVE` or `WITHIN` the threshold."""
ABOVE: Final = "above threshold"
WITHIN: Final = "within threshold"
NO_ALERT: Final = "none"
"""The severity of no alert."""
_STATISTIC: Final = "statistic"
_KNOWN: Final = frozenset(METRICS)

_INERT: Final = str.maketrans({"\\": r"\\", '"': r"\"", "$": r"\x24", "[": r"\x5b", "\n": r"\n"})


def quote(text: str) -> str:
    """A PromQL string literal that Grafana leaves alone: no `$` or `[[` of `text` is read as a variable."""
    return f'"{text.translate(_INERT)}"'


def equal(label: str, value: str) -> str:
    """The matcher for one value."""
    return f"{label}={quote(value)}"


def differs(label: str, value: str) -> str:
    """The matcher for every other value, and for none."""
    return f"{label}!={quote(value)}"


def one_of(label: str) -> str:
    """The matcher for what the user chose in a variable of one value, named as the label is."""
    return f'{label}="${label}"'


def any_of(label: str) -> str:
    """The matcher for what the user chose in a variable of several values, named as the label is."""
    return f'{label}=~"${label}"'


@dataclass(frozen=True, slots=True)
class Scope:
    """What a dashboard looks at.

    `always` are the matchers on every series of a model, alerts too; `chosen` has one for each label that a metric may
    have. A metric without the label `model` speaks of the whole exporter and is matched by nothing.
    """

    always: tuple[str, ...]
    chosen: Mapping[str, str]

    def with_value(self, label: str, value: str) -> Scope:
        """The same with `label` held at `value`."""
        return replace(self, chosen={**self.chosen, label: equal(label, value)})

    def with_any_value(self, label: str) -> Scope:
        """The same with every value of `label`, whatever the user chose."""
        return replace(self, chosen={**self.chosen, label: differs(label, "")})

    @property
    def several(self) -> bool:
        """Whether it is about more than one model."""
        return any_of(MODEL) in self.always

    @property
    def served(self) -> Scope:
        """The same without challengers, which serve nobody: what alerts read."""
        if ROLE not in self.chosen:
            return self
        return replace(self, chosen={**self.chosen, ROLE: differs(ROLE, CHALLENGER)})


_CHOICES: Final = {VERSION: any_of(VERSION), WINDOW: one_of(WINDOW), FEATURE: any_of(FEATURE)}


def choices(spec: ModelSpec) -> dict[str, str]:
    """The matchers of what the user may choose: a role and a segment only of a model that has them."""
    asked = {ROLE: spec.spec.inference.columns.role is not None, SEGMENT: bool(spec.spec.segments)}
    return _CHOICES | {label: any_of(label) for label, has in asked.items() if has}


def model_scope(spec: ModelSpec) -> Scope:
    """One model, with its constant labels: the same model in another environment is another model."""
    fixed = {MODEL: spec.name, **spec.metadata.labels}
    return Scope(tuple(equal(label, value) for label, value in fixed.items()), choices(spec))


def hook_scope(spec: ModelSpec) -> Scope:
    """One model by its name alone."""
    return Scope((equal(MODEL, spec.name),), {})


def any_model_scope() -> Scope:
    """The models that the user chose in `$model`."""
    return Scope((any_of(MODEL),), _CHOICES)


def fleet_scope() -> Scope:
    """These models, each as a whole and as it serves: what alerts read, over any of the windows chosen."""
    whole = {WINDOW: any_of(WINDOW), ROLE: differs(ROLE, CHALLENGER), SEGMENT: equal(SEGMENT, "")}
    return replace(any_model_scope(), chosen=whole)


def feature_scope() -> Scope:
    """One feature of one model, each chosen by the user, in whatever role, and of no segment."""
    chosen = _CHOICES | {FEATURE: one_of(FEATURE), ROLE: f'{ROLE}=~".*"', SEGMENT: equal(SEGMENT, "")}
    return Scope((one_of(MODEL),), chosen)


# ------------------------------------------------------------------------------------------------ one metric


def select(metric: Metric, scope: Scope) -> str:
    """The selector of a metric's series in a scope."""
    chosen = (matcher for label, matcher in scope.chosen.items() if label in metric.labels)
    matchers = (*scope.always, *chosen) if MODEL in metric.labels else ()
    return f"{metric.name}{{{','.join(matchers)}}}"


def latest(metric: Metric, scope: Scope) -> str:
    """A metric's value, whichever replica tells it."""
    return _merged("max", select(metric, scope))


def drawn(metric: Metric, scope: Scope) -> str:
    """What a panel draws over time: a counter's increase, a time's age, or the value itself."""
    if metric.kind == "counter":
        return _merged("sum", f"increase({select(metric, scope)}[$__rate_interval])")
    if metric.unit is Unit.TIMESTAMP:
        return f"time() - {latest(metric, scope)}"
    return latest(metric, scope)


def buckets(metric: Metric, scope: Scope) -> str:
    """The rows at or below the end of each of a histogram's buckets, all chosen versions together."""
    return across("sum", (LE,), latest(metric.buckets, scope))


def range_extreme(operator: Literal["min", "max"], metric: Metric, scope: Scope) -> str:
    """The least or greatest value of any replica since the point before: a flag that was up between two is not lost."""
    return _merged(operator, f"{operator}_over_time({select(metric, scope)}[$__rate_interval])")


def by_model(operator: Literal["min", "max", "avg"], expression: str) -> str:
    """One value for each model."""
    return across(operator, (MODEL,), expression)


def over_threshold(metric: Metric, scope: Scope) -> str:
    """How many times over its threshold each series of a metric is; above 1 it alerts."""
    return f"{latest(metric, scope)} / {latest(metric.threshold(), scope)}"


def across(operator: str, labels: tuple[str, ...], expression: str) -> str:
    """One value for each combination of `labels`: `max by (feature) (…)`."""
    return f"{operator} by ({', '.join(labels)}) ({expression})"


def worst(expression: str, count: int = 10) -> str:
    """The `count` series that were highest at any moment of the time shown, also where they ended since."""
    return f"topk({count}, max_over_time(({expression})[$__range:$__interval] @ end()))"


def still(expression: str, labels: tuple[str, ...], metric: Metric, scope: Scope) -> str:
    """Those series of an expression by `labels` for which `metric` has a value at the end of the time shown."""
    return f"{expression} and {across('max', labels, f'{select(metric, scope)} @ end()')}"


def _merged(operator: str, expression: str) -> str:
    return f"{operator} without ({', '.join(REPLICA_LABELS)}) ({expression})"


# ------------------------------------------------------------------------------------------------ metric and threshold


def verdict(metric: Metric, scope: Scope) -> str:
    """The worst value, labelled with whether it is above its threshold: what alerts, and what does not only without it.

    Nothing where there is no value or no threshold.
    """
    value, threshold = latest(metric, scope), latest(metric.threshold(), scope)
    above = _labelled(f"max({value} > {threshold})", VERDICT, ABOVE)
    within = _labelled(f"max({value} <= {threshold})", VERDICT, WITHIN)
    return f"{above} or on () {within}"


def trouble(scope: Scope) -> str:
    """How many times over its threshold a feature's worst statistic is, by feature and version; above 1 it alerts."""
    alerting = (metric for metric in METRICS if FEATURE in metric.labels and metric.threshold() in _KNOWN)
    ratios = (_labelled(over_threshold(metric, scope), _STATISTIC, metric.key) for metric in alerting)
    return across("max", (FEATURE, VERSION), " or ".join(ratios))


def _labelled(expression: str, label: str, value: str) -> str:
    return f"label_replace({expression}, {quote(label)}, {quote(value)}, {quote('')}, {quote('')})"


# ------------------------------------------------------------------------------------------------ alerts


def firing(scope: Scope, *matchers: str) -> str:
    """The alerts of a model that fire."""
    selector = ",".join((equal(ALERTSTATE, "firing"), *scope.always, *matchers))
    return _merged("max", f"{ALERTS}{{{selector}}}")


def alerts_by_severity(scope: Scope) -> str:
    """How many alerts fire, by severity; 0 and `none` when the exporter knows the model and none does, else nothing."""
    none = _labelled(f"0 * max({latest(MODEL_INFO, scope)})", SEVERITY, NO_ALERT)
    return f"{across('count', (SEVERITY,), firing(scope))} or on () {none}"


SEVERITY_RANK: Final = {severity: rank for rank, severity in enumerate(reversed(Severity), start=1)}
"""From 1, the quietest."""


def alert_labels(scope: Scope) -> tuple[str, ...]:
    """The labels that tell a model's alerts apart, for a person."""
    return (ALERTNAME, FEATURE, *([SEGMENT] if SEGMENT in scope.chosen else []), WINDOW)


def alert_states(scope: Scope) -> str:
    """The rank of each alert's severity while it fires, by `alert_labels`."""
    return ranked_alerts(alert_labels(scope), scope)


def ranked_alerts(labels: tuple[str, ...], scope: Scope) -> str:
    """The same by other labels."""
    return " or ".join(
        f"{rank} * {across('max', labels, firing(scope, equal(SEVERITY, severity.value)))}"
        for severity, rank in SEVERITY_RANK.items()
    )


def worst_alert(scope: Scope) -> str:
    """The rank and name of each model's loudest alert; 0 without a name of a model that is known and calm."""
    loudest = f"topk by ({MODEL}) (1, {ranked_alerts((MODEL, ALERTNAME), scope)})"
    return f"{loudest} or on ({MODEL}) 0 * {by_model('max', latest(MODEL_INFO, scope))}"


# ------------------------------------------------------------------------------------------------ over time


class Role(StrEnum):
    """What a series is beside the others of its panel."""

    VALUE = "value"
    THRESHOLD = "threshold"
    REFERENCE = "reference"
    LOWER = "lower end"
    UPPER = "upper end"
    LAST_WEEK = "a week before"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Query:
    """One expression of a panel; `legend` is a Grafana template such as `{{feature}}`."""

    expression: str
    legend: str = ""
    role: Role = Role.VALUE


def legend(metric: Metric, scope: Scope) -> str:
    """The labels that tell a metric's series apart in a scope, the closest first: `{{feature}} {{version}}`."""
    held = {label for label in (ROLE, SEGMENT) if scope.chosen.get(label) in {None, equal(label, "")}}
    silent = {VERSION, WINDOW, *([] if scope.several else [MODEL]), *held}
    telling = [label for label in metric.labels if label not in silent]
    telling += [VERSION] if VERSION in metric.labels else []
    return " ".join(f"{{{{{label}}}}}" for label in telling) or metric.key.replace("_", " ")


def named(name: str, scope: Scope) -> str:
    """A legend that is a name, after that of the model where there are several."""
    return f"{{{{{MODEL}}}}} {name}" if scope.several else name


def history(
    metric: Metric,
    scope: Scope,
    *,
    rank: str = "",
    name: str = "",
    last_week: bool = False,
    rows: Metric | None = None,
) -> tuple[Query, ...]:
    """A metric over time with all that the catalogue gives it: its threshold, reference and confidence interval.

    Of features, and of segments, only the worst are drawn: those with the highest `rank`, an expression with the
    metric's labels, by default the value itself. `name` replaces the legend. `last_week` adds the value of a week ago,
    and `rows` of how many rows each value is.
    """
    value = drawn(metric, scope)
    many = FEATURE in metric.labels or metric == SEGMENT_DRIFT
    kept = f" and {worst(rank or value)}" if many else ""
    name = name or legend(metric, scope)
    lower, upper = metric.interval()
    companions = (
        (metric.threshold(), Role.THRESHOLD),
        (metric.reference(), Role.REFERENCE),
        (lower, Role.LOWER),
        (upper, Role.UPPER),
    )
    return (
        Query(value + kept, name),
        *(
            Query(drawn(companion, scope) + kept, f"{name} {role}", role)
            for companion, role in companions
            if companion in _KNOWN
        ),
        *([Query(_week_before(metric, scope), f"{name} {Role.LAST_WEEK}", Role.LAST_WEEK)] if last_week else []),
        *([Query(drawn(rows, scope), f"{name} {Role.ROWS}", Role.ROWS)] if rows else []),
    )


def _week_before(metric: Metric, scope: Scope) -> str:
    return _merged("max", f"{select(metric, scope)} offset 1w")
