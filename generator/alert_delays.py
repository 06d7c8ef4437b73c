"""How long it takes from the first bad row of a log to the notification, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from exporter import catalogue
from exporter.catalogue import Alert, Layer, Severity
from exporter.spec.model import ModelSpec
from exporter.spec.value_types import parse_duration
from generator.alert_timings import alert_timings
from generator.arguments import route_arguments
from generator.jsonnet import evaluate
from generator.options import Options
from generator.routing import matchers
from generator.routing.matchers import Labels

_RULES: Final = timedelta(minutes=1)
"""Prometheus' own default of `evaluation_interval`."""
_NOTHING: Final = timedelta()
_WINDOWS: Final = {Layer.TRAFFIC, Layer.INPUT, Layer.QUALITY, Layer.DATASET, Layer.FEATURE, Layer.SCORE}
"""The layers of what is computed from the newest window alone."""
_OF_WINDOWS: Final = {
    catalogue.FILES_SKIPPED_ALERT,
    catalogue.INFERENCE_LOGS_MISSING,
    catalogue.LOG_ROWS_UNUSABLE,
    catalogue.PROXY_UNUSUAL,
}
"""Alerts of other layers that are computed from it too."""


class Wait(NamedTuple):
    """How long a step takes: on average, and at most."""

    usual: timedelta
    worst: timedelta

    @classmethod
    def for_next(cls, interval: timedelta) -> Wait:
        """Return the wait for something that happens once in an interval."""
        return cls(interval / 2, interval)


_NO_WAIT: Final = Wait(_NOTHING, _NOTHING)


@dataclass(frozen=True, slots=True)
class AlertDelay:
    """The parts of the time until an alert is sent; reading a partition takes its own time in addition.

    Attributes:
        alert: the alert.
        data: until there are enough bad rows. Usually they begin in the middle of a partition and show in it; at worst
            they show only in a window that is wholly bad.
        delay: until the partition is complete, as the spec says.
        refresh: until the exporter reads it.
        rule: until Prometheus has scraped the value and evaluated the rule.
        holds: the rule's `for`.
        group_wait: Alertmanager's, of the route. A ticket outside of its hours waits for them as well.
    """

    alert: Alert
    data: Wait
    delay: timedelta
    refresh: Wait
    rule: Wait
    holds: timedelta
    group_wait: timedelta

    @property
    def total(self) -> Wait:
        """The sum of all parts."""
        fixed = self.delay + self.holds + self.group_wait
        waits = (self.data, self.refresh, self.rule)
        return Wait(
            fixed + sum((wait.usual for wait in waits), _NOTHING),
            fixed + sum((wait.worst for wait in waits), _NOTHING),
        )


def alert_delays(spec: ModelSpec, options: Options) -> list[AlertDelay]:
    """Return the delays of the alerts that notify somebody, in the order of the catalogue.

    Left out are the alerts on objectives, which count slices, and the alert on late labels, whose limit is learned.
    """
    timings = alert_timings(spec)
    routing = evaluate(Path("alertmanager/alertmanager.libsonnet"), route_arguments([spec], options))["route"]
    rule = Wait.for_next(options.exporter.interval + _RULES)
    delays = []
    for alert in catalogue.ALERTS:
        data = _data(spec, alert)
        if alert.name in timings and data is not None:
            labels = {**spec.metadata.labels, catalogue.MODEL: spec.name}
            labels |= {catalogue.SEVERITY: alert.severity, catalogue.LAYER: alert.layer}
            waits = _group_wait(routing, labels, _NOTHING) or _NOTHING
            delays.append(AlertDelay(alert, *data, rule, timings[alert.name][0], waits))
    return delays


def _data(spec: ModelSpec, alert: Alert) -> tuple[Wait, timedelta, Wait] | None:
    """Return the waits for bad rows, for their partition and for its refresh; None for an alert that is left out."""
    inference, refresh = spec.spec.inference, Wait.for_next(spec.spec.refresh.interval)
    if alert.severity is Severity.INFO or alert.layer is Layer.OBJECTIVE or alert == catalogue.LABELS_LATE:
        return None
    if alert == catalogue.WINDOW_STALE:
        last = inference.staleness - inference.delay
        return Wait(max(last - inference.grain / 2, _NOTHING), max(last, _NOTHING)), _NOTHING, _NO_WAIT
    rows = Wait(inference.grain / 2, inference.grain + min(spec.spec.alert_windows))
    if alert.layer in _WINDOWS or alert in _OF_WINDOWS:
        return rows, inference.delay, refresh
    if alert.layer is Layer.EXPORTER:
        return _NO_WAIT, _NOTHING, refresh if alert == catalogue.REFRESH_FAILING else _NO_WAIT
    mature = spec.spec.labels.maturity if spec.spec.labels else _NOTHING
    return Wait(rows.usual + mature, rows.worst + mature), inference.delay, refresh


def _group_wait(route: Mapping[str, Any], labels: Labels, inherited: timedelta) -> timedelta | None:
    """Return `group_wait` of the first route that an alert reaches; None where it does not enter this one."""
    if not matchers.all_match(matchers.read(route), labels):
        return None
    own = parse_duration(route["group_wait"]) if "group_wait" in route else inherited
    children: Sequence[Mapping[str, Any]] = route.get("routes", ())
    waits = (_group_wait(child, labels, own) for child in children)
    return next((wait for wait in waits if wait is not None), own)
