"""The alerts that fire for a model's samples: gauges beyond their thresholds, compared as in the generated rules.

Usually PromQL compares. The exporter compares the same two series here where it needs the result itself: to leave
alarming weeks out of a trailing reference, and for a backtest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from exporter import catalogue
from exporter.catalogue import Alert, Metric
from exporter.samples.windows import Sample

_THRESHOLDS: Final[Mapping[Metric, Alert]] = {
    alert.metric.threshold(): alert for alert in catalogue.ALERTS if alert.metric.threshold() in catalogue.METRICS
}

_FLAGS: Final[Mapping[Metric, Alert]] = {catalogue.FEATURE_BROKEN: catalogue.FEATURE_BROKEN_ALERT}
"""The alerts on a gauge that is 1 or 0, which has no threshold of its own."""

_WINDOWLESS: Final = {catalogue.NEW_CATEGORIES}
"""The alerts on a gauge that has no window, since it remembers the longest."""

THRESHOLD_ALERTS: Final[tuple[Alert, ...]] = tuple(
    alert for alert in catalogue.ALERTS if alert in (*_THRESHOLDS.values(), *_FLAGS.values())
)
"""The alerts that compare a gauge with its threshold, or a gauge of 1 or 0 with 0, from cause to consequence."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An alert and one series of its gauge: the values of the metric's labels in order."""

    alert: Alert
    labels: tuple[str, ...]

    def label(self, name: str) -> str:
        """The value of a series label; empty where the gauge does not have it."""
        return dict(zip(self.alert.metric.labels, self.labels, strict=True)).get(name, "")


def compared_values(samples: Iterable[Sample], windows: Collection[str]) -> dict[Condition, tuple[float, float]]:
    """Every gauge that an alert reads, with its threshold, where both exist.

    Args:
        samples: the samples of a model.
        windows: the names of the windows that alert.
    """
    values = {(sample.metric, sample.labels): sample.value for sample in samples}
    levels = {
        (_THRESHOLDS[metric], labels): level for (metric, labels), level in values.items() if metric in _THRESHOLDS
    }
    for (metric, labels), value in list(values.items()):
        if metric in _FLAGS:  # the reason may change while the alert fires, so it is no label of the alert
            own = tuple(
                "" if name == catalogue.REASON else text for name, text in zip(metric.labels, labels, strict=True)
            )
            values[metric, own], levels[_FLAGS[metric], own] = value, 0.0
    pairs = {}
    for (alert, labels), level in levels.items():
        condition = Condition(alert, labels)
        windowless = alert in _WINDOWLESS or catalogue.WINDOW not in alert.metric.labels
        alerts = windowless or condition.label(catalogue.WINDOW) in windows
        if (alert.metric, labels) in values and alerts and _read(condition):
            pairs[condition] = (values[alert.metric, labels], level)
    return pairs


def _read(condition: Condition) -> bool:
    """Whether the alert reads this series: never a challenger's, and a segment's only if the alert is for segments."""
    segment, role = condition.label(catalogue.SEGMENT), condition.label(catalogue.ROLE)
    return role != catalogue.CHALLENGER and (condition.alert.segments or not segment)


def conditions(samples: Iterable[Sample], windows: Collection[str]) -> frozenset[Condition]:
    """The conditions that are true: series whose gauge is beyond its threshold; see `compared_values`."""
    pairs = compared_values(samples, windows).items()
    return frozenset(condition for condition, (value, level) in pairs if is_beyond(condition.alert, value, level))


def is_beyond(alert: Alert, value: float, level: float) -> bool:
    """Whether a gauge is beyond its threshold."""
    return value < level if alert.metric.alerts_below else value > level
