"""The gate: drift, a loss of performance, realised or estimated, and labels to learn from."""

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

Ask = Callable[[str], float | None]
"""The value of a query to Prometheus, or None when there is no series."""

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {"<": operator.lt, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the gate is open, and each finding in words."""

    open: bool
    findings: tuple[str, ...]

    def __str__(self) -> str:
        """All findings in a line."""
        return "; ".join(self.findings)


@dataclass(frozen=True, slots=True)
class Condition:
    """A series of the model that must be below, above or at least a limit; one that is absent is not."""

    metric: Metric
    query: str
    comparison: str
    limit: float

    def judge(self, ask: Ask) -> tuple[bool, str]:
        """Whether it holds, and in words."""
        value = ask(self.query)
        if value is None:
            return False, f"{self.metric.name} is not known"
        holds = _COMPARE[self.comparison](value, self.limit)
        return holds, f"{self.metric.name} is {value:g}{'' if holds else ', not'} {self.comparison} {self.limit:g}"


def judge(spec: ModelSpec, gate: Gate, notification: Notification, ask: Ask) -> Verdict:
    """Whether what a notification tells of, and Prometheus knows, is worth a retraining.

    Of the alerts that tell of drift, the first says which version is judged.

    Args:
        spec: the model's.
        gate: its gate.
        notification: one whose alerts fire.
        ask: asks Prometheus.
    """
    drifting = [alert for alert in notification.firing if alert.drift]
    if not drifting:
        return Verdict(open=False, findings=("no alert tells of drift",))
    losses = [condition.judge(ask) for condition in _losses(spec, gate, drifting[0])]
    rows = _query(spec, gate, drifting[0], LABEL_ROWS, ">=")
    labels, said = Condition(LABEL_ROWS, rows, ">=", gate.labels).judge(ask)
    drift = f"{drifting[0].labels.get('alertname', 'an alert')} tells of drift"
    lost = any(holds for holds, _ in losses)
    return Verdict(lost and labels, (drift, *(words for _, words in losses), said))


def _losses(spec: ModelSpec, gate: Gate, alert: Alert) -> Iterator[Condition]:
    """The realised loss, by the better end of the interval where there is one, and the estimated."""
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
    """One number: two replicas count as one, and of several namespaces or versions the least favourable counts."""
    labels = {MODEL: spec.name, **spec.metadata.labels, WINDOW: format_duration(gate.window)}
    labels |= {VERSION: alert.labels[VERSION]} if VERSION in alert.labels else {}
    told = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()]
    selector = ",".join([*told, *_read(spec, metric)])
    aggregation = "max" if comparison == "<" else "min"
    return f"{aggregation}(max without ({', '.join(REPLICA_LABELS)}) ({metric.name}{{{selector}}}))"


def _read(spec: ModelSpec, metric: Metric) -> Iterator[str]:
    """The matchers of what alerts read: no challenger, which serves nobody, and no segment."""
    if spec.spec.inference.columns.role is not None and ROLE in metric.labels:
        yield f'{ROLE}!="{CHALLENGER}"'
    if spec.spec.segments and SEGMENT in metric.labels:
        yield f'{SEGMENT}=""'
