"""What the alerts say of a model's samples: a gauge beyond its threshold, as the generated rules compare them.

The exporter computes and PromQL compares; where the exporter itself must know whether a model is alarming, as for the
weeks that a trailing reference leaves out and for a replay of the past, it compares the same two series here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from exporter import catalogue
from exporter.catalogue import Alert, Metric
from exporter.samples.windows import Sample

_THRESHOLDS: Final[Mapping[Metric, Alert]] = {
    alert.metric.threshold(): alert for alert in catalogue.ALERTS if alert.metric.threshold() in catalogue.METRICS
}

THRESHOLD_ALERTS: Final[tuple[Alert, ...]] = tuple(_THRESHOLDS.values())
"""The alerts that compare a gauge with its threshold, from the cause's layer to the consequence's."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An alert and the series of its gauge, by the values of the metric's labels in their order."""

    alert: Alert
    labels: tuple[str, ...]

    def label(self, name: str) -> str:
        """The value of a label; empty where the gauge has no such label."""
        return dict(zip(self.alert.metric.labels, self.labels, strict=True)).get(name, "")


def judged(samples: Iterable[Sample], windows: Collection[str]) -> dict[Condition, tuple[float, float]]:
    """Every gauge that an alert reads, with its threshold; those that have both.

    Args:
        samples: a model's, as `exporter.evaluation.evaluate` gives them.
        windows: the windows that alert, by name.
    """
    values = {(sample.metric, sample.labels): sample.value for sample in samples}
    found = {}
    for (metric, labels), level in values.items():
        alert = _THRESHOLDS.get(metric)
        if alert and (alert.metric, labels) in values:
            condition = Condition(alert, labels)
            if condition.label(catalogue.WINDOW) in windows and _read(condition):
                found[condition] = (values[alert.metric, labels], level)
    return found


def _read(condition: Condition) -> bool:
    """Whether an alert reads a series: no challenger's, which serves nobody, and no segment's unless it is of those."""
    segment, role = condition.label(catalogue.SEGMENT), condition.label(catalogue.ROLE)
    return role != catalogue.CHALLENGER and (condition.alert.segments or not segment)


def conditions(samples: Iterable[Sample], windows: Collection[str]) -> frozenset[Condition]:
    """The alerts that hold: the series whose gauge is beyond its threshold; see `judged`."""
    pairs = judged(samples, windows).items()
    return frozenset(condition for condition, (value, level) in pairs if _beyond(condition.alert, value, level))


def _beyond(alert: Alert, value: float, level: float) -> bool:
    return value < level if alert.metric.alerts_below else value > level


def threshold_ratios(samples: Iterable[Sample], windows: Collection[str]) -> dict[Alert, float]:
    """How near each alert is to its threshold, at its nearest series: the gauge as a multiple of the threshold.

    Where too low a gauge alerts, it is the threshold as a multiple of the gauge. 0 or more; 1 is at the threshold,
    and a gauge above a threshold of 0 is infinitely far beyond. An alert of which no series is judged is left out.
    """
    found: dict[Alert, float] = {}
    for condition, (value, level) in judged(samples, windows).items():
        part, whole = (level, value) if condition.alert.metric.alerts_below else (value, level)
        beyond = math.inf if part > 0 else 0.0
        found[condition.alert] = max(found.get(condition.alert, 0.0), part / whole if whole else beyond)
    return found
