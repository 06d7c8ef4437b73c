"""The notifications that Alertmanager sends for alerts that fire together at an instant.

The order is Alertmanager's: routes and groups, then inhibition removes alerts from a notification, then time intervals
mute it. Silences, waits and repeats are left out: an operator sets silences, and the others only delay.
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
    """One notification to a receiver: a group, and the indexes of the alerts in it."""

    receiver: str
    group: Group
    alerts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Decider:
    """A parsed configuration, which decides what is sent."""

    route: Route
    rules: tuple[Rule, ...]
    intervals: Mapping[str, tuple[TimeInterval, ...]]

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> Self:
        """Parse a configuration: the data of an `alertmanager.yml` that amtool accepts.

        Raises:
            RenderError: when a matcher or an interval is invalid.
        """
        return cls(tree(configuration), inhibition.rules(configuration), time_intervals(configuration))

    def receivers(self, labels: Labels) -> tuple[str, ...]:
        """Return the receivers of an alert in the order of the tree, regardless of hours and inhibition."""
        return tuple(route.receiver for route in self.route.matches(labels))

    def inhibited(self, firing: Sequence[Labels]) -> frozenset[int]:
        """Return the indexes of the firing alerts that another one inhibits."""
        return frozenset(index for rule in self.rules for index in rule.inhibited(firing))

    def sends(self, route: Route, at: datetime) -> bool:
        """Return whether a route sends at an instant: in an active interval, if it has any, and in no mute interval."""
        return (not route.active or self._within(route.active, at)) and not self._within(route.muted, at)

    def notifications(self, firing: Sequence[Labels], at: datetime) -> tuple[Notification, ...]:
        """Return everything that is sent for alerts that fire together, once every wait is over.

        Args:
            firing: the labels of each alert.
            at: the instant, with a time zone.

        Returns:
            A notification for each group of each route, in the order of their first alerts. A group that is muted, or
            whose alerts are all inhibited, has none.
        """
        inhibited = self.inhibited(firing)
        groups: dict[tuple[int, Group], list[int]] = {}
        routes: dict[int, Route] = {}
        for index, labels in enumerate(firing):
            for route in () if index in inhibited else self.route.matches(labels):
                routes[id(route)] = route
                groups.setdefault((id(route), route.group(labels)), []).append(index)
        return tuple(
            Notification(routes[key].receiver, group, tuple(indexes))
            for (key, group), indexes in groups.items()
            if self.sends(routes[key], at)
        )

    def _within(self, names: Sequence[str], at: datetime) -> bool:
        return any(interval.contains(at) for name in names for interval in self.intervals[name])
