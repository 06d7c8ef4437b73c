"""From conditions to alerts: how long a condition must hold before its alert fires, and when that is over.

What Prometheus does with `for` and `keep_firing_for`, on the moments at which a model was evaluated: between two of
them its gauges stand still.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from exporter.samples.conditions import Condition


@dataclass(frozen=True, slots=True)
class AlertTiming:
    """An alert's `for` and its `keep_firing_for`."""

    hold: timedelta
    linger: timedelta


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert of one series, from when it fires until it is resolved, or the replay ends."""

    condition: Condition
    start: datetime
    end: datetime


Span = tuple[datetime, datetime]


def firings(
    held: Mapping[datetime, Collection[Condition]], paces: Mapping[str, AlertTiming], until: datetime
) -> list[Firing]:
    """The alerts that fire, in the order in which they begin.

    Args:
        held: the conditions that hold from each moment of evaluation on, to the next.
        paces: each alert's pace, by its name.
        until: when the last moment's values end.
    """
    spans: dict[Condition, list[Span]] = {}
    moments = sorted(held)
    for start, end in zip(moments, [*moments[1:], until], strict=True):
        for condition in held[start]:
            _extend(spans.setdefault(condition, []), start, end)
    found = (
        Firing(condition, start, min(end, until))
        for condition, own in spans.items()
        for start, end in _fired(own, paces[condition.alert.name])
    )
    return sorted(found, key=lambda firing: (firing.start, firing.condition.alert.name, firing.condition.labels))


def _extend(spans: list[Span], start: datetime, end: datetime) -> None:
    if spans and spans[-1][1] == start:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((start, end))


def _fired(spans: Sequence[Span], pace: AlertTiming) -> Iterator[Span]:
    """The stretches in which an alert fires whose condition holds in these spans, in order."""
    firing: Span | None = None
    for start, end in spans:
        if firing and start <= firing[1]:  # it lingers still: no new wait
            firing = (firing[0], end + pace.linger)
        elif end - start > pace.hold:
            if firing:
                yield firing
            firing = (start + pace.hold, end + pace.linger)
    if firing:
        yield firing


def incidents(alerts: Iterable[Firing]) -> list[Span]:
    """The stretches in which any of some alerts fires: what a notification group makes one message of."""
    merged: list[Span] = []
    for start, end in sorted((firing.start, firing.end) for firing in alerts):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
