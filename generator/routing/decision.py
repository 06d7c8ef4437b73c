"""The decision: what Alertmanager sends, to whom, of alerts that fire together at an instant.

It is Alertmanager's own order: routes and groups first, then inhibition takes alerts out of a notification, then hours
hold it back. Silences, waits and repeats are not part of it: they are an operator's, or a matter of time alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from generator.routing import inhibition
from generator.routing.inhibition import Rule
from generator.routing.matchers import Labels
from generator.routing.routes import Group, Route, tree
from generator.routing.time_intervals import TimeInterval, time_intervals


@dataclass(frozen=True, slots=True)
class Notification:
    """What one receiver is told at once: a group, and which of the alerts are in it, by their place."""

    receiver: str
    group: Group
    alerts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Decider:
    """A configuration, read."""

    route: Route
    rules: tuple[Rule, ...]
    intervals: Mapping[str, tuple[TimeInterval, ...]]

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> Self:
        """Read a configuration: the data of an `alertmanager.yml` that amtool accepts.

        Raises:
            RenderError: when a matcher or an interval in it cannot be read.
        """
        return cls(tree(configuration), inhibition.rules(configuration), time_intervals(configuration))

    def receivers(self, labels: Labels) -> tuple[str, ...]:
        """Whom an alert is for, at any hour and inhibited or not, in the order of the tree."""
        return tuple(route.receiver for route in self.route.taken(labels))

    def inhibited(self, firing: Sequence[Labels]) -> frozenset[int]:
        """Which of the alerts that fire another one silences, by their place."""
        return frozenset(place for rule in self.rules for place in rule.silenced(firing))

    def told(self, route: Route, at: datetime) -> bool:
        """Whether a route sends at an instant: within one of its active intervals, if it has any, and no muted one."""
        return (not route.active or self._within(route.active, at)) and not self._within(route.muted, at)

    def notifications(self, firing: Sequence[Labels], at: datetime) -> tuple[Notification, ...]:
        """All that is sent of some alerts that fire together, when every wait is over.

        Args:
            firing: the labels of each.
            at: the instant, which knows its zone.

        Returns:
            A notification for each group of each route, in the order in which their first alerts are given; a group
            that is held back or silenced whole has none.
        """
        silenced = self.inhibited(firing)
        groups: dict[tuple[int, Group], list[int]] = {}
        routes: dict[int, Route] = {}
        for place, labels in enumerate(firing):
            for route in () if place in silenced else self.route.taken(labels):
                routes[id(route)] = route
                groups.setdefault((id(route), route.group(labels)), []).append(place)
        return tuple(
            Notification(routes[key].receiver, group, tuple(places))
            for (key, group), places in groups.items()
            if self.told(routes[key], at)
        )

    def _within(self, names: Sequence[str], at: datetime) -> bool:
        return any(interval.contains(at) for name in names for interval in self.intervals[name])
