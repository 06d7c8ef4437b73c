"""The gate: drift, a loss of performance (realised or estimated), and enough labels to train on."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exporter import catalogue
from exporter.catalogue import CHALLENGER, LABEL_ROWS, MODEL, REPLICA_LABELS, ROLE, SEGMENT, VERSION, WINDOW, Metric
from exporter.retraining.notification import Alert, Notification
from exporter.spec.model import ModelSpec
from exporter.spec.sections.retraining import Gate
from exporter.spec.value_types import format_duration

QueryValue = Callable[[str], float | None]
"""Returns the value of a query to Prometheus, or None when there is no series."""

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {"<": operator.lt, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the gate is open, and the result of each condition as text."""

    open: bool
    results: tuple[str, ...]

    def __str__(self) -> str:
        """All results in one line."""
        return "; ".join(self.results)


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of a series with a limit; false for a series without a value."""

    metric: Metric
    query: str
    comparison: str
    limit: float

    def evaluate(self, query_value: QueryValue) -> tuple[bool, str]:
        """Return whether the condition holds, and the result as text."""
        value = query_value(self.query)
        if value is None:
            return False, f"{self.metric.name} has no value"
        holds = _COMPARE[self.comparison](value, self.limit)
        return holds, f"{self.metric.name} is {value:g}{'' if holds else ', not'} {self.comparison} {self.limit:g}"


def evaluate_gate(spec: ModelSpec, gate: Gate, notification: Notification, query_value: QueryValue) -> Verdict:
    """Evaluate the gate for a notification with values from Prometheus.

    The model version is that of the first drift alert.

    Args:
        spec: the model's spec.
        gate: the model's gate.
        notification: a notification with firing alerts.
        query_value: queries Prometheus.
    """
    drifting = [alert for alert in notification.firing if alert.is_drift]
    if not drifting:
        return Verdict(open=False, results=("no alert reports drift",))
    losses = [condition.evaluate(query_value) for condition in _losses(spec, gate, drifting[0])]
    rows = _query(spec, gate, drifting[0], LABEL_ROWS, ">=")
    enough_labels, label_result = Condition(LABEL_ROWS, rows, ">=", gate.labels).evaluate(query_value)
    drift = f"{drifting[0].labels.get('alertname', 'an alert')} reports drift"
    lost = any(holds for holds, _ in losses)
    return Verdict(lost and enough_labels, (drift, *(result for _, result in losses), label_result))


def _losses(spec: ModelSpec, gate: Gate, alert: Alert) -> Iterator[Condition]:
    """Yield the conditions for a realised loss (by the better end of its interval, if any) and an estimated loss."""
    known = {metric.key: metric for metric in catalogue.METRICS}
    low = gate.at_least is not None
    limit = gate.at_least if gate.at_least is not None else gate.at_most
    better_end = f"{gate.metric}_ci_{'upper' if low else 'lower'}"
    realised = known.get(better_end) or known.get(gate.metric)
    for metric in (realised, known.get(f"{gate.metric}_estimated")):
        if metric is not None and limit is not None:
            comparison = "<" if low else ">"
            yield Condition(metric, _query(spec, gate, alert, metric, comparison), comparison, limit)


def _query(spec: ModelSpec, gate: Gate, alert: Alert, metric: Metric, comparison: str) -> str:
    """Return a query for one number: replicas count once; of several namespaces or versions, the least favourable."""
    labels = {MODEL: spec.name, **spec.metadata.labels, WINDOW: format_duration(gate.window)}
    labels |= {VERSION: alert.labels[VERSION]} if VERSION in alert.labels else {}
    matchers = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()]
    selector = ",".join([*matchers, *_exclusions(spec, metric)])
    aggregation = "max" if comparison == "<" else "min"
    return f"{aggregation}(max without ({', '.join(REPLICA_LABELS)}) ({metric.name}{{{selector}}}))"


def _exclusions(spec: ModelSpec, metric: Metric) -> Iterator[str]:
    """Yield the matchers that exclude challengers, which serve no users, and segments, as alerts do."""
    if spec.spec.inference.columns.role is not None and ROLE in metric.labels:
        yield f'{ROLE}!="{CHALLENGER}"'
    if spec.spec.segments and SEGMENT in metric.labels:
        yield f'{SEGMENT}=""'
