"""From conditions to alerts: when an alert fires, and when it is resolved.

This applies `for` and `keep_firing_for` as Prometheus does, at the evaluation times of a model; between two of them its
gauges are constant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from exporter.samples.conditions import Condition


@dataclass(frozen=True, slots=True)
class AlertTiming:
    """`for` and `keep_firing_for` of an alert."""

    for_: timedelta
    keep_firing_for: timedelta


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert of one series, from when it fires until it is resolved or the replay ends."""

    condition: Condition
    start: datetime
    end: datetime


Span = tuple[datetime, datetime]

GROUP_INTERVAL: Final = timedelta(minutes=30)
"""Alerts of one group that begin within this time are one notification; Alertmanager's routes wait up to so long."""


def firings(
    conditions: Mapping[datetime, Collection[Condition]], alert_timings: Mapping[str, AlertTiming], until: datetime
) -> list[Firing]:
    """Return the alerts that fire, sorted by start.

    Args:
        conditions: the conditions that hold from each evaluation time until the next.
        alert_timings: the timing of each alert, by its name.
        until: when the values of the last evaluation end.
    """
    spans: dict[Condition, list[Span]] = {}
    times = sorted(conditions)
    for start, end in zip(times, [*times[1:], until], strict=True):
        for condition in conditions[start]:
            _extend(spans.setdefault(condition, []), start, end)
    alerts = (
        Firing(condition, start, min(end, until))
        for condition, holding in spans.items()
        for start, end in _fired(holding, alert_timings[condition.alert.name])
    )
    return sorted(alerts, key=lambda firing: (firing.start, firing.condition.alert.name, firing.condition.labels))


def _extend(spans: list[Span], start: datetime, end: datetime) -> None:
    if spans and spans[-1][1] == start:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((start, end))


def _fired(holding: Sequence[Span], timing: AlertTiming) -> Iterator[Span]:
    """Yield the spans in which an alert fires whose condition holds in these spans."""
    firing: Span | None = None
    for start, end in holding:
        if firing and start <= firing[1]:  # within keep_firing_for: no new `for`
            firing = (firing[0], end + timing.keep_firing_for)
        elif end - start > timing.for_:
            if firing:
                yield firing
            firing = (start + timing.for_, end + timing.keep_firing_for)
    if firing:
        yield firing


def notifications(alerts: Iterable[Firing]) -> list[datetime]:
    """Return when a group of alerts notifies: whenever one of them begins, however long others have been firing."""
    times: list[datetime] = []
    for start in sorted(firing.start for firing in alerts):
        if not times or start - times[-1] >= GROUP_INTERVAL:
            times.append(start)
    return times


def incidents(alerts: Iterable[Firing]) -> list[Span]:
    """Return the spans in which any of the alerts fires."""
    merged: list[Span] = []
    for start, end in sorted((firing.start, firing.end) for firing in alerts):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
